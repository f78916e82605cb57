//! The lines that each dialect's servers take, in the narrowest form that all of them agree on.

use statsd_proto::{Dialect, Kind};

/// What may stand where, told from the servers' sources and not from the encoder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grammar {
    /// Servers of this family read bytes as 7-bit ASCII.
    pub(crate) is_ascii: bool,
    /// What ends a name.
    name_ends: &'static str,
    key_ends: &'static str,
    tag_ends: &'static str,
    member_ends: &'static str,
    /// Whether a gauge of `-5` is a level, and not a change.
    pub(crate) has_negative_gauge: bool,
    kinds: &'static [(Kind, &'static str)],
    /// Names that the server does not survive, or takes for something else.
    pub(crate) is_fatal: fn(&str) -> bool,
}

impl Grammar {
    /// A dialect that has no row here cannot be fuzzed.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "most dialects have no row, and more may come"
    )]
    pub(crate) fn of(dialect: Dialect) -> &'static Self {
        match dialect {
            Dialect::DogStatsd => &DOGSTATSD,
            Dialect::Statsd => &STATSD,
            _ => panic!("{dialect:?} has no grammar yet"),
        }
    }

    /// The code that stands for a kind; none if the server has none.
    pub(crate) fn code(&self, kind: Kind) -> Option<&'static str> {
        let known = self.kinds.iter().find(|(known, _)| *known == kind);
        known.map(|(_, code)| *code)
    }

    pub(crate) fn is_in_name(&self, char: char) -> bool {
        self.is_safe(char, self.name_ends)
    }

    pub(crate) fn is_in_key(&self, char: char) -> bool {
        self.is_safe(char, self.key_ends)
    }

    pub(crate) fn is_in_tag(&self, char: char) -> bool {
        self.is_safe(char, self.tag_ends)
    }

    pub(crate) fn is_in_member(&self, char: char) -> bool {
        self.is_safe(char, self.member_ends)
    }

    fn is_safe(&self, char: char, ends: &str) -> bool {
        !char.is_control() && !ends.contains(char) && (char.is_ascii() || !self.is_ascii)
    }

    /// Takes a line apart as a server does.
    ///
    /// # Errors
    ///
    /// Tells what no server of the dialect would take, or not for one metric.
    pub(crate) fn read<'a>(&self, line: &'a str) -> Result<Read<'a>, &'static str> {
        let (name, rest) = line.split_once(':').ok_or("no name")?;
        let mut fields = rest.split('|');
        let value = fields.next().ok_or("no value")?;
        let code = fields.next().ok_or("no type")?;
        let mut field = fields.next();
        let rate = field.and_then(|field| field.strip_prefix('@'));
        if rate.is_some() {
            field = fields.next();
        }
        let tags = match field.map(|field| field.strip_prefix('#')) {
            Some(Some(tags)) => tags.split(',').collect(),
            Some(None) => return Err("an unknown field"),
            None => Vec::new(),
        };
        let read = Read {
            name,
            value,
            code,
            rate,
            tags,
        };
        match fields.next() {
            Some(_) => Err("one field too many"),
            None => self.check(&read).map(|()| read),
        }
    }

    fn check(&self, read: &Read<'_>) -> Result<(), &'static str> {
        let is_code = |char: char| char.is_ascii_alphanumeric();
        let is_value = match read.code {
            "s" => is_text(read.value, |char| self.is_in_member(char)),
            "ms" => is_decimal(read.value) && !read.value.starts_with('-'),
            _ => is_decimal(read.value),
        };
        let is_tag = |tag: &&str| {
            let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
            is_text(key, |char| self.is_in_key(char))
                && value.chars().all(|char| self.is_in_tag(char))
        };
        for (holds, complaint) in [
            (
                is_text(read.name, |char| self.is_in_name(char)),
                "a bad name",
            ),
            (!(self.is_fatal)(read.name), "a name to die of"),
            (is_text(read.code, is_code), "a bad type"),
            (is_value, "a bad value"),
            (read.rate.is_none_or(is_rate), "a bad rate"),
            (read.tags.iter().all(is_tag), "a bad tag"),
        ] {
            if !holds {
                return Err(complaint);
            }
        }
        Ok(())
    }
}

/// A line in its parts.
#[derive(Debug)]
pub(crate) struct Read<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
    pub(crate) code: &'a str,
    pub(crate) rate: Option<&'a str>,
    pub(crate) tags: Vec<&'a str>,
}

/// A sign perhaps, digits, and perhaps a point and more digits.
pub(crate) fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    unsigned.split('.').count() <= 2
        && unsigned
            .split('.')
            .all(|digits| is_text(digits, |char| char.is_ascii_digit()))
}

/// `0.` and digits of which one is not zero: all that the reference server reads as it is meant.
fn is_rate(text: &str) -> bool {
    let digits = text.strip_prefix("0.").unwrap_or_default();
    is_text(digits, |char| char.is_ascii_digit()) && digits.contains(|char| char != '0')
}

fn is_text(text: &str, is_safe: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(is_safe)
}

static STATSD: Grammar = Grammar {
    is_ascii: true,
    name_ends: " :|@#",
    key_ends: " :|@#,;=",
    tag_ends: " |@#,;=",
    member_ends: ":|@#",
    has_negative_gauge: false,
    kinds: &[
        (Kind::Counter, "c"),
        (Kind::Gauge, "g"),
        (Kind::GaugeDelta, "g"),
        (Kind::Set, "s"),
        (Kind::Timing, "ms"),
    ],
    is_fatal: super::reference::is_inherited,
};

static DOGSTATSD: Grammar = Grammar {
    is_ascii: false,
    name_ends: " :|@#",
    key_ends: ":|,#",
    tag_ends: "|,",
    member_ends: "|",
    has_negative_gauge: true,
    kinds: &[
        (Kind::Counter, "c"),
        (Kind::Distribution, "d"),
        (Kind::Gauge, "g"),
        (Kind::Histogram, "h"),
        (Kind::Set, "s"),
        (Kind::Timing, "ms"),
    ],
    is_fatal: |name| name.starts_with("_e{") || name.starts_with("_sc"),
};
