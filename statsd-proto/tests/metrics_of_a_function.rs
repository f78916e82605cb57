//! How a program tests the metrics of an ordinary function: a template to copy.

use std::time::Duration;

use statsd_proto::testing::{Recorder, recorder};
use statsd_proto::{Client, Config};

/// The function under test. It is given a client, as it is given a logger or a database.
fn import(client: &Client, rows: &[&str]) -> usize {
    let _timed = client.time("import");
    let (good, bad): (Vec<&str>, Vec<&str>) = rows.iter().partition(|row| row.contains(','));
    if !bad.is_empty() {
        client.incr("rows.bad", bad.len());
    }
    client.gauge("rows.good", good.len());
    good.len()
}

/// The program's configuration, with a recorder for a server.
fn start() -> (Client, Recorder) {
    recorder(Config::new("localhost").prefix("importer")).expect("the configuration is valid")
}

#[test]
fn an_import_counts_its_rows() {
    let (client, mut recorder) = start();
    assert_eq!(import(&client, &["a,1", "b,2", "c"]), 2);
    // No time passes unless the test says so.
    let expected = [
        "importer.counters.rows.bad:1|c",
        "importer.gauges.rows.good:2|g",
        "importer.timers.import:0|ms",
    ];
    assert_eq!(recorder.lines(), expected);
}

#[test]
fn a_clean_import_counts_no_bad_rows() {
    let (client, mut recorder) = start();
    import(&client, &["a,1"]);
    let expected = ["importer.gauges.rows.good", "importer.timers.import"];
    assert_eq!(recorder.names(), expected);
}

#[test]
fn the_metrics_of_an_import_leave_together_within_the_flush_interval() {
    let (client, mut recorder) = start();
    recorder.advance(Duration::from_secs(1));
    import(&client, &["a,1", "b"]);
    assert_eq!(recorder.payloads(), [""; 0]);
    recorder.advance(Duration::from_millis(100));
    assert_eq!(recorder.payloads().len(), 1);
}

#[test]
fn an_import_during_an_outage_is_told_afterwards() {
    let (client, mut recorder) = start();
    recorder.set_up(false);
    import(&client, &["a,1"]);
    recorder.advance(Duration::from_secs(300));
    assert_eq!(recorder.lines(), [""; 0]);
    recorder.set_up(true);
    recorder.advance(Duration::from_secs(2));
    let arrived = recorder.payloads().concat();
    assert!(
        arrived.starts_with("importer.gauges.rows.good:1|g\n"),
        "{arrived}"
    );
}

#[test]
fn tests_in_parallel_see_their_own_metrics_only() {
    let (client, mut recorder) = start();
    let (other, mut others) = start();
    import(&client, &["a,1"]);
    import(&other, &["b"]);
    assert_eq!(recorder.lines()[0], "importer.gauges.rows.good:1|g");
    assert_eq!(others.lines()[0], "importer.counters.rows.bad:1|c");
}
