//! A close ends in time, sends what it can, and reports the rest.

use statsd_proto::{Pace, RecordError};

use crate::network::{Cut, Refusal};
use crate::oracle::arrived;
use crate::settings::{Settings, ms, secs};
use crate::world::World;

#[test]
fn closing_with_nothing_queued_is_immediate() {
    for settings in Settings::all() {
        for seconds in [0, 1] {
            let mut world = World::new(settings.clone());
            world.advance(secs(seconds));
            let closed_at = world.now;
            world.finish();
            assert_eq!(world.now, closed_at);
        }
    }
}

#[test]
fn closing_sends_what_is_queued() {
    for settings in Settings::all() {
        let mut world = World::new(settings);
        world.record_lines(5000);
        let report = world.finish();
        assert_eq!((report.sent, report.abandoned), (5000, 0));
        assert_eq!(arrived(&world), world.accepted);
        assert!(world.now < world.start + ms(150));
    }
}

#[test]
fn closing_while_the_server_is_down_ends_in_time_with_a_true_report() {
    let mut world = World::new(Settings::tcp());
    world.net.is_up = false;
    world.record_lines(10);
    world.advance(secs(1));
    let closed_at = world.now;
    let report = world.finish();
    assert_eq!((report.sent, report.abandoned), (0, 10));
    assert_eq!(world.now, closed_at + secs(5));
}

