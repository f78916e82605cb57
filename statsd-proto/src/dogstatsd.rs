//! Extensions of the Datadog agent: events, service checks, and origin detection.
//!
//! They need [`Dialect::DogStatsd`](crate::Dialect::DogStatsd), which [`Config::dogstatsd`](crate::Config::dogstatsd)
//! sets. With another dialect, recording them fails with
//! [`RecordError::NotDogStatsd`](crate::RecordError::NotDogStatsd).
//!
//! ```
//! use statsd_proto::dogstatsd::{Alert, Event, ServiceCheck, Status};
//! use statsd_proto::{Config, testing::recorder};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
//! client.event(&Event::new("deployed", "version 7\nby hand").alert(Alert::Success))?;
//! client.service_check(&ServiceCheck::new("db.up", Status::Critical).message("no answer"))?;
//! assert_eq!(
//!     recorder.lines(),
//!     [r"_e{8,18}:deployed|version 7\nby hand|t:success", "_sc|db.up|2|m:no answer"]
//! );
//! # Ok(())
//! # }
//! ```
//!
//! # Which container sends
//!
//! The agent adds tags about the container that a metric comes from, if it has `dogstatsd_origin_detection_client` on and
//! the client says which. The adapters find out, as Datadog's clients do, from `/proc/self/cgroup`,
//! `/proc/self/mountinfo` and the inode of the process's cgroup; outside of containers nothing is said. This crate opens
//! no file: a driver of one's own calls [`Config::detect_origin`](crate::Config::detect_origin).
//!
//! [`Config::origin_detection`](crate::Config::origin_detection) turns it off, as `DD_ORIGIN_DETECTION_ENABLED` does, and
//! [`Config::container_id`](crate::Config::container_id) says it by hand.

mod container;
mod event;
mod service_check;

pub(crate) use container::Container;
pub(crate) use event::escaped_len;
pub use event::{Alert, Event, Priority};
pub use service_check::{ServiceCheck, Status};

/// Cardinality: how many tags about the sender the agent adds to a metric (protocol 1.6).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Cardinality {
    /// All tags, such as the ID and the name of a container.
    High,
    /// Tags with few values, such as the host and the image.
    Low,
    /// No tags.
    None,
    /// Tags with as many values as there are pods or tasks.
    Orchestrator,
}

impl Cardinality {
    /// Name of the cardinality in a line.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Low => "low",
            Self::None => "none",
            Self::Orchestrator => "orchestrator",
        }
    }

    /// Parses the name of a cardinality.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let all = [Self::High, Self::Low, Self::None, Self::Orchestrator];
        all.into_iter()
            .find(|cardinality| cardinality.text() == text)
    }
}
