//! The names of handlers, as parts of paths.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

#[cfg(feature = "axum")]
use axum::extract::MatchedPath;
use http::request::Parts;
use http::{Method, Request};

/// Where the name of a request's handler comes from.
#[derive(Clone)]
pub(super) enum Naming {
    By(Arc<Name>),
    Fixed(Arc<str>),
    #[cfg(feature = "axum")]
    Route,
}

type Name = dyn Fn(&Parts) -> Cow<'static, str> + Send + Sync;

impl Naming {
    pub(super) fn by<N: Into<Cow<'static, str>>>(
        name: impl Fn(&Parts) -> N + Send + Sync + 'static,
    ) -> Self {
        Self::By(Arc::new(move |request| name(request).into()))
    }

    /// `<handler>.<METHOD>.` for a request, with room for the status.
    pub(super) fn path<B>(&self, request: Request<B>) -> (Request<B>, String) {
        match self {
            Self::By(name) => {
                let (parts, body) = request.into_parts();
                let path = path(&name(&parts), &parts.method);
                (Request::from_parts(parts, body), path)
            }
            Self::Fixed(name) => {
                let path = path(name, request.method());
                (request, path)
            }
            #[cfg(feature = "axum")]
            Self::Route => {
                let route = request.extensions().get().map(MatchedPath::as_str);
                let path = path(route.unwrap_or("unmatched"), request.method());
                (request, path)
            }
        }
    }
}

impl fmt::Debug for Naming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::By(_) => f.write_str("By"),
            Self::Fixed(name) => f.debug_tuple("Fixed").field(name).finish(),
            #[cfg(feature = "axum")]
            Self::Route => f.write_str("Route"),
        }
    }
}

fn path(name: &str, method: &Method) -> String {
    let mut path = String::with_capacity(name.len() + ROOM);
    let is_kept = |char: char| char.is_ascii_alphanumeric() || char == '-';
    for word in name.split(|char| !is_kept(char)) {
        if !path.is_empty() && !word.is_empty() {
            path.push('_');
        }
        path.push_str(word);
    }
    if path.is_empty() {
        path.push_str("root");
    }
    path.push('.');
    // Clients may make methods up, as many as they like.
    path.push_str(match method.as_str() {
        known @ ("CONNECT" | "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT"
        | "TRACE") => known,
        _ => "OTHER",
    });
    path.push('.');
    path
}

/// The longest method and outcome, the dots, and what an empty name becomes.
const ROOM: usize = "root.CONNECT.cancelled".len();

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
            assert_eq!(path(name, &Method::GET), format!("{part}.GET."));
        }
    }

    #[test]
    fn a_method_that_a_client_made_up_is_another() {
        let made_up = Method::from_bytes(b"BREW").unwrap();
        assert_eq!(path("a", &made_up), "a.OTHER.");
        assert_eq!(path("a", &Method::PATCH), "a.PATCH.");
    }

    #[test]
    fn the_status_needs_no_more_room() {
        for name in ["", "/users/{id}"] {
            let path = path(name, &Method::OPTIONS);
            assert!(path.capacity() >= path.len() + "cancelled".len());
        }
    }
}
