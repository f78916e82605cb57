//! Timers by the rules of sprockets-statsd. The compiler checks that a timer is started before it is stopped or sent,
//! by their types.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use statsd_proto::Client;
use tests::adapter::Adapter;

use crate::world::World;

/// The milliseconds of each timing that `record` records as `took`.
fn timings_of<A: Adapter>(world: &World<A>, record: impl FnOnce(&Client)) -> Vec<f64> {
    let server = world.server();
    let statsd = world.start(server.config());
    record(&statsd.client());
    let report = statsd.stop();
    let lines = server.wait_for_end(usize::try_from(report.sent).expect("a test sends little"));
    let milliseconds = lines.iter().map(|line| {
        let value = line.strip_prefix("timers.took:")?.strip_suffix("|ms")?;
        value.parse().ok()
    });
    let parsed: Option<Vec<f64>> = milliseconds.collect();
    parsed.unwrap_or_else(|| panic!("{lines:?} are not all timings"))
}

pub(crate) fn a_timer_sends_the_time_between_start_and_stop<A: Adapter>(world: &World<A>) {
    let timings = timings_of(world, |client| {
        let timer = client.timer("took").start();
        thread::sleep(Duration::from_millis(20));
        timer.stop().send();
    });
    assert_eq!(timings.len(), 1);
    assert!(timings[0] >= 20.0, "{timings:?}");
}

pub(crate) fn a_stopped_timer_sends_only_on_request<A: Adapter>(world: &World<A>) {
    let timings = timings_of(world, |client| {
        let stopped = client.timer("took").start().stop();
        assert!(stopped.elapsed() < Duration::from_secs(60));
        assert_eq!(client.stats().accepted, 0);
    });
    assert_eq!(timings, [0.0; 0]);
}

pub(crate) fn a_timer_may_be_started_stopped_and_used_again<A: Adapter>(world: &World<A>) {
    let timings = timings_of(world, |client| {
        let first = client.timer("took").start().restart().stop();
        thread::sleep(Duration::from_millis(20));
        let again = first.stop().send();
        again.start().stop().send();
    });
    assert_eq!(timings.len(), 2);
    assert!(timings[0] >= 20.0, "stopping again goes on: {timings:?}");
    assert!(timings[1] >= 0.0);
}

pub(crate) fn a_guard_sends_even_if_the_block_panics<A: Adapter>(world: &World<A>) {
    let timings = timings_of(world, |client| {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _guard = client.time("took");
            // Not `panic!`, which would print a message that is none of a failure.
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(panicked.is_err());
    });
    assert_eq!(timings.len(), 1);
}
