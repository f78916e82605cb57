//! metrics-exporter-statsd and metrics-exporter-dogstatsd, with a program that stays the same.

use std::collections::BTreeSet;
use std::time::Duration;

use metrics::{Recorder, Unit, counter, describe_histogram, gauge, histogram};
use metrics_exporter_dogstatsd::DogStatsDBuilder;
use metrics_exporter_statsd::StatsdBuilder;
use statsd_proto::testing::recorder;
use statsd_proto::{Config, FacadeRecorder, Transport};

use crate::crates::{received, server};
use crate::{in_order, lines};

#[test]
fn a_program_sends_the_same_lines_as_with_the_exporter_for_dogstatsd() {
    let server = server();
    let address = server.local_addr().expect("it is bound").to_string();
    let old = DogStatsDBuilder::default()
        .with_remote_address(&address)
        .map(|builder| builder.with_telemetry(false).set_global_prefix("shop"))
        .map(|builder| builder.with_global_labels(vec![metrics::Label::new("env", "test")]))
        .map(|builder| builder.with_flush_interval(Duration::from_millis(100)))
        .and_then(DogStatsDBuilder::build)
        .expect("it can work");
    record(&old);
    let mut theirs = BTreeSet::new();
    while theirs.len() < 3 {
        theirs.extend(received(&server).lines().map(in_order));
    }

    // The exporter aggregates too, and writes `17.0`.
    let interval = Duration::from_millis(100);
    let config = Config::dogstatsd(format!("udp://{address}")).aggregate(Some(interval));
    let config = config.prefix("shop").tag("env", "test");
    let (client, mut recorder) = recorder(config).expect("it can work");
    record(&FacadeRecorder::new(client));
    recorder.advance(interval);
    let ours = recorder.lines().iter().map(|line| in_order(line)).collect();
    let theirs: BTreeSet<_> = theirs
        .iter()
        .map(|line| line.replace(":17.0|", ":17|"))
        .collect();
    assert_eq!(theirs, ours);
}

#[test]
fn a_program_sends_the_same_lines_as_with_the_exporter_for_statsd() {
    let server = server();
    let port = server.local_addr().expect("it is bound").port();
    let old = StatsdBuilder::from("127.0.0.1", port)
        .with_buffer_size(0)
        .with_default_tag("env", "test")
        .histogram_is_timer()
        .build(Some("shop"))
        .expect("it can work");
    record(&old);
    let theirs: Vec<_> = (0..4)
        .map(|_| received(&server).trim_end().to_owned())
        .collect();

    let config = Config::new("127.0.0.1")
        .port(port)
        .transport(Transport::Udp);
    let config = config
        .kind_prefixes(false)
        .prefix("shop")
        .tag("env", "test");
    let ours = lines(config, |new| record(&FacadeRecorder::new(new.clone())));
    assert_eq!(ours, theirs);
}

/// A program that records with the facade.
fn record(recorder: &impl Recorder) {
    metrics::with_local_recorder(recorder, || {
        describe_histogram!("checkout", Unit::Seconds, "time until an order is paid");
        counter!("orders", "paid_by" => "card").increment(2);
        counter!("orders", "paid_by" => "card").increment(1);
        gauge!("queue").set(17.0);
        histogram!("checkout").record(Duration::from_millis(48));
    });
}