#[test]
fn a_server_that_comes_back_in_time_gets_everything() {
    let mut world = World::new(Settings::tcp());
    world.net.is_up = false;
    world.record_lines(10);
    world.advance(secs(10));
    world.session.close();
    world.advance(secs(3));
    world.net.is_up = true;
    assert_eq!(world.finish().sent, 10);
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn ten_breaks_in_mid_line_fit_in_one_close() {
    let mut world = World::new(Settings::tcp());
    world.record_lines(20_000);
    // Each connection takes a payload and a half.
    for _ in 0..10 {
        world.net.cuts.push_back(Cut {
            takes: 20_000,
            loses: 0,
        });
    }
    let report = world.finish();
    assert_eq!((report.sent, report.abandoned), (20_000, 0));
    assert_eq!(world.net.connections.len(), 11);
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn closing_ends_in_time_whatever_is_under_way() {
    type Trouble = (&'static str, fn(&mut World));
    let troubles: [Trouble; 4] = [
        ("connecting", |world| world.net.connect_delay = None),
        ("resolving", |world| world.net.lookup_delay = None),
        ("stalled", |world| world.net.window = 0),
        ("half written", |world| world.net.window = 15),
    ];
    for settings in Settings::all() {
        for (name, trouble) in troubles {
            let mut world = World::new(Settings {
                host: "metrics.internal",
                ..settings.clone()
            });
            trouble(&mut world);
            world.record_lines(10);
            world.advance(secs(1));
            let closed_at = world.now;
            let report = world.finish();
            assert_eq!(report.sent + report.abandoned, 10, "{name}");
            let is_done = report.abandoned == 0;
            let is_harmless = match name {
                "half written" => settings.is_datagram(),
                "resolving" => settings.has_path(),
                _ => false,
            };
            assert_eq!(is_done, is_harmless, "{name}");
            assert!(is_done || world.now == closed_at + secs(5), "{name}");
        }
    }
}

#[test]
fn closing_waits_for_a_new_connection_to_settle() {
    let mut world = World::new(Settings::tcp());
    world.record_lines(10);
    world.settle();
    assert_eq!(world.finish().sent, 10);
    assert_eq!(world.now, world.start + ms(50));

    let mut world = World::new(Settings {
        settle_time: secs(10),
        ..Settings::tcp()
    });
    world.record_lines(10);
    assert_eq!(world.finish().abandoned, 10);
    assert_eq!(world.now, world.start + secs(5));
}

#[test]
fn closing_raises_the_pace_to_its_bound_and_abandons_what_that_leaves_no_time_for() {
    let mut world = World::new(Settings {
        max_datagram: 100,
        pace: Some(Pace {
            burst: 100,
            rate: 100,
        }),
        ..Settings::udp()
    });
    world.record_lines(1000);
    let report = world.finish();
    assert_eq!(world.now, world.start + secs(5));
    // Datagrams of nine lines: the burst, and four a second.
    assert!((180..=189).contains(&report.sent), "{report:?}");
    assert_eq!(report.sent + report.abandoned, 1000);
}

#[test]
fn a_full_queue_leaves_within_the_default_close_timeout_at_the_default_pace() {
    let mut world = World::new(Settings {
        pace: Some(Pace {
            burst: 16 * 1432,
            rate: 3_000_000,
        }),
        ..Settings::udp()
    });
    while world.record(0).is_ok() {}
    let accepted = world.stats().accepted;
    let report = world.finish();
    assert_eq!((report.sent, report.abandoned), (accepted, 0));
    assert!(
        world.now > world.start + secs(4),
        "no faster than it has to be"
    );
}

#[test]
fn closing_keeps_the_pace_while_it_leaves_enough_time() {
    let mut world = World::new(Settings {
        pace: Some(Pace {
            burst: 1432,
            rate: 10_000,
        }),
        ..Settings::udp()
    });
    world.record_lines(2000);
    let report = world.finish();
    assert_eq!((report.sent, report.abandoned), (2000, 0));
    let bytes = report.stats.bytes as f64 - 2.0 * 1432.0;
    assert!((world.now - world.start).as_secs_f64() > bytes / 10_000.0);
}

#[test]
fn closing_hears_of_a_refusal_of_the_last_datagram() {
    let mut world = World::new(Settings::udp());
    world.net.refusal = Refusal::Read(ms(40));
    world.net.is_up = false;
    world.record_lines(10);
    world.session.close();
    world.advance(ms(45));
    world.net.is_up = true;
    let report = world.finish();
    assert_eq!((report.sent, report.abandoned), (10, 0));
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_closed_session_takes_no_more() {
    let mut world = World::new(Settings::tcp());
    world.record_lines(1);
    world.session.close();
    assert_eq!(world.record(0), Err(RecordError::Closed));
    assert_eq!(world.stats().refused.closed, 1);
    assert_eq!(world.finish().sent, 1);
    assert_eq!(world.record(0), Err(RecordError::Closed));
}

#[test]
fn closing_again_neither_harms_nor_prolongs() {
    let mut world = World::new(Settings::tcp());
    world.net.is_up = false;
    world.record_lines(1);
    world.session.close();
    world.advance(secs(3));
    let report = world.finish();
    assert_eq!(world.now, world.start + secs(5));
    world.session.close();
    world.session.flush();
    world.poll_at(world.now);
    assert_eq!(world.report, Some(report));
}

#[test]
fn without_a_close_timeout_nothing_is_waited_for() {
    let mut world = World::new(Settings {
        close_timeout: secs(0),
        ..Settings::tcp()
    });
    world.record_lines(10);
    assert_eq!(world.finish().abandoned, 10);
    assert_eq!(world.now, world.start);
}

#[test]
fn abandoning_ends_at_once_and_closes_the_socket() {
    for settings in Settings::all() {
        let mut world = World::new(settings);
        world.advance(secs(1));
        world.record_lines(10);
        world.session.abandon();
        world.settle();
        let report = world.report.expect("it ended");
        assert_eq!((report.sent, report.abandoned), (0, 10));
        assert!(!world.net.is_open());
    }
}

#[test]
fn a_disabled_session_is_over_before_it_begins() {
    let config = Settings::tcp().config().enabled(false);
    let mut session =
        statsd_proto::driver::Session::new(&config, 7).expect("the settings can work");
    let metric = statsd_proto::Metric::counter("requests", 1);
    assert_eq!(session.record(&metric), Err(RecordError::Closed));
    let output = session.poll(crate::settings::origin());
    assert!(
        matches!(output, statsd_proto::driver::Output::Finished(_)),
        "{output:?}"
    );
}
