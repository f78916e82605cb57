//! One adapter over one carrier, while its server does everything wrong.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use statsd_proto::{Client, Config, Metric, Report, Stats};
use tests::adapter::Adapter;
use tests::carrier::Carrier;
use tests::fault::Fault;
use tests::server::Server;
use tests::timeout::TIMEOUT;

use crate::account::Account;
use crate::memory;
use crate::options::Options;
use crate::oracle::{Oracle, PREFIX};

/// Runs for the time of the options, and then a little longer, until everything has arrived.
pub(crate) fn run<A: Adapter>(carrier: Carrier, options: &Options) -> Account {
    let runtime = A::new();
    let mut chaos = Chaos::new(carrier, options.seed);
    let connector = runtime
        .start(chaos.config())
        .expect("the settings are good");
    let client = A::client(&connector);
    let is_over = AtomicBool::new(false);
    let mut settled = 0;
    thread::scope(|scope| {
        let random = Random(options.seed);
        let recorder = scope.spawn(|| record_until(&is_over, &client, random));
        chaos.rage(&client, Duration::from_secs(options.seconds));
        is_over.store(true, Ordering::Relaxed);
        settled = recorder.join().expect("recording does not panic");
    });
    let flush = || runtime.within("a flush", A::flush(&connector));
    chaos.calm(&client, settled, flush);
    let report = runtime.within("a stop", A::stop(&connector));
    chaos.finish(&report, settled + LAST)
}

/// Records numbered lines, mostly few, at times more than the queue holds. Returns how many were taken.
fn record_until(is_over: &AtomicBool, client: &Client, mut random: Random) -> u64 {
    let mut number = 0;
    while !is_over.load(Ordering::Relaxed) {
        let count = match random.below(200) {
            0 => 10_000,
            1..=20 => 500,
            _ => random.below(10),
        };
        number = record(client, number, count);
        thread::sleep(Duration::from_millis(2));
    }
    number
}

/// Records this many lines, as far as there is room. Returns the next number.
fn record(client: &Client, mut number: u64, count: u64) -> u64 {
    for _ in 0..count {
        let metric = Metric::raw("count", number, "c");
        number += u64::from(client.record(&metric).is_ok());
    }
    number
}

/// How many lines are recorded when all is well again.
const LAST: u64 = 1000;

struct Chaos {
    server: Server,
    carrier: Carrier,
    /// What happens to new connections, or to datagrams.
    fault: Arc<Mutex<Option<Fault>>>,
    random: Random,
    oracle: Oracle,
    faults: u64,
    /// Resident memory at the end of the first fault, in KiB.
    resident: Option<u64>,
}

