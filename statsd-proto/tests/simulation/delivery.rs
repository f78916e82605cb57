//! Whole lines, in order, in few writes.

use statsd_proto::driver::{FailureKind, Input, Session};
use statsd_proto::{Metric, RecordError};

use crate::network::{Cut, Refusal};
use crate::oracle::arrived;
use crate::settings::{Settings, ms, secs};
use crate::world::{World, server};

#[test]
fn lines_recorded_while_the_server_is_down_arrive_in_order_once_it_is_back() {
    for settings in Settings::all() {
        let mut world = World::new(settings);
        world.net.refusal = Refusal::Read(ms(1));
        world.net.is_up = false;
        for _ in 0..50 {
            world.record_lines(1);
            world.advance(ms(100));
        }
        let is_lossy = world.settings.is_lossy();
        world.net.is_up = true;
        world.advance(secs(2));
        assert_eq!(arrived(&world), world.accepted);
        assert_eq!(world.stats().sent, 50);
        assert_eq!(world.net.connections.len() > 1, is_lossy);
        world.finish();
    }
}

#[test]
fn a_burst_of_lines_leaves_a_stream_in_one_write() {
    let mut world = World::new(Settings::tcp());
    world.record_lines(500);
    world.advance(secs(1));
    assert_eq!(arrived(&world), world.accepted);
    assert_eq!(world.net.connections[0].writes, 1);
    assert_eq!(world.stats().payloads, 1);
}

#[test]
fn lines_share_datagrams_without_a_line_break_at_the_end() {
    let mut world = World::new(Settings::udp());
    world.record_lines(50);
    world.advance(secs(1));
    let datagrams = &world.net.connections[0].datagrams;
    assert_eq!(datagrams.len(), 1);
    assert_eq!(datagrams[0].text, world.accepted.join("\n"));
}

#[test]
fn datagrams_are_filled_whatever_their_size_and_never_too_long() {
    for max_datagram in 16..60 {
        let mut world = World::new(Settings {
            max_datagram,
            ..Settings::udp()
        });
        world.record_lines(100);
        world.finish();
        assert_eq!(arrived(&world), world.accepted);
        // Lines of ten bytes, and the line breaks between them.
        let lines = (max_datagram + 1) / 11;
        let datagrams = &world.net.connections[0].datagrams;
        assert_eq!(datagrams.len(), 100_usize.div_ceil(lines));
        assert_eq!(world.stats().payloads, datagrams.len() as u64);
    }
}

#[test]
fn a_line_longer_than_a_datagram_goes_alone() {
    let mut world = World::new(Settings::udp());
    world.record_lines(1);
    world.record(3000).expect("it fits in a datagram");
    world.record_lines(1);
    world.finish();
    let datagrams = &world.net.connections[0].datagrams;
    let texts = datagrams.iter().map(|datagram| &datagram.text);
    assert!(texts.eq(&world.accepted), "{datagrams:?}");
}

#[test]
fn a_line_that_no_server_takes_is_refused_and_counted() {
    for (settings, most) in [(Settings::tcp(), 4095), (Settings::udp(), 65_507)] {
        let mut world = World::new(settings);
        let len = most - "n00000:1|c".len();
        assert_eq!(world.record(len + 1), Err(RecordError::LineTooLong));
        assert_eq!(world.record(len), Ok(()));
        assert_eq!(world.stats().refused.too_long, 1);
        assert_eq!(world.finish().sent, 1);
    }
}

#[test]
fn flushing_nothing_sends_nothing() {
    for settings in Settings::all() {
        let mut world = World::new(settings);
        for _ in 0..5 {
            world.session.flush();
            world.advance(secs(1));
        }
        assert_eq!(world.stats().payloads, 0);
        world.record_lines(1);
        world.session.flush();
        world.session.flush();
        world.advance(secs(1));
        assert_eq!(arrived(&world), world.accepted);
        assert_eq!(world.finish().stats.payloads, 1);
    }
}

