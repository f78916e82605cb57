//! Who sends, as the Datadog agent is told.

use super::Config;
use super::check::require;
use crate::dogstatsd::Cardinality;
use crate::error::ConfigError;

/// What goes behind the tags of every line.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub(crate) struct Origin {
    pub(crate) container_id: Option<String>,
    pub(crate) cgroup_inode: Option<u64>,
    pub(crate) external_data: Option<String>,
    pub(crate) cardinality: Option<Cardinality>,
    /// Whether the first three are sent.
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

/// For [`Dialect::DogStatsd`](crate::Dialect::DogStatsd) alone; see [`dogstatsd`](crate::dogstatsd).
impl Config {
    /// Tells the agent the ID of the container that sends, without a prefix (protocol 1.2 and 1.4:
    /// `c:ci-…`). [`container_id_from_cgroup`](crate::dogstatsd::container_id_from_cgroup) finds it.
    #[must_use]
    pub fn container_id(mut self, id: impl Into<String>) -> Self {
        self.origin.container_id = Some(id.into());
        self
    }

    /// Tells the agent the inode of the container's cgroup, by which it finds the container (protocol
    /// 1.4: `c:in-…`).
    #[must_use]
    pub fn cgroup_inode(mut self, inode: u64) -> Self {
        self.origin.cgroup_inode = Some(inode);
        self
    }

    /// Tells the agent what its admission controller has put into the environment (protocol 1.5: `e:`).
    /// Default: none, except [from the environment](Self::from_dd_env).
    #[must_use]
    pub fn external_data(mut self, data: impl Into<String>) -> Self {
        self.origin.external_data = Some(data.into());
        self
    }

    /// How many tags the agent adds to what does not say so itself (protocol 1.6: `card:`). Default: as
    /// the agent is configured.
    #[must_use]
    pub fn cardinality(mut self, cardinality: Cardinality) -> Self {
        self.origin.cardinality = Some(cardinality);
        self
    }

    /// Whether the container's ID, its inode and the external data are sent, if they are set. Default:
    /// yes.
    #[must_use]
    pub fn origin_detection(mut self, is_sent: bool) -> Self {
        self.origin.is_sent = is_sent;
        self
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
