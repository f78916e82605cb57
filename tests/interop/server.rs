//! What scenarios do with a server, whichever it is.

use std::env;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use statsd_proto::{Config, Dialect, Transport};
use tests::address::unused_port;
use tests::skip::skipped;
use tests::timeout::eventually;

pub(crate) use crate::collectd::Collectd;
use crate::folder::Folder;
pub(crate) use crate::netdata::Netdata;
use crate::process::Process;
pub(crate) use crate::reference::Reference;

/// How a server is spoken to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speech {
    pub(crate) dialect: Dialect,
    pub(crate) transport: Transport,
}

/// A server of its own for a test. Its process ends and its folder goes with it.
///
/// Names have a prefix, and are of lower-case letters, underscores and dots: what all servers keep.
pub(crate) trait RealServer: Sized {
    /// The command that installs it.
    const INSTALL: &'static str;

    /// Precision of its times in milliseconds.
    const PRECISION: f64 = 1e-6;

    /// How much of a datagram it reads.
    const MAX_DATAGRAM: usize;

    /// Where it is, if it is installed.
    fn find() -> Option<PathBuf>;

    /// One that does not run yet.
    fn new(program: &Path, folder: Folder, port: u16) -> Self;

    fn port(&self) -> u16;

    fn process(&mut self) -> &mut Process;

    /// Forgets what an earlier process has left.
    fn forget(&mut self);

    /// Whether it listens everywhere.
    fn is_ready(&self) -> bool;

    /// Total of a counter since the start, or `None` without such a counter.
    fn counter(&self, name: &str) -> Option<f64>;

    fn gauge(&self, name: &str) -> Option<f64>;

    /// How many times a timer took, and their sum in milliseconds.
    fn timer(&self, name: &str) -> (f64, f64);

    /// How many members a set had.
    fn set(&self, name: &str) -> usize;

    /// Ends it, if it reports some values only then.
    fn finish(&mut self) {}

    /// Name of `name` with this tag, or `None` if it has no tags.
    fn tagged(name: &str, key: &str, value: &str) -> Option<String>;

    /// Number of bad lines, or `None` if it has not reported it yet.
    fn bad_lines(&self) -> Option<usize>;

    /// Server that listens, or `None` if it is not installed, which the test then reports.
    ///
    /// # Panics
    ///
    /// If it is not installed, and `STATSD_INTEROP` says that it is.
    fn installed() -> Option<Self> {
        let Some(program) = Self::find() else {
            let needs = format!("it needs a server: `{}`", Self::INSTALL);
            assert!(env::var_os("STATSD_INTEROP").is_none(), "{needs}");
            skipped(&needs);
            return None;
        };
        let mut server = Self::new(&program, Folder::new(), free_port());
        server.start();
        Some(server)
    }

    /// Starts it, with nothing counted, and waits until it listens.
    fn start(&mut self) {
        self.process().kill();
        self.forget();
        self.process().start();
        eventually("the server", || {
            let process = self.process();
            assert!(process.is_running(), "it has ended: {}", process.log());
            self.is_ready()
        });
    }

    fn config(&self, speech: Speech) -> Config {
        let config = Config::new("127.0.0.1").port(self.port()).prefix("shop");
        config.dialect(speech.dialect).transport(speech.transport)
    }
}

/// A port that is free for TCP and UDP alike.
pub(crate) fn free_port() -> u16 {
    loop {
        let place = (Ipv4Addr::LOCALHOST, unused_port());
        if TcpListener::bind(place).is_ok() && UdpSocket::bind(place).is_ok() {
            return place.1;
        }
    }
}