#[test]
fn a_negative_gauge_is_two_lines_in_one_datagram_and_counts_as_two() {
    let mut world = World::new(Settings {
        max_datagram: 40,
        ..Settings::udp()
    });
    for len in [0, 3, 30] {
        world.record_lines(1);
        world.record_pair(len).expect("there is room");
    }
    assert_eq!(world.stats().accepted, 9);
    assert_eq!(world.finish().sent, 9);
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn a_gauge_torn_between_its_lines_continues_with_the_second() {
    let mut world = World::new(Settings::tcp());
    world.record_pair(0).expect("there is room");
    let takes = "n00000:0|g\nn0000".len();
    world.net.cuts.push_back(Cut { takes, loses: 0 });
    world.advance(secs(2));
    assert_eq!(world.net.connections[1].taken, b"n00000:-5|g\n");
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn writes_of_one_byte_deliver_whole_lines() {
    let mut world = World::new(Settings::tcp());
    world.net.max_write = 1;
    world.record_lines(20);
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
    assert_eq!(world.net.connections[0].writes, 20 * "n00000:1|c\n".len());
}

#[test]
fn a_name_cannot_forge_a_second_metric() {
    let mut world = World::new(Settings::tcp());
    let metric = Metric::counter("evil:1|c\nfake", 1);
    world.session.record(&metric).expect("it is made safe");
    world.accept("evil_1_c_fake:1|c".to_owned());
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
}

#[test]
fn inputs_that_answer_nothing_change_nothing() {
    let strays = [
        Input::Connected,
        Input::Disconnected(FailureKind::Reset.into()),
        Input::Resolved {
            id: 1,
            found: Ok(vec![server(9)]),
        },
        Input::Resolved {
            id: 7,
            found: Ok(vec![]),
        },
        Input::Written(usize::MAX),
        Input::Written(1),
    ];
    for settings in Settings::all() {
        let mut world = World::new(settings);
        world.net.is_up = false;
        world.net.refusal = Refusal::Read(ms(1));
        world.net.connect_delay = Some(ms(150));
        world.record_lines(3);
        for step in 0..40 {
            for input in &strays {
                world.handle_stray(input.clone());
            }
            world.net.is_up = step > 20;
            world.advance(ms(130));
        }
        assert_eq!(arrived(&world), world.accepted);
        world.finish();
        for input in strays.clone() {
            world.handle_stray(input);
        }
        assert!(world.session.is_finished());
    }
}

#[test]
fn sampling_is_fair_sends_its_rate_and_is_reproducible_by_a_seed() {
    let sample = |seed, rate| {
        let config = Settings::tcp().config();
        let mut session = Session::new(&config, seed).expect("the settings can work");
        let kept = (0..20_000).map(|_| {
            let before = session.stats().accepted;
            let metric = Metric::counter("requests", 1).rate(rate);
            session.record(&metric).expect("the rate makes sense");
            session.stats().accepted > before
        });
        let kept = kept.collect::<Vec<_>>();
        let stats = session.stats();
        assert_eq!(stats.accepted + stats.sampled_out, 20_000);
        kept
    };
    for (seed, rate) in [(1, 0.5), (2, 0.1), (3, 0.01), (4, 1.0)] {
        let kept = sample(seed, rate);
        let count = kept.iter().filter(|kept| **kept).count() as f64;
        let (mean, deviation) = (20_000.0 * rate, (20_000.0 * rate * (1.0 - rate)).sqrt());
        assert!((count - mean).abs() <= 4.0 * deviation, "{count} of {mean}");
        assert_eq!(kept, sample(seed, rate));
    }
    assert_ne!(sample(1, 0.5), sample(2, 0.5));
}

#[test]
fn late_and_backward_polls_are_harmless() {
    let mut world = World::new(Settings::tcp());
    world.lag = ms(30);
    for _ in 0..20 {
        world.record_lines(1);
        world.advance(ms(70));
        for back in [0, 1, 60] {
            world.poll_at(world.now - ms(back));
        }
    }
    world.finish();
    assert_eq!(arrived(&world), world.accepted);
    assert_eq!(world.net.connections.len(), 1);
}
