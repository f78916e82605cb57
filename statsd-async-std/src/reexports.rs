//! What a program that records metrics needs of `statsd-proto`. This file is the same in each adapter.

pub use statsd_proto::{
    AlreadySet, Backlog, Client, Config, ConfigError, Counter, Dialect, Distribution, Dropped,
    Event, EventKind, Events, Failure, FailureKind, Gauge, GaugeDelta, Group, Histogram, Kind,
    Meter, Metric, Number, Overflow, Pace, ParseError, Prepare, RecordError, Recording, Refused,
    Report, RunningTimer, SanitizePolicy, Set, Stats, StoppedTimer, Stopwatch, TagList, Telemetry,
    Timer, TimerGuard, Timing, Transport, Value, dogstatsd, global, set_global, testing,
};

#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub use statsd_proto::{AlreadyInstalled, FacadeRecorder};

#[cfg(feature = "cadence")]
#[cfg_attr(docsrs, doc(cfg(feature = "cadence")))]
pub use statsd_proto::CadenceSink;
