use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::*;
use crate::config::{Config, Transport};
use crate::dogstatsd::{Event, ServiceCheck, Status};
use crate::driver::{Driver, Output};
use crate::testing::{Recorder, origin, recorder};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn methods_of_sprockets_statsd_give_its_lines() {
    for (prefix, dotted) in [("", ""), ("shop.web", "shop.web.")] {
        let (client, mut recorder) = recorder(Config::new("localhost").prefix(prefix)).unwrap();
        client.incr("x", 1);
        client.incr("x", 10);
        client.decr("x", 1);
        client.decr("x", 10);
        client.gauge("x", 10);
        client.gauge_delta("x", 10);
        client.gauge_delta("x", -10);
        client.gauge_delta("x", 0);
        client.timing("x", Duration::from_millis(1));
        client.inject_metric("x", 1, "kv");
        client.inject_metric("x", "+1.0", "g");
        client.set("x", "member");
        let expected = [
            "counters.x:1|c",
            "counters.x:10|c",
            "counters.x:-1|c",
            "counters.x:-10|c",
            "gauges.x:10|g",
            "gauges.x:+10|g",
            "gauges.x:-10|g",
            "gauges.x:+0|g",
            "timers.x:1|ms",
            "x:1|kv",
            "x:+1.0|g",
            "x:member|s",
        ];
        assert_eq!(
            recorder.lines(),
            expected.map(|line| format!("{dotted}{line}"))
        );
    }
}

#[test]
fn a_clock_may_record() {
    let recording = Arc::new(std::sync::OnceLock::<Client>::new());
    let client = Arc::clone(&recording);
    let clock = move || {
        if let Some(client) = client.get() {
            client.incr("clock.reads", 1);
        }
        origin()
    };
    let (client, mut driver) = Driver::new(&Config::new("127.0.0.1"), clock).unwrap();
    recording.set(client.clone()).expect("it is set once");
    assert!(matches!(driver.poll(), Output::Connect(_)));
    assert_eq!(client.stats().accepted, 1);
    driver.abandon();
}

#[test]
fn a_metric_that_never_fits_leaves_the_queue_ready() {
    let (client, mut recorder) = recorder(Config::new("localhost").max_queue_lines(1)).unwrap();
    // A negative level is two lines.
    let refused = client.record(&Metric::gauge("x", -1));
    assert_eq!(refused, Err(RecordError::LineTooLong));
    let ready = pin!(client.ready());
    let context = &mut Context::from_waker(Waker::noop());
    assert_eq!(ready.poll(context), Poll::Ready(()));
    client.incr("x", 1);
    assert_eq!(recorder.lines(), ["counters.x:1|c"]);
}

#[test]
fn events_and_service_checks_are_queued_and_counted_as_metrics_are() {
    let event = Event::new("deployed", "by hand");
    let check = ServiceCheck::new("db.up", Status::Ok);
    let (client, mut agent) = recorder(Config::dogstatsd("localhost")).unwrap();
    client.incr("x", 1);
    client.event(&event).unwrap();
    client.service_check(&check).unwrap();
    let expected = ["x:1|c", "_e{8,7}:deployed|by hand", "_sc|db.up|0"];
    assert_eq!(agent.lines(), expected);
    assert_eq!(client.stats().accepted, 3);
    client.close();
    assert_eq!(client.event(&event), Err(RecordError::Closed));
    assert_eq!(client.service_check(&check), Err(RecordError::Closed));
    assert_eq!(client.stats().refused.closed, 2);

    let (client, _recorder) = recorder(Config::new("localhost")).unwrap();
    assert_eq!(client.event(&event), Err(RecordError::NotDogStatsd));
    assert_eq!(client.service_check(&check), Err(RecordError::NotDogStatsd));
    assert_eq!(client.stats().refused.invalid, 2);
    assert_eq!(Client::noop().event(&event), Ok(()));
    assert_eq!(Client::noop().service_check(&check), Ok(()));
}

#[test]
fn several_values_count_as_the_lines_that_they_are() {
    for (config, lines) in [
        (Config::dogstatsd("localhost"), &["x:1:2.5|ms"][..]),
        (
            Config::new("localhost"),
            &["timers.x:1|ms", "timers.x:2.5|ms"],
        ),
    ] {
        let (client, mut recorder) = recorder(config).unwrap();
        client
            .record(&Metric::timings_ms("x", &[1.0, 2.5]))
            .unwrap();
        assert_eq!(recorder.lines(), lines);
        assert_eq!(client.stats().sent, lines.len() as u64);
    }
}

