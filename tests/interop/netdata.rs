//! Netdata, which is asked over HTTP.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};

use tests::timeout::TIMEOUT;

use crate::folder::Folder;
use crate::process::Process;
use crate::server::{RealServer, free_port};

pub(crate) struct Netdata {
    process: Process,
    folder: Folder,
    port: u16,
    web: u16,
}

impl Netdata {
    /// The total of a meter.
    pub(crate) fn meter(&self, name: &str) -> Option<f64> {
        self.last(&format!("statsd_{name}_meter"), "meter")
    }

    /// How many values a histogram took, and their sum.
    pub(crate) fn histogram(&self, name: &str) -> (f64, f64) {
        self.count_and_sum(&format!("statsd_{name}_histogram"))
    }

    fn configure(&self) -> PathBuf {
        let folder = self.folder.path().display();
        let Self { port, web, .. } = self;
        let others = OTHER_COLLECTORS
            .map(|name| format!("{name} = no\n"))
            .concat();
        let text = format!(
            "[global]
                run as user = root
             [directories]
                config = {folder}/etc
                stock config = {folder}/etc
                log = {folder}
                cache = {folder}/cache
                lib = {folder}/lib
                home = {folder}/lib
                plugins = \"{folder}/plugins\"
             [logs]
                access = none
                health = none
             [db]
                mode = ram
                retention = 60
                update every = 1
             [web]
                bind to = 127.0.0.1
                default port = {web}
             [cloud]
                enabled = no
             [health]
                enabled = no
             [ml]
                enabled = no
             [plugins]
                enable running new plugins = no
                {others}
             [statsd]
                add dimension for number of events received = yes
                bind to = udp:127.0.0.1 tcp:127.0.0.1
                default port = {port}
            "
        );
        self.folder.write("netdata.conf", &text)
    }

    /// The body of an answer; nothing if there is none.
    fn ask(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.web)).ok()?;
        stream.set_read_timeout(Some(TIMEOUT)).ok()?;
        stream
            .write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())
            .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
    }

    /// Last value of a dimension of a chart, which is a total for counters.
    fn last(&self, chart: &str, dimension: &str) -> Option<f64> {
        let all = self.ask(
            "/api/v1/allmetrics?format=prometheus&source=raw&help=no&types=no&timestamps=no",
        )?;
        let chart = format!("chart=\"{chart}\"");
        let dimension = format!("dimension=\"{dimension}\"");
        let mut lines = all.lines();
        let line = lines.find(|line| line.contains(&chart) && line.contains(&dimension))?;
        line.rsplit_once(' ')?.1.parse().ok()
    }

    /// What two dimensions of a chart were in each of the last seconds.
    fn history(&self, chart: &str, dimensions: [&str; 2]) -> Vec<[f64; 2]> {
        let path = format!("/api/v1/data?chart={chart}&after=-60&points=60&format=csv");
        let table = self.ask(&path).unwrap_or_default();
        let mut rows = table
            .lines()
            .map(|row| row.trim().split(',').collect::<Vec<_>>());
        let head = rows.next().unwrap_or_default();
        let columns = dimensions.map(|dimension| head.iter().position(|name| *name == dimension));
        // Before the chart came to be they are `null`.
        rows.map(|row| {
            columns.map(|column| {
                column
                    .and_then(|at| row.get(at)?.parse().ok())
                    .unwrap_or(0.0)
            })
        })
        .collect()
    }

    /// Of the values that a chart has summed up for each second.
    fn count_and_sum(&self, chart: &str) -> (f64, f64) {
        let seconds = self.history(chart, ["events", "average"]);
        let add =
            |(count, sum), [events, average]: [f64; 2]| (count + events, sum + events * average);
        seconds.into_iter().fold((0.0, 0.0), add)
    }
}

impl RealServer for Netdata {
    const INSTALL: &'static str = "apt-get install -y --no-install-recommends netdata-core";

    const MAX_DATAGRAM: usize = 8999;

    fn find() -> Option<PathBuf> {
        let program = PathBuf::from("/usr/sbin/netdata");
        program.exists().then_some(program)
    }

    fn new(program: &Path, folder: Folder, port: u16) -> Self {
        let process = Process::new(program, &folder);
        let mut server = Self {
            process,
            folder,
            port,
            web: free_port(),
        };
        let config = server.configure();
        let command = server.process.command();
        command
            .arg("-D")
            .arg("-c")
            .arg(config)
            .env("DO_NOT_TRACK", "1");
        server
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn forget(&mut self) {
        for name in ["cache", "etc/statsd.d", "lib", "plugins"] {
            self.folder.make(name);
        }
    }

    /// It binds its UDP port before the others.
    fn is_ready(&self) -> bool {
        self.ask("/api/v1/info").is_some()
            && TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }

    fn counter(&self, name: &str) -> Option<f64> {
        self.last(&format!("statsd_{name}_counter"), "counter")
    }

    /// It keeps three decimals, in integers.
    fn gauge(&self, name: &str) -> Option<f64> {
        let thousandths = self.last(&format!("statsd_{name}_gauge"), "gauge");
        thousandths.map(|level| level / 1000.0)
    }

    fn timer(&self, name: &str) -> (f64, f64) {
        self.count_and_sum(&format!("statsd_{name}_timer"))
    }

    fn set(&self, name: &str) -> usize {
        let seconds = self.history(&format!("statsd_{name}_set"), ["unique", "events"]);
        // Each second has a set of its own.
        seconds
            .iter()
            .map(|[unique, _]| *unique as usize)
            .max()
            .unwrap_or(0)
    }

    /// It reads tags, and counts without them.
    fn tagged(name: &str, _: &str, _: &str) -> Option<String> {
        Some(name.to_owned())
    }

    fn bad_lines(&self) -> Option<usize> {
        let errors = self.last("netdata.statsd_events", "errors")?;
        let unknown = self.last("netdata.statsd_events", "unknown")?;
        Some((errors + unknown) as usize)
    }
}

const OTHER_COLLECTORS: [&str; 18] = [
    "timex",
    "idlejitter",
    "tc",
    "diskspace",
    "proc",
    "cgroups",
    "checks",
    "slabinfo",
    "apps",
    "ebpf",
    "perf",
    "nfacct",
    "fping",
    "ioping",
    "go.d",
    "python.d",
    "charts.d",
    "freeipmi",
];
