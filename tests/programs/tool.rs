//! `statsd-pipe`: what it can do and the examples `pipe` cannot.

use std::path::PathBuf;
use std::{env, fs, process};

use tests::carrier::Carrier;
use tests::server::Server;

use crate::process::{Ended, Examples};

const TOOL: Examples = Examples::TOOL;

#[test]
fn help_and_version_are_printed_and_nothing_is_read() {
    for argument in ["--help", "-h"] {
        let ended = TOOL.start("pipe", &[argument], &[]).wait();
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
        for word in [
            "--dialect",
            "--linger",
            "--strict",
            "--version",
            "STATSD_HOST",
            "STATSD_PORT",
            "STATSD_PROTOCOL",
            "STATSD_PREFIX",
            "STATSD_DIALECT",
            "STATSD_ENABLED",
            "Exit status",
        ] {
            assert!(ended.stdout.contains(word), "{word} in {}", ended.stdout);
        }
        let longest = ended.stdout.lines().map(str::len).max();
        assert!(longest <= Some(83), "{longest:?}");
    }
    for argument in ["--version", "-V"] {
        let ended = TOOL.start("pipe", &[argument], &[]).wait();
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
        let version = concat!("statsd-pipe ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(ended.stdout, version);
    }
}

#[test]
fn files_and_standard_input_are_read_in_the_order_given() {
    let server = Server::start(Carrier::Tcp);
    let (first, last) = (Input::new("first", "a:1|c\n"), Input::new("last", "c:3|c"));
    let mut pipe = TOOL.pipe(&server, &[&first.path(), "-", &last.path()]);
    pipe.write("b:2|c\n");
    let ended = pipe.end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    ended.assert_counts([3, 3, 0]);
    assert_eq!(server.wait_for_end(3), ["a:1|c", "b:2|c", "c:3|c"]);
}

#[test]
fn a_file_that_is_missing_is_named_before_anything_is_sent() {
    let server = Server::start(Carrier::Tcp);
    let file = Input::new("present", "a:1|c\n");
    let ended = TOOL.pipe(&server, &[&file.path(), "no/such/file"]).wait();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("cannot open no/such/file: "),
        "{ended:?}"
    );
    assert_eq!(server.accepted(), 0);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_costs_the_status_and_no_other_file() {
    let server = Server::start(Carrier::Tcp);
    let (folder, file) = (env::temp_dir(), Input::new("readable", "a:1|c\n"));
    let folder = folder.to_string_lossy();
    let ended = TOOL.pipe(&server, &[&folder, &file.path()]).wait();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let error = format!("cannot read {folder}: ");
    assert!(ended.stderr.contains(&error), "{ended:?}");
    ended.assert_counts([1, 1, 0]);
    assert_eq!(server.wait_for_end(1), ["a:1|c"]);
}

#[test]
fn the_dialect_of_the_argument_precedes_that_of_the_environment() {
    for (arguments, variable, line) in [
        (&[][..], "", "a:1|c|#b:c"),
        (&[], "graphite", "a;env=prod:1|c"),
        (&["--dialect", "influx"], "graphite", "a,env=prod:1|c"),
        (&["--dialect=Influx"], "", "a,env=prod:1|c"),
    ] {
        let server = Server::start(Carrier::Udp);
        let variables = [("STATSD_DIALECT", variable)];
        let variables = if variable.is_empty() {
            &[][..]
        } else {
            &variables
        };
        let mut pipe = TOOL.start_for(&server, "pipe", arguments, variables);
        pipe.write(&format!("{line}\n"));
        let ended = pipe.end();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert_eq!(server.wait_for_end(1), [line]);
    }
}

#[test]
fn an_unknown_dialect_is_named_with_those_that_exist() {
    let ended = TOOL.start("pipe", &["--dialect", "etsy"], &[]).wait();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    let error = "statsd-pipe: --dialect is \"etsy\", but must be `collectd`";
    assert!(ended.stderr.starts_with(error), "{ended:?}");
}

#[test]
fn an_invalid_line_costs_the_status_only_if_strict() {
    for (arguments, status) in [(&[][..], 0), (&["--strict"], 1)] {
        let server = Server::start(Carrier::Tcp);
        let file = Input::new(&format!("strict{status}"), "a:1|c\n\nnonsense\nb:2|c\n");
        let path = file.path();
        let arguments = [arguments, &[&*path]].concat();
        let ended = TOOL.pipe(&server, &arguments).wait();
        assert_eq!(ended.status.code(), Some(status), "{ended:?}");
        ended.assert_counts([2, 2, 0]);
        assert_eq!(ended.counts().get("invalid"), Some(&1), "{ended:?}");
        let error = format!("{path}: line 3: no name before the value\n");
        assert!(ended.stderr.contains(&error), "{ended:?}");
        assert_eq!(server.wait_for_end(2), ["a:1|c", "b:2|c"]);
    }
}

#[test]
fn strict_is_a_success_if_every_line_is_valid() {
    let server = Server::start(Carrier::Tcp);
    let mut pipe = TOOL.pipe(&server, &["--strict"]);
    pipe.write("a:1|c\n");
    assert_eq!(pipe.end().status.code(), Some(0));
}

#[test]
fn several_values_leave_as_the_server_reads_them() {
    for (dialect, expected) in [
        ("dogstatsd", &["a:1:2.5:3|ms", "b:7|g"][..]),
        ("statsd", &["a:1|ms", "a:2.5|ms", "a:3|ms", "b:7|g"]),
    ] {
        let server = Server::start(Carrier::Udp);
        let mut pipe = TOOL.pipe(&server, &["--dialect", dialect]);
        pipe.write("a:1:2.5:3|ms\nb:7|g\n");
        let ended = pipe.end();
        let count = expected.len() as u64;
        ended.assert_counts([count, count, 0]);
        assert_eq!(server.wait_for_end(expected.len()), expected, "{dialect}");
    }
}

#[test]
fn events_and_service_checks_are_checked_and_passed_on() {
    const VALID: [&str; 3] = [
        "_e{4,13}:full|/var is\\nfull|t:error|#host:db",
        "_sc|db.up|2|h:db-1|#env:prod|m:no answer",
        "a:1|c|#env:prod",
    ];
    let server = Server::start(Carrier::Udp);
    let mut pipe = TOOL.pipe(&server, &["--dialect", "dogstatsd"]);
    let invalid = "_e{5,4}:full|/var\n_e{1,1}:a|b|t:fatal\n_sc|db.up|4\n";
    pipe.write(&format!("{invalid}{}\n", VALID.join("\n")));
    let ended = pipe.end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    ended.assert_counts([3, 3, 0]);
    assert_eq!(server.wait_for_end(3), VALID);
    for error in [
        "line 1: the lengths in braces are not those of the title and the text\n",
        "line 2: unknown, repeated or invalid field\n",
        "line 3: the status is not 0, 1, 2 or 3\n",
    ] {
        assert!(ended.stderr.contains(error), "{error} in {ended:?}");
    }
}

#[test]
fn events_and_service_checks_are_invalid_in_other_dialects() {
    let server = Server::start(Carrier::Tcp);
    let mut pipe = TOOL.pipe(&server, &["--strict"]);
    pipe.write("_e{1,1}:a|b\n_sc|db.up|0\na:1|c\n");
    let ended = pipe.end();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    ended.assert_counts([1, 1, 0]);
    let error = "line 2: ";
    assert!(ended.stderr.contains(error), "{ended:?}");
}

#[test]
fn the_last_connection_error_follows_the_counts_if_lines_were_dropped() {
    let server = Server::absent(Carrier::Tcp);
    let mut pipe = TOOL.pipe(&server, &["--linger", "0.2"]);
    pipe.write("a:1|c\n");
    let ended = pipe.end();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let last = ended.stderr.lines().last().unwrap_or_default();
    let start = format!(
        "statsd-pipe: last connection error: tcp://{}: ",
        server.address()
    );
    let cause = last.strip_prefix(&*start);
    assert!(cause.is_some_and(|cause| !cause.is_empty()), "{ended:?}");
}

#[test]
fn nothing_but_the_counts_is_printed_if_all_is_sent() {
    let server = Server::start(Carrier::Tcp);
    let mut pipe = TOOL.pipe(&server, &[]);
    pipe.write("a:1|c\n");
    let Ended { stdout, stderr, .. } = pipe.end();
    assert_eq!(
        (&*stdout, &*stderr),
        ("", "accepted=1\nsent=1\ndropped=0\n")
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_the_progress_of_a_long_input() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use tests::timeout::eventually;

    let server = Server::start(Carrier::Tcp);
    let terminal = terminal::Terminal::new();
    let mut child = Command::new(TOOL.path("pipe"))
        .env("STATSD_HOST", format!("tcp://{}", server.address()))
        .stdin(Stdio::piped())
        .stderr(terminal.stdio())
        .spawn()
        .expect("what was built can be started");
    let mut input = child.stdin.take().expect("it was asked for");
    input
        .write_all(&b"a:1|c\n".repeat(1000))
        .expect("it is read");
    eventually("the progress", || {
        let shown = terminal.shown();
        shown.contains("\rread 0.0 MB, 1000 lines; sent 1000, queued 0")
    });
    input.write_all(b"nonsense\n").expect("it is read");
    drop(input);
    let status = child.wait().expect("it is a child of this one");
    assert!(status.success(), "{}", terminal.shown());
    eventually("the counts", || terminal.shown().contains("invalid=1"));
    // Each line begins where the progress was, after spaces in its place.
    let shown = terminal.shown();
    let lines = [
        "line 1001: no name before the value",
        "accepted=1000",
        "sent=1000",
    ];
    for line in lines {
        let is_alone = |shown: &str| shown.trim_end_matches('\r').ends_with(line);
        let at_start = |shown: &str| shown.rsplit('\r').any(|rest| rest == line);
        assert!(
            shown
                .split("\r\n")
                .any(|shown| is_alone(shown) && at_start(shown)),
            "{line} in {shown:?}"
        );
    }
}

/// File with input. It does not outlive the test.
struct Input(PathBuf);

impl Input {
    fn new(name: &str, text: &str) -> Self {
        let path = env::temp_dir().join(format!("statsd-{}-{name}.txt", process::id()));
        fs::write(&path, text).expect("the folder can be written to");
        Self(path)
    }

    fn path(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        fs::remove_file(&self.0).expect("it is there");
    }
}

#[cfg(target_os = "linux")]
mod terminal {
    use std::fs::File;
    use std::io::Read as _;
    use std::process::Stdio;
    use std::sync::{Arc, Mutex};
    use std::thread;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    /// Pseudoterminal, and what was printed to it.
    pub(super) struct Terminal {
        /// The end that programs print to.
        end: File,
        shown: Arc<Mutex<Vec<u8>>>,
    }

    impl Terminal {
        pub(super) fn new() -> Self {
            let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
            let master = openpt(flags).expect("there are pseudoterminals");
            grantpt(&master).expect("it is ours");
            unlockpt(&master).expect("it is ours");
            let name = ptsname(&master, Vec::new()).expect("it has a name");
            let name = name.to_str().expect("the name is ASCII");
            let end = File::options().write(true).open(name);
            let shown = Arc::<Mutex<Vec<u8>>>::default();
            thread::spawn({
                let (mut master, shown) = (File::from(master), Arc::clone(&shown));
                move || {
                    let mut buffer = [0; 1024];
                    // An error says that no other end is open any more.
                    while let Ok(read @ 1..) = master.read(&mut buffer) {
                        let mut shown = shown.lock().expect("nothing panics under the lock");
                        shown.extend_from_slice(&buffer[..read]);
                    }
                }
            });
            Self {
                end: end.expect("it can be opened"),
                shown,
            }
        }

        pub(super) fn stdio(&self) -> Stdio {
            self.end.try_clone().expect("it can be cloned").into()
        }

        pub(super) fn shown(&self) -> String {
            let shown = self.shown.lock().expect("nothing panics under the lock");
            String::from_utf8_lossy(&shown).into_owned()
        }
    }
}