#[test]
fn a_counter_goes_down_by_any_number_by_name_and_by_handle() {
    let (client, mut recorder) = recorder(Config::new("localhost")).unwrap();
    let handle = client.prepare("x").counter().unwrap();
    for (amount, line) in [
        (Number::Int(-5), "counters.x:5|c"),
        (Number::Int(0), "counters.x:0|c"),
        (Number::Float(0.5), "counters.x:-0.5|c"),
        (Number::Int(i64::MIN), "counters.x:9223372036854775808|c"),
        (Number::Int(i64::MAX), "counters.x:-9223372036854775807|c"),
        (Number::Uint(1 << 63), "counters.x:-9223372036854775808|c"),
        (Number::Uint(u64::MAX), "counters.x:-9223372036854775808|c"),
    ] {
        client.decr("x", amount);
        handle.sub(amount);
        assert_eq!(recorder.lines(), [line, line]);
    }
    handle.decr();
    assert_eq!(recorder.lines(), ["counters.x:-1|c"]);
}

#[test]
fn decrements_by_name_and_by_handle_are_aggregated_into_one_sum() {
    let config = Config::new("localhost").aggregate(SECOND);
    let (client, mut recorder) = recorder(config).unwrap();
    let handle = client.prepare("x").counter().unwrap();
    client.incr("x", 2);
    client.decr("x", 5);
    handle.decr();
    handle.sub(10);
    recorder.advance(SECOND);
    assert_eq!(recorder.lines(), ["counters.x:-14|c"]);
}

#[test]
fn a_refusal_is_returned_to_callers_that_ask_and_counted() {
    let (client, mut recorder) = recorder(Config::new("localhost")).unwrap();
    client.histogram("x", 1);
    client.distribution("x", 1);
    client.gauge("x", f64::NAN);
    let refused = client.record(&Metric::counter("", 1));
    assert_eq!(refused, Err(RecordError::EmptyName));
    let too_long = client.record(&Metric::counter(&"x".repeat(5000), 1));
    assert_eq!(too_long, Err(RecordError::LineTooLong));
    let refused = client.stats().refused;
    assert_eq!(
        (refused.invalid, refused.too_long, refused.total()),
        (4, 1, 5)
    );
    assert_eq!(recorder.lines(), [""; 0]);
}

#[test]
fn a_full_queue_refuses_and_counts() {
    let (client, mut recorder) = recorder(Config::new("localhost").max_queue_lines(2)).unwrap();
    client.gauge("x", -1);
    client.incr("x", 1);
    let full = client.record(&Metric::counter("x", 1));
    assert_eq!(full, Err(RecordError::QueueFull));
    assert_eq!(client.stats().refused.full, 2);
    assert_eq!(recorder.lines(), ["gauges.x:0|g", "gauges.x:-1|g"]);
    assert_eq!(client.record(&Metric::counter("x", 1)), Ok(()));
}

#[test]
fn a_sampled_metric_is_recorded_or_counted_as_left_out() {
    let (client, mut recorder) = recorder(Config::new("localhost")).unwrap();
    for _ in 0..1000 {
        client.record(&Metric::counter("x", 1).rate(0.25)).unwrap();
    }
    let stats = client.stats();
    assert_eq!(stats.accepted + stats.sampled_out, 1000);
    assert!((200..300).contains(&stats.accepted), "{}", stats.accepted);
    let lines = recorder.lines();
    assert!(lines.iter().all(|line| line == "counters.x:1|c|@0.25"));
    client
        .record(&Metric::counter("x", 1).sampled_at(1e-9))
        .unwrap();
    assert_eq!(recorder.lines(), ["counters.x:1|c|@0.000000001"]);
}

#[test]
fn a_client_that_does_nothing_does_nothing() {
    for client in [Client::noop(), Client::default()] {
        client.incr("x", 1);
        client.inject_metric("", f64::NAN, "|");
        client.timer("x").start().stop().send();
        drop(client.time("x"));
        assert_eq!(client.record(&Metric::counter("", 1)), Ok(()));
        client.close();
        assert!(!client.is_closed());
        assert_eq!(client.stats(), Stats::default());
        assert!(is_ready(client.flush()));
        assert!(is_ready(client.ready()));
    }
}

#[test]
fn a_disabled_configuration_gives_a_client_that_does_nothing() {
    let (client, mut recorder) = recorder(Config::new("").enabled(false)).unwrap();
    client.incr("x", 1);
    assert_eq!(client.record(&Metric::counter("x", 1)), Ok(()));
    assert!(is_ready(client.flush()));
    assert_eq!(recorder.lines(), [""; 0]);
    assert_eq!(recorder.report(), Some(Stats::default().into()));
}

