//! Log: states and not attempts, and at the end the present state.

use std::io;

use statsd_proto::driver::{Failure, FailureKind, System};

use crate::network::{Refusal, address};
use crate::settings::{Settings, ms, secs};
use crate::world::World;

#[test]
fn a_name_whose_second_address_answers_is_one_line_in_an_hour() {
    let mut world = World::new(Settings {
        host: "localhost",
        ..Settings::udp()
    });
    world.net.refusal = Refusal::Read(ms(0));
    world.net.found = Some(vec![address(1), address(2)]);
    world.net.dead = vec![address(1)];
    let mut log = Vec::new();
    for _ in 0..3600 {
        world.record_lines(1);
        world.advance(secs(1));
        log.extend(log_of(&mut world));
    }
    assert_eq!(log, ["udp://localhost:8125: sending to 192.0.2.2:8125"]);
    assert_eq!(world.finish().abandoned, 0);
}

#[test]
fn a_server_that_is_not_there_is_reported_once_and_never_as_connected() {
    // The system that runs the test has words of its own for this number.
    let words = io::Error::from_raw_os_error(REFUSED);
    for (settings, start) in [
        (
            Settings::udp(),
            "udp://192.0.2.1:8125: datagrams are refused",
        ),
        (Settings::tcp(), "tcp://192.0.2.1:8125: cannot connect"),
        (
            Settings::frames(),
            "unixstream:///run/statsd.sock: cannot connect",
        ),
        (
            Settings::unix_datagram(),
            "unixgram:///run/statsd.sock: cannot connect",
        ),
    ] {
        let expected = format!("{start}: {words}; retrying");
        let mut world = World::new(settings);
        world.net.is_up = false;
        world.net.refusal = Refusal::Read(ms(1));
        world.net.refused_by = refused();
        world.record_lines(10);
        world.advance(secs(3600));
        assert_eq!(log_of(&mut world), [expected]);
        world.finish();
        let log = log_of(&mut world);
        let last =
            "10 metrics dropped at shutdown, the server was never reached (close_timeout 5 s)";
        assert!(log.len() == 1 && log[0].ends_with(last), "{log:?}");
    }
}

#[test]
fn an_outage_is_few_lines_and_reports_how_long_it_was() {
    for settings in Settings::all() {
        let mut world = World::new(settings);
        world.net.refusal = Refusal::Read(ms(1));
        send(&mut world, 10);
        world.net.is_up = false;
        if !world.settings.is_datagram() {
            world.break_link(FailureKind::Reset, 0);
        }
        send(&mut world, 300);
        world.net.is_up = true;
        send(&mut world, 30);
        let log = log_of(&mut world);
        // That a broken connection cannot be had again is reported, once that has lasted.
        let [up, down, .., back] = &log[..] else {
            panic!("{log:?}");
        };
        assert!(log.len() <= 4, "{log:?}");
        let is_lossy = world.settings.is_lossy();
        assert!(
            up.ends_with(if is_lossy { "sending" } else { "connected" }),
            "{up}"
        );
        assert!(down.ends_with("; retrying"), "{down}");
        assert!(
            back.ends_with(" after 5 min without the server")
                || back.ends_with(" after 4 min without the server"),
            "{back}"
        );
    }
}

#[test]
fn the_last_line_says_how_things_are() {
    for is_up_at_last in [true, false] {
        let mut world = World::new(Settings::tcp());
        send(&mut world, 1);
        // Short outages, too many to be reported.
        for _ in 0..50 {
            world.net.is_up = false;
            world.break_link(FailureKind::Reset, 0);
            send(&mut world, 2);
            world.net.is_up = true;
            send(&mut world, 2);
        }
        world.net.is_up = is_up_at_last;
        if !is_up_at_last {
            world.break_link(FailureKind::Reset, 0);
        }
        world.advance(secs(600));
        let log = log_of(&mut world);
        let last = log.last().expect("there is something to report");
        assert_eq!(last.contains("connected after"), is_up_at_last, "{log:?}");
        assert!(log.len() <= 12, "{log:?}");
        assert!(!is_up_at_last || world.is_asleep());
    }
}

