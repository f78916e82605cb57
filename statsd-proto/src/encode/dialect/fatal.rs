//! Names that crash a server, or that it does not read as a metric's name.

use memchr::memchr;

use crate::encode::text::is_plain;

/// Whether the agent would read the line as an event or a service check, by its first characters.
pub(super) fn is_event_or_check(name: &[u8]) -> bool {
    name.starts_with(b"_e{") || name.starts_with(b"_sc")
}

/// Whether Telegraf would misread the name. With its Datadog extensions, it reads an event by the first characters of
/// a line, and a field that begins with `c:` as a container's ID. It trims white space, which may leave an empty name.
pub(super) fn is_trap_of_telegraf(name: &[u8]) -> bool {
    name.starts_with(b"_e") || name == b"c" || begins_with_space(name)
}

/// Whether a name begins with white space. A server that trims lines may be left with an empty name.
pub(super) fn begins_with_space(name: &[u8]) -> bool {
    // The encoder replaces white space in ASCII; this tests for the rest.
    !name.is_ascii()
        && std::str::from_utf8(name).is_ok_and(|name| name.starts_with(char::is_whitespace))
}

/// Whether the name is a property of JavaScript's `Object.prototype`. Etsy/statsd keeps metrics in plain objects: a
/// timer or set of such a name finds the object's own property, and the process crashes. Characters that the server
/// deletes from a name are skipped in the comparison.
pub(super) fn is_object_property(name: &[u8]) -> bool {
    // No property has a dot. Nearly all names have one, and the server keeps it.
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
    // One byte more than the longest property.
    let mut kept = [0; LONGEST_PROPERTY + 1];
    let mut len = 0;
    for byte in name.iter().copied().filter(is_kept).take(kept.len()) {
        kept[len] = byte;
        len += 1;
    }
    is_property(&kept[..len])
}

/// Length of `propertyIsEnumerable`.
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
