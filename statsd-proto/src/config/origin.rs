//! Origin detection for the Datadog agent: the container that sends.

use super::Config;
use super::check::require;
use crate::dogstatsd::{Cardinality, Container};
use crate::error::ConfigError;

/// Fields after the tags of every line.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub(crate) struct Origin {
    pub(crate) container_id: Option<String>,
    pub(crate) cgroup_inode: Option<u64>,
    pub(crate) external_data: Option<String>,
    pub(crate) cardinality: Option<Cardinality>,
    /// Whether container ID, inode and external data are detected and sent.
    #[cfg_attr(feature = "serde", serde(rename = "detection"))]
    pub(crate) is_sent: bool,
}

impl Default for Origin {
    fn default() -> Self {
        Self {
            container_id: None,
            cgroup_inode: None,
            external_data: None,
            cardinality: None,
            is_sent: true,
        }
    }
}

/// # Settings for the Datadog agent
///
/// For [`Dialect::DogStatsd`](crate::Dialect::DogStatsd) alone; see [`dogstatsd`](crate::dogstatsd).
impl Config {
    /// ID of the container that sends, without a prefix (protocol 1.2 and 1.4: `c:ci-…`). Default: detected by
    /// [`detect_origin`](Self::detect_origin), which the adapters call.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::dogstatsd("localhost").container_id("8c5d0a7e9b1f");
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn container_id(mut self, id: impl Into<String>) -> Self {
        self.origin.container_id = Some(id.into());
        self
    }

    /// Inode of the container's cgroup, by which the agent finds the container (protocol 1.4: `c:in-…`). Default:
    /// detected by [`detect_origin`](Self::detect_origin), which the adapters call.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::dogstatsd("localhost").cgroup_inode(4026531835);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn cgroup_inode(mut self, inode: u64) -> Self {
        self.origin.cgroup_inode = Some(inode);
        self
    }

    /// External data, which the agent's admission controller puts into the environment (protocol 1.5: `e:`). Default:
    /// none, or the variable's value [from the environment](Self::from_dd_env).
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::dogstatsd("localhost").external_data("it-false,cn-web,pu-810fe89d");
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn external_data(mut self, data: impl Into<String>) -> Self {
        self.origin.external_data = Some(data.into());
        self
    }

    /// Cardinality of the tags that the agent adds, for metrics that do not set their own (protocol 1.6: `card:`).
    /// Default: the agent's.
    ///
    /// ```
    /// use statsd_proto::{Config, dogstatsd::Cardinality};
    ///
    /// let config = Config::dogstatsd("localhost").cardinality(Cardinality::High);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn cardinality(mut self, cardinality: Cardinality) -> Self {
        self.origin.cardinality = Some(cardinality);
        self
    }

    /// Whether container ID, inode and external data are detected and sent. Default: yes, as in Datadog's clients, or
    /// the value of `DD_ORIGIN_DETECTION_ENABLED`.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let config = Config::dogstatsd("localhost").origin_detection(false);
    /// # assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn origin_detection(mut self, is_sent: bool) -> Self {
        self.origin.is_sent = is_sent;
        self
    }

    /// Detects the container that sends, from files that the caller reads: `read` returns the text of a file, and
    /// `inode` its inode, or `None`.
    ///
    /// The adapters call it. A driver of your own may call it too. It reads nothing and changes nothing if the agent
    /// could not use the result: in another dialect, over TCP, without [`origin_detection`](Self::origin_detection),
    /// for a disabled client, or if the container is set already.
    ///
    /// The ID is read from `/proc/self/cgroup` and `/proc/self/mountinfo`. A process in a cgroup namespace of its own
    /// may see no ID there; then the inode of its cgroup is used. Outside of containers neither is found.
    ///
    /// ```
    /// use statsd_proto::Config;
    ///
    /// let id = "0123456789abcdef".repeat(4);
    /// let read = |path: &str| (path == "/proc/self/cgroup").then(|| format!("0::/docker/{id}\n"));
    /// let config = Config::dogstatsd("localhost").detect_origin(read, |_| None);
    /// assert_eq!(config, Config::dogstatsd("localhost").container_id(&id));
    /// ```
    #[must_use]
    pub fn detect_origin(
        mut self,
        read: impl Fn(&str) -> Option<String>,
        inode: impl Fn(&str) -> Option<u64>,
    ) -> Self {
        if self.wants_origin() {
            match Container::detect(read, inode) {
                Some(Container::Id(id)) => self.origin.container_id = Some(id),
                Some(Container::Inode(inode)) => self.origin.cgroup_inode = Some(inode),
                None => {}
            }
        }
        self
    }

    /// The agent reads no stream of lines, and other servers may refuse the field.
    fn wants_origin(&self) -> bool {
        let Origin {
            container_id,
            cgroup_inode,
            is_sent,
            ..
        } = &self.origin;
        let is_known = container_id.is_some() || cgroup_inode.is_some();
        let is_for_agent = self.dialect.rules().has_extras && !self.is_line_stream();
        self.enabled && *is_sent && is_for_agent && !is_known
    }

    pub(crate) fn check_origin(&self) -> Result<(), ConfigError> {
        const ALONE: &str = "unset: only the dialect DogStatsd has it";
        let Origin {
            container_id,
            cgroup_inode,
            external_data,
            cardinality,
            is_sent: _,
        } = &self.origin;
        let has_extras = self.dialect.rules().has_extras;
        if let Some(id) = container_id {
            require(has_extras, "container_id", id, ALONE)?;
            let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            let is_bare = !id.starts_with("ci-") && !id.starts_with("in-");
            require(
                (1..=256).contains(&id.len()) && id.bytes().all(is_id) && is_bare,
                "container_id",
                id,
                "an ID of at most 256 letters, digits and `_-.`, without a prefix",
            )?;
        }
        if let Some(inode) = cgroup_inode {
            require(has_extras, "cgroup_inode", inode, ALONE)?;
        }
        if let Some(data) = external_data {
            require(has_extras, "external_data", data, ALONE)?;
            require(
                is_external_data(data),
                "external_data",
                data,
                "1 to 1024 bytes without `|` and control characters",
            )?;
        }
        if let Some(cardinality) = cardinality {
            require(has_extras, "cardinality", cardinality.text(), ALONE)?;
        }
        Ok(())
    }
}

