//! Memory stays within the bounds that are configured, and an idle client holds next to none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use statsd_proto::driver::{Driver, FailureKind, Input, Output, Session};
use statsd_proto::{Client, Config, Dialect, Metric, Overflow, Transport};

const MIB: u64 = 1024 * 1024;

#[test]
fn handles_of_an_outage_cost_no_more_than_one() {
    let config = Config::dogstatsd("127.0.0.1").aggregate(Some(SECOND * 2));
    let (client, mut world) = start(&config);
    world.poll();
    let info = allocation_counter::measure(|| {
        for _ in 0..50_000 {
            let prepare = client.prepare("requests").tag("route", "home");
            prepare.counter().unwrap().incr();
            let prepare = client.prepare("load").tag("route", "home");
            prepare.gauge().unwrap().set(1);
        }
    });
    assert!(info.bytes_max < 64 * 1024, "{info:?}");
    assert!(info.bytes_current < 64 * 1024, "{info:?}");
}

type Way = fn(&Client, u64, &[(&str, &str)]);

#[test]
fn aggregates_of_an_outage_stay_within_their_bound() {
    const BOUND: u64 = 2 * MIB;
    let config = Config::dogstatsd("127.0.0.1")
        .aggregate(Some(SECOND * 2))
        .max_aggregate_bytes(BOUND as usize)
        .max_series(1 << 20)
        .max_samples(1 << 16)
        .max_queue_bytes(64 * 1024);
    let long = "n".repeat(300);
    let tags: [(&str, &str); 6] = [
        ("k", "v"),
        ("l", "w"),
        ("m", &long),
        ("n", ""),
        ("o", "p"),
        ("q", "r"),
    ];
    // Each grows in its own way, and each beyond the bound if it could.
    let ways: [Way; 7] = [
        |client, number, _| client.incr(&format!("n{number}"), 1),
        |client, number, _| client.gauge(&format!("n{number}"), 1),
        |client, number, tags| {
            let name = format!("n{number}");
            let _ = client.record(&Metric::counter(&name, 1).tags(tags));
        },
        |client, number, _| client.set("members", &format!("m{number}")),
        |client, number, _| client.set(&format!("s{}", number / 1000), &format!("m{number}")),
        |client, number, _| client.histogram(&format!("h{}", number % 4), number),
        |client, number, _| {
            if let Ok(held) = client.prepare(&format!("n{number}")).histogram() {
                held.record(number);
            }
        },
    ];
    for (index, way) in ways.into_iter().enumerate() {
        let info = allocation_counter::measure(|| {
            let (client, mut world) = start(&config);
            world.poll();
            for number in 0..30_000 {
                way(&client, number, &tags);
                if number % 1000 == 0 {
                    // Values move from the inlet to the store, and find no room in the queue.
                    drop(client.flush());
                }
            }
        });
        // Beside it the queue, its pool and what a vector takes while it grows.
        assert!(info.bytes_max < BOUND + MIB, "{index}: {info:?}");
    }
}

#[test]
fn values_without_a_rate_have_a_bound_too() {
    const BOUND: u64 = MIB;
    let config = Config::new("127.0.0.1")
        .dialect(Dialect::Collectd)
        .transport(Transport::Udp)
        .aggregate(Some(SECOND * 2))
        .max_aggregate_bytes(BOUND as usize)
        .max_queue_lines(100);
    let info = allocation_counter::measure(|| {
        let (client, mut world) = start(&config);
        world.poll();
        for number in 0..400_000 {
            let _ = client.record(&Metric::timing_ms("t", number));
            if number % 60 == 0 {
                drop(client.flush());
            }
        }
        let stats = client.stats();
        assert!(stats.refused.full > 100_000, "{stats:?}");
    });
    assert!(info.bytes_max < BOUND + MIB, "{info:?}");
}

#[test]
fn repeated_members_of_a_set_take_no_more_of_its_bound() {
    let config = Config::dogstatsd("127.0.0.1")
        .aggregate(Some(SECOND * 2))
        .max_aggregate_bytes(16 * 1024)
        .max_queue_lines(2);
    let (client, mut world) = start(&config);
    world.poll();
    client.incr("full", 1);
    drop(client.flush());
    client.incr("full", 1);
    drop(client.flush());
    for _ in 0..1000 {
        client.set("s", "member");
        drop(client.flush());
    }
    assert_eq!(client.stats().refused.total(), 0, "{:?}", client.stats());
}

#[test]
fn long_lines_between_short_ones_take_no_more_than_the_bound() {
    const BOUND: u64 = 4 * MIB;
    for overflow in [Overflow::RefuseNewest, Overflow::DropOldest] {
        for long in [600, 1500, 4000, 8000] {
            let config = Config::dogstatsd("127.0.0.1")
                .max_queue_bytes(BOUND as usize)
                .overflow(overflow);
            let name = "n".repeat(long);
            let info = allocation_counter::measure(|| {
                let (client, mut world) = start(&config);
                world.poll();
                for _ in 0..BOUND as usize / long + 1000 {
                    let _ = client.record(&Metric::counter("short", 1));
                    let _ = client.record(&Metric::counter(&name, 1));
                }
                let stats = client.stats();
                let lost = stats.refused.full + stats.dropped.overflow;
                assert!(lost > 0, "{stats:?}");
                assert!(stats.queued_bytes > BOUND * 7 / 8, "{stats:?}");
            });
            assert!(
                info.bytes_max < BOUND + 2 * MIB,
                "{overflow:?} {long}: {info:?}"
            );
        }
    }
}

