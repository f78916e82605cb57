//! Virtual time, and a driver that checks what the session says at every poll.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use statsd_proto::driver::{Failure, FailureKind, Input, Output, Session, Target};
use statsd_proto::{Dialect, Metric, RecordError, Report, Stats, Transport};

use crate::network::{Network, address};
use crate::oracle;
use crate::settings::{PATH, Settings, origin};
use crate::subject::Subject;
use crate::tasks::{Lookup, Task};

/// A session, or clients with their driver; its network, and the time that both live in.
#[derive(Debug)]
pub(crate) struct World<S = Session> {
    pub(crate) session: S,
    pub(crate) settings: Settings,
    pub(crate) net: Network,
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    /// How late the driver wakes up.
    pub(crate) lag: Duration,
    /// The lines that the session accepted, in order; no two are the same.
    pub(crate) accepted: Vec<String>,
    /// How many lines were accepted, or `None` if that does not follow from what was recorded.
    pub(crate) accepted_lines: Option<u64>,
    pub(crate) polls: usize,
    pub(crate) report: Option<Report>,
    /// Instruction that the driver executes on the socket.
    pub(crate) task: Option<Task>,
    /// The lookups that the driver has under way beside that. Only the last one counts.
    pub(crate) lookups: Vec<Lookup>,
    /// Time at which the driver has to poll, even without an event.
    wake: Option<Instant>,
    /// Polls since time, bytes or the script last moved on.
    pub(crate) polls_in_place: usize,
    /// Lines and bytes that the kernel took.
    pub(crate) taken_lines: u64,
    pub(crate) taken_bytes: u64,
    /// How many of the bytes that were taken last a refusal may still bring back.
    pub(crate) doubtful_bytes: u64,
    /// How many bytes of the last connection are in frames that `taken_lines` counts.
    pub(crate) framed: usize,
    /// What paced writing has used up of its allowance, and when that was counted.
    pub(crate) level: (f64, Instant),
    /// When the session was first polled after it was closed.
    pub(crate) closed_at: Option<Instant>,
    pub(crate) longest_lag: Duration,
    /// The latest time that a poll brought.
    pub(crate) polled_at: Option<Instant>,
    /// Addresses in the last answer that was used, and the address of the last socket.
    pub(crate) answered: Option<Vec<SocketAddr>>,
    pub(crate) opened_to: Option<SocketAddr>,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        Self::with_seed(settings, 7)
    }

    /// Records a line that no other is equal to, its name filled up to `len` bytes.
    pub(crate) fn record(&mut self, len: usize) -> Result<(), RecordError> {
        let name = self.name(len);
        let metric = Metric::counter(&name, 1);
        // Every other way leads to the same line.
        if self.accepted.len() % 2 == 0 {
            self.session.record(&metric)?;
        } else {
            let prepared = self.session.prepare(&metric)?;
            self.session.record_prepared(&prepared, 1)?;
        }
        self.accept(format!("{name}:1|c"));
        Ok(())
    }

    /// Records a gauge below zero, which is two lines, unless servers have a word for it.
    pub(crate) fn record_pair(&mut self, len: usize) -> Result<(), RecordError> {
        let name = self.name(len);
        self.session.record(&Metric::gauge(&name, -5))?;
        if self.settings.dialect == Dialect::Statsd {
            self.accept(format!("{name}:0|g"));
        }
        self.accept(format!("{name}:-5|g"));
        Ok(())
    }

    /// Records short lines, which must all be accepted.
    pub(crate) fn record_lines(&mut self, count: usize) {
        for _ in 0..count {
            self.record(0).expect("there is room");
        }
    }

    /// Closes the session, lets it end, and holds what has arrived against what was recorded.
    pub(crate) fn finish(&mut self) -> Report {
        let report = self.end();
        oracle::check(self, &report);
        report
    }

    /// Whether the driver sleeps with nothing to wake it but a record.
    pub(crate) fn is_asleep(&self) -> bool {
        self.wake.is_none() && !self.session.wants_poll() && self.task.is_none()
    }

    fn name(&self, len: usize) -> String {
        format!("n{:05}{:x<2$}", self.accepted.len(), "", len)
    }

    pub(crate) fn accept(&mut self, line: String) {
        self.accepted.push(line);
        self.accepted_lines = Some(self.accepted.len() as u64);
    }
}

