//! `pipe`: standard input to a server.

use std::ops::Range;
use std::thread;
use std::time::Duration;

use tests::carrier::Carrier;
use tests::fault::Fault;
use tests::server::Server;

use crate::process::{CARRIERS, Examples};

pub(crate) fn lines(numbers: Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("lines:{number}|c")).collect()
}

pub(crate) fn input(numbers: Range<usize>) -> String {
    lines(numbers)
        .iter()
        .map(|line| format!("{line}\n"))
        .collect()
}

pub(crate) fn lines_arrive_once_each_in_order(examples: Examples) {
    for &carrier in CARRIERS {
        let count = if carrier == Carrier::Udp {
            1000
        } else {
            10_000
        };
        let server = Server::start(carrier);
        let mut pipe = examples.pipe(&server, &[]);
        pipe.write(&input(0..count));
        let ended = pipe.end();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        ended.assert_counts([count as u64, count as u64, 0]);
        assert_eq!(server.wait_for_end(count), lines(0..count), "{carrier:?}");
        assert_eq!(ended.stdout, "");
    }
}

pub(crate) fn more_than_the_queue_holds_waits_for_a_slow_server(examples: Examples) {
    const LINES: usize = 100_000;
    let text: String = (0..LINES)
        .map(|number| format!("{number:0100}:1|c\n"))
        .collect();
    for &carrier in CARRIERS.iter().filter(|one| **one != Carrier::Udp) {
        let server = Server::start_faulty(carrier, |_| Some(Fault::Stall));
        let mut pipe = examples.pipe(&server, &[]);
        thread::scope(|scope| {
            let writing = scope.spawn(|| pipe.write(&text));
            thread::sleep(Duration::from_millis(300));
            server.recover();
            writing.join().expect("writing does not panic");
        });
        let ended = pipe.end();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        ended.assert_counts([LINES as u64, LINES as u64, 0]);
        let arrived = server.wait_for_end(LINES);
        assert!(arrived.iter().eq(text.lines()), "something else arrived");
        assert!(server.accepted() <= 1);
    }
}

pub(crate) fn invalid_lines_are_reported_by_number_and_left_out(examples: Examples) {
    let server = Server::start(Carrier::Tcp);
    let mut pipe = examples.pipe(&server, &[]);
    pipe.write("a:1|c\nnonsense\n\nb:x|g\nc:2|ms|@0.5\n:1|c\r\nd:3|g\r\ne:4|c");
    let ended = pipe.end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let expected = ["a:1|c", "c:2|ms|@0.5", "d:3|g", "e:4|c"];
    assert_eq!(server.wait_for_end(4), expected);
    ended.assert_counts([4, 4, 0]);
    assert_eq!(ended.counts().get("invalid"), Some(&3), "{ended:?}");
    let told = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("line "));
    let numbers = told.map(|line| line.split(':').next().unwrap_or_default());
    assert_eq!(numbers.collect::<Vec<_>>(), ["line 2", "line 4", "line 6"]);
}

pub(crate) fn a_line_longer_than_a_batch_spoils_no_other(examples: Examples) {
    let server = Server::start(Carrier::Tcp);
    let mut pipe = examples.pipe(&server, &[]);
    let long = "n".repeat(300_000);
    pipe.write(&format!("a:1|c\n{long}:1|c\nb:2|c\n"));
    let ended = pipe.end();
    assert_eq!(server.wait_for_end(2), ["a:1|c", "b:2|c"]);
    ended.assert_counts([2, 2, 0]);
    assert!(ended.stderr.contains("line 2: "), "{ended:?}");
}

pub(crate) fn input_that_is_not_text_is_reported_and_left_out(examples: Examples) {
    let server = Server::start(Carrier::Tcp);
    let mut pipe = examples.pipe(&server, &[]);
    pipe.write_bytes(b"a:1|c\n\xff\xfe:1|c\nb:2|c\n");
    let ended = pipe.end();
    assert_eq!(server.wait_for_end(2), ["a:1|c", "b:2|c"]);
    assert!(ended.stderr.contains("line 2: "), "{ended:?}");
}