#[test]
fn the_bound_in_lines_is_exact_however_many_threads_have_room() {
    for transport in [Transport::Tcp, Transport::Udp] {
        for lines in [1, 2, 7, 100, 3000, 6000, 10_000] {
            let config = Config::new("127.0.0.1")
                .transport(transport)
                .max_queue_lines(lines);
            let (client, mut world) = start(&config);
            world.poll();
            let others = 8.min(lines - 1);
            thread::scope(|scope| {
                for _ in 0..others {
                    scope.spawn(|| client.incr("a", 1)).join().unwrap();
                }
            });
            let mut taken = others;
            while client.record(&Metric::counter("b", 1)).is_ok() {
                taken += 1;
            }
            assert_eq!(taken, lines, "{transport:?}");
            let stats = client.stats();
            assert_eq!((stats.queued, stats.refused.full), (lines as u64, 1));
        }
    }
}

#[test]
fn nearly_all_of_the_bound_in_bytes_can_be_used() {
    for transport in [Transport::Tcp, Transport::Udp] {
        for bytes in [256 * 1024, 300_000, 1 << 20] {
            let config = Config::new("127.0.0.1")
                .transport(transport)
                .max_queue_bytes(bytes);
            let (client, mut world) = start(&config);
            world.poll();
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| client.incr("a", 1)).join().unwrap();
                }
            });
            while client.record(&Metric::counter("b", 1)).is_ok() {}
            let queued = client.stats().queued_bytes as usize;
            // Up to a datagram of each inlet, and one that has no room.
            assert!(queued <= bytes, "{transport:?} {bytes}: {queued}");
            assert!(
                queued + 9 * 1432 + 16 > bytes,
                "{transport:?} {bytes}: {queued}"
            );
        }
    }
}

#[test]
fn events_without_a_reader_are_bounded() {
    let mut session = Session::new(&Config::new("127.0.0.1"), 1).unwrap();
    let mut now = origin();
    for _ in 0..20_000 {
        match session.poll(now) {
            Output::Connect(_) => session.handle(Input::Connected),
            Output::Wait(_) => {
                session.handle(Input::Disconnected(FailureKind::Reset.into()));
                now += SECOND * 1300;
            }
            Output::Disconnect => {}
            output @ (Output::Finished(_) | Output::Resolve(_) | Output::Transmit(_)) => {
                panic!("{output:?}")
            }
        }
    }
    let kept = std::iter::from_fn(|| session.poll_event()).count();
    assert!((1..=32).contains(&kept), "{kept}");
}

#[test]
fn an_idle_client_gives_its_memory_back_and_sets_no_timer() {
    for transport in [Transport::Tcp, Transport::Udp] {
        for aggregate in [None, Some(SECOND * 2)] {
            let mut idle = None;
            let info = allocation_counter::measure(|| {
                let config = Config::dogstatsd("127.0.0.1")
                    .transport(transport)
                    .pace(None);
                let (client, mut world) = start(&config.aggregate(aggregate));
                for round in 0..3 {
                    for number in 0..5000 {
                        client.incr(&format!("n{round}.{number}"), 1);
                        client.histogram(&format!("h{}", number % 100), number);
                        client.set(&format!("s{}", number % 100), &format!("m{number}"));
                        client.gauge(&format!("g{}", number % 100), number);
                    }
                    world.rest(SECOND * 30);
                }
                idle = Some((client, world));
            });
            let (client, mut world) = idle.unwrap();
            assert_eq!(client.stats().queued, 0);
            assert!(!world.rest(SECOND * 60), "{transport:?} {aggregate:?}");
            assert!(info.bytes_max > MIB / 8, "there was a flow: {info:?}");
            let held = info.bytes_current;
            assert!(
                held < 64 * 1024,
                "{transport:?} {aggregate:?}: {held} of {info:?}"
            );
            // All works as before.
            client.incr("after", 1);
            world.rest(SECOND * 30);
            assert_eq!(client.stats().queued, 0);
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// A driver with a clock that is set by hand.
struct World {
    driver: Driver,
    elapsed: Arc<AtomicU64>,
}

fn start(config: &Config) -> (Client, World) {
    let (origin, elapsed) = (origin(), Arc::new(AtomicU64::new(0)));
    let shared = Arc::clone(&elapsed);
    let clock = move || origin + Duration::from_millis(shared.load(Ordering::Relaxed));
    let (client, driver) = Driver::new(config, clock).expect("the configuration works");
    (client, World { driver, elapsed })
}

impl World {
    /// The first poll, whose connection never comes about.
    fn poll(&mut self) {
        assert!(matches!(self.driver.poll(), Output::Connect(_)));
    }

    /// Lets so much time pass with a server that takes everything. Returns whether there is something to wait for yet.
    fn rest(&mut self, time: Duration) -> bool {
        let now = || self.elapsed.load(Ordering::Relaxed);
        let end = now() + time.as_millis() as u64;
        loop {
            match self.driver.poll() {
                Output::Connect(_) => self.driver.handle(Input::Connected),
                Output::Transmit(transmit) => {
                    let written = transmit.first_datagram().1;
                    self.driver.handle(Input::Written(written));
                }
                Output::Wait(None) => {
                    self.elapsed.store(end, Ordering::Relaxed);
                    return false;
                }
                Output::Wait(Some(_)) if now() >= end => return true,
                Output::Wait(Some(_)) => {
                    self.elapsed.fetch_add(1, Ordering::Relaxed);
                }
                output @ (Output::Disconnect | Output::Finished(_) | Output::Resolve(_)) => {
                    panic!("{output:?}")
                }
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "virtual time needs one instant to start from"
)]
fn origin() -> Instant {
    Instant::now()
}
