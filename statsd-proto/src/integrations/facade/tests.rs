use std::thread;
use std::time::Duration;

use metrics::{counter, describe_histogram, gauge, histogram, with_local_recorder};

use super::*;
use crate::config::Config;
use crate::testing::recorder;

#[test]
fn each_kind_of_the_facade_is_sent_as_one_of_the_dialects() {
    for (config, expected) in [
        (
            Config::dogstatsd("localhost"),
            ["orders:2|c|#by:card", "queue:1.5|g", "size:12|d"],
        ),
        (
            Config::new("localhost").prefix("shop"),
            [
                "shop.orders:2|c|#by:card",
                "shop.queue:1.5|g",
                "shop.size:12|ms",
            ],
        ),
    ] {
        let (client, mut server) = recorder(config).unwrap();
        with_local_recorder(&FacadeRecorder::new(client), || {
            counter!("orders", "by" => "card").increment(2);
            gauge!("queue").set(1.5);
            histogram!("size").record(12);
        });
        assert_eq!(server.lines(), expected);
    }
}

#[test]
fn an_absolute_count_is_sent_as_what_it_is_more_than_before() {
    let (client, mut server) = recorder(Config::new("localhost")).unwrap();
    with_local_recorder(&FacadeRecorder::new(client), || {
        let counter = counter!("x");
        counter.absolute(10);
        counter.increment(5);
        for total in [12, 15, 20] {
            counter.absolute(total);
        }
    });
    assert_eq!(server.lines(), ["x:10|c", "x:5|c", "x:5|c"]);
}

#[test]
fn a_gauge_moves_from_where_it_is() {
    let (client, mut server) = recorder(Config::dogstatsd("localhost")).unwrap();
    with_local_recorder(&FacadeRecorder::new(client), || {
        gauge!("x").increment(3);
        gauge!("x").decrement(4.5);
        gauge!("x").set(10);
        gauge!("x").decrement(1);
        gauge!("x", "of" => "another").increment(1);
    });
    let expected = ["x:3|g", "x:-1.5|g", "x:10|g", "x:9|g", "x:1|g|#of:another"];
    assert_eq!(server.lines(), expected);
}

#[test]
fn times_are_sent_in_milliseconds_whatever_their_unit() {
    let (client, mut server) = recorder(Config::new("localhost")).unwrap();
    with_local_recorder(&FacadeRecorder::new(client), || {
        for (unit, value) in [
            (Unit::Seconds, 0.25),
            (Unit::Milliseconds, 250.0),
            (Unit::Microseconds, 250_000.0),
            (Unit::Nanoseconds, 250_000_000.0),
        ] {
            let name = unit.as_str();
            describe_histogram!(name, unit, "how long it took");
            histogram!(name).record(value);
        }
        describe_histogram!("size", Unit::Bytes, "how much it was");
        histogram!("size").record(250);
        describe_histogram!("took", Unit::Seconds, "how long it took");
        histogram!("took").record(Duration::from_micros(1500));
    });
    let expected = [
        "seconds:250|ms",
        "milliseconds:250|ms",
        "microseconds:250|ms",
        "nanoseconds:250|ms",
        "size:250|ms",
        "took:1.5|ms",
    ];
    assert_eq!(server.lines(), expected);
}

#[test]
fn what_the_dialect_cannot_say_is_counted() {
    let (client, mut server) = recorder(Config::new("localhost")).unwrap();
    with_local_recorder(&FacadeRecorder::new(client), || {
        counter!("").increment(1);
        let nameless = gauge!("");
        nameless.set(1);
        nameless.set(2);
    });
    assert_eq!(server.lines(), [""; 0]);
    assert_eq!(server.stats().refused.invalid, 3);
}

#[test]
fn a_client_that_does_nothing_takes_everything() {
    with_local_recorder(&FacadeRecorder::new(Client::noop()), || {
        counter!("").increment(1);
        counter!("x").increment(1);
        histogram!("x").record(1);
    });
}

#[test]
fn counts_of_many_threads_add_up() {
    let config = Config::new("localhost").aggregate(Some(Duration::from_secs(2)));
    let (client, mut server) = recorder(config).unwrap();
    let facade = FacadeRecorder::new(client.clone());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                with_local_recorder(&facade, || {
                    for _ in 0..10_000 {
                        counter!("x").increment(1);
                    }
                });
            });
        }
    });
    client.close();
    assert_eq!(server.lines(), ["x:40000|c"]);
}

#[test]
fn labels_without_end_take_no_memory_without_end() {
    let (client, mut server) = recorder(Config::new("localhost")).unwrap();
    let facade = FacadeRecorder::new(client);
    with_local_recorder(&facade, || {
        for user in 0..MAX_KEYS + 100 {
            counter!("x", "user" => user.to_string()).increment(1);
        }
    });
    assert!(facade.counters.read().known.len() <= MAX_KEYS);
    assert_eq!(server.lines().len(), MAX_KEYS + 100);
}

#[test]
fn a_second_installation_is_an_error() {
    let (client, mut server) = recorder(Config::new("localhost")).unwrap();
    FacadeRecorder::new(client.clone()).install().unwrap();
    let again = FacadeRecorder::new(client).install();
    assert_eq!(again, Err(AlreadyInstalled));
    counter!("x").increment(1);
    assert_eq!(server.lines(), ["x:1|c"]);
}

#[test]
fn a_description_counts_from_then_on_whenever_it_comes() {
    let (client, mut server) = recorder(Config::new("localhost")).unwrap();
    with_local_recorder(&FacadeRecorder::new(client), || {
        let kept = histogram!("late");
        kept.record(0.5);
        describe_histogram!("late", Unit::Seconds, "");
        kept.record(0.5);
        histogram!("late").record(0.5);
        histogram!("late", "by" => "card").record(0.5);
    });
    let expected = [
        "late:0.5|ms",
        "late:500|ms",
        "late:500|ms",
        "late:500|ms|#by:card",
    ];
    assert_eq!(server.lines(), expected);
}

#[test]
fn a_level_that_is_no_number_is_refused_and_forgotten() {
    let (client, mut server) = recorder(Config::dogstatsd("localhost")).unwrap();
    with_local_recorder(&FacadeRecorder::new(client), || {
        gauge!("x").set(3);
        gauge!("x").increment(f64::NAN);
        gauge!("x").set(f64::INFINITY);
        gauge!("x").increment(1);
    });
    assert_eq!(server.lines(), ["x:3|g", "x:4|g"]);
    assert_eq!(server.stats().refused.invalid, 2);
}

#[test]
fn beyond_the_bound_no_wrong_total_is_sent_and_idle_series_make_room() {
    let (client, mut server) = recorder(Config::dogstatsd("localhost")).unwrap();
    with_local_recorder(&FacadeRecorder::new(client), || {
        for number in 0..MAX_KEYS {
            counter!(format!("total{number}")).absolute(100);
        }
        // Each key keeps its last total, so none can be removed.
        counter!("beyond").absolute(100);
        counter!("beyond").absolute(110);
        counter!("total7").absolute(110);
        for number in 0..2 * MAX_KEYS {
            gauge!(format!("level{number}")).set(1);
        }
    });
    let lines = server.lines();
    assert_eq!(lines[MAX_KEYS], "total7:10|c");
    assert_eq!(lines.len(), MAX_KEYS + 1 + 2 * MAX_KEYS);
    assert_eq!(server.stats().refused.full, 2);
}