impl Chaos {
    fn new(carrier: Carrier, seed: u64) -> Self {
        let fault = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&fault);
        let now = move |_| *shared.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            server: Server::start_faulty(carrier, now),
            carrier,
            fault,
            random: Random(seed),
            oracle: Oracle::new(carrier.is_stream()),
            faults: 0,
            resident: None,
        }
    }

    /// Waits and bounds that are short enough to be met in a few seconds.
    fn config(&self) -> Config {
        self.server
            .config()
            .prefix(PREFIX)
            .max_queue_bytes(QUEUE)
            .backoff(Duration::from_millis(5), Duration::from_millis(100))
            .settle_time(Duration::from_millis(20))
            .write_timeout(Duration::from_millis(300))
    }

    /// One fault after the other.
    fn rage(&mut self, client: &Client, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.wait(client, 300);
            if self.carrier.is_stream() {
                self.break_stream(client);
            } else {
                self.lose_datagrams(client);
            }
            self.faults += 1;
            self.resident = self.resident.or_else(memory::resident);
        }
    }

    fn break_stream(&mut self, client: &Client) {
        match self.random.below(7) {
            0 => self.restart(client),
            1 => self.server.reset(),
            2 => self.server.hang_up(),
            3 => self.afflict(client, Fault::HalfClose),
            4 => self.afflict(client, Fault::Close),
            5 => {
                let bytes = self.random.below(20_000) as usize;
                self.afflict(client, Fault::ResetAfter(bytes));
            }
            _ => {
                let bytes = self.random.below(5000) as usize;
                self.afflict(client, Fault::StallAfter(bytes));
            }
        }
    }

    fn lose_datagrams(&mut self, client: &Client) {
        if self.random.below(2) == 0 {
            self.restart(client);
        } else {
            self.set_fault(Some(Fault::Stall));
            self.wait(client, 400);
            self.set_fault(None);
        }
    }

    /// The server goes, and comes back at the same place.
    fn restart(&mut self, client: &Client) {
        self.server.stop();
        if self.random.below(2) == 0 {
            self.server.remove_file();
        }
        self.wait(client, 400);
        self.server.restart();
    }

    /// The same happens to all connections for a while.
    fn afflict(&mut self, client: &Client, fault: Fault) {
        self.set_fault(Some(fault));
        self.server.reset();
        // Longer than the write timeout, or shorter.
        self.wait(client, 600);
        self.set_fault(None);
        self.server.relent();
    }

    fn set_fault(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Waits for at most this many milliseconds.
    fn wait(&mut self, client: &Client, most: u64) {
        let time = Duration::from_millis(self.random.below(most));
        self.look_on(client, time);
    }

    fn look_on(&mut self, client: &Client, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.look(&client.stats());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn look(&mut self, stats: &Stats) {
        for (connection, lines) in self.server.take_lines() {
            self.oracle.see(connection, &lines);
        }
        let settled = stats.sent + stats.dropped.total();
        if stats.accepted + stats.resent != settled + stats.queued + stats.in_flight {
            self.oracle.complain(format!("{stats:?} do not add up"));
        }
        if stats.queued_bytes_peak > QUEUE as u64 {
            self.oracle.complain("the queue has no bound".to_owned());
        }
    }

    /// All is well again: what is recorded from now on has to arrive.
    fn calm(&mut self, client: &Client, number: u64, flush: impl Fn()) {
        // A break that the client has not noticed costs what it writes until then.
        self.server.hang_up();
        loop {
            let disconnects = client.stats().disconnects;
            flush();
            self.look_on(client, Duration::from_millis(200));
            if client.stats().disconnects == disconnects {
                break;
            }
        }
        if record(client, number, LAST) != number + LAST {
            self.oracle
                .complain("a queue at rest has no room".to_owned());
        }
    }

    fn finish(mut self, report: &Report, recorded: u64) -> Account {
        let stats = report.stats;
        let end = Instant::now() + TIMEOUT;
        while self.oracle.last != Some(recorded - 1) && Instant::now() < end {
            self.look(&stats);
            thread::sleep(Duration::from_millis(5));
        }
        self.look(&stats);
        self.oracle.check_connections();
        let peak = memory::peak();
        let grown = peak
            .zip(self.resident)
            .map(|(peak, then)| peak.saturating_sub(then));
        for (holds, violation) in [
            (
                stats.accepted == recorded,
                "more or fewer were accepted than recorded",
            ),
            (
                stats.accepted + stats.resent == stats.sent + stats.dropped.total(),
                "sent and dropped are not all",
            ),
            (
                stats.queued + stats.in_flight == 0,
                "something waits for nothing",
            ),
            (
                self.oracle.last == Some(recorded - 1),
                "the last line never came",
            ),
            (
                self.oracle.arrived <= stats.sent,
                "more arrived than was sent",
            ),
            (
                self.oracle.ends_with(recorded, LAST),
                "a line was lost when all was well again",
            ),
            (grown.is_none_or(|grown| grown < GROWTH), "memory grows"),
        ] {
            if !holds {
                self.oracle
                    .complain(format!("{violation}: {stats:?}, grown by {grown:?} KiB"));
            }
        }
        Account {
            stats,
            oracle: self.oracle,
            faults: self.faults,
            peak,
        }
    }
}

/// The bound of the queue.
const QUEUE: usize = 512 * 1024;

/// Memory that a run may take after its first fault, in KiB: the queue, lines that the server has not been asked for,
/// and free memory of the allocator.
const GROWTH: u64 = 32 * 1024;

/// SplitMix64.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % bound
    }
}
