//! `pipe`, with a server that does it wrong.

#[cfg(target_os = "linux")]
use std::path::PathBuf;
#[cfg(target_os = "linux")]
use std::process::{self, Command};
use std::thread;
use std::time::Duration;
#[cfg(target_os = "linux")]
use std::{env, fs};

use tests::carrier::Carrier;
use tests::fault::Fault;
use tests::server::Server;
#[cfg(target_os = "linux")]
use tests::skip::skipped;
use tests::timeout::eventually;

use crate::pipe::{input, lines};
use crate::process::{Ended, Examples};
#[cfg(target_os = "linux")]
use crate::signals::signal;

pub(crate) fn resets_in_mid_line_neither_repeat_reorder_nor_tear(examples: Examples) {
    const RESETS: usize = 10;
    // More than it takes to be reset.
    const PORTION: usize = 3000;
    let server = Server::start_faulty(Carrier::Tcp, |number| {
        let bytes = 10_000 + 137 * number;
        (number < RESETS).then_some(Fault::ResetAfter(bytes))
    });
    let mut pipe = examples.pipe(&server, &[]);
    for number in 0..RESETS {
        pipe.write(&input(number * PORTION..(number + 1) * PORTION));
        eventually("the next connection", || server.accepted() > number + 1);
    }
    let last = RESETS * PORTION..(RESETS + 1) * PORTION;
    pipe.write(&input(last.clone()));
    let ended = pipe.end();
    assert_accounted_for(&ended, (RESETS + 1) * PORTION);
    let arrived = server.wait_for_end(PORTION);
    assert!(arrived.ends_with(&lines(last)), "the last ones are missing");
    let mut recorded = lines(0..(RESETS + 1) * PORTION).into_iter();
    for line in arrived {
        // A line that is repeated, torn or out of order is not found after the previous one.
        assert!(recorded.any(|one| one == line), "{line} is out of place");
    }
    let chunks = server.chunks();
    let torn = chunks.iter().filter(|chunk| chunk.is_torn());
    assert!(torn.count() >= RESETS / 2, "the cuts are in mid-line");
}

pub(crate) fn a_server_that_closes_at_once_sees_few_connections(examples: Examples) {
    let server = Server::start_faulty(Carrier::Tcp, |_| Some(Fault::Close));
    let mut pipe = examples.pipe(&server, &["--linger", "0.2"]);
    for number in 0..500 {
        pipe.write(&input(number..number + 1));
        thread::sleep(Duration::from_millis(10));
    }
    let connections = server.accepted();
    assert!(connections <= 15, "{connections} connections in 5 s");
    assert_accounted_for(&pipe.end(), 500);
}

#[cfg(target_os = "linux")]
pub(crate) fn a_server_that_never_reads_costs_little_memory(examples: Examples) {
    const MOST: usize = 64 << 20;
    let server = Server::start_faulty(Carrier::Tcp, |_| Some(Fault::Stall));
    let mut pipe = examples.pipe(&server, &["--linger", "0.2"]);
    let id = pipe.id();
    let text = "lines:1|c\n".repeat(MOST / 5);
    thread::scope(|scope| {
        scope.spawn(|| pipe.write(&text));
        // It is not visible from outside that it has stopped reading.
        thread::sleep(Duration::from_secs(2));
        let peak = peak_memory(id);
        signal(id, "TERM");
        assert!(peak < MOST, "{peak} bytes");
    });
    let ended = pipe.wait();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let counts = ended.counts();
    assert_eq!(counts["accepted"], counts["sent"] + counts["dropped"]);
}

#[cfg(target_os = "linux")]
pub(crate) fn a_resolver_that_hangs_delays_neither_the_stop_nor_the_end(examples: Examples) {
    let Some(hanging) = HangingResolver::new() else {
        skipped("this user may not mount, so the resolver cannot be made to hang");
        return;
    };
    let variables = [
        ("STATSD_HOST", "statsd.example.org"),
        ("STATSD_PORT", "8125"),
    ];
    let arguments = ["--linger", "0.2"];
    let mut pipe = examples.start_by(hanging.launcher(), "pipe", &arguments, &variables);
    pipe.write("a:1|c\n");
    // By now it looks the name up.
    thread::sleep(Duration::from_millis(300));
    let ended = pipe.end();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert_accounted_for(&ended, 1);
}

/// A name server that no packet reaches, for programs that are started by its launcher.
#[cfg(target_os = "linux")]
struct HangingResolver {
    settings: PathBuf,
}

#[cfg(target_os = "linux")]
impl HangingResolver {
    /// `None` if that needs rights which this user has not.
    fn new() -> Option<Self> {
        let name = format!(
            "statsd-resolv-{}-{:?}",
            process::id(),
            thread::current().id()
        );
        let settings = env::temp_dir().join(name);
        // An unused address, which is asked for longer than a test waits.
        let text = "nameserver 192.0.2.1\noptions timeout:30 attempts:5\n";
        fs::write(&settings, text).expect("files can be made");
        let hanging = Self { settings };
        let is_allowed = hanging.launcher().arg("true").output();
        let is_allowed = is_allowed.is_ok_and(|output| output.status.success());
        is_allowed.then_some(hanging)
    }

    fn launcher(&self) -> Command {
        let mut command = Command::new("unshare");
        let script = "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"";
        command.args(["--map-root-user", "--mount", "sh", "-c", script]);
        command.arg(&self.settings);
        command
    }
}

#[cfg(target_os = "linux")]
impl Drop for HangingResolver {
    fn drop(&mut self) {
        fs::remove_file(&self.settings).expect("it was made");
    }
}

#[track_caller]
fn assert_accounted_for(ended: &Ended, accepted: usize) {
    let counts = ended.counts();
    assert_eq!(counts["accepted"], accepted as u64, "{ended:?}");
    assert_eq!(counts["accepted"], counts["sent"] + counts["dropped"]);
}

/// The most memory that a process has had, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory(id: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{id}/status"));
    let status = status.expect("the process runs");
    let mut lines = status.lines();
    let peak = lines.find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
    let kilobytes: usize = peak
        .and_then(|peak| peak.trim().parse().ok())
        .expect("a number");
    kilobytes * 1024
}
