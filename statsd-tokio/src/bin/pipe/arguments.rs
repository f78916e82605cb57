//! Arguments of the command line, and the environment.

use std::error::Error;
use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};

use statsd_tokio::{Config, Dialect};

/// Command that the arguments give.
pub(crate) enum Command {
    /// Print this text to standard output.
    Print(String),
    /// Send lines.
    Send(Arguments),
}

pub(crate) struct Arguments {
    /// Dialect, or `None` for that of the environment.
    dialect: Option<Dialect>,
    /// Maximum time to send the queue at the end.
    linger: Duration,
    /// Whether an invalid line makes the exit status 1.
    pub(crate) is_strict: bool,
    /// Paths of the files to read. Empty, and `-`, mean standard input.
    pub(crate) files: Vec<OsString>,
}

pub(crate) fn parse(mut parser: Parser) -> Result<Command, Box<dyn Error>> {
    let mut arguments = Arguments {
        dialect: None,
        linger: Duration::from_secs(5),
        is_strict: false,
        files: Vec::new(),
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("dialect") => {
                let dialect = parser.value()?.string()?.parse();
                arguments.dialect = Some(dialect.map_err(|error| format!("--{error}"))?);
            }
            Arg::Long("linger") => arguments.linger = seconds(&parser.value()?.string()?)?,
            Arg::Long("strict") => arguments.is_strict = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Print(HELP.into())),
            Arg::Short('V') | Arg::Long("version") => {
                let version = concat!("statsd-pipe ", env!("CARGO_PKG_VERSION"), "\n");
                return Ok(Command::Print(version.into()));
            }
            Arg::Value(file) => arguments.files.push(file),
            Arg::Long(_) | Arg::Short(_) => {
                let error = argument.unexpected();
                return Err(format!("{error}: see statsd-pipe --help").into());
            }
        }
    }
    Ok(Command::Send(arguments))
}

fn seconds(value: &str) -> Result<Duration, String> {
    let seconds = value.parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("--linger is {value:?}, but must be a number of seconds"))
}

impl Arguments {
    /// Configuration by the environment and the arguments.
    pub(crate) fn config(&self) -> Result<Config, Box<dyn Error>> {
        let mut config = Config::from_env()?
            .default_host("127.0.0.1")
            .default_prefix("")
            // A small queue, because it must be sent within `--linger`. Further input can wait unread.
            .max_queue_bytes(4 * 1024 * 1024)
            .close_timeout(self.linger);
        if let Some(dialect) = self.dialect {
            config = config.dialect(dialect);
        }
        config.check()?;
        Ok(config)
    }
}

const HELP: &str = "\
Sends metrics from files or standard input to a StatsD server.

Usage: statsd-pipe [OPTIONS] [FILE]...

Arguments:
  [FILE]...  Files to read, one after the other; - is standard input, which is
             also read if no file is given

Options:
      --dialect <NAME>    Family of the server: collectd, dogstatsd, graphite,
                          influx, librato, netdata, opentelemetry, signalfx,
                          statsd or statsdexporter [default: $STATSD_DIALECT,
                          or statsd]
      --linger <SECONDS>  Maximum time to send what is queued, at the end of the
                          input, at SIGTERM and at Ctrl-C [default: 5]
      --strict            Exit with status 1 if a line was invalid; valid lines
                          are sent all the same
  -h, --help              Print this help
  -V, --version           Print the version

Lines:
  name:value|type[|@rate][|#key:value,...]
      A metric. The type is c (counter), g (gauge), ms (timing), s (set), h, d or
      m; which of them there are depends on the dialect. Several values, as in
      name:1:2:3|ms, are sent in one line or in one line each, as the server reads
      them.
  _e{<title bytes>,<text bytes>}:title|text[|d:...][|h:...][|#key:value,...]
  _sc|name|status[|d:...][|h:...][|#key:value,...][|m:message]
      An event or a service check, with --dialect dogstatsd.

  Each line is checked, and sent as the dialect writes it. An invalid line is
  reported with its number and left out. Empty lines are skipped.

Environment:
  STATSD_HOST      Host or address, such as 10.0.0.7, udp://agent:8125 or
                   unix:///run/statsd.sock [default: 127.0.0.1]
  STATSD_PORT      Port [default: 8125; 9125 for statsdexporter]
  STATSD_PROTOCOL  tcp or udp [default: that of the dialect; tcp for statsd, udp
                   for dogstatsd]
  STATSD_PREFIX    Prefix of every name [default: none]
  STATSD_DIALECT   See --dialect
  STATSD_ENABLED   no: read everything and send nothing [default: yes]

While the queue (4 MiB) is full, no input is read. While the server is away, the
program reconnects. At the end it prints to standard error how many lines were
accepted, sent, dropped and invalid; if lines were dropped, also the last error of
the connection. A terminal shows the progress of a long input.

Exit status:
  0  All accepted lines were sent.
  1  Some were not, or a file could not be read, or, with --strict, a line was
     invalid.
  2  The program could not start.

Examples:
  echo 'deploys:1|c' | statsd-pipe
  STATSD_HOST=dd-agent statsd-pipe --dialect dogstatsd --strict metrics.txt
";
