//! The lines that each dialect's servers take, in the narrowest form that all of them agree on.

#[cfg(test)]
mod page;
mod rows;

use statsd_proto::{Dialect, Kind, Transport};

/// Rules of a family of servers, written after their sources and not after the encoder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grammar {
    /// Transports that the servers listen on.
    transports: &'static [Transport],
    /// Servers of this family read bytes as 7-bit ASCII.
    pub(crate) is_ascii: bool,
    /// Characters that end a name.
    name_ends: &'static str,
    key_ends: &'static str,
    tag_ends: &'static str,
    member_ends: &'static str,
    pub(crate) tags: Tags,
    /// Whether a tag may have no value.
    pub(crate) has_bare_tags: bool,
    /// Whether a gauge of `-5` is a level, and not a change.
    pub(crate) has_negative_gauge: bool,
    kinds: &'static [(Kind, &'static str)],
    pub(crate) counts: Counts,
    /// Whether a value of a timing or its like, or a member of a set, may begin with a sign.
    pub(crate) has_signs: bool,
    /// Whether a rate on anything but a counter is misread.
    pub(crate) has_counters_rates_only: bool,
    /// Whether timings and their like may have several values.
    packs: bool,
    /// Whether there are fields for who sends and when, events, and service checks.
    pub(crate) has_extras: bool,
    /// Maximum length of a name in bytes. Longer names are cut.
    pub(crate) max_name: usize,
    /// Bytes that the servers read of a datagram.
    pub(crate) max_datagram: usize,
    /// Names that the server does not survive, or takes for something else.
    pub(crate) is_fatal: fn(&str) -> bool,
}

/// Position of tags.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tags {
    /// After the type and the rate.
    Behind,
    /// In the name: text before the first, between two, and after the last.
    Name(&'static str, char, &'static str),
    Nowhere,
}

/// Values that a counter accepts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counts {
    Any,
    Up,
    Whole,
}

