//! Names of handlers in metrics.

use std::sync::Arc;

use http::Method;
use http::request::Parts;

use super::text::Text;

/// Source of handlers' names: a function of the request's head, or one [`Fixed`] name.
///
/// It must return one of few names. With the path of the request as the name, HTTP clients could create any number of
/// series at the server.
pub trait Naming {
    /// Type of a name, which is kept until the response has been sent.
    type Name: AsRef<str>;

    /// Returns the name of the handler of a request.
    fn name(&self, request: &Parts) -> Self::Name;
}

/// Same name for all requests; see [`MetricsLayer::named`](super::MetricsLayer::named).
#[derive(Clone, Debug)]
pub struct Fixed(pub(super) Arc<str>);

impl Naming for Fixed {
    type Name = Arc<str>;

    fn name(&self, _: &Parts) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl<F, N> Naming for F
where
    F: Fn(&Parts) -> N,
    N: AsRef<str>,
{
    type Name = N;

    fn name(&self, request: &Parts) -> N {
        self(request)
    }
}

/// Name of a method of HTTP, or `OTHER`. HTTP clients may invent methods, which must not become series.
pub(super) fn method(method: &Method) -> &'static str {
    const NAMES: [&str; 9] = [
        "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
    ];
    let known = NAMES.into_iter().find(|known| *known == method.as_str());
    known.unwrap_or("OTHER")
}

/// Appends a handler's name to an empty path, as a single part.
pub(super) fn push_name(path: &mut Text, name: &str) {
    let is_kept = |char: char| char.is_ascii_alphanumeric() || char == '-';
    for word in name.split(|char| !is_kept(char)) {
        if !path.is_empty() && !word.is_empty() {
            path.push("_");
        }
        path.push(word);
    }
    if path.is_empty() {
        path.push("root");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_one_part_of_a_path() {
        for (name, part) in [
            ("MyHandler", "MyHandler"),
            ("/users/{id}", "users_id"),
            ("/users/{id}/posts/{*rest}", "users_id_posts_rest"),
            ("/my-page.html", "my-page_html"),
            ("shop::Handler<Json>", "shop_Handler_Json"),
            ("a:1|c\nb", "a_1_c_b"),
            ("Z\u{fc}rich", "Z_rich"),
            ("__x__", "x"),
            ("/", "root"),
            ("", "root"),
        ] {
            let mut path = Text::new();
            push_name(&mut path, name);
            assert_eq!(path.as_str(), part);
        }
    }

    #[test]
    fn a_method_that_a_client_made_up_is_another() {
        assert_eq!(method(&Method::from_bytes(b"BREW").unwrap()), "OTHER");
        assert_eq!(method(&Method::PATCH), "PATCH");
    }
}
