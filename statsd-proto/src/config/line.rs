//! How metrics become lines.

use super::Config;
use crate::encode::dialect::Dialect;
use crate::encode::text::UnsafeText;

/// How metrics become lines.
impl Config {
    /// What stands before every name, with a dot between; empty for nothing. Default: nothing, except
    /// [from the environment](Self::from_env).
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self {
            prefix: Some(prefix.into()),
            ..self
        }
    }

    /// The prefix, unless one is set already: for what comes [from the environment](Self::from_env).
    #[must_use]
    pub fn default_prefix(self, prefix: impl Into<String>) -> Self {
        if self.prefix.is_none() {
            self.prefix(prefix)
        } else {
            self
        }
    }

    /// `applications.<service>.<environment>` as the prefix, unless one is set already or one of the
    /// two is empty.
    #[must_use]
    pub fn application(self, service: &str, environment: &str) -> Self {
        if service.is_empty() || environment.is_empty() {
            return self;
        }
        self.default_prefix(format!("applications.{service}.{environment}"))
    }

    /// Whether metrics of this program get `counters.`, `gauges.` or `timers.` before their names. Default: no for
    /// [`Dialect::DogStatsd`] and [`Dialect::OpenTelemetry`], whose servers keep the kind beside the name; yes for all
    /// others, as in sprockets-statsd.
    #[must_use]
    pub fn kind_prefixes(self, kind_prefixes: bool) -> Self {
        Self {
            kind_prefixes: Some(kind_prefixes),
            ..self
        }
    }

    pub(crate) fn has_kind_prefixes(&self) -> bool {
        self.kind_prefixes
            .unwrap_or_else(|| self.dialect.rules().kind_prefixes)
    }

    /// The family of servers that the lines are for. Default: [`Dialect::Statsd`].
    ///
    /// The [transport](Self::transport), the [port](Self::port) and the [kind prefixes](Self::kind_prefixes) follow it
    /// unless they are set, before or after.
    #[must_use]
    pub fn dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// Adds a tag to every metric. An empty value makes a bare tag, where the dialect has those.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// What happens to characters that a server would misread. Default: [`UnsafeText::Replace`].
    #[must_use]
    pub fn unsafe_text(self, unsafe_text: UnsafeText) -> Self {
        Self {
            unsafe_text,
            ..self
        }
    }

    /// The longest line on a stream, in bytes, without its line break; of a metric that is several lines,
    /// each of them. Default: 4095, because statsd_exporter closes a connection that brings a longer one.
    /// For some [dialects](Dialect) it cannot be longer than their servers read.
    ///
    /// A metric longer than a [datagram](Self::max_datagram), with all its lines, goes in a datagram of its
    /// own, up to what the dialect's servers read of one, or the 65,507 bytes that IPv4 has room for.
    #[must_use]
    pub fn max_line(self, bytes: usize) -> Self {
        Self {
            max_line: bytes,
            ..self
        }
    }

    /// How far datagrams and frames are filled, in bytes.
    ///
    /// Default for UDP: 1432, which is Ethernet's 1500 less the IPv6 and UDP headers and some room for
    /// tunnels, so that no datagram is split on its way. Default for Unix sockets: 8192, which is the
    /// Datadog agent's own limit; there it bounds each line as well.
    ///
    /// A datagram cannot be longer than the [dialect's](Dialect) servers read: they cut the rest in
    /// silence, and take the stump for a line. A frame may be, for an agent with a larger
    /// `dogstatsd_buffer_size`; others close the connection.
    #[must_use]
    pub fn max_datagram(self, bytes: usize) -> Self {
        Self {
            max_datagram: Some(bytes),
            ..self
        }
    }
}
