//! What to run, and for how long.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use tests::carrier::Carrier;

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) seconds: u64,
    /// Seed of the faults. Threads and sockets are not simulated, so no two runs are alike.
    pub(crate) seed: u64,
    /// None: all of them.
    pub(crate) subject: Option<Subject>,
}

impl Options {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            seconds: 30,
            seed: RandomState::new().hash_one(0) % 1_000_000,
            subject: None,
        };
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
            let number = || value.parse().map_err(|_| format!("{value:?} is no number"));
            match &*name {
                "--seconds" => options.seconds = number()?,
                "--seed" => options.seed = number()?,
                "--only" => {
                    let mut all = Subject::all();
                    let subject = all.find(|subject| subject.to_string() == value);
                    options.subject =
                        Some(subject.ok_or_else(|| format!("there is no {value:?}"))?);
                }
                _ => return Err(format!("there is no {name:?}")),
            }
        }
        Ok(options)
    }
}

/// Adapter and transport to test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    pub(crate) adapter: &'static str,
    pub(crate) carrier: Carrier,
}

impl Subject {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let unix = [
            Carrier::UnixDatagram,
            Carrier::UnixFrames,
            Carrier::UnixStream,
        ];
        let unix = unix.into_iter().filter(|_| cfg!(unix));
        let carriers = [Carrier::Tcp, Carrier::Udp].into_iter().chain(unix);
        let adapters = ["async-std", "smol", "tokio"].into_iter();
        adapters.flat_map(move |adapter| {
            carriers
                .clone()
                .map(move |carrier| Self { adapter, carrier })
        })
    }

    pub(crate) fn carrier_name(self) -> &'static str {
        match self.carrier {
            Carrier::Tcp => "TCP",
            Carrier::Udp => "UDP",
            Carrier::UnixDatagram => "Unix datagrams",
            Carrier::UnixFrames => "Unix frames",
            Carrier::UnixStream => "Unix stream",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} over {}", self.adapter, self.carrier_name())
    }
}