#[test]
fn a_flush_ends_when_everything_before_it_is_sent() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let (client, mut recorder) =
            recorder(Config::new("localhost").transport(transport)).unwrap();
        assert!(is_ready(client.flush()));
        client.gauge("x", -1);
        let woken = Counter::new();
        let mut flush = pin!(client.flush());
        assert!(flush.as_mut().poll(&mut woken.context()).is_pending());
        client.incr("x", 1);
        assert!(flush.as_mut().poll(&mut woken.context()).is_pending());
        assert_eq!(woken.count(), 0);
        recorder.lines();
        assert_eq!(woken.count(), 1);
        assert!(flush.as_mut().poll(&mut woken.context()).is_ready());
    }
}

#[test]
fn a_flush_ends_when_the_kernel_has_taken_it_and_a_confirmed_one_when_no_refusal_can_come() {
    for transport in [Transport::Tcp, Transport::Udp, Transport::UnixDatagram] {
        let config = Config::new("localhost").unix_datagram("/run/statsd.sock");
        let (client, mut recorder) = recorder(config.transport(transport)).unwrap();
        recorder.advance(SECOND);
        for _ in 0..3 {
            client.incr("x", 1);
            let (flush, confirmed) = (client.flush(), client.flush_confirmed());
            assert_eq!(recorder.payloads().len(), 1);
            assert!(is_ready(flush));
            let mut confirmed = pin!(confirmed);
            let mut is_confirmed = || {
                let mut context = Context::from_waker(Waker::noop());
                confirmed.as_mut().poll(&mut context).is_ready()
            };
            if transport == Transport::Udp {
                assert!(!is_confirmed());
                recorder.advance(SECOND / 20);
            }
            assert!(is_confirmed());
            assert_eq!(client.stats().in_flight, 0);
        }
    }
}

#[test]
fn a_flush_does_not_wait_for_the_interval_nor_to_be_awaited() {
    let config = Config::new("localhost").flush_interval(SECOND * 3600);
    let (client, mut recorder) = recorder(config.transport(Transport::Udp)).unwrap();
    client.incr("x", 1);
    recorder.advance(SECOND);
    assert_eq!(recorder.payloads(), [""; 0]);
    drop(client.flush());
    client.incr("y", 1);
    assert_eq!(recorder.payloads(), ["counters.x:1|c"]);
    assert_eq!(client.stats().queued, 1);
}

#[test]
fn a_flush_that_is_dropped_is_not_woken() {
    let (client, mut recorder) = recorder(Config::new("localhost")).unwrap();
    client.incr("x", 1);
    let woken = Counter::new();
    let mut flush = Box::pin(client.flush());
    assert!(flush.as_mut().poll(&mut woken.context()).is_pending());
    drop(flush);
    recorder.lines();
    assert_eq!(woken.count(), 0);
}

#[test]
fn there_is_readiness_while_half_of_the_queue_is_free() {
    let (client, mut recorder) = recorder(Config::new("localhost").max_queue_lines(8)).unwrap();
    for _ in 0..4 {
        client.incr("x", 1);
    }
    assert!(is_ready(client.ready()));
    client.incr("x", 1);
    let woken = Counter::new();
    let mut ready = pin!(client.ready());
    assert!(ready.as_mut().poll(&mut woken.context()).is_pending());
    assert_eq!(woken.count(), 0);
    recorder.lines();
    assert_eq!(woken.count(), 1);
    assert!(ready.as_mut().poll(&mut woken.context()).is_ready());
}

#[test]
fn a_waiter_that_moves_to_another_task_is_woken_there() {
    let (client, mut recorder) = recorder(Config::new("localhost")).unwrap();
    client.incr("x", 1);
    let (before, after) = (Counter::new(), Counter::new());
    let mut flush = pin!(client.flush());
    assert!(flush.as_mut().poll(&mut before.context()).is_pending());
    assert!(flush.as_mut().poll(&mut after.context()).is_pending());
    recorder.lines();
    assert_eq!((before.count(), after.count()), (0, 1));
}

#[test]
fn closing_sends_what_is_queued_and_takes_no_more() {
    let (client, mut recorder) = recorder(Config::new("localhost")).unwrap();
    let clone = client.clone();
    client.incr("x", 1);
    client.close();
    assert!(client.is_closed() && clone.is_closed());
    assert_eq!(
        clone.record(&Metric::counter("x", 1)),
        Err(RecordError::Closed)
    );
    assert!(is_ready(client.ready()));
    let flush = client.flush();
    assert_eq!(recorder.lines(), ["counters.x:1|c"]);
    assert!(is_ready(flush));
    let report = recorder.report().unwrap();
    assert_eq!(
        (report.sent, report.abandoned, report.stats.refused.closed),
        (1, 0, 1)
    );
}

