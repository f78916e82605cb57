//! Whatever a driver, the network and the clock do, a session keeps its word.

mod recording;
mod rules;
mod settings;
mod transcript;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use arbitrary::{Result, Unstructured};
use statsd_proto::driver::{FailureKind, Input, Output, Session, Transmit};
use statsd_proto::{Stats, Transport};

use self::recording::Form;
use self::settings::Settings;
use self::transcript::Transcript;
use tests::layout::Layout;

/// Lives through any sequence of calls: records, flushes, inputs that answer and inputs that make no
/// sense, polls at any time.
///
/// # Panics
///
/// If the session breaks a rule of its documentation.
pub(crate) fn session(data: &[u8]) {
    // Bytes that are too few make no case.
    let _ = live(&mut Unstructured::new(data));
}

fn live(input: &mut Unstructured<'_>) -> Result<()> {
    let mut world = World::new(Settings::arbitrary(input)?, input.arbitrary()?);
    let is_healed = input.arbitrary()?;
    while !input.is_empty() {
        world.step(input)?;
        world.check();
    }
    if is_healed {
        world.heal();
    }
    world.end();
    Ok(())
}

/// A session with its driver, and what is known of them.
struct World {
    session: Session,
    settings: Settings,
    now: Instant,
    /// The latest time that a poll brought.
    polled_at: Option<Instant>,
    /// Instruction that the driver has in progress.
    task: Option<Task>,
    /// The number of the lookup that it has under way beside that.
    lookup: Option<u64>,
    is_open: bool,
    transcript: Transcript,
    /// How many lines were ever taken into the queue.
    accepted: u64,
    /// Sum of the aggregated counts.
    added: u64,
    before: Stats,
    /// When a close has to be over.
    end: Option<Instant>,
    /// When the last poll asked to be polled again.
    until: Option<Instant>,
}

#[derive(Debug)]
enum Task {
    Connect,
    /// A write of a session that was abandoned since.
    Forgotten,
    Transmit(Transmit),
}