fn is_external_data(data: &str) -> bool {
    (1..=1024).contains(&data.len())
        && !data.contains(|char: char| char == '|' || char.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Transport;
    use crate::encode::dialect::Dialect;

    #[test]
    fn nothing_is_read_where_no_agent_wants_to_know() {
        let agent = || Config::dogstatsd("localhost");
        for config in [
            Config::new("localhost"),
            agent().dialect(Dialect::StatsdExporter),
            agent().transport(Transport::Tcp),
            agent().origin_detection(false),
            agent().enabled(false),
            agent().container_id("a"),
            agent().cgroup_inode(7),
        ] {
            let read = |path: &str| -> Option<String> { panic!("{path} is read for {config:?}") };
            let inode = |path: &str| -> Option<u64> { panic!("{path} is looked at") };
            assert_eq!(config.clone().detect_origin(read, inode), config);
        }
    }

    #[test]
    fn what_is_found_is_sent_in_whatever_order_things_were_set() {
        let inode = |path: &str| (path == "/sys/fs/cgroup").then_some(77);
        let read = |path: &str| (path == "/proc/self/cgroup").then(|| "0::/\n".to_owned());
        for config in [
            Config::dogstatsd("unix:///d"),
            Config::new("unix:///d").dialect(Dialect::DogStatsd),
            Config::new("a").dialect(Dialect::DogStatsd),
        ] {
            let found = config.clone().detect_origin(read, inode);
            assert_eq!(found, config.cgroup_inode(77));
            assert_eq!(found.check(), Ok(()));
        }
    }
}
