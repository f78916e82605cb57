//! The clients that are compared.

mod cadence;
mod dogstatsd;
mod exporter;
mod ours;
mod statsd;
mod yardstick;

use std::net::SocketAddr;

use crate::adapters::{AsyncStd, Smol, Tokio};

/// A running client. Its program does nothing else, and ends with it.
pub(crate) trait Subject: Sync {
    /// Records metrics of a kind one after the other. The loop is here, so that the call is the
    /// client's own and not one through this trait.
    fn record(&self, kind: Kind, calls: usize);

    /// Sends what is held back, where the client has a call for that.
    fn flush(&self) {}
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    /// 35 bytes with the line break.
    Count,
    /// A count with two tags, 66 bytes.
    Tagged,
    /// 38 bytes.
    Timing,
}

/// Where the receiver listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) tcp: SocketAddr,
    pub(crate) udp: SocketAddr,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) is_ours: bool,
    pub(crate) way: Way,
    pub(crate) has_tags: bool,
    pub(crate) open: fn(Target) -> Box<dyn Subject>,
}

/// What becomes of a metric, which clients are compared by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// A handle that the caller holds aggregates it.
    HeldSums,
    /// It becomes a line.
    Lines,
    /// It is aggregated with others of its name, which is looked up at every call.
    Sums,
    /// It becomes a line, without anything else that a client has to do.
    Yardstick,
}

/// All subjects, ours first. A new one is a line here.
pub(crate) const ENTRIES: &[Entry] = &[
    ours("statsd-tokio, UDP", ours::udp::<Tokio>),
    ours("statsd-tokio, UDP, prepared", ours::udp_prepared::<Tokio>),
    ours("statsd-tokio, TCP", ours::tcp::<Tokio>),
    ours("statsd-tokio, TCP, prepared", ours::tcp_prepared::<Tokio>),
    ours("statsd-smol, UDP", ours::udp::<Smol>),
    ours("statsd-smol, TCP", ours::tcp::<Smol>),
    ours("statsd-async-std, UDP", ours::udp::<AsyncStd>),
    ours("statsd-async-std, TCP", ours::tcp::<AsyncStd>),
    Entry {
        way: Way::Sums,
        ..ours("statsd-tokio, aggregated", ours::sums::<Tokio>)
    },
    Entry {
        way: Way::HeldSums,
        ..ours(
            "statsd-tokio, aggregated, prepared",
            ours::sums_prepared::<Tokio>,
        )
    },
    peer("cadence, buffered", cadence::buffered),
    peer("cadence, queuing", cadence::queuing),
    peer("dogstatsd", dogstatsd::batching),
    Entry {
        has_tags: false,
        ..peer("statsd", statsd::unbuffered)
    },
    peer("metrics-exporter-statsd", exporter::statsd),
    Entry {
        way: Way::Sums,
        ..peer(
            "metrics-exporter-dogstatsd, macro",
            exporter::dogstatsd_macro,
        )
    },
    Entry {
        way: Way::HeldSums,
        ..peer("metrics-exporter-dogstatsd, held", exporter::dogstatsd_held)
    },
    Entry {
        way: Way::Yardstick,
        ..peer("yardstick, UDP", yardstick::udp)
    },
    Entry {
        way: Way::Yardstick,
        ..peer("yardstick, TCP", yardstick::tcp)
    },
];

const fn ours(name: &'static str, open: fn(Target) -> Box<dyn Subject>) -> Entry {
    Entry {
        name,
        is_ours: true,
        way: Way::Lines,
        has_tags: true,
        open,
    }
}

const fn peer(name: &'static str, open: fn(Target) -> Box<dyn Subject>) -> Entry {
    Entry {
        is_ours: false,
        ..ours(name, open)
    }
}

/// What all subjects record, of the length of names in use: 30 bytes.
const COUNTER: &str = "checkout.service.orders.placed";
const TIMER: &str = "checkout.service.orders.timing";
const TAGS: [(&str, &str); 2] = [("region", "eu-west-1"), ("method", "debit")];
const MILLISECONDS: u32 = 250;

/// Size of the datagrams in bytes, for all clients that have such a setting.
const MAX_DATAGRAM: usize = 1432;
