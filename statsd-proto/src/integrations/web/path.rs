//! Paths of metrics, given by their parts.

use std::fmt::{Display, Write as _};

use super::text::Text;

/// Path of a metric, given by its parts, which are joined by dots. Implemented for text, for tuples of up to eight
/// parts of any types that implement `Display`, and for arrays, slices and vectors of such parts.
///
/// ```
/// # let metrics = statsd_proto::web::RequestMetrics::default();
/// # let shard = 7;
/// metrics.increase_counter("users.shown");
/// metrics.increase_counter(["users", "shown"]);
/// metrics.increase_counter(("users", shard, "shown"));
/// ```
pub trait PathParts {
    /// Calls `add` with each part, in order.
    fn for_each(&self, add: &mut dyn FnMut(&dyn Display));
}

/// Joins the parts of a path by dots.
pub(super) fn join(path: &impl PathParts) -> Text {
    let mut joined = Text::new();
    let mut is_first = true;
    path.for_each(&mut |part| {
        if !std::mem::take(&mut is_first) {
            joined.push(".");
        }
        // A part whose `Display` fails is left out, because a metric must not fail the request.
        let _ = write!(joined, "{part}");
    });
    joined
}

impl<P: PathParts + ?Sized> PathParts for &P {
    fn for_each(&self, add: &mut dyn FnMut(&dyn Display)) {
        (**self).for_each(add);
    }
}

impl PathParts for str {
    fn for_each(&self, add: &mut dyn FnMut(&dyn Display)) {
        add(&self);
    }
}

impl PathParts for String {
    fn for_each(&self, add: &mut dyn FnMut(&dyn Display)) {
        add(self);
    }
}

impl<D: Display> PathParts for [D] {
    fn for_each(&self, add: &mut dyn FnMut(&dyn Display)) {
        for part in self {
            add(part);
        }
    }
}

impl<D: Display, const N: usize> PathParts for [D; N] {
    fn for_each(&self, add: &mut dyn FnMut(&dyn Display)) {
        self.as_slice().for_each(add);
    }
}

impl<D: Display> PathParts for Vec<D> {
    fn for_each(&self, add: &mut dyn FnMut(&dyn Display)) {
        self.as_slice().for_each(add);
    }
}

macro_rules! tuples {
    ($($($part:ident)+;)+) => {$(
        impl<$($part: Display),+> PathParts for ($($part,)+) {
            fn for_each(&self, add: &mut dyn FnMut(&dyn Display)) {
                #[expect(non_snake_case, reason = "a part is named by its type")]
                let ($($part,)+) = self;
                $(add($part);)+
            }
        }
    )+};
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_joined_by_dots_whatever_they_are() {
        let vec = vec![String::from("a"), String::from("b")];
        let parts: [(&dyn Fn() -> Text, &str); 10] = [
            (&|| join(&"a.b"), "a.b"),
            (&|| join(&String::from("a")), "a"),
            (&|| join(&["a", "b", "c"]), "a.b.c"),
            (&|| join(&[1, 2]), "1.2"),
            (&|| join(&vec), "a.b"),
            (&|| join(&vec.as_slice()), "a.b"),
            (&|| join(&("users", 7)), "users.7"),
            (
                &|| join(&("a", 1.5, 'c', &vec[0], 5_u8, 6, 7, true)),
                "a.1.5.c.a.5.6.7.true",
            ),
            (&|| join(&["", "b"]), ".b"),
            (&|| join(&[""; 0]), ""),
        ];
        for (join, expected) in parts {
            assert_eq!(join().as_str(), expected);
        }
    }
}
