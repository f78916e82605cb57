//! Names that bring a server down, or that it does not take for a metric's.

use memchr::memchr;

use crate::encode::text::is_plain;

/// The agent tells events and service checks from metrics by how a line begins.
pub(super) fn is_event_or_check(name: &[u8]) -> bool {
    name.starts_with(b"_e{") || name.starts_with(b"_sc")
}

/// With its Datadog extensions on, Telegraf tells events by how a line begins, and takes a field that
/// begins with `c:` for the ID of a container. It takes white space off a line's ends, which may leave
/// nothing of a name.
pub(super) fn is_trap_of_telegraf(name: &[u8]) -> bool {
    name.starts_with(b"_e") || name == b"c" || begins_with_space(name)
}

/// White space that a server takes off a line, which may leave nothing of a name.
pub(super) fn begins_with_space(name: &[u8]) -> bool {
    // The encoder replaces what ASCII has of it.
    !name.is_ascii()
        && std::str::from_utf8(name).is_ok_and(|name| name.starts_with(char::is_whitespace))
}

/// The reference server keeps metrics in plain objects: a timer or a set of such a name finds the
/// object's own property there, and the process dies of it. Characters that the server deletes from a
/// name do not make it another.
pub(super) fn is_object_property(name: &[u8]) -> bool {
    // None of them has a dot, which nearly all names have, and the server keeps.
    if memchr(b'.', name).is_some() {
        return false;
    }
    let is_property = |name: &[u8]| {
        matches!(
            name,
            b"__defineGetter__"
                | b"__defineSetter__"
                | b"__lookupGetter__"
                | b"__lookupSetter__"
                | b"__proto__"
                | b"constructor"
                | b"hasOwnProperty"
                | b"isPrototypeOf"
                | b"propertyIsEnumerable"
                | b"toLocaleString"
                | b"toString"
                | b"valueOf"
        )
    };
    if is_plain(name) {
        return is_property(name);
    }
    let is_kept = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.;=/".contains(byte);
    // One more byte than the longest of them.
    let mut kept = [0; LONGEST_PROPERTY + 1];
    let mut len = 0;
    for byte in name.iter().copied().filter(is_kept).take(kept.len()) {
        kept[len] = byte;
        len += 1;
    }
    is_property(&kept[..len])
}

/// `propertyIsEnumerable`.
pub(super) const LONGEST_PROPERTY: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fatal_names_are_known_in_disguise() {
        for name in [
            "constructor",
            "__proto__",
            "con,structor",
            "to\"String",
            "valueOf!",
        ] {
            assert!(is_object_property(name.as_bytes()), "{name}");
        }
        for name in [
            "constructors",
            "a.constructor",
            "con/structor",
            "con_structor",
            "",
        ] {
            assert!(!is_object_property(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn events_and_service_checks_are_known_by_how_they_begin() {
        for name in ["_e{1,1}", "_e{", "_sc", "_scheduler.runs"] {
            assert!(is_event_or_check(name.as_bytes()), "{name}");
        }
        for name in ["_e", "_events", "_s.c", "a._sc", "sc", ""] {
            assert!(!is_event_or_check(name.as_bytes()), "{name}");
        }
        for name in ["_e", "_events", "c", "\u{a0}", "\u{2028}a"] {
            assert!(is_trap_of_telegraf(name.as_bytes()), "{name}");
        }
        for name in ["_sc", "e", "cc", "a.c", "a\u{a0}", ""] {
            assert!(!is_trap_of_telegraf(name.as_bytes()), "{name}");
        }
    }
}