impl<S: Subject> World<S> {
    pub(crate) fn with_seed(settings: Settings, seed: u64) -> Self {
        let start = origin();
        Self {
            session: S::new(&settings.config(), seed),
            net: Network::new(settings.transport),
            settings,
            start,
            now: start,
            lag: Duration::ZERO,
            accepted: Vec::new(),
            accepted_lines: Some(0),
            polls: 0,
            report: None,
            task: None,
            lookups: Vec::new(),
            polled_at: None,
            answered: None,
            opened_to: None,
            wake: Some(start),
            polls_in_place: 0,
            taken_lines: 0,
            taken_bytes: 0,
            doubtful_bytes: 0,
            framed: 0,
            level: (0.0, start),
            closed_at: None,
            longest_lag: Duration::ZERO,
        }
    }

    /// Lets the driver act until it has to wait.
    pub(crate) fn settle(&mut self) {
        self.polls_in_place = 0;
        self.act();
    }

    /// Lets time pass, from one wake-up to the next.
    pub(crate) fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        self.polls_in_place = 0;
        self.longest_lag = self.longest_lag.max(self.lag);
        while self.jump(end) {}
        self.now = end;
        self.act();
    }

    /// Closes the session and lets it end.
    pub(crate) fn end(&mut self) -> Report {
        self.session.close();
        let end = self.now + self.settings.close_timeout + self.lag;
        while self.jump(end) && self.report.is_none() {}
        self.report.expect("a close ends within its timeout")
    }

    /// Tells the session something, unless it is an answer to what the driver is doing.
    pub(crate) fn handle_stray(&mut self, input: Input) {
        let is_stray = match (&input, &self.task) {
            (Input::Connected, Some(Task::Connect(..)))
            | (Input::Written(_), Some(Task::Write(_))) => false,
            (Input::Resolved { id, .. }, _) => {
                self.lookups.last().is_none_or(|last| last.name.id != *id)
            }
            (Input::Disconnected(_), task) => task.is_none() && !self.net.is_open(),
            (Input::Connected | Input::Written(_), _) => true,
            (Input::Unacknowledged(_), _) => !self.settings.resends() || !self.net.is_open(),
        };
        if is_stray {
            let before = self.session.stats();
            self.session.handle(input);
            assert_eq!(
                self.session.stats(),
                before,
                "a stray input changes nothing"
            );
        }
    }

    /// Polls at a time of the caller's choice, and does what it says.
    pub(crate) fn poll_at(&mut self, now: Instant) {
        self.tell_unacknowledged();
        self.polled_at = self.polled_at.max(Some(now));
        let output = self.session.poll(now);
        self.check_output(now, &output);
        if matches!(output, Output::Wait(_)) && !self.session.wants_poll() {
            let again = self.session.poll(now);
            assert_eq!(again, output, "one more poll changes nothing");
        }
        self.obey(output);
    }

    /// Breaks the connection, with the last bytes that the kernel took.
    pub(crate) fn break_link(&mut self, failure: impl Into<Failure>, loses: usize) {
        if self.net.is_open() {
            self.tell_unacknowledged();
            self.net.close(loses);
            self.handle(Input::Disconnected(failure.into()));
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        self.session.stats()
    }

    /// Acts, and goes to the next thing that happens; false if none does before `end`.
    fn jump(&mut self, end: Instant) -> bool {
        self.act();
        let ready = match self.task {
            Some(Task::Connect(_, ready)) => ready,
            Some(Task::Write(_)) | None => None,
        };
        let lookups = self.lookups.iter().map(|lookup| lookup.ends_at);
        let next = [self.wake, ready, self.net.reads_at()];
        let next = next.into_iter().chain(lookups).flatten().min();
        let next = next.map(|at| at + self.lag);
        let Some(next) = next.filter(|at| *at <= end && self.report.is_none()) else {
            return false;
        };
        self.longest_lag = self.longest_lag.max(self.lag);
        self.now = self.now.max(next);
        self.polls_in_place = 0;
        true
    }

    fn act(&mut self) {
        loop {
            self.tell_unacknowledged();
            let input = self.answer().or_else(|| self.answer_lookup());
            if let Some(input) = input.or_else(|| self.net.read(self.now)) {
                self.handle(input);
            } else if self.report.is_none()
                && (self.session.wants_poll() || self.wake.is_some_and(|at| at <= self.now))
            {
                self.polls += 1;
                self.polls_in_place += 1;
                assert!(self.polls_in_place < 50, "the driver spins");
                self.poll_at(self.now);
            } else {
                return;
            }
        }
    }

    fn tell_unacknowledged(&mut self) {
        if self.settings.resends() {
            if let Some(bytes) = self.net.tell_unacknowledged() {
                self.session.handle(Input::Unacknowledged(bytes));
            }
        }
    }

    fn handle(&mut self, input: Input) {
        if let Input::Disconnected(failure) = &input {
            self.check_bytes();
            self.task = None;
            if [FailureKind::Refused, FailureKind::Reset].contains(&failure.kind()) {
                self.taken_bytes -= std::mem::take(&mut self.doubtful_bytes);
            }
        }
        self.session.handle(input);
    }

    fn obey(&mut self, output: Output) {
        self.wake = Some(self.now);
        match output {
            Output::Connect(connect) => {
                self.net.is_wrong_type = self.net.has_other_type
                    || transport(&connect.target) != self.settings.transport;
                let to = match connect.target {
                    Target::Tcp(to) | Target::Udp(to) => to,
                    Target::CustomDatagram(target) | Target::CustomStream(target) => {
                        assert_eq!(target, PATH);
                        server(1)
                    }
                    Target::UnixDatagram(path) | Target::UnixStream(path) => {
                        assert_eq!(path.as_os_str(), PATH);
                        server(1)
                    }
                };
                self.net.attempts.push((self.now, to));
                self.opened_to = Some(to);
                let ready = self.net.connect_delay.map(|delay| self.now + delay);
                self.task = Some(Task::Connect(to, ready));
            }
            Output::Disconnect => {
                self.task = None;
                self.net.close(0);
            }
            Output::Finished(report) => {
                self.lookups.clear();
                self.report = Some(report);
                self.wake = None;
            }
            Output::Resolve(resolve) => {
                assert_eq!(&*resolve.host, self.settings.host);
                self.net.lookups.push(self.now);
                self.lookups.push(Lookup {
                    name: resolve,
                    since: self.polled_at.expect("this comes of a poll"),
                    ends_at: self.net.lookup_delay.map(|delay| self.now + delay),
                });
            }
            Output::Transmit(transmit) => self.task = Some(Task::Write(transmit)),
            Output::Wait(until) => self.wake = until,
        }
    }
}

pub(crate) fn transport(target: &Target) -> Transport {
    match target {
        Target::CustomDatagram(_) => Transport::CustomDatagram,
        Target::CustomStream(_) => Transport::CustomStream,
        Target::Tcp(_) => Transport::Tcp,
        Target::Udp(_) => Transport::Udp,
        Target::UnixDatagram(_) => Transport::UnixDatagram,
        Target::UnixStream(_) => Transport::UnixStream,
    }
}

/// Where an attempt to connect to one of the server's addresses goes.
pub(crate) fn server(last: u8) -> SocketAddr {
    (address(last), 8125).into()
}
