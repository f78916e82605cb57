//! Programs that were written for another client's interface, and send through this one.

use std::thread;
use std::time::Duration;

use cadence::StatsdClient;
use cadence::prelude::*;
use statsd_proto::{CadenceSink, Client, FacadeRecorder};
use tests::timeout::{TIMEOUT, eventually};

use crate::adapters::Adapter;
use crate::counts::{assert_delivered, expect_count, expect_no_bad_lines};
use crate::server::{RealServer, Reference, Speech};

pub(crate) fn a_program_that_knows_only_cadence(
    server: &Reference,
    speech: Speech,
    adapter: Adapter,
) {
    let config = server.config(speech).prefix("").close_timeout(TIMEOUT * 3);
    let report = adapter(config, &mut |client: &Client| {
        let sink = CadenceSink::new(client.clone());
        cadence_program(StatsdClient::from_sink("shop", sink));
    });
    assert_delivered(&report);
    expect_what_the_programs_recorded(server);
}

pub(crate) fn a_program_that_knows_only_the_metrics_facade(
    server: &Reference,
    speech: Speech,
    adapter: Adapter,
) {
    let config = server.config(speech).close_timeout(TIMEOUT * 3);
    let report = adapter(config, &mut |client: &Client| {
        // Tests share their process, and a recorder for all of it could never be taken away.
        let recorder = FacadeRecorder::new(client.clone());
        metrics::with_local_recorder(&recorder, facade_program);
    });
    assert_delivered(&report);
    expect_what_the_programs_recorded(server);
}

/// Nothing in it is of this workspace.
fn cadence_program(statsd: StatsdClient) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..COUNTS {
                    statsd.incr("orders").expect("there is room");
                    statsd.count("items", 3).expect("there is room");
                }
            });
        }
    });
    statsd
        .count_with_tags("logins", 7)
        .with_tag("method", "card")
        .send();
    statsd.gauge("queue", 17_u64).expect("there is room");
    statsd.gauge("temperature", 4.5).expect("there is room");
    for time in TIMES {
        statsd.time("checkout", time).expect("there is room");
    }
    statsd.flush().expect("it never fails");
}

/// Nothing in it is of this workspace.
fn facade_program() {
    for _ in 0..THREADS * COUNTS {
        metrics::counter!("orders").increment(1);
        metrics::counter!("items").increment(3);
    }
    metrics::counter!("logins", "method" => "card").increment(7);
    metrics::gauge!("queue").increment(20.0);
    metrics::gauge!("queue").decrement(3.0);
    metrics::gauge!("temperature").set(4.5);
    metrics::describe_histogram!("checkout", metrics::Unit::Seconds, "how long");
    for time in TIMES {
        metrics::histogram!("checkout").record(time);
    }
}

#[track_caller]
fn expect_what_the_programs_recorded(server: &Reference) {
    expect_count(server, "shop.orders", THREADS * COUNTS);
    expect_count(server, "shop.items", 3 * THREADS * COUNTS);
    expect_count(server, "shop.logins;method=card", 7);
    for (name, level) in [("shop.queue", 17.0), ("shop.temperature", 4.5)] {
        eventually(name, || server.gauge(name) == Some(level));
    }
    eventually("two times of 68 milliseconds", || {
        server.timer("shop.checkout") == (2.0, 68.0)
    });
    expect_no_bad_lines(server);
}

const THREADS: u32 = 2;

const COUNTS: u32 = 50_000;

const TIMES: [Duration; 2] = [Duration::from_millis(48), Duration::from_millis(20)];
