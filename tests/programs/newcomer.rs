//! The programs that a newcomer copies: short ones, with a server.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use tests::carrier::Carrier;
use tests::server::Server;

use crate::process::{CARRIERS, Examples, Process};
#[cfg(unix)]
use crate::signals::signal;

#[test]
fn each_program_is_short() {
    for (program, most) in [
        ("statsd-proto/examples/mio_udp.rs", 79),
        ("statsd-proto/examples/thread_udp.rs", 99),
        ("statsd-smol/examples/synchronous.rs", 40),
        ("statsd-tokio/examples/axum_tags.rs", 40),
        ("statsd-tokio/examples/datadog.rs", 40),
        ("statsd-tokio/examples/from_file.rs", 40),
        ("statsd-tokio/examples/periodic.rs", 40),
        ("statsd-tokio/examples/runtime_metrics.rs", 40),
        ("statsd-tokio/examples/service.rs", 40),
        ("statsd-tokio/examples/tonic.rs", 40),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(program);
        let text = fs::read_to_string(path).expect("it is there");
        let code = text.lines().map(str::trim);
        let code = code.filter(|line| !line.is_empty() && !line.starts_with("//"));
        let lines = code.count();
        assert!(lines <= most, "{program} has {lines} lines of code");
    }
}

#[cfg(unix)]
#[test]
fn a_service_sends_its_queue_when_it_is_terminated() {
    for name in ["TERM", "INT"] {
        let server = Server::start(Carrier::Udp);
        let mut service = start_for_agent(&server, "service", &[("DD_ENV", "test")]);
        server.wait_for(4);
        signal(service.id(), name);
        let ended = service.wait();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        let lines = server.wait_for_end(4);
        let sent = format!("sent {} lines, abandoned 0\n", lines.len());
        assert_eq!(ended.stdout, sent);
        let check_outs = lines.chunks_exact(3);
        for check_out in check_outs {
            let expected = [
                "shop.basket:129.5|d|#env:test",
                "shop.orders:1|c|#env:test,paid_by:card",
            ];
            assert_eq!(check_out[..2], expected);
            // The guard is dropped last.
            assert_value(&check_out[2], "shop.checkout:", "|ms|#env:test");
        }
    }
}

#[test]
fn a_synchronous_program_sends_before_it_ends() {
    for &carrier in CARRIERS {
        let server = Server::start(carrier);
        let program = Examples::PROTO.start_for(&server, "synchronous", &[], &[]);
        let ended = program.end();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        let expected = "sent before the timeout: true\nsent 4 lines, abandoned 0\n";
        assert_eq!(ended.stdout, expected);
        let mut lines = server.wait_for_end(4);
        // Two threads record at the same time.
        lines[1..3].sort();
        let expected = [
            "counters.starts:1|c",
            "counters.sold.cup:2|c",
            "counters.sold.tea:2|c",
            "gauges.exit_code:0|g",
        ];
        assert_eq!(lines, expected);
    }
}

#[test]
fn a_synchronous_program_ends_without_a_server() {
    let server = Server::absent(Carrier::Tcp);
    let program = Examples::PROTO.start_for(&server, "synchronous", &[], &[]);
    let ended = program.end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let expected = "sent before the timeout: false\nsent 0 lines, abandoned 4\n";
    assert_eq!(ended.stdout, expected);
}

#[test]
fn short_loops_send_each_tick_once_and_in_order() {
    for name in ["mio_udp", "thread_udp"] {
        let server = Server::start(Carrier::Udp);
        let program = Examples::PROTO.start_for(&server, name, &[], &[]);
        assert_ticks(&server, program);
    }
}

#[test]
fn short_loops_send_to_a_name_and_to_a_server_that_comes_late() {
    for name in ["mio_udp", "thread_udp"] {
        let mut server = Server::absent(Carrier::Udp);
        let port = server.address().port().to_string();
        let variables = [("STATSD_HOST", "localhost"), ("STATSD_PORT", &port)];
        let program = Examples::PROTO.start(name, &[], &variables);
        thread::sleep(Duration::from_millis(300));
        server.restart();
        assert_ticks(&server, program);
    }
}

#[track_caller]
fn assert_ticks(server: &Server, program: Process) {
    let ended = program.end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "sent 100 lines, abandoned 0\n");
    let ticks = (0..100).map(|tick| format!("gauges.ticks:{tick}|g"));
    assert!(server.wait_for(100).into_iter().eq(ticks), "{ended:?}");
}

#[test]
fn values_are_recorded_at_an_interval_and_none_is_refused() {
    let server = Server::start(Carrier::Tcp);
    let program = Examples::PROTO.start_for(&server, "periodic", &[], &[]);
    let ended = program.end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "sent 3 lines, abandoned 0\n");
    for line in server.wait_for_end(3) {
        assert_value(&line, "shop.gauges.tasks:", "|g");
    }
}

#[test]
fn the_facade_carries_metrics_of_the_runtime_and_of_the_process() {
    let server = Server::start(Carrier::Udp);
    let ended = start_for_agent(&server, "runtime_metrics", &[]).end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let lines = server.wait_for(2);
    let mut names = vec!["tokio_live_tasks_count", "tokio_workers_count"];
    if cfg!(target_os = "linux") {
        names.extend(["process_open_fds", "process_resident_memory_bytes"]);
    }
    for name in names {
        let start = format!("shop.{name}:");
        let line = lines.iter().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("no {name} in {lines:?}"));
        assert_value(line, &start, "|g");
    }
}

/// Starts an example that takes its settings from Datadog's variables.
fn start_for_agent(server: &Server, name: &str, more: &[(&str, &str)]) -> Process {
    let url = format!("udp://{}", server.address());
    let mut variables = vec![
        ("DD_DOGSTATSD_URL", &*url),
        ("DD_ORIGIN_DETECTION_ENABLED", "false"),
    ];
    variables.extend(more);
    Examples::TOKIO.start(name, &[], &variables)
}

/// The value of a line is a positive number.
#[track_caller]
fn assert_value(line: &str, start: &str, end: &str) {
    let value = line.strip_prefix(start);
    let value = value.and_then(|value| value.strip_suffix(end));
    let value: Option<f64> = value.and_then(|value| value.parse().ok());
    assert!(value.is_some_and(|value| value > 0.0), "{line}");
}
