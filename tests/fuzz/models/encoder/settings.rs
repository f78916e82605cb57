//! The part of a configuration that lines depend on.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use statsd_proto::{Config, Dialect, SanitizePolicy, Transport};

use crate::models::expected::Constant;
use crate::models::grammar::{DIALECTS, Grammar};
use crate::models::origin::Origin;
use crate::models::text;

/// Settings of a configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) transport: Transport,
    pub(crate) dialect: Dialect,
    policy: SanitizePolicy,
    prefix: String,
    kind_prefixes: bool,
    tags: Vec<(String, String)>,
    max_line: usize,
    origin: Origin,
}

impl Settings {
    pub(crate) fn arbitrary(input: &mut Unstructured<'_>) -> Result<Self> {
        let policies = [SanitizePolicy::Refuse, SanitizePolicy::Replace];
        let transports = [
            Transport::Tcp,
            Transport::Udp,
            Transport::UnixDatagram,
            Transport::UnixStream,
        ];
        let transport = *input.choose(&transports)?;
        let dialect = *input.choose(&DIALECTS)?;
        let (dialect, transport) = Grammar::pair(dialect, transport);
        Ok(Self {
            transport,
            dialect,
            policy: *input.choose(&policies)?,
            prefix: match input.int_in_range(0..=3)? {
                0 => text::text(input)?,
                1 => "shop.web.".to_owned(),
                _ => String::new(),
            },
            kind_prefixes: input.arbitrary()?,
            tags: match input.int_in_range(0..=3)? {
                0 => vec![(text::text(input)?, text::text(input)?)],
                1 => vec![
                    ("env".into(), "prod".into()),
                    ("canary".into(), String::new()),
                ],
                _ => Vec::new(),
            },
            max_line: *input.choose(&[16, 40, 4095])?,
            origin: if dialect == Dialect::DogStatsd {
                Origin::arbitrary(input)?
            } else {
                Origin::default()
            },
        })
    }

    pub(crate) fn config(&self) -> Config {
        let config = Config::new("192.0.2.1")
            .unix_stream("/run/statsd.sock")
            .transport(self.transport)
            .dialect(self.dialect)
            .sanitize_policy(self.policy)
            .prefix(&*self.prefix)
            .kind_prefixes(self.kind_prefixes)
            .max_line(self.max_line)
            .settle_time(Duration::ZERO)
            .pace(None);
        let tags = self.tags.iter();
        tags.fold(self.origin.configure(config), |config, (key, value)| {
            config.tag(key, value)
        })
    }

    /// Whether the servers accept the prefix and the tags unchanged.
    pub(crate) fn is_safe(&self) -> bool {
        let grammar = Grammar::of(self.dialect);
        let prefix = &self.constant().prefix;
        let has_safe_tags = self
            .tags
            .iter()
            .all(|(key, value)| grammar.is_tag(key, value));
        let tag_bytes = self
            .tags
            .iter()
            .map(|(key, value)| key.len() + value.len() + 2);
        self.prefix.chars().all(|char| grammar.is_in_name(char))
            && !(grammar.is_fatal)(prefix)
            // A dot and one more byte follow.
            && prefix.len() <= 513.min(grammar.max_name - 1)
            && has_safe_tags
            && tag_bytes.sum::<usize>() <= 1024
            && self.origin.is_safe()
    }

    pub(crate) fn constant(&self) -> Constant {
        let dots = self.prefix.trim_matches('.');
        let grammar = Grammar::of(self.dialect);
        Constant {
            grammar,
            policy: self.policy,
            prefix: if dots.is_empty() {
                String::new()
            } else {
                format!("{dots}.")
            },
            kind_prefixes: self.kind_prefixes,
            tags: self.tags.clone(),
            origin: self.origin.clone(),
            limit: match (self.transport, self.dialect) {
                // A line break ends each datagram and each frame.
                (
                    Transport::Udp | Transport::UnixDatagram | Transport::UnixStream,
                    Dialect::DogStatsd,
                ) => grammar.max_datagram - 1,
                (Transport::Udp, _) => grammar.max_datagram,
                (Transport::UnixDatagram, _) => grammar.max_datagram.min(8192),
                _ => self.max_line,
            },
        }
    }
}
