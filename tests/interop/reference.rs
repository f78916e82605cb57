//! The reference server, which is asked at its management port.

use std::env;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};

use tests::timeout::TIMEOUT;

use crate::folder::Folder;
use crate::process::Process;
use crate::server::{RealServer, free_port};

pub(crate) struct Reference {
    process: Process,
    folder: Folder,
    port: u16,
    management: u16,
}

impl Reference {
    /// Makes it print every line that it reads, from its next start. That slows it down.
    pub(crate) fn print_lines(&self) {
        self.configure("dumpMessages: true,");
    }

    /// The lines that it has printed, by all its processes.
    pub(crate) fn printed(&self) -> Vec<String> {
        let log = self.process.log();
        printed(&log).map(str::to_owned).collect()
    }

    /// The last of them.
    pub(crate) fn last_printed(&self) -> Option<String> {
        let log = self.process.end_of_log();
        printed(&log).next_back().map(str::to_owned)
    }

    /// How many times a timer took, and their sum in milliseconds, however many; known once it is
    /// [finished](RealServer::finish).
    pub(crate) fn summary(&self, name: &str) -> Option<(f64, f64)> {
        let log = self.process.log();
        let (_, summary) = log.rsplit_once(&format!("'{name}': {{"))?;
        let (summary, _) = summary.split_once('}')?;
        Some((number(summary, "count")?, number(summary, "sum")?))
    }

    fn configure(&self, more: &str) {
        let Self {
            port, management, ..
        } = self;
        // Counters are set back at each flush, which therefore has to be far off.
        let text = format!(
            "{{ {more}
                servers: [
                  {{ server: './servers/udp', address: '127.0.0.1', port: {port} }},
                  {{ server: './servers/tcp', address: '127.0.0.1', port: {port} }} ],
                mgmt_address: '127.0.0.1', mgmt_port: {management},
                backends: ['./backends/console'],
                flushInterval: 3600000, automaticConfigReload: false }}"
        );
        self.folder.write("config.js", &text);
    }

    /// Answer of the management port, or `None` without an answer.
    fn ask(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.management)).ok()?;
        stream.set_read_timeout(Some(TIMEOUT)).ok()?;
        stream.write_all(format!("{command}\n").as_bytes()).ok()?;
        // It keeps the connection open; this is how its answers end.
        let end = if command == "health" { "\n" } else { "END\n\n" };
        let mut answer = Vec::new();
        let mut part = [0; 65_536];
        while !answer.ends_with(end.as_bytes()) {
            match stream.read(&mut part) {
                Ok(0) | Err(_) => return None,
                Ok(read) => answer.extend_from_slice(&part[..read]),
            }
        }
        String::from_utf8(answer).ok()
    }
}

impl RealServer for Reference {
    const INSTALL: &'static str = "npm install --prefix FOLDER --omit=optional statsd@0.9.0 && \
                                   export STATSD_INTEROP=FOLDER";

    const MAX_DATAGRAM: usize = 65_507;

    fn find() -> Option<PathBuf> {
        let folder = PathBuf::from(env::var_os("STATSD_INTEROP")?);
        let program = folder.join("node_modules/statsd/stats.js");
        program.exists().then_some(program)
    }

    fn new(program: &Path, folder: Folder, port: u16) -> Self {
        let mut process = Process::new("node", &folder);
        let config = folder.join("config.js");
        process.command().arg(program).arg(config);
        let server = Self {
            process,
            folder,
            port,
            management: free_port(),
        };
        server.configure("");
        server
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn forget(&mut self) {}

    /// It binds its UDP port at some time after the others.
    fn is_ready(&self) -> bool {
        let address = (Ipv4Addr::LOCALHOST, self.port);
        self.ask("health")
            .is_some_and(|answer| answer.contains("health: up"))
            && TcpStream::connect(address).is_ok()
            && UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).is_ok_and(|socket| {
                // It is refused until then.
                let _ = socket.send_to(READY.as_bytes(), address);
                self.counter("ready").is_some()
            })
    }

    fn counter(&self, name: &str) -> Option<f64> {
        number(&self.ask("counters")?, name)
    }

    fn gauge(&self, name: &str) -> Option<f64> {
        number(&self.ask("gauges")?, name)
    }

    fn timer(&self, name: &str) -> (f64, f64) {
        let answer = self.ask("timers").unwrap_or_default();
        let times = list(&answer, name).map(|time| time.parse::<f64>().expect("times are numbers"));
        times.fold((0.0, 0.0), |(count, sum), time| (count + 1.0, sum + time))
    }

    fn set(&self, name: &str) -> usize {
        list(&self.process.log(), name).count()
    }

    /// It prints its sets, and reports them in no other way.
    fn finish(&mut self) {
        self.process.end();
    }

    fn tagged(name: &str, key: &str, value: &str) -> Option<String> {
        Some(format!("{name};{key}={value}"))
    }

    fn bad_lines(&self) -> Option<usize> {
        let log = self.process.log();
        Some(log.matches("Bad line").count())
    }
}

/// The whole lines in a log that the server has read from others than this.
fn printed(log: &str) -> impl DoubleEndedIterator<Item = &str> {
    let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines = whole
        .lines()
        .filter_map(|line| Some(line.split_once("DEBUG: ")?.1));
    lines.filter(|line| *line != READY && !line.starts_with("Loading "))
}

/// Finds `key: number` in the output of the server, in which keys that are no identifiers are in quotes, and
/// a line may have several pairs.
fn number(answer: &str, key: &str) -> Option<f64> {
    answer.split([',', '\n']).find_map(|pair| {
        let (name, number) = pair.trim_matches([' ', '{', '}']).rsplit_once(": ")?;
        if name.trim_matches('\'') == key {
            number.parse().ok()
        } else {
            None
        }
    })
}

/// The items of the last `'key': [ item, item ]` in what the server prints.
fn list<'a>(answer: &'a str, key: &str) -> impl Iterator<Item = &'a str> {
    let start = format!("'{key}': [");
    let items = answer.rsplit_once(&start).map_or("", |(_, rest)| rest);
    let items = items.split_once(']').map_or("", |(items, _)| items);
    items
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// What finds out whether it listens to datagrams.
const READY: &str = "ready:1|c";
