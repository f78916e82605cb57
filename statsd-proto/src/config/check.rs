//! Validation of a configuration.

use std::time::Duration;

use super::{Config, MAX_DATAGRAM, Pace};
use crate::error::ConfigError;

impl Config {
    /// Checks every setting.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let error = Config::new("localhost").port(0).check().unwrap_err();
    /// assert_eq!(error.to_string(), "port is \"0\", but must be 1 to 65535");
    /// ```
    ///
    /// # Errors
    ///
    /// The first invalid setting, with its value.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_prefix()?;
        self.check_tags()?;
        self.check_origin()?;
        if self.enabled {
            self.check_endpoint()?;
        }
        self.check_transport()?;
        self.check_custom()?;
        require(self.port != Some(0), "port", 0, "1 to 65535")?;
        self.check_sizes()?;
        self.check_pace()?;
        require(
            self.rate > 0.0 && self.rate <= 1.0,
            "rate",
            self.rate,
            "above 0 and at most 1",
        )?;
        self.check_times()?;
        self.check_telemetry()
    }

    /// Checks that servers of the dialect listen on the transport.
    pub(crate) fn check_transport(&self) -> Result<(), ConfigError> {
        let transport = self.effective_transport();
        let rules = self.dialect.rules();
        require(
            rules.transports.contains(&transport) || transport.is_custom(),
            "transport",
            transport.name(),
            rules.transports_text,
        )
    }

    /// Checks that a custom transport is not expected to set or to ask its kernel anything.
    fn check_custom(&self) -> Result<(), ConfigError> {
        if !self.effective_transport().is_custom() {
            return Ok(());
        }
        require(
            !self.resend_unacknowledged,
            "resend_unacknowledged",
            true,
            "unset: what is acknowledged is known of a TCP socket only, not of a custom transport",
        )?;
        let expected = "unset: the connector of a custom transport sets the options of its socket";
        let buffer = self.send_buffer.wanted();
        let text = buffer.unwrap_or_default();
        require(buffer.is_none(), "send_buffer", text, expected)?;
        let keepalive = self.keepalive.wanted();
        let text = format!("{:?}", keepalive.unwrap_or_default());
        require(keepalive.is_none(), "keepalive", text, expected)
    }

    fn check_sizes(&self) -> Result<(), ConfigError> {
        let datagram = self.datagram_limit();
        let min_queue_bytes = 4 * self.line_limit().max(datagram).max(4096);
        require(
            (16..=1 << 20).contains(&self.max_line),
            "max_line",
            self.max_line,
            "16 to 1048576",
        )?;
        let rules = self.dialect.rules();
        require(
            self.max_line <= rules.max_line || !self.is_line_stream(),
            "max_line",
            self.max_line,
            "at most what servers of the dialect read of a line; lower it or leave it unset",
        )?;
        require(
            (16..=MAX_DATAGRAM).contains(&datagram),
            "max_datagram",
            datagram,
            "16 to 65507 bytes, the limit of a datagram over IPv4",
        )?;
        require(
            datagram <= rules.max_datagram || self.effective_transport().is_stream(),
            "max_datagram",
            datagram,
            "at most what servers of the dialect read of a datagram; lower it or leave it unset",
        )?;
        require(
            self.max_queue_bytes >= min_queue_bytes && self.max_queue_bytes as u64 <= 1 << 40,
            "max_queue_bytes",
            self.max_queue_bytes,
            "at least 16384 bytes and four times the longest line or datagram, and at most 1 TiB",
        )?;
        require(
            self.max_queue_lines != 0,
            "max_queue_lines",
            self.max_queue_lines,
            "at least 1",
        )?;
        require(
            (1..=1 << 24).contains(&self.max_series),
            "max_series",
            self.max_series,
            "1 to 16777216",
        )?;
        require(
            (1..=1 << 20).contains(&self.max_samples),
            "max_samples",
            self.max_samples,
            "1 to 1048576",
        )?;
        require(
            (4096..=1 << 40).contains(&(self.max_aggregate_bytes as u64)),
            "max_aggregate_bytes",
            self.max_aggregate_bytes,
            "room for a few series, which is 4096 bytes, to 1 TiB",
        )?;
        require(
            self.send_buffer.value() != Some(0),
            "send_buffer",
            0,
            "at least 1 byte, or None",
        )
    }

    fn check_pace(&self) -> Result<(), ConfigError> {
        let Pace { burst, rate } = self.pace.unwrap_or(Pace { burst: 1, rate: 1 });
        require(burst != 0, "pace", burst, "a burst of at least 1 byte")?;
        require(
            rate != 0,
            "pace",
            rate,
            "a rate of at least 1 byte a second",
        )
    }

    fn check_times(&self) -> Result<(), ConfigError> {
        let (initial, max) = self.backoff;
        let is_ordered = initial <= max;
        let text = |time: Duration| format!("{time:?}");
        require(
            !initial.is_zero(),
            "backoff",
            text(initial),
            "an initial delay above zero",
        )?;
        require(
            is_ordered,
            "backoff",
            text(max),
            "a maximum of at least the initial delay",
        )?;
        for (setting, time, may_be_zero) in [
            ("flush_interval", self.flush_interval, true),
            ("aggregate", self.aggregate.unwrap_or(MAX_TIME), false),
            ("backoff", max, false),
            ("settle_time", self.settle_time, true),
            (
                "resolve_interval",
                self.resolve_interval.unwrap_or(MAX_TIME),
                false,
            ),
            (
                "max_connection_age",
                self.max_connection_age.unwrap_or(MAX_TIME),
                false,
            ),
            ("connect_timeout", self.connect_timeout, false),
            ("write_timeout", self.write_timeout, false),
            ("close_timeout", self.close_timeout, true),
        ] {
            let expected = if may_be_zero {
                "at most a year"
            } else {
                "above zero and at most a year"
            };
            let is_valid = time <= MAX_TIME && (may_be_zero || !time.is_zero());
            require(is_valid, setting, text(time), expected)?;
        }
        let keepalive = self.keepalive.value().unwrap_or(MAX_KEEPALIVE);
        require(
            (Duration::from_secs(3)..=MAX_KEEPALIVE).contains(&keepalive),
            "keepalive",
            text(keepalive),
            "3 s to 9 hours, or None: systems count it in seconds, up to 32767",
        )
    }

    pub(crate) fn check_prefix(&self) -> Result<(), ConfigError> {
        let Some(prefix) = &self.prefix else {
            if !self.enabled {
                return Ok(());
            }
            return Err(ConfigError::Missing {
                setting: "prefix",
                expected: "by `STATSD_PREFIX`, `Config::application` or `Config::prefix`; \"\" is no prefix",
            });
        };
        let rules = self.dialect.rules();
        let is_safe = rules.name.allows(prefix);
        let is_fatal = (rules.is_fatal_name)(format!("{}.", self.prefix_text()).as_bytes());
        require(
            is_safe && !is_fatal,
            "prefix",
            prefix,
            "text that the server accepts in a name",
        )?;
        require(
            self.prefix_text().len() <= 512.min(rules.max_name - 2),
            "prefix",
            prefix,
            "at most 512 bytes long, and shorter than the longest name of the dialect",
        )
    }

    pub(crate) fn check_tags(&self) -> Result<(), ConfigError> {
        let rules = self.dialect.rules();
        for (key, value) in &self.tags {
            let text = format!("{key}:{value}");
            let Some(syntax) = &rules.tags else {
                return require(
                    false,
                    "tag",
                    text,
                    "unset: the dialect has no tags; choose another dialect or no tags",
                );
            };
            let is_safe = rules.tag_key.allows(key) && rules.tag_value.allows(value);
            require(
                is_safe && !key.is_empty(),
                "tag",
                &text,
                "a key and an optional value with characters that the server accepts in a tag",
            )?;
            require(
                syntax.bare || !value.is_empty(),
                "tag",
                text,
                "a key and a value: the dialect has no tags without a value",
            )?;
        }
        let bytes = self
            .tags
            .iter()
            .map(|(key, value)| key.len() + value.len() + 2)
            .sum::<usize>();
        let size = format!("{bytes} bytes in all");
        require(
            bytes <= 1024,
            "tag",
            size,
            "at most 1024 bytes for all constant tags",
        )
    }
}

/// Maximum of all times: a year. It is longer than any useful value, and short enough that adding it to an instant
/// cannot overflow.
pub(super) const MAX_TIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Maximum keepalive time of Linux, in seconds (`MAX_TCP_KEEPIDLE`).
const MAX_KEEPALIVE: Duration = Duration::from_secs(32_767);

pub(super) fn require(
    holds: bool,
    setting: &'static str,
    value: impl ToString,
    expected: &'static str,
) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        setting,
        value: value.to_string(),
        expected,
    })
}
