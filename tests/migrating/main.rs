//! The tables of MIGRATING.md, tested: what another client sends by a call, beside what this one sends by the call in
//! the same row.

mod cadence;
mod crates;
mod exporters;

use statsd_proto::testing::recorder;
use statsd_proto::{Client, Config};

/// A call of another client, the call that replaces it, and the line that both send.
type Row<Other> = (fn(&Other), fn(&Client), &'static str);

/// What this client sends by the calls, with this configuration.
fn lines(config: Config, record: impl FnOnce(&Client)) -> Vec<String> {
    let (client, mut recorder) = recorder(config).expect("it can work");
    record(&client);
    recorder.lines()
}

/// Compares each row, with the configuration that replaces the other client's. `sent` returns what the other client
/// has sent since the last call.
#[track_caller]
fn assert_same<Other>(
    other: &Other,
    config: &Config,
    rows: &[Row<Other>],
    mut sent: impl FnMut() -> String,
) {
    for (theirs, ours, line) in rows {
        theirs(other);
        assert_eq!(in_order(sent().trim_end()), in_order(line));
        assert_eq!(lines(config.clone(), ours), [*line]);
    }
}

/// The line with its tags in the order of the alphabet. Some clients have the tags of a call first, which means the
/// same to a server.
fn in_order(line: &str) -> String {
    let fields = line.split('|').map(|field| match field.strip_prefix('#') {
        Some(tags) => {
            let mut tags: Vec<_> = tags.split(',').collect();
            tags.sort_unstable();
            format!("#{}", tags.join(","))
        }
        None => field.to_owned(),
    });
    fields.collect::<Vec<_>>().join("|")
}
