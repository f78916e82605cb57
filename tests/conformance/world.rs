//! What every scenario starts from: a runtime, a carrier, and servers for it.

use std::io;

use statsd_proto::{Client, Config, Report, Transport};
use tests::adapter::Adapter;
use tests::carrier::Carrier;
use tests::fault::Fault;
use tests::server::Server;

use crate::own::Connects;
use crate::scripted::Scripted;

pub(crate) struct World<A> {
    pub(crate) runtime: A,
    pub(crate) carrier: Carrier,
}

impl<A: Adapter> World<A> {
    pub(crate) fn new(carrier: Carrier) -> Self {
        let runtime = A::new();
        Self { runtime, carrier }
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.carrier.is_stream()
    }

    pub(crate) fn server(&self) -> Server {
        Server::start(self.carrier)
    }

    /// A server that is not there before it is restarted.
    pub(crate) fn absent_server(&self) -> Server {
        Server::absent(self.carrier)
    }

    /// A server that does to each connection, counted from 0, what `fault` says.
    pub(crate) fn faulty_server(
        &self,
        fault: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static,
    ) -> Server {
        Server::start_faulty(self.carrier, fault)
    }

    /// A configuration for a port.
    pub(crate) fn config_for(&self, host: impl Into<String>, port: u16) -> Config {
        let transport = if self.carrier == Carrier::Udp {
            Transport::Udp
        } else {
            Transport::Tcp
        };
        Config::new(host).port(port).transport(transport)
    }

    pub(crate) fn start(&self, config: Config) -> Running<'_, A> {
        Running {
            runtime: &self.runtime,
            connector: self.runtime.start(config).expect("the settings are good"),
        }
    }
}

impl<A: Connects> World<A> {
    /// Starts with a connector of the test's own.
    pub(crate) fn start_with<F>(
        &self,
        config: Config,
        connector: impl Fn(String) -> F + Send + Sync + 'static,
    ) -> Running<'_, A>
    where
        F: Future<Output = io::Result<Scripted>> + Send + 'static,
    {
        let connector = self.runtime.start_with(config, connector);
        Running {
            runtime: &self.runtime,
            connector: connector.expect("the settings are good"),
        }
    }
}

/// A connector, whose futures end within the test's patience.
pub(crate) struct Running<'a, A: Adapter> {
    runtime: &'a A,
    connector: A::Connector,
}

impl<A: Adapter> Running<'_, A> {
    pub(crate) fn client(&self) -> Client {
        A::client(&self.connector)
    }

    pub(crate) fn flush(&self) {
        self.runtime.within("a flush", A::flush(&self.connector));
    }

    pub(crate) fn flush_confirmed(&self) {
        let flush = A::flush_confirmed(&self.connector);
        self.runtime.within("a confirmed flush", flush);
    }

    /// Stops, and checks that no line is unaccounted for.
    pub(crate) fn stop(&self) -> Report {
        let report = self.runtime.within("a stop", A::stop(&self.connector));
        assert_accounted(&report);
        report
    }

    pub(crate) fn restart(&self) {
        self.runtime.restart(&self.connector);
    }
}

/// At the end every line has been sent or dropped.
#[track_caller]
pub(crate) fn assert_accounted(report: &Report) {
    let stats = &report.stats;
    let settled = stats.sent + stats.dropped.total();
    assert_eq!(stats.accepted + stats.resent, settled, "{report:?}");
    assert_eq!((stats.queued, stats.in_flight), (0, 0), "{report:?}");
    let told = (report.sent, report.abandoned);
    assert_eq!(told, (stats.sent, stats.dropped.abandoned));
}

/// The fault for every connection.
pub(crate) fn always(fault: Fault) -> impl Fn(usize) -> Option<Fault> + Send + Sync + 'static {
    move |_| Some(fault)
}

/// Records `count:<number>|c` for each number.
pub(crate) fn count(client: &Client, numbers: std::ops::Range<usize>) {
    for number in numbers {
        client.inject_metric("count", number as u64, "c");
    }
}

/// The lines of [`count`].
pub(crate) fn counted(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("count:{number}|c")).collect()
}

/// The lines as they are without a prefix. A line without it keeps its torn start.
pub(crate) fn without_prefix(prefix: &str, lines: &[String]) -> Vec<String> {
    let bare = lines.iter().map(|line| {
        let rest = line.strip_prefix(prefix);
        let rest = rest.and_then(|rest| rest.strip_prefix('.'));
        rest.unwrap_or(line).to_owned()
    });
    bare.collect()
}

/// The numbers in lines of [`count`]. A torn or garbled line is none.
#[track_caller]
pub(crate) fn numbers(lines: &[String]) -> Vec<usize> {
    let number = |line: &String| -> Option<usize> {
        let number = line.strip_prefix("count:")?.strip_suffix("|c")?;
        number.parse().ok()
    };
    let parsed = lines.iter().map(|line| {
        number(line).unwrap_or_else(|| panic!("{line:?} is no line that was recorded"))
    });
    parsed.collect()
}

/// No line came twice, or before one that was recorded earlier.
#[track_caller]
pub(crate) fn assert_ascending(numbers: &[usize]) {
    for pair in numbers.windows(2) {
        assert!(pair[0] < pair[1], "{} came before {}", pair[0], pair[1]);
    }
}
