//! Example programs, built and run.

use std::collections::HashMap;
use std::env;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread::{self, JoinHandle};

use tests::carrier::Carrier;
use tests::server::Server;
use tests::timeout::eventually;

/// A running example. It does not outlive the test.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

/// How an example ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Transports that the environment can name.
pub(crate) const CARRIERS: &[Carrier] = if cfg!(unix) {
    &[
        Carrier::Tcp,
        Carrier::Udp,
        Carrier::UnixDatagram,
        Carrier::UnixStream,
    ]
} else {
    &[Carrier::Tcp, Carrier::Udp]
};

/// The example programs of one crate, or the tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Examples {
    /// What follows in their names if the crate is not the only one that has such an example.
    suffix: &'static str,
    /// Folder and text before their names.
    prefix: &'static str,
}

impl Examples {
    pub(crate) const ASYNC_STD: Self = Self::with_suffix("_async_std");
    pub(crate) const PROTO: Self = Self::with_suffix("");
    pub(crate) const SMOL: Self = Self::with_suffix("_smol");
    pub(crate) const TOKIO: Self = Self::with_suffix("");
    /// `statsd-pipe`, which does all that the examples `pipe` do.
    pub(crate) const TOOL: Self = Self {
        suffix: "",
        prefix: "statsd-",
    };

    const fn with_suffix(suffix: &'static str) -> Self {
        Self {
            suffix,
            prefix: "examples/",
        }
    }

    /// Starts an example with no environment variables of StatsD's but these.
    pub(crate) fn start(
        self,
        name: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Process {
        Self::run(Command::new(self.path(name)), arguments, variables)
    }

    /// The same, by a command that takes what to start as its last arguments.
    #[cfg(target_os = "linux")]
    pub(crate) fn start_by(
        self,
        mut command: Command,
        name: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Process {
        command.arg(self.path(name));
        Self::run(command, arguments, variables)
    }

    pub(crate) fn path(self, name: &str) -> PathBuf {
        let Self { prefix, suffix } = self;
        profile().join(format!("{prefix}{name}{suffix}{}", env::consts::EXE_SUFFIX))
    }

    fn run(mut command: Command, arguments: &[&str], variables: &[(&str, &str)]) -> Process {
        let inherited = env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            !["STATSD_", "DD_", "DATADOG_"]
                .iter()
                .any(|start| name.starts_with(start))
        });
        let mut child = command
            .args(arguments)
            .env_clear()
            .envs(inherited)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("what was built can be started");
        Process {
            stdin: child.stdin.take(),
            stdout: child.stdout.take().map(read_all),
            stderr: child.stderr.take().map(read_all),
            child,
        }
    }

    /// Starts `pipe` for a server.
    pub(crate) fn pipe(self, server: &Server, arguments: &[&str]) -> Process {
        self.start_for(server, "pipe", arguments, &[])
    }

    /// Starts an example for a server, with more variables.
    pub(crate) fn start_for(
        self,
        server: &Server,
        name: &str,
        arguments: &[&str],
        more: &[(&str, &str)],
    ) -> Process {
        let variables = variables(server);
        let variables = variables.iter().map(|(name, value)| (*name, &**value));
        let variables: Vec<_> = variables.chain(more.iter().copied()).collect();
        self.start(name, arguments, &variables)
    }
}

/// The environment that leads to a server.
fn variables(server: &Server) -> Vec<(&'static str, String)> {
    let port = |protocol: &str| {
        let port = server.address().port().to_string();
        vec![
            ("STATSD_HOST", "127.0.0.1".to_owned()),
            ("STATSD_PORT", port),
            ("STATSD_PROTOCOL", protocol.to_owned()),
        ]
    };
    let path = |scheme: &str| {
        let address = format!("{scheme}://{}", server.path().display());
        vec![("STATSD_HOST", address)]
    };
    match server.carrier() {
        Carrier::Tcp => port("tcp"),
        Carrier::Udp => port("udp"),
        Carrier::UnixDatagram => path("unixgram"),
        Carrier::UnixFrames | Carrier::UnixStream => path("unix"),
    }
}

impl Process {
    /// Writes to the standard input.
    pub(crate) fn write(&mut self, text: &str) {
        self.write_bytes(text.as_bytes());
    }

    pub(crate) fn write_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("it is open until the end");
        // This fails if the program has ended, which its status reports better.
        let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
    }

    #[cfg(unix)]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the standard input, and waits for the end of the program.
    pub(crate) fn end(mut self) -> Ended {
        self.stdin = None;
        self.wait()
    }

    /// Waits for the end of the program, with its standard input open.
    pub(crate) fn wait(&mut self) -> Ended {
        let mut status = None;
        eventually("the end of the program", || {
            status = self.child.try_wait().expect("it is a child of this one");
            status.is_some()
        });
        let read = |reader: &mut Option<JoinHandle<String>>| {
            let reader = reader.take().expect("a program ends once");
            reader.join().expect("reading does not panic")
        };
        Ended {
            status: status.expect("it has ended"),
            stdout: read(&mut self.stdout),
            stderr: read(&mut self.stderr),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails where the program has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The numbers in lines like `sent=3`.
    pub(crate) fn counts(&self) -> HashMap<&str, u64> {
        let lines = self.stdout.lines().chain(self.stderr.lines());
        let pairs = lines.filter_map(|line| line.split_once('='));
        let numbers = pairs.filter_map(|(name, number)| Some((name, number.parse().ok()?)));
        numbers.collect()
    }

    #[track_caller]
    pub(crate) fn assert_counts(&self, [accepted, sent, dropped]: [u64; 3]) {
        let counts = self.counts();
        let told = ["accepted", "sent", "dropped"].map(|name| counts.get(name).copied());
        assert_eq!(
            told,
            [Some(accepted), Some(sent), Some(dropped)],
            "{self:?}"
        );
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = Vec::new();
        from.read_to_end(&mut text).expect("a pipe can be read");
        String::from_utf8_lossy(&text).into_owned()
    })
}

/// The folder in which cargo puts programs. Running these tests alone does not build them, so they do.
fn profile() -> &'static Path {
    static PROFILE: OnceLock<PathBuf> = OnceLock::new();
    PROFILE.get_or_init(|| {
        let test = env::current_exe().expect("a test has a path");
        let profile = test.ancestors().nth(2).expect("it is in <profile>/deps");
        build(profile);
        profile.to_owned()
    })
}

fn build(profile: &Path) {
    let mut command = Command::new(env!("CARGO"));
    // With the features that the README's command has, so that what it has built is not built again.
    command.args([
        "build",
        "--quiet",
        "--bins",
        "--examples",
        "--workspace",
        "--all-features",
    ]);
    let directory = profile.file_name().unwrap_or_default();
    if directory != "debug" {
        command.arg("--profile").arg(directory);
    }
    let target = profile.parent().expect("it is in the target directory");
    let status = command
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    let is_built = status.is_ok_and(|status| status.success());
    assert!(is_built, "the examples do not build");
}
