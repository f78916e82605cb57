//! Collectd, whose values are read from the files that it writes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::folder::Folder;
use crate::process::Process;
use crate::server::RealServer;

pub(crate) struct Collectd {
    process: Process,
    folder: Folder,
    port: u16,
}

impl Collectd {
    fn configure(&self) -> PathBuf {
        let folder = self.folder.path().display();
        let port = self.port;
        let text = format!(
            "Hostname \"host\"
             FQDNLookup false
             BaseDir \"{folder}\"
             PIDFile \"{folder}/pid\"
             TypesDB \"/usr/share/collectd/types.db\"
             PluginDir \"/usr/lib/collectd\"
             Interval 0.2
             AutoLoadPlugin false
             LoadPlugin logfile
             <Plugin logfile>
               LogLevel info
               File \"{folder}/messages\"
             </Plugin>
             LoadPlugin statsd
             <Plugin statsd>
               Host \"127.0.0.1\"
               Port \"{port}\"
               TimerCount true
               TimerSum true
             </Plugin>
             LoadPlugin csv
             <Plugin csv>
               DataDir \"{folder}/csv\"
               StoreRates false
             </Plugin>
            "
        );
        self.folder.write("collectd.conf", &text)
    }

    /// The values of all intervals so far, in order.
    fn values(&self, kind: &str, name: &str) -> Vec<f64> {
        let start = format!("{kind}-{name}-");
        let files = fs::read_dir(self.folder.join(VALUES)).into_iter().flatten();
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        let mut days: Vec<_> = names
            .filter(|file| file.strip_prefix(&start).is_some_and(is_date))
            .collect();
        days.sort();
        let tables = days
            .iter()
            .map(|day| self.folder.read(&format!("{VALUES}/{day}")));
        let rows = tables.flat_map(|table| {
            // The first one is the head, and the last one may be incomplete.
            let rows = table.split('\n').skip(1).map(str::to_owned);
            let mut rows: Vec<_> = rows.collect();
            rows.pop();
            rows
        });
        rows.filter_map(|row| row.split_once(',')?.1.parse().ok())
            .collect()
    }
}

impl RealServer for Collectd {
    const INSTALL: &'static str = "apt-get install -y --no-install-recommends collectd-core";

    /// Whole ones.
    const PRECISION: f64 = 1.0;

    const MAX_DATAGRAM: usize = 4095;

    fn find() -> Option<PathBuf> {
        let program = PathBuf::from("/usr/sbin/collectd");
        program.exists().then_some(program)
    }

    fn new(program: &Path, folder: Folder, port: u16) -> Self {
        let process = Process::new(program, &folder);
        let mut server = Self {
            process,
            folder,
            port,
        };
        let config = server.configure();
        server.process.command().arg("-f").arg("-C").arg(config);
        server
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn forget(&mut self) {
        self.folder.make("csv");
        self.folder.write("messages", "");
    }

    fn is_ready(&self) -> bool {
        self.folder.read("messages").contains("Listening on")
    }

    fn counter(&self, name: &str) -> Option<f64> {
        self.values("derive", name).last().copied()
    }

    fn gauge(&self, name: &str) -> Option<f64> {
        self.values("gauge", name).last().copied()
    }

    /// It keeps seconds, and no value for an interval without timings.
    fn timer(&self, name: &str) -> (f64, f64) {
        let count = self.values("gauge", &format!("{name}-count"));
        let sums = self.values("latency", &format!("{name}-sum"));
        let seconds = sums.iter().filter(|sum| !sum.is_nan()).sum::<f64>();
        (count.iter().sum(), seconds * 1000.0)
    }

    fn set(&self, name: &str) -> usize {
        // Each interval has a set of its own.
        let members = self.values("objects", name);
        members
            .iter()
            .map(|count| *count as usize)
            .max()
            .unwrap_or(0)
    }

    /// It takes a line with tags for a bad one.
    fn tagged(_: &str, _: &str, _: &str) -> Option<String> {
        None
    }

    fn bad_lines(&self) -> Option<usize> {
        let messages = self.folder.read("messages");
        Some(messages.matches("Unable to parse").count())
    }
}

/// Whether this is the end of a file's name, and not the rest of a longer metric's.
fn is_date(text: &str) -> bool {
    text.len() == 10
        && text
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_digit())
}

const VALUES: &str = "csv/host/statsd";