pub(crate) fn an_empty_input_is_a_success(examples: Examples) {
    let server = Server::start(Carrier::Tcp);
    let ended = examples.pipe(&server, &[]).end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    ended.assert_counts([0, 0, 0]);
}

pub(crate) fn lines_are_sent_before_the_input_ends(examples: Examples) {
    let server = Server::start(Carrier::Tcp);
    let mut pipe = examples.pipe(&server, &[]);
    pipe.write("a:1|c\n");
    assert_eq!(server.wait_for(1), ["a:1|c"]);
    pipe.write("b:2|c\n");
    assert_eq!(server.wait_for(2), ["a:1|c", "b:2|c"]);
    assert_eq!(pipe.end().status.code(), Some(0));
}

pub(crate) fn the_prefix_precedes_each_name(examples: Examples) {
    let server = Server::start(Carrier::Tcp);
    let port = server.address().port().to_string();
    let variables = [("STATSD_PORT", &*port), ("STATSD_PREFIX", "shop")];
    let mut pipe = examples.start("pipe", &[], &variables);
    pipe.write("a:1|c\n");
    assert_eq!(pipe.end().status.code(), Some(0));
    assert_eq!(server.wait_for_end(1), ["shop.a:1|c"]);
}

pub(crate) fn a_late_server_gets_everything(examples: Examples) {
    for &carrier in CARRIERS {
        let mut server = Server::absent(carrier);
        let mut pipe = examples.pipe(&server, &["--linger", "20"]);
        pipe.write(&input(0..500));
        let ended = thread::scope(|scope| {
            let ending = scope.spawn(|| pipe.end());
            thread::sleep(Duration::from_secs(1));
            server.restart();
            ending.join().expect("waiting does not panic")
        });
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        ended.assert_counts([500, 500, 0]);
        assert_eq!(server.wait_for(500), lines(0..500));
    }
}

pub(crate) fn without_a_server_all_is_dropped_after_the_linger(examples: Examples) {
    for arguments in [&["--linger", "0.2"][..], &["--linger=0.2"]] {
        let server = Server::absent(Carrier::Tcp);
        let mut pipe = examples.pipe(&server, arguments);
        pipe.write(&input(0..10));
        let ended = pipe.end();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        ended.assert_counts([10, 0, 10]);
    }
}

pub(crate) fn when_disabled_everything_is_read_and_nothing_sent(examples: Examples) {
    let server = Server::start(Carrier::Tcp);
    let port = server.address().port().to_string();
    let variables = [("STATSD_PORT", &*port), ("STATSD_ENABLED", "no")];
    let mut pipe = examples.start("pipe", &[], &variables);
    pipe.write(&input(0..10));
    assert_eq!(pipe.end().status.code(), Some(0));
    assert_eq!(server.accepted(), 0);
}

pub(crate) fn what_cannot_work_is_named_before_anything_is_read(examples: Examples) {
    for (variable, value) in [
        ("STATSD_PORT", "http"),
        ("STATSD_PORT", "0"),
        ("STATSD_PORT", "65536"),
        ("STATSD_PROTOCOL", "sctp"),
        ("STATSD_HOST", "..bad.."),
        ("STATSD_HOST", "unix://"),
        ("STATSD_HOST", "udp://a b:1"),
        ("STATSD_PREFIX", "a:b"),
    ] {
        let ended = examples.start("pipe", &[], &[(variable, value)]).wait();
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(variable), "{ended:?}");
        assert!(ended.stderr.contains(value), "{ended:?}");
    }
}

pub(crate) fn an_unknown_argument_is_named(examples: Examples) {
    for arguments in [
        &["--help-me"][..],
        &["--linger"],
        &["--linger", "soon"],
        &["--linger=-1"],
    ] {
        let ended = examples.start("pipe", arguments, &[]).wait();
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        let name = arguments[0].split('=').next().unwrap_or_default();
        assert!(ended.stderr.contains(name), "{ended:?}");
    }
}