#[test]
fn the_last_client_dropped_closes_the_session() {
    let (client, mut recorder) = recorder(Config::new("localhost")).unwrap();
    let clone = client.clone();
    client.incr("x", 1);
    drop(client);
    clone.incr("y", 1);
    let flush = clone.flush();
    recorder.advance(SECOND);
    assert_eq!(recorder.report(), None);
    assert!(is_ready(flush));
    let flush = clone.flush();
    clone.incr("z", 1);
    drop(clone);
    recorder.advance(SECOND);
    assert_eq!(recorder.report().unwrap().sent, 3);
    assert!(is_ready(flush));
}

#[test]
fn a_dropped_driver_releases_all_waiting_callers() {
    let (client, mut recorder) = recorder(Config::new("localhost").max_queue_lines(4)).unwrap();
    recorder.set_up(false);
    for _ in 0..4 {
        client.incr("x", 1);
    }
    let woken = Counter::new();
    let (mut flush, mut ready) = (pin!(client.flush()), pin!(client.ready()));
    assert!(flush.as_mut().poll(&mut woken.context()).is_pending());
    assert!(ready.as_mut().poll(&mut woken.context()).is_pending());
    drop(recorder);
    assert_eq!(woken.count(), 2);
    assert!(flush.as_mut().poll(&mut woken.context()).is_ready());
    assert!(ready.as_mut().poll(&mut woken.context()).is_ready());
    assert!(client.is_closed());
    assert_eq!(
        client.record(&Metric::counter("x", 1)),
        Err(RecordError::Closed)
    );
    client.incr("x", 1);
    let stats = client.stats();
    assert_eq!(
        (
            stats.accepted,
            stats.dropped.abandoned,
            stats.refused.closed
        ),
        (4, 4, 2)
    );
    assert!(is_ready(client.flush()));
}

#[test]
fn the_end_wakes_callers_that_wait_for_it() {
    let (client, mut recorder) = recorder(Config::new("localhost")).unwrap();
    client.incr("x", 1);
    let woken = Counter::new();
    let mut closed = pin!(client.closed());
    assert!(closed.as_mut().poll(&mut woken.context()).is_pending());
    recorder.lines();
    client.close();
    assert!(closed.as_mut().poll(&mut woken.context()).is_pending());
    assert_eq!(woken.count(), 0);
    let report = recorder.report().unwrap();
    assert_eq!(woken.count(), 1);
    assert_eq!(closed.poll(&mut woken.context()), Poll::Ready(report));
    assert_eq!((report.sent, report.abandoned), (1, 0));
}

#[test]
fn the_end_comes_also_with_the_driver() {
    let (client, recorder) = recorder(Config::new("localhost")).unwrap();
    client.incr("x", 1);
    drop(recorder);
    let closed = pin!(client.closed());
    let report = closed.poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(report.map(|report| report.abandoned), Poll::Ready(1));
}

#[test]
fn clients_record_from_many_threads() {
    let (client, mut recorder) = recorder(Config::new("localhost")).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let client = client.clone();
            scope.spawn(move || (0..100).for_each(|_| client.incr("x", 1)));
        }
    });
    assert_eq!(recorder.lines().len(), 400);
}

#[test]
fn every_step_accounts_for_every_line() {
    let (client, mut recorder) =
        recorder(Config::new("localhost").transport(Transport::Udp)).unwrap();
    for step in 0..50 {
        client.gauge("x", -step);
        recorder.advance(Duration::from_millis(30));
        recorder.set_up(step % 7 != 3);
        assert_balanced(&client, &recorder);
    }
}

fn assert_balanced(client: &Client, recorder: &Recorder) {
    let stats = client.stats();
    assert_eq!(stats, recorder.stats());
    let elsewhere = stats.dropped.total() + stats.queued + stats.in_flight;
    assert_eq!(stats.accepted, stats.sent + elsewhere);
}

fn is_ready(future: impl Future<Output = ()>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    pin!(future).poll(&mut context) == Poll::Ready(())
}

/// Waker that counts its wakes.
struct Counter {
    count: Arc<Count>,
    waker: Waker,
}

#[derive(Default)]
struct Count(AtomicU64);

impl Counter {
    fn new() -> Self {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        Self { count, waker }
    }

    fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }

    fn count(&self) -> u64 {
        self.count.0.load(Ordering::Relaxed)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
