//! Tasks of the program that block a thread of its runtime.

use std::ops::Range;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use statsd_proto::{Client, Config, Report};
use tests::adapter::Adapter;
use tests::fault::Fault;
use tests::skip::skipped;
use tests::timeout::{TIMEOUT, eventually};

use crate::world::{World, always, assert_accounted, count, counted};

const HOUR: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(20);
/// After this long the driver waits for nothing but a metric.
const REST: Duration = Duration::from_millis(150);
const SHORT: Duration = Duration::from_millis(200);

pub(crate) fn a_task_that_records_and_blocks_holds_up_no_metrics<A: Adapter>(world: &World<A>) {
    let Some(host) = Host::<A>::start() else {
        return;
    };
    let server = world.server();
    let (client, _task) = host.connect(&server.config());
    eventually("a connection", || client.stats().connects == 1);
    for (round, how) in [Start::Spawned, Start::Woken, Start::Timed]
        .into_iter()
        .enumerate()
    {
        // In the first round the task wakes the driver, later it waits for a time.
        thread::sleep(if round == 0 { REST } else { MOMENT });
        let from = round * 20;
        let release = host.record_and_block(how, &client, from..from + 10);
        assert_eq!(server.wait_for(from + 10), counted(0..from + 10));
        count(&client, from + 10..from + 20);
        assert_eq!(server.wait_for(from + 20), counted(0..from + 20));
        drop(release);
    }
}

pub(crate) fn a_server_that_reads_again_gets_everything_while_a_task_blocks<A: Adapter>(
    world: &World<A>,
) {
    // More than kernels have room for.
    const LINES: usize = 100_000;
    let Some(host) = Host::<A>::start() else {
        return;
    };
    let server = world.faulty_server(always(Fault::Stall));
    let (client, _task) = host.connect(&server.config());
    count(&client, 0..LINES);
    let mut bytes = 0;
    eventually("a full buffer", || {
        thread::sleep(REST);
        let before = std::mem::replace(&mut bytes, client.stats().bytes);
        bytes > 0 && bytes == before
    });
    // What polls the socket is taken away while the socket is waited for.
    let _release = host.record_and_block(Start::Timed, &client, 0..0);
    server.recover();
    server.wait_for(LINES);
}

pub(crate) fn a_connection_comes_back_while_a_task_blocks<A: Adapter>(world: &World<A>) {
    let Some(host) = Host::<A>::start() else {
        return;
    };
    let mut server = world.server();
    let (client, _task) = host.connect(&server.config());
    eventually("a connection", || client.stats().connects == 1);
    server.stop();
    let _release = host.record_and_block(Start::Timed, &client, 0..10);
    eventually("a failure", || {
        client.stats().connect_failures + client.stats().disconnects > 0
    });
    server.restart();
    assert_eq!(server.wait_for(10), counted(0..10));
}

pub(crate) fn a_flush_ends_that_a_task_blocks_for<A: Adapter>(world: &World<A>) {
    let Some(host) = Host::<A>::start() else {
        return;
    };
    let server = world.server();
    let (client, _task) = host.connect(&server.config().flush_interval(HOUR));
    eventually("a connection", || client.stats().connects == 1);
    thread::sleep(REST);
    let (tell, told) = channel();
    host.runtime.spawn_task(async move {
        A::sleep(MOMENT).await;
        count(&client, 0..10);
        // As a hook for panics does.
        let flushing = thread::spawn(move || smol::block_on(client.flush()));
        flushing.join().expect("a flush does not panic");
        tell.send(()).expect("the test waits");
    });
    assert_eq!(server.wait_for(10), counted(0..10));
    let flushed = told.recv_timeout(TIMEOUT);
    flushed.expect("the flush ends");
}

pub(crate) fn stop_ends_while_a_task_blocks<A: Adapter>(world: &World<A>) {
    let Some(host) = Host::<A>::start() else {
        return;
    };
    for how in [Start::Spawned, Start::Woken, Start::Timed] {
        let server = world.server();
        let (client, task) = host.connect(&server.config());
        eventually("a connection", || client.stats().connects == 1);
        thread::sleep(REST);
        let release = host.record_and_block(how, &client, 0..10);
        let report = host.stop(&client, task);
        assert_eq!((report.sent, report.abandoned), (10, 0));
        assert_eq!(server.wait_for(10), counted(0..10));
        drop(release);

        let server = world.absent_server();
        let (client, task) = host.connect(&server.config().close_timeout(SHORT));
        thread::sleep(MOMENT);
        let release = host.record_and_block(how, &client, 0..10);
        let report = host.stop(&client, task);
        assert_eq!((report.sent, report.abandoned), (0, 10));
        drop(release);
    }
}

/// What makes a task run before it blocks.
#[derive(Clone, Copy)]
enum Start {
    /// It is spawned by a thread outside.
    Spawned,
    /// A timer of the runtime goes off, so that it is the thread which polls timers and sockets that blocks.
    Timed,
    /// Another task wakes it.
    Woken,
}

/// A runtime of several threads.
struct Host<A> {
    runtime: A,
    /// Async-std has one runtime for all tests, and one thread for each core.
    _turn: MutexGuard<'static, ()>,
}

impl<A: Adapter> Host<A> {
    fn start() -> Option<Self> {
        static EXCLUSIVE: Mutex<()> = Mutex::new(());
        let turn = EXCLUSIVE.lock().unwrap_or_else(PoisonError::into_inner);
        let runtime = A::with_workers();
        if runtime.is_none() {
            skipped("there is one core, so async-std has one thread");
        }
        Some(Self {
            runtime: runtime?,
            _turn: turn,
        })
    }

    fn connect(&self, config: &Config) -> (Client, A::Task) {
        self.runtime.spawn(config).expect("the settings are good")
    }

    /// Records in a task that then blocks its thread until what is returned is dropped. Returns when it blocks.
    fn record_and_block(&self, how: Start, client: &Client, numbers: Range<usize>) -> Sender<()> {
        let client = client.clone();
        let (release, released) = channel::<()>();
        let (tell, told) = channel();
        let (wake, woken) = smol::channel::bounded(1);
        self.runtime.spawn_task(async move {
            match how {
                Start::Spawned => {}
                Start::Timed => A::sleep(MOMENT).await,
                Start::Woken => woken.recv().await.expect("the other task sends"),
            }
            count(&client, numbers);
            tell.send(()).expect("the test waits");
            // It fails, when the other end is dropped.
            let _ = released.recv();
        });
        self.runtime.spawn_task(async move {
            A::sleep(MOMENT).await;
            wake.try_send(()).expect("there is room for one");
        });
        told.recv().expect("the task runs");
        release
    }

    fn stop(&self, client: &Client, task: A::Task) -> Report {
        client.close();
        let report = self.runtime.within("a stop", client.closed());
        assert_accounted(&report);
        let told = self.runtime.within("the connection's end", A::join(task));
        assert_eq!(report, told);
        report
    }
}
