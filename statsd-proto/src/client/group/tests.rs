use std::time::Duration;

use crate::testing::{Recorder, recorder, recorder_with_inlets};
use crate::{Client, Config, Metric, Overflow, RecordError, Transport};

#[test]
fn a_group_arrives_in_order_and_next_to_each_other() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let (client, mut recorder) = start(|config| config.transport(transport));
        let mut group = client.group();
        for round in 0..200 {
            group.incr("a", round);
            client.incr("between", 1);
            group.gauge("b", -5);
            group.timing("c", Duration::from_millis(2));
            group.record(&Metric::set("d", "m"));
            assert_eq!(group.try_send(), Ok(()));
            let lines = [
                "between:1|c",
                &format!("a:{round}|c"),
                "b:0|g",
                "b:-5|g",
                "c:2|ms",
                "d:m|s",
            ];
            if round % 40 == 0 {
                let arrived = recorder.lines();
                assert_eq!(arrived[arrived.len() - lines.len()..], lines);
            }
        }
        let stats = client.stats();
        assert_eq!(stats.accepted, 200 * 6);
        assert_eq!(recorder.lines().len(), 39 * 6);
        assert_eq!(client.stats().sent, 200 * 6);
    }
}

#[test]
fn a_group_without_room_is_refused_as_a_whole() {
    let (client, mut recorder) = start(|config| config.max_queue_lines(10));
    recorder.set_up(false);
    let mut group = client.group();
    for _ in 0..3 {
        group.incr("a", 1);
        group.incr("b", 1);
        group.incr("c", 1);
        assert_eq!(group.try_send(), Ok(()));
    }
    group.incr("a", 2);
    group.incr("b", 2);
    assert_eq!(group.try_send(), Err(RecordError::QueueFull));
    let stats = client.stats();
    assert_eq!((stats.accepted, stats.refused.full), (9, 2));
    client.incr("last", 1);
    recorder.set_up(true);
    recorder.advance(Duration::from_secs(60));
    assert_eq!(recorder.lines().len(), 10);
}

#[test]
fn the_oldest_give_way_to_a_group() {
    let (client, mut recorder) =
        start(|config| config.max_queue_lines(40).overflow(Overflow::DropOldest));
    recorder.set_up(false);
    let mut group = client.group();
    for number in 0..50 {
        group.incr("a", number);
        group.incr("b", number);
        assert_eq!(group.try_send(), Ok(()));
    }
    recorder.set_up(true);
    recorder.advance(Duration::from_secs(60));
    let lines = recorder.lines();
    assert_eq!(lines[lines.len() - 2..], ["a:49|c", "b:49|c"]);
    let stats = client.stats();
    assert_eq!(stats.accepted, stats.sent + stats.dropped.total());
}

#[test]
fn unreadable_values_are_left_out_and_reported() {
    let (client, mut recorder) = start(|config| config);
    let mut group = client.group();
    group.incr("a", 1);
    group.record(&Metric::gauge("b", f64::NAN));
    group.incr("c", 1);
    assert_eq!(group.try_send(), Err(RecordError::InvalidValue));
    assert_eq!(group.try_send(), Ok(()));
    assert_eq!(recorder.lines(), ["a:1|c", "c:1|c"]);
    assert_eq!(client.stats().refused.total(), 1);
}

#[test]
fn a_group_of_a_closed_client_is_refused_and_one_of_none_does_nothing() {
    let (client, _recorder) = start(|config| config);
    let mut group = client.group();
    group.incr("a", 1);
    group.incr("b", 1);
    client.close();
    assert_eq!(group.try_send(), Err(RecordError::Closed));
    assert_eq!(client.stats().refused.closed, 2);
    let mut group = Client::noop().group();
    group.incr("a", 1);
    assert_eq!(group.try_send(), Ok(()));
}

#[test]
fn levels_of_groups_and_calls_keep_their_order_across_threads() {
    let config = Config::new("localhost").kind_prefixes(false);
    let (client, mut recorder) = recorder_with_inlets(config, 4).unwrap();
    let mut group = client.group();
    for round in 0..20 {
        group.gauge("level", 2 * round);
        group.send();
        let client = &client;
        std::thread::scope(|scope| {
            scope.spawn(move || client.gauge("level", 2 * round + 1));
        });
    }
    let expected: Vec<_> = (0..40).map(|level| format!("level:{level}|g")).collect();
    assert_eq!(recorder.lines(), expected);
}

#[test]
fn a_group_is_aggregated_where_metrics_are_and_sampled_at_their_rate() {
    let (client, mut recorder) = start(|config| config.aggregate(Some(Duration::from_secs(1))));
    let mut group = client.group();
    group.incr("a", 1);
    group.incr("a", 2);
    group.send();
    drop(client.flush());
    assert_eq!(recorder.lines(), ["a:3|c"]);

    let (client, _recorder) = start(|config| config);
    let mut group = client.group();
    for _ in 0..400 {
        group.record(&Metric::counter("a", 1).rate(0.5));
    }
    group.send();
    let stats = client.stats();
    assert_eq!(stats.accepted + stats.sampled_out, 400);
    assert!((150..250).contains(&stats.accepted));
}

fn start(set: impl FnOnce(Config) -> Config) -> (Client, Recorder) {
    recorder(set(Config::new("localhost").kind_prefixes(false))).unwrap()
}
