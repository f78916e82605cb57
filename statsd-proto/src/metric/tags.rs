//! Tags as the caller has them.

/// Pairs of key and value, however a program keeps them: slices, arrays and vectors of `(&str, &str)`,
/// `(&str, String)`, `(&str, &String)` and `(String, String)` can be made into it. A pair with an empty value is a bare tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TagList<'a>(List<'a>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum List<'a> {
    Borrowed(&'a [(&'a str, &'a str)]),
    Mixed(&'a [(&'a str, String)]),
    Owned(&'a [(String, String)]),
    Referred(&'a [(&'a str, &'a String)]),
    /// `key:value,key:value`, as it is in a line.
    Written(&'a str),
}

/// All tags of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tags<'a> {
    /// `key:value,key:value`, as it is in a line.
    List(&'a str),
    Lists([TagList<'a>; MAX_LISTS]),
    Pairs(&'a [(&'a str, &'a str)]),
    /// More lists than there is room for. Such a metric is refused.
    TooMany,
}

impl<'a> Tags<'a> {
    pub(crate) const NONE: Self = Self::Pairs(&[]);

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        matches!(self, Self::List("") | Self::Pairs([]))
    }

    /// These tags, and those of a list after them.
    #[inline(always)]
    pub(crate) fn plus(self, list: TagList<'a>) -> Self {
        match (self, list.0) {
            (Self::Pairs([]), List::Borrowed(pairs)) => Self::Pairs(pairs),
            _ => self.plus_any(list),
        }
    }

    #[cold]
    fn plus_any(self, list: TagList<'a>) -> Self {
        if list.is_empty() || self == Self::TooMany {
            return self;
        }
        let mut lists = self.lists();
        match lists.iter_mut().find(|list| list.is_empty()) {
            Some(free) => *free = list,
            None => return Self::TooMany,
        }
        Self::Lists(lists)
    }

    fn lists(self) -> [TagList<'a>; MAX_LISTS] {
        let mut lists = [TagList::NONE; MAX_LISTS];
        match self {
            Self::List(list) => lists[0] = TagList(List::Written(list)),
            Self::Lists(all) => lists = all,
            Self::Pairs(pairs) => lists[0] = TagList(List::Borrowed(pairs)),
            Self::TooMany => {}
        }
        lists
    }

    /// Each tag's key and value, however they were given.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.lists().into_iter().flat_map(TagList::pairs)
    }
}

impl<'a> TagList<'a> {
    const NONE: Self = Self(List::Borrowed(&[]));

    #[inline]
    fn is_empty(self) -> bool {
        matches!(
            self.0,
            List::Borrowed([])
                | List::Mixed([])
                | List::Owned([])
                | List::Referred([])
                | List::Written("")
        )
    }

    /// Each tag's key and value.
    pub(crate) fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let (mut borrowed, mut mixed, mut owned, mut referred, mut written) =
            (&[][..], &[][..], &[][..], &[][..], "");
        match self.0 {
            List::Borrowed(pairs) => borrowed = pairs,
            List::Mixed(pairs) => mixed = pairs,
            List::Owned(pairs) => owned = pairs,
            List::Referred(pairs) => referred = pairs,
            List::Written(list) => written = list,
        }
        let mixed = mixed.iter().map(|(key, value)| (*key, &**value));
        let owned = owned.iter().map(|(key, value)| (&**key, &**value));
        let referred = referred.iter().map(|(key, value)| (*key, &***value));
        let borrowed = borrowed.iter().copied().chain(referred);
        borrowed.chain(mixed).chain(owned).chain(read(written))
    }
}

/// Tags of a line. Some PHP clients write the mark before each.
fn read(list: &str) -> impl Iterator<Item = (&str, &str)> {
    let tags = list.split(',');
    let tags = tags.map(|tag| tag.strip_prefix('#').unwrap_or(tag));
    tags.filter(|tag| !tag.is_empty())
        .map(|tag| tag.split_once(':').unwrap_or((tag, "")))
}

/// Lists that a metric may be given one after another without memory for them.
const MAX_LISTS: usize = 2;

macro_rules! list_from {
    ($list:ident: [$($lifetime:lifetime),*] $pair:ty) => {
        impl<'a, $($lifetime: 'a),*> From<&'a [$pair]> for TagList<'a> {
            #[inline]
            fn from(pairs: &'a [$pair]) -> Self {
                Self(List::$list(pairs))
            }
        }

        impl<'a, $($lifetime: 'a,)* const N: usize> From<&'a [$pair; N]> for TagList<'a> {
            #[inline]
            fn from(pairs: &'a [$pair; N]) -> Self {
                Self(List::$list(pairs))
            }
        }

        impl<'a, $($lifetime: 'a),*> From<&'a Vec<$pair>> for TagList<'a> {
            #[inline]
            fn from(pairs: &'a Vec<$pair>) -> Self {
                Self(List::$list(pairs))
            }
        }
    };
}

list_from!(Borrowed: ['k, 'v] (&'k str, &'v str));
list_from!(Mixed: ['k] (&'k str, String));
list_from!(Owned: [] (String, String));
list_from!(Referred: ['k, 'v] (&'k str, &'v String));