impl World {
    fn new(settings: Settings, seed: u64) -> Self {
        let session = Session::new(&settings.config(), seed).expect("the settings are good");
        Self {
            before: session.stats(),
            session,
            now: Instant::now(),
            polled_at: None,
            task: None,
            lookup: None,
            is_open: false,
            transcript: Transcript::new(&settings),
            accepted: 0,
            added: 0,
            end: None,
            until: None,
            settings,
        }
    }

    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        match input.int_in_range(0..=19)? {
            0..=2 => {
                let len = input.int_in_range(0..=60)?;
                (0..input.int_in_range(1..=5)?).for_each(|_| self.record(len, Form::Count));
            }
            3 | 5 => self.record_other(input)?,
            4 => self.record(input.int_in_range(0..=2000)?, Form::Count),
            6 => self.session.flush(),
            7 => {
                self.now += Duration::from_millis(input.int_in_range(0..=400)?);
                self.poll(self.now);
            }
            8 => {
                self.now = self.until.map_or(self.now, |until| self.now.max(until));
                self.poll(self.now);
            }
            9 => {
                let back = Duration::from_millis(input.arbitrary::<u16>()?.into());
                self.poll(self.now.checked_sub(back).unwrap_or(self.now));
            }
            10..=13 => {
                self.poll(self.now);
                self.succeed();
            }
            14 => self.tell(Input::Written(input.int_in_range(0..=3000)?)),
            15 => {
                let kind = *input.choose(&KINDS)?;
                self.tell(Input::Disconnected(kind.into()));
            }
            16 => self.stray(input)?,
            17 => self.poll(self.now),
            18 if input.ratio(1, 8)? => self.session.close(),
            18 if input.ratio(1, 8)? => self.abandon(),
            _ => while self.session.poll_event().is_some() {},
        }
        Ok(())
    }

    fn abandon(&mut self) {
        self.session.abandon();
        assert!(self.session.is_finished());
        if let Some(Task::Transmit(_)) = self.task {
            // Its result is no longer used.
            self.task = Some(Task::Forgotten);
        }
    }

    fn poll(&mut self, now: Instant) {
        let polled_at = self.polled_at.map_or(now, |latest| latest.max(now));
        self.polled_at = Some(polled_at);
        let was_finished = self.session.is_finished();
        self.tell_unacknowledged();
        let output = self.session.poll(now);
        self.until = None;
        self.check_end(&output, polled_at);
        let was_idle = self.task.is_none() && !self.is_open;
        match &output {
            Output::Connect(_) => {
                assert!(was_idle, "one socket at a time");
                self.task = Some(Task::Connect);
            }
            Output::Resolve(name) => self.lookup = Some(name.id),
            Output::Disconnect => {
                assert!(!was_idle, "there is nothing to give up");
                self.hang_up();
            }
            Output::Finished(report) => {
                assert!(was_idle && self.session.is_finished());
                let stats = self.session.stats();
                assert_eq!((report.stats, stats.queued, stats.in_flight), (stats, 0, 0));
                let settled = stats.sent + stats.dropped.total();
                assert_eq!(stats.accepted + stats.resent, settled);
                return;
            }
            Output::Transmit(transmit) => {
                assert!(
                    self.is_open && self.task.is_none(),
                    "one instruction at a time"
                );
                assert!(!transmit.data.is_empty());
                let is_datagram = self.settings.layout() == Layout::Datagrams;
                assert_eq!(transmit.segment_size.is_some(), is_datagram);
                self.task = Some(Task::Transmit(transmit.clone()));
            }
            Output::Wait(until) => {
                assert!(until.is_none_or(|until| until > polled_at), "it would spin");
                let stats = self.session.stats();
                let is_at_rest = stats.queued == 0 && self.task.is_none();
                assert!(until.is_some() || is_at_rest, "nothing would wake it");
                self.until = *until;
                let again = self.session.poll(now);
                assert_eq!(again, output, "one more poll changes nothing");
            }
        }
        let is_over = was_finished && matches!(output, Output::Disconnect);
        assert!(!was_finished || is_over, "what is finished stays finished");
    }

    /// Tells that what is under way has succeeded.
    fn succeed(&mut self) {
        match &self.task {
            Some(Task::Connect) => self.tell(Input::Connected),
            Some(Task::Transmit(transmit)) => {
                let len = transmit.data.len();
                self.tell(Input::Written(len));
            }
            Some(Task::Forgotten) | None => {}
        }
        if let Some(id) = self.lookup {
            let found = Ok(vec![address(1), address(2)]);
            self.tell(Input::Resolved { id, found });
        }
    }

    /// Reports an input that may answer no instruction, or that no correct driver reports.
    fn stray(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let stray = match input.int_in_range(0..=5)? {
            0 => Input::Connected,
            1 => Input::Resolved {
                id: self.lookup.unwrap_or(0),
                found: Ok(Vec::new()),
            },
            2 => Input::Resolved {
                id: self.lookup.unwrap_or(7),
                found: Ok(vec![address(9)]),
            },
            3 => Input::Written(usize::MAX),
            4 => Input::Written(0),
            _ => Input::Written(input.int_in_range(0..=5000)?),
        };
        self.tell(stray);
        Ok(())
    }

    fn tell(&mut self, input: Input) {
        match (&input, &self.task) {
            (Input::Connected, Some(Task::Connect)) => {
                self.task = None;
                self.is_open = true;
            }
            (Input::Resolved { .. }, _) => self.lookup = None,
            (Input::Written(bytes), Some(Task::Transmit(transmit))) => {
                self.transcript.write(transmit, *bytes);
                self.task = None;
            }
            (Input::Disconnected(failure), _) => {
                self.tell_unacknowledged();
                let is_refusal =
                    [FailureKind::Refused, FailureKind::Reset].contains(&failure.kind());
                if self.is_open && is_refusal {
                    self.transcript.refuse();
                }
                self.hang_up();
            }
            (Input::Connected | Input::Unacknowledged(_) | Input::Written(_), _) => {}
        }
        self.session.handle(input);
    }

    /// Tells how much of a stream is not acknowledged: what was written last, and a little more or less.
    fn tell_unacknowledged(&mut self) {
        if self.is_watched() {
            let bytes = self.transcript.acknowledge();
            self.session.handle(Input::Unacknowledged(bytes));
        }
    }

    /// Whether the session wants to know what is not acknowledged.
    fn is_watched(&self) -> bool {
        self.is_open && self.settings.resends && self.settings.transport == Transport::Tcp
    }

    fn hang_up(&mut self) {
        self.task = None;
        self.is_open = false;
        self.transcript.hang_up();
    }

    /// From now on everything succeeds: all that waits has to leave.
    fn heal(&mut self) {
        self.session.flush();
        for _ in 0..POLLS {
            let stats = self.session.stats();
            if stats.queued + stats.in_flight == 0 && !self.has_sum_to_come() {
                return;
            }
            self.poll(self.now);
            self.succeed();
            self.check();
            if self.session.is_finished() {
                return;
            }
            if self.task.is_none() && self.is_watched() {
                let bytes = self.transcript.acknowledge_all();
                self.session.handle(Input::Unacknowledged(bytes));
            }
            match (&self.task, self.until) {
                (None, Some(until)) => self.now = self.now.max(until),
                // A datagram may still be refused, without a flush that waits for that.
                (None, None) if self.session.stats().in_flight > 0 => {
                    self.session.flush_confirmed();
                }
                _ => {}
            }
        }
        panic!("{:?} never leaves", self.session.stats());
    }

    /// Nothing happens any more but the time: a close has to end.
    fn end(&mut self) {
        self.session.close();
        for _ in 0..POLLS {
            self.check();
            self.poll(self.now);
            if self.session.is_finished() {
                self.check_over();
                return;
            }
            self.now = self.until.map_or(self.now, |until| self.now.max(until));
        }
        panic!("it never ends");
    }
}

const POLLS: usize = 20_000;

const KINDS: [FailureKind; 8] = [
    FailureKind::PeerClosed,
    FailureKind::Refused,
    FailureKind::Reset,
    FailureKind::TooLarge,
    FailureKind::Network,
    FailureKind::NotFound,
    FailureKind::TimedOut,
    FailureKind::PeerClosed,
];

fn address(last: u8) -> SocketAddr {
    (Ipv4Addr::new(192, 0, 2, last), 8125).into()
}