#[test]
fn a_server_that_accepts_and_closes_is_never_reported_as_back() {
    let mut world = World::new(Settings::tcp());
    send(&mut world, 1);
    // Within the time that a connection is watched, or after some payloads.
    for (round, after) in [20, 400].into_iter().cycle().take(600).enumerate() {
        world.net.hang_up_after = Some(ms(after));
        if round == 0 {
            world.break_link(FailureKind::Reset, 0);
        }
        send(&mut world, 1);
    }
    let log = log_of(&mut world);
    let connected = log.iter().filter(|line| line.contains("connected")).count();
    assert_eq!(connected, 1, "{log:?}");
    assert!(log.len() < 12, "{log:?}");
}

#[test]
fn a_server_that_moves_is_reported_where_it_is() {
    let mut world = World::new(Settings {
        host: "metrics.internal",
        ..Settings::udp()
    });
    send(&mut world, 2);
    world.net.found = Some(vec![address(2)]);
    send(&mut world, 90);
    let to = |last| format!("udp://metrics.internal:8125: sending to 192.0.2.{last}:8125");
    assert_eq!(log_of(&mut world), [to(1), to(2)]);
}

#[test]
fn a_cause_that_changes_is_reported() {
    let mut world = World::new(Settings {
        host: "statsd.invalid",
        ..Settings::udp()
    });
    world.net.found = None;
    world.record_lines(1);
    world.advance(secs(20));
    world.net.found = Some(vec![address(1)]);
    world.net.is_up = false;
    world.net.refusal = Refusal::Read(ms(1));
    world.advance(secs(20));
    let log = log_of(&mut world);
    let [first, second] = &log[..] else {
        panic!("{log:?}");
    };
    assert!(
        first.contains("cannot look up the host: no such host"),
        "{first}"
    );
    assert!(second.contains("datagrams are refused"), "{second}");
}

#[test]
fn a_queue_that_the_pace_holds_back_is_reported_before_anything_is_lost_and_named() {
    let mut world = World::new(Settings {
        max_queue_bytes: 1 << 20,
        pace: Some(statsd_proto::Pace {
            burst: 23_000,
            rate: 300_000,
        }),
        ..Settings::udp()
    });
    let mut log = Vec::new();
    for _ in 0..2000 {
        for _ in 0..100 {
            let _ = world.record(0);
        }
        world.advance(ms(1));
        let events = log_of(&mut world);
        let is_loss = world.stats().refused.full > 0;
        assert!(log.is_empty() <= !is_loss, "{log:?}");
        log.extend(events);
    }
    assert!(
        log[1].contains(": held back by the pace of 300000 bytes a second (raise pace"),
        "{log:?}"
    );
    assert!(
        log[2].contains("refused by a full queue, held back by the pace"),
        "{log:?}"
    );
    world.advance(secs(30));
    let rest = log_of(&mut world);
    assert!(
        rest.iter()
            .any(|line| line.ends_with("the queue has room again")),
        "{rest:?}"
    );
}

#[test]
fn a_queue_that_fills_while_the_server_reads_nothing_is_reported_at_once() {
    let mut world = World::new(Settings {
        max_queue_bytes: 64 * 1024,
        ..Settings::tcp()
    });
    world.advance(secs(1));
    world.net.window = 0;
    world.record_lines(1);
    world.advance(secs(1));
    log_of(&mut world);
    while !world.session.wants_poll() {
        world.record(0).expect("nothing is lost yet");
    }
    world.settle();
    let log = log_of(&mut world);
    assert!(
        log[0].contains("KiB): the server reads more slowly than metrics are recorded"),
        "{log:?}"
    );
    // It is reported once, and does not wake the driver again and again.
    world.record_lines(100);
    assert!(!world.session.wants_poll());
}

#[test]
fn a_session_that_is_abandoned_reports_what_is_lost() {
    let mut world = World::new(Settings::tcp());
    world.net.is_up = false;
    world.record_lines(100);
    world.advance(secs(1));
    log_of(&mut world);
    world.session.abandon();
    let log = log_of(&mut world);
    assert!(
        log.len() == 1 && log[0].contains("100 metrics dropped"),
        "{log:?}"
    );
}

/// Sends a line a second.
fn send(world: &mut World, seconds: u32) {
    for _ in 0..seconds {
        world.record_lines(1);
        world.advance(secs(1));
    }
}

fn log_of(world: &mut World) -> Vec<String> {
    let events = std::iter::from_fn(|| world.session.poll_event());
    events.map(|event| event.to_string()).collect()
}

fn refused() -> Failure {
    Failure::new(&io::Error::from_raw_os_error(REFUSED), System::Linux)
}

/// `ECONNREFUSED` on Linux.
const REFUSED: i32 = 111;
