//! Settings of the lines: prefix, dialect, tags, sizes.

use super::Config;
use crate::encode::dialect::Dialect;
use crate::encode::text::SanitizePolicy;

/// # Settings of the lines
impl Config {
    /// Dialect: the family of servers that the lines are for. Default: [`Statsd`](Dialect::Statsd).
    ///
    /// [Transport](Self::transport), [port](Self::port) and [kind prefixes](Self::kind_prefixes) follow the dialect
    /// unless they are set, in any order of calls.
    ///
    /// ```
    /// use statsd_proto::{Config, Dialect, testing::recorder};
    ///
    /// let (client, mut recorder) = recorder(Config::new("localhost").dialect(Dialect::Influx))?;
    /// client.count("orders", 1).tag("shop", "eu").send();
    /// assert_eq!(recorder.lines(), ["counters.orders,shop=eu:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// Prefix of every name, joined by a dot. An empty prefix adds nothing. Default: empty; a configuration [from the
    /// environment](Self::from_env) has no default, and needs one.
    ///
    /// ```
    /// use statsd_proto::{Config, testing::recorder};
    ///
    /// let (client, mut recorder) = recorder(Config::dogstatsd("localhost").prefix("shop"))?;
    /// client.incr("orders", 1);
    /// assert_eq!(recorder.lines(), ["shop.orders:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("namespace", "with_namespace"))]
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self {
            prefix: Some(prefix.into()),
            ..self
        }
    }

    /// Prefix of every name, if none is set yet, for example [from the environment](Self::from_env).
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::from_vars([("STATSD_HOST", "10.0.0.7")])?.default_prefix("shop");
    /// assert_eq!(config, Config::new("10.0.0.7").prefix("shop"));
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    #[must_use]
    pub fn default_prefix(self, prefix: impl Into<String>) -> Self {
        if self.prefix.is_none() {
            self.prefix(prefix)
        } else {
            self
        }
    }

    /// Sets the prefix `applications.<service>.<environment>`, unless a prefix is set already or one of the two is
    /// empty.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::from_vars([("STATSD_HOST", "10.0.0.7")])?.application("shop", "production");
    /// assert_eq!(config, Config::new("10.0.0.7").prefix("applications.shop.production"));
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    #[must_use]
    pub fn application(self, service: &str, environment: &str) -> Self {
        if service.is_empty() || environment.is_empty() {
            return self;
        }
        self.default_prefix(format!("applications.{service}.{environment}"))
    }

    /// Whether names get a prefix for their kind: `counters.`, `gauges.` or `timers.`. Default: the dialect's, which is
    /// no for [`Dialect::DogStatsd`] and [`Dialect::OpenTelemetry`], whose servers store the kind beside the name, and
    /// yes for all others, as in sprockets-statsd.
    ///
    /// ```
    /// use statsd_proto::{Config, testing::recorder};
    ///
    /// let (client, mut recorder) = recorder(Config::new("localhost").kind_prefixes(false))?;
    /// client.incr("orders", 1);
    /// assert_eq!(recorder.lines(), ["orders:1|c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Adds a constant tag to every metric. An empty value makes a tag without a value, where the dialect supports
    /// that.
    ///
    /// ```
    /// use statsd_proto::{Config, testing::recorder};
    ///
    /// let (client, mut recorder) = recorder(Config::dogstatsd("localhost").tag("env", "prod"))?;
    /// client.incr("orders", 1);
    /// assert_eq!(recorder.lines(), ["orders:1|c|#env:prod"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("constant_tag", "default_tag", "with_tag"))]
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// Adds constant tags, as [`tag`](Self::tag) adds one.
    ///
    /// ```
    /// use statsd_proto::{Config, testing::recorder};
    ///
    /// let tags = vec![("env".to_owned(), "prod".to_owned())];
    /// let (client, mut recorder) = recorder(Config::dogstatsd("localhost").tags(tags))?;
    /// client.incr("orders", 1);
    /// assert_eq!(recorder.lines(), ["orders:1|c|#env:prod"]);
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    #[doc(alias("constant_tags", "global_tags", "default_tags", "with_tags"))]
    #[must_use]
    pub fn tags<K, V>(mut self, tags: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let owned = |(key, value): (K, V)| (key.into(), value.into());
        self.tags.extend(tags.into_iter().map(owned));
        self
    }

    /// Sanitize policy for characters that a server would misread. Default: [`Replace`](SanitizePolicy::Replace).
    ///
    /// ```
    /// use statsd_proto::{Config, SanitizePolicy, testing::recorder};
    ///
    /// let (client, mut recorder) = recorder(Config::dogstatsd("localhost").sanitize_policy(SanitizePolicy::Refuse))?;
    /// client.incr("orders|forged:1", 1);
    /// assert!(recorder.lines().is_empty());
    /// assert_eq!(client.stats().refused.invalid, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sanitize_policy(self, policy: SanitizePolicy) -> Self {
        Self {
            sanitize_policy: policy,
            ..self
        }
    }

    /// Maximum length of a line in bytes, without its line feed. If a metric takes several lines, each of them may be
    /// that long. Default: 4095, because statsd_exporter closes a connection on a longer line. Some
    /// [dialects](Dialect) have a lower limit.
    ///
    /// The limit applies to streams. Over datagrams, a metric that is longer than [`max_datagram`](Self::max_datagram)
    /// is sent in a datagram of its own, up to the length that the dialect's servers read, and at most 65,507 bytes,
    /// the limit of IPv4.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("localhost").max_line(1024);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn max_line(self, bytes: usize) -> Self {
        Self {
            max_line: bytes,
            ..self
        }
    }

    /// Maximum size of datagrams and frames, in bytes. Default: 1432 over UDP, 8192 over Unix sockets.
    ///
    /// 1432 is Ethernet's 1500 less the IPv6 and UDP headers and 20 bytes for tunnels, so that no datagram is
    /// fragmented. 8192 is the limit of the Datadog agent; over Unix sockets it also limits each line.
    ///
    /// A datagram may not be longer than servers of the [dialect](Dialect) read: they would cut it without an error,
    /// and misread its last line. A frame may be longer, for an agent with a larger `dogstatsd_buffer_size`; other
    /// agents close the connection.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("udp://localhost").max_datagram(8932);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[doc(alias("max_packet_size", "max_bytes_per_payload", "mtu"))]
    #[must_use]
    pub fn max_datagram(self, bytes: usize) -> Self {
        Self {
            max_datagram: Some(bytes),
            ..self
        }
    }

    /// Whether one system call sends several datagrams over UDP, where the kernel can split them (`UDP_SEGMENT`, Linux
    /// 4.18). Default: yes, because it halves the CPU time of sending.
    ///
    /// Datagrams of one call have the same length, except for the last. The others are therefore padded with line
    /// feeds, which StatsD servers skip; a page has [what `tcpdump`
    /// shows](https://docs.rs/statsd-proto/latest/statsd_proto/_servers/#what-tcpdump-shows). Without it, no datagram
    /// is padded, and each takes a system call.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::new("udp://localhost").segmentation(false);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn segmentation(self, segmentation: bool) -> Self {
        Self {
            segmentation,
            ..self
        }
    }
}
