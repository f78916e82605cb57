//! The page on faults shows logs. They are those of worlds in virtual time, with Linux's own words.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use statsd_proto::Pace;
use statsd_proto::driver::{Failure, System};

use crate::network::Refusal;
use crate::settings::{Settings, ms, secs};
use crate::world::World;

const PAGE: &str = include_str!("../../FAULTS.md");

#[test]
fn the_page_on_faults_shows_what_is_logged() {
    let logs: [Shown; 8] = [
        ("An outage of 60 s over TCP", an_outage_over_tcp),
        ("An outage of 60 s over UDP", an_outage_over_udp),
        ("A misspelt host", a_misspelt_host),
        ("A port where no server listens", a_refused_port),
        ("A socket of the other type", a_socket_of_the_other_type),
        (
            "The type of a socket is found out",
            a_type_that_is_found_out,
        ),
        ("A queue that the pace fills", a_queue_that_the_pace_fills),
        ("A queue that an outage fills", a_queue_that_an_outage_fills),
    ];
    let mut stale = String::new();
    for (title, log) in logs {
        let (_, section) = PAGE
            .split_once(&format!("\n### {title}\n"))
            .unwrap_or_else(|| panic!("the page has no section {title:?}"));
        let (_, shown) = section.split_once("```text\n").expect("it shows a log");
        let (shown, _) = shown.split_once("```").expect("the log ends");
        let log = log();
        if shown != log {
            write!(stale, "### {title}\n\n```text\n{log}```\n\n").expect("text has room");
        }
    }
    assert!(stale.is_empty(), "the page has to show:\n\n{stale}");
    let shown = PAGE.matches("\n```text\n").count();
    assert_eq!(shown, logs.len(), "each log on the page is checked");
}

fn an_outage_over_tcp() -> String {
    let mut log = Log::new(Settings {
        host: "stats.internal",
        ..Settings::tcp()
    });
    log.run(secs(10), 10);
    log.world.net.is_up = false;
    log.world.break_link(linux(104), 0);
    log.run(secs(60), 10);
    log.world.net.is_up = true;
    log.run(secs(10), 10);
    log.end()
}

fn an_outage_over_udp() -> String {
    let mut log = Log::new(Settings {
        host: "stats.internal",
        ..Settings::udp()
    });
    log.run(secs(10), 10);
    log.world.net.is_up = false;
    log.run(secs(60), 10);
    log.world.net.is_up = true;
    log.run(secs(10), 10);
    log.end()
}

fn a_misspelt_host() -> String {
    let mut log = Log::new(Settings {
        host: "stats.typo.internal",
        ..Settings::udp()
    });
    log.world.net.found = None;
    log.run(secs(3600), 1);
    log.end()
}

fn a_refused_port() -> String {
    let mut log = Log::new(Settings::tcp());
    log.world.net.is_up = false;
    log.run(secs(3600), 1);
    log.end()
}

fn a_socket_of_the_other_type() -> String {
    let mut log = Log::new(Settings::unix_datagram());
    log.world.net.has_other_type = true;
    log.run(secs(60), 1);
    log.end()
}

fn a_type_that_is_found_out() -> String {
    let [_, agent, ..] = Settings::open_types();
    let mut log = Log::new(agent);
    log.run(secs(60), 1);
    log.end()
}

fn a_queue_that_the_pace_fills() -> String {
    let mut log = Log::new(Settings {
        max_queue_bytes: 1 << 20,
        pace: Some(Pace {
            burst: 23_000,
            rate: 300_000,
        }),
        ..Settings::udp()
    });
    log.run(secs(10), 40_000);
    log.run(secs(20), 0);
    log.end()
}

fn a_queue_that_an_outage_fills() -> String {
    let mut log = Log::new(Settings {
        max_queue_bytes: 1 << 20,
        ..Settings::tcp()
    });
    log.run(secs(10), 1000);
    log.world.net.is_up = false;
    log.world.break_link(linux(104), 0);
    log.run(secs(120), 1000);
    log.world.net.is_up = true;
    log.run(secs(10), 1000);
    log.end()
}

/// Title of a section, and what makes its log.
type Shown = (&'static str, fn() -> String);

/// A world, and what was logged in it.
struct Log {
    world: World,
    text: String,
}

impl Log {
    /// A world whose system speaks as Linux does.
    fn new(settings: Settings) -> Self {
        let mut world = World::new(settings);
        world.net.refusal = Refusal::Read(ms(1));
        world.net.refused_by = linux(111);
        world.net.wrong_type = linux(91);
        let words = "failed to lookup address information: Name or service not known";
        world.net.not_found = Failure::new(&io::Error::other(words), System::Linux);
        let text = String::new();
        Self { world, text }
    }

    /// Lets time pass while this many metrics are recorded each second.
    fn run(&mut self, time: Duration, metrics_per_second: usize) {
        let end = self.world.now + time;
        let mut owed = 0;
        while self.world.now < end {
            owed += metrics_per_second;
            for _ in 0..owed / 20 {
                // One for which the queue has no room is counted.
                let _ = self.world.record(0);
            }
            owed %= 20;
            self.world.advance(ms(50));
            self.note();
        }
    }

    fn note(&mut self) {
        while let Some(event) = self.world.session.poll_event() {
            let seconds = (self.world.now - self.world.start).as_secs_f64();
            let level = if event.is_warning() { "WARN" } else { "INFO" };
            writeln!(self.text, "{seconds:6.1} s {level} {event}").expect("text has room");
        }
    }

    /// Stops the client, and returns the log.
    fn end(mut self) -> String {
        let report = self.world.finish();
        self.note();
        writeln!(self.text, "stopped: {report}").expect("text has room");
        self.text
    }
}

/// Error of a socket by its number on Linux.
fn linux(code: i32) -> Failure {
    Failure::new(&io::Error::from_raw_os_error(code), System::Linux)
}
