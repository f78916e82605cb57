//! Where servers are.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use statsd_proto::Config;

use crate::carrier::Carrier;

/// Where a server listens, and where it comes back.
#[derive(Debug)]
pub(crate) enum ServerAddress {
    Network(SocketAddr),
    File(SocketFile),
}

impl ServerAddress {
    /// A configuration for it, with all defaults.
    pub(crate) fn config(&self, carrier: Carrier) -> Config {
        let config = match self {
            Self::Network(address) => Config::new(address.ip().to_string()).port(address.port()),
            Self::File(file) => Config::new("").unix_stream(file.path()),
        };
        carrier.set(config)
    }
}

/// The path of a Unix socket, whose file goes with it.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl SocketFile {
    /// A path that no other process and no other test has.
    pub(crate) fn unused() -> Self {
        static GIVEN: AtomicU32 = AtomicU32::new(0);
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        let name = format!("statsd-{}-{given}.sock", process::id());
        let file = Self(env::temp_dir().join(name));
        // A process that was killed left its own.
        file.remove();
        file
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// It fails where there is none.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A port that no test has been given, below those that systems assign by themselves: so no other program
/// takes the port of a server that is to come back, and no client connects to itself.
pub fn unused_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Each process has some ports before those of the next one.
    let start = process::id().wrapping_mul(16);
    let given = GIVEN.fetch_add(1, Ordering::Relaxed);
    let offset = start.wrapping_add(given) % 12_000;
    20_000 + u16::try_from(offset).expect("it is below 12,000")
}
