//! What servers make of lines that a client refuses to send them.

use std::net::{Ipv4Addr, UdpSocket};

use statsd_proto::{Client, Dialect, Kind, Metric, RecordError};
use tests::timeout::eventually;

use crate::adapters::Adapter;
use crate::counts::expect_count;
use crate::server::{RealServer, Speech};

pub(crate) fn what_it_would_misread_is_an_error<S: RealServer>(
    server: &S,
    speech: Speech,
    adapter: Adapter,
) {
    let misreads = misreads(speech.dialect);
    let report = adapter(
        server.config(speech).kind_prefixes(false),
        &mut |client: &Client| {
            for Misread { metric, error, .. } in &misreads {
                assert_eq!(client.record(metric), Err(*error), "{metric:?}");
            }
        },
    );
    let stats = report.stats;
    assert_eq!((stats.accepted, report.sent), (0, 0));
    assert_eq!(stats.refused.total(), misreads.len() as u64);

    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("the system has sockets");
    let lines: Vec<_> = misreads.iter().map(|misread| misread.line).collect();
    socket
        .send_to(
            lines.join("\n").as_bytes(),
            (Ipv4Addr::LOCALHOST, server.port()),
        )
        .expect("the server listens");
    let mut bad = 0;
    for Misread { line, reading, .. } in &misreads {
        match reading {
            Reading::Bad => bad += 1,
            Reading::Count(name, total) => expect_count(server, name, *total),
            Reading::Time(name, milliseconds) => eventually(line, || {
                let (count, sum) = server.timer(name);
                count > 0.0 && (sum - milliseconds).abs() < S::PRECISION
            }),
        }
    }
    eventually("all bad lines", || server.bad_lines() == Some(bad));
}

/// A metric, what the client says of it, the line that another client might send instead, and what comes
/// of that.
struct Misread {
    metric: Metric<'static>,
    error: RecordError,
    line: &'static str,
    reading: Reading,
}

enum Reading {
    /// The server reports a bad line.
    Bad,
    /// A counter of this name with this total, which is not what was meant.
    Count(&'static str, u32),
    /// A timing of this name with so many milliseconds, which are not those meant.
    Time(&'static str, f64),
}

fn misreads(dialect: Dialect) -> Vec<Misread> {
    let misread = |(metric, error, line, reading)| Misread {
        metric,
        error,
        line,
        reading,
    };
    if dialect == Dialect::Collectd {
        collectd().map(misread).into()
    } else if dialect == Dialect::Netdata {
        netdata().map(misread).into()
    } else {
        let bare = (dialect == Dialect::Graphite).then(bare_tag);
        reference().into_iter().chain(bare).map(misread).collect()
    }
}

type Row = (Metric<'static>, RecordError, &'static str, Reading);

fn collectd() -> [Row; 7] {
    [
        (
            Metric::counter("logins", 1).tags(&[("by", "card")]),
            RecordError::InvalidTag,
            "logins:1|c|#by:card",
            Reading::Bad,
        ),
        (
            Metric::distribution("size", 1),
            RecordError::Unsupported(Kind::Distribution),
            "size:1|d",
            Reading::Bad,
        ),
        (
            Metric::histogram("weight", 1),
            RecordError::Unsupported(Kind::Histogram),
            "weight:1|h",
            Reading::Bad,
        ),
        (
            Metric::meter("visits", 1),
            RecordError::Unsupported(Kind::Meter),
            "visits:1|m",
            Reading::Bad,
        ),
        (
            Metric::gauge("queue", 1).sampled_at(0.5),
            RecordError::InvalidRate,
            "queue:1|g|@0.5",
            Reading::Bad,
        ),
        (
            Metric::timing_ms("time", 100).sampled_at(0.5),
            RecordError::InvalidRate,
            "time:100|ms|@0.5",
            Reading::Time("time", 200.0),
        ),
        (
            Metric::counter(LONG_LINE.split_at(128).0, 1),
            RecordError::LineTooLong,
            LONG_LINE,
            Reading::Count(LONG_LINE.split_at(127).0, 1),
        ),
    ]
}

fn netdata() -> [Row; 1] {
    [(
        Metric::counter("half", 1.5),
        RecordError::Unsupported(Kind::Counter),
        "shop.half:1.5|c",
        Reading::Count("shop.half", 1),
    )]
}

fn reference() -> [Row; 3] {
    [
        (
            Metric::distribution("size", 1),
            RecordError::Unsupported(Kind::Distribution),
            "size:1|d",
            Reading::Count("size", 1),
        ),
        (
            Metric::histogram("weight", 1),
            RecordError::Unsupported(Kind::Histogram),
            "weight:1|h",
            Reading::Count("weight", 1),
        ),
        (
            Metric::meter("visits", 1),
            RecordError::Unsupported(Kind::Meter),
            "visits:1|m",
            Reading::Count("visits", 1),
        ),
    ]
}

/// Graphite drops a metric whose tag has no value.
fn bare_tag() -> Row {
    (
        Metric::counter("logins", 1).tags(&[("beta", "")]),
        RecordError::InvalidTag,
        "logins;beta:1|c",
        Reading::Count("logins;beta", 1),
    )
}

/// With a name of 128 bytes.
const LONG_LINE: &str = concat!(
    "a_name_that_is_longer_than_what_is_kept_of_it_in_a_file_of_types",
    "_and_is_therefore_cut_so_that_two_of_them_become_one_of_the_same",
    ":1|c"
);