impl Grammar {
    /// A dialect that has no row here cannot be fuzzed.
    pub(crate) fn of(dialect: Dialect) -> &'static Self {
        rows::of(dialect)
    }

    /// A dialect and a transport that its servers listen on. A dialect that came later replaces pairs that no server
    /// has, so that stored cases need no byte for it.
    pub(crate) fn pair(dialect: Dialect, transport: Transport) -> (Dialect, Transport) {
        let later = Dialect::OpenTelemetry;
        for dialect in [dialect, later] {
            if Self::of(dialect).transports.contains(&transport) {
                return (dialect, transport);
            }
        }
        (later, Transport::Udp)
    }

    /// Code of a kind, or `None` if the server does not have it.
    pub(crate) fn code(&self, kind: Kind) -> Option<&'static str> {
        let known = self.kinds.iter().find(|(known, _)| *known == kind);
        known.map(|(_, code)| *code)
    }

    #[cfg(test)]
    fn knows(&self, code: &str) -> bool {
        self.kinds.iter().any(|(_, known)| *known == code)
    }

    /// Whether a line may have several values of this type.
    pub(crate) fn packs(&self, code: &str) -> bool {
        self.packs && matches!(code, "d" | "h" | "ms")
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
        // A server without sets reads of members what the reference server does, if it reads any.
        let is_known = self.code(Kind::Set).is_some() || char.is_ascii();
        is_known && self.is_safe(char, self.member_ends)
    }

    /// Whether the server would take such a tag.
    pub(crate) fn is_tag(&self, key: &str, value: &str) -> bool {
        is_text(key, |char| self.is_in_key(char))
            && value.chars().all(|char| self.is_in_tag(char))
            && (self.has_bare_tags || !value.is_empty())
            && self.tags != Tags::Nowhere
    }

    fn is_safe(&self, char: char, ends: &str) -> bool {
        !char.is_control() && !ends.contains(char) && (char.is_ascii() || !self.is_ascii)
    }

    /// Parses a line as a server does.
    ///
    /// # Errors
    ///
    /// Part that a server of the dialect would refuse, or would not read as one metric.
    pub(crate) fn read<'a>(&self, line: &'a str) -> Result<Read<'a>, &'static str> {
        let (name, rest) = line.split_once(':').ok_or("no name")?;
        let (name, mut tags) = self.split_name(name)?;
        let mut fields = rest.split('|').peekable();
        let value = fields.next().ok_or("no value")?;
        let code = fields.next().ok_or("no type")?;
        let rate = fields.next_if(|field| field.starts_with('@'));
        if let Some(list) = fields.next_if(|field| field.starts_with('#')) {
            if self.tags != Tags::Behind {
                return Err("tags in the wrong place");
            }
            let list = list[1..].split(',');
            tags = list
                .map(|tag| tag.split_once(':').unwrap_or((tag, "")))
                .collect();
        }
        let read = Read {
            name,
            value,
            code,
            rate: rate.map(|rate| &rate[1..]),
            tags,
            extras: fields.collect(),
        };
        self.check(&read).map(|()| read)
    }

    /// Splits a name and the tags in it.
    fn split_name<'a>(&self, name: &'a str) -> Result<(&'a str, Vec<Tag<'a>>), &'static str> {
        let Tags::Name(open, separator, close) = self.tags else {
            return Ok((name, Vec::new()));
        };
        let Some((name, tags)) = name.split_once(open) else {
            return Ok((name, Vec::new()));
        };
        let tags = tags.strip_suffix(close).ok_or("tags without an end")?;
        let parts = tags.split(separator);
        let tags = parts.map(|tag| tag.split_once('=').ok_or("a tag without a value"));
        Ok((name, tags.collect::<Result<_, _>>()?))
    }

    fn check(&self, read: &Read<'_>) -> Result<(), &'static str> {
        let is_code = |char: char| char.is_ascii_alphanumeric();
        let is_count = matches!(read.code, "c" | "m");
        // The agent unpacks all but sets.
        let is_packed = self.has_extras || self.packs(read.code);
        let is_value = match read.code {
            "s" => is_text(read.value, |char| self.is_in_member(char)) && self.has_sign(read.value),
            _ if is_packed => read
                .value
                .split(':')
                .all(|value| self.is_number(read, value)),
            _ => self.is_number(read, read.value),
        };
        let has_misread_rate = self.has_counters_rates_only
            && read.code != "c"
            && read.rate.is_some_and(|rate| rate.parse() != Ok(1.0));
        for (holds, complaint) in [
            (
                is_text(read.name, |char| self.is_in_name(char)),
                "a bad name",
            ),
            (read.name.len() <= self.max_name, "a name that is cut"),
            (
                !(self.is_fatal)(read.name),
                "a name that crashes the server",
            ),
            (is_text(read.code, is_code), "a bad type"),
            (is_value, "a bad value"),
            (!is_count || self.is_count(read.value), "a bad count"),
            (read.rate.is_none_or(is_rate), "a bad rate"),
            (!has_misread_rate, "a rate that is misread"),
            (
                read.tags.iter().all(|(key, value)| self.is_tag(key, value)),
                "a bad tag",
            ),
            (
                read.extras.iter().all(|field| self.is_extra(field)),
                "an unknown field",
            ),
        ] {
            if !holds {
                return Err(complaint);
            }
        }
        Ok(())
    }

    fn is_number(&self, read: &Read<'_>, value: &str) -> bool {
        let is_sample = matches!(read.code, "d" | "h" | "ms");
        is_decimal(value)
            && (!is_sample || self.has_sign(value))
            && (read.code != "ms" || !value.starts_with('-'))
    }

    /// Whether the value has no sign that is not allowed.
    fn has_sign(&self, value: &str) -> bool {
        self.has_signs || !value.starts_with(['+', '-'])
    }

    fn is_count(&self, value: &str) -> bool {
        match self.counts {
            Counts::Any => true,
            Counts::Up => !value.starts_with('-'),
            Counts::Whole => value.parse::<i64>().is_ok(),
        }
    }

    fn is_extra(&self, field: &str) -> bool {
        let is_any = |text: &str| is_text(text, |char| !char.is_control());
        let is_level = |text: &str| matches!(text, "high" | "low" | "none" | "orchestrator");
        let is_time = |time: &str| time.parse::<i64>().is_ok_and(|time| time > 0);
        let is_extra = field.strip_prefix("c:").is_some_and(is_any)
            || field.strip_prefix("e:").is_some_and(is_any)
            || field.strip_prefix("card:").is_some_and(is_level)
            || field.strip_prefix('T').is_some_and(is_time);
        self.has_extras && is_extra
    }
}

/// A key and its value.
type Tag<'a> = (&'a str, &'a str);

/// A line in its parts.
#[derive(Debug)]
pub(crate) struct Read<'a> {
    pub(crate) name: &'a str,
    /// One, or several with colons between them.
    pub(crate) value: &'a str,
    pub(crate) code: &'a str,
    pub(crate) rate: Option<&'a str>,
    pub(crate) tags: Vec<Tag<'a>>,
    /// Fields after the tags.
    pub(crate) extras: Vec<&'a str>,
}

/// A sign perhaps, digits, and perhaps a point and more digits.
pub(crate) fn is_decimal(text: &str) -> bool {
    is_unsigned(text.strip_prefix(['+', '-']).unwrap_or(text))
}

fn is_unsigned(text: &str) -> bool {
    text.split('.').count() <= 2
        && text
            .split('.')
            .all(|digits| is_text(digits, |char| char.is_ascii_digit()))
}

/// Digits without a sign, which would crash Etsy/statsd.
fn is_rate(text: &str) -> bool {
    is_unsigned(text)
        && text
            .parse()
            .is_ok_and(|rate: f64| rate > 0.0 && rate <= 1.0)
}

fn is_text(text: &str, is_safe: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(is_safe)
}

/// In the order that stored cases count by.
pub(crate) const DIALECTS: [Dialect; 9] = [
    Dialect::DogStatsd,
    Dialect::Statsd,
    Dialect::Collectd,
    Dialect::Graphite,
    Dialect::Influx,
    Dialect::Librato,
    Dialect::Netdata,
    Dialect::SignalFx,
    Dialect::StatsdExporter,
];
