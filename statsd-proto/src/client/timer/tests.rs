use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use futures::executor::block_on;

use super::*;
use crate::client::driver::Driver;
use crate::config::Config;
use crate::testing::{Recorder, origin, recorder};

#[test]
fn a_timer_sends_the_time_from_start_to_stop() {
    for (elapsed, line) in [
        (Duration::ZERO, "timers.x:0|ms"),
        (Duration::from_nanos(1), "timers.x:0.000001|ms"),
        (Duration::from_micros(1500), "timers.x:1.5|ms"),
        (Duration::from_secs(90), "timers.x:90000|ms"),
    ] {
        let (client, mut recorder) = start();
        let timer = client.timer("x").start();
        recorder.advance(elapsed);
        let stopped = timer.stop();
        assert_eq!(stopped.elapsed(), elapsed);
        recorder.advance(Duration::from_secs(1));
        stopped.send();
        assert_eq!(recorder.lines(), [line]);
    }
}

#[test]
fn a_timer_that_was_sent_may_be_used_again() {
    let (client, mut recorder) = start();
    let mut timer = client.timer("x");
    for milliseconds in [3, 1, 2] {
        let running = timer.start();
        recorder.advance(Duration::from_millis(milliseconds));
        timer = running.stop().send();
    }
    let expected = ["timers.x:3|ms", "timers.x:1|ms", "timers.x:2|ms"];
    assert_eq!(recorder.lines(), expected);
}

#[test]
fn starting_again_forgets_and_stopping_again_goes_on() {
    let (client, mut recorder) = start();
    let running = client.timer("x").start();
    recorder.advance(Duration::from_millis(100));
    let running = running.restart();
    recorder.advance(Duration::from_millis(10));
    let stopped = running.stop();
    recorder.advance(Duration::from_millis(1));
    let stopped = stopped.stop();
    assert_eq!(stopped.elapsed(), Duration::from_millis(11));
    let running = stopped.restart();
    recorder.advance(Duration::from_millis(5));
    running.stop().send();
    assert_eq!(recorder.lines(), ["timers.x:5|ms"]);
}

#[test]
fn a_timer_that_is_dropped_before_it_is_sent_sends_nothing() {
    let (client, mut recorder) = start();
    let _ = client.timer("x");
    let _ = client.timer("x").start();
    let _ = client.timer("x").start().stop();
    assert_eq!(recorder.lines(), [""; 0]);
}

#[test]
fn a_guard_sends_when_its_block_ends() {
    let (client, mut recorder) = start();
    {
        let _guard = client.time("x");
        recorder.advance(Duration::from_millis(7));
    }
    assert_eq!(recorder.lines(), ["timers.x:7|ms"]);
}

#[test]
fn a_guard_sends_also_when_its_block_panics() {
    let (client, mut recorder) = start();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let _guard = client.time("x");
        recorder.advance(Duration::from_millis(7));
        resume_unwind(Box::new("on purpose"));
    }));
    assert!(result.is_err());
    assert_eq!(recorder.lines(), ["timers.x:7|ms"]);
}

#[test]
fn a_clock_that_goes_backwards_gives_zero() {
    let start = origin();
    let clock = Arc::new(Mutex::new(start + Duration::from_secs(1)));
    let time = Arc::clone(&clock);
    let config = Config::new("localhost");
    let (client, _driver) = Driver::new(&config, move || *time.lock().unwrap()).unwrap();
    let timer = client.timer("x").start();
    *clock.lock().unwrap() = start;
    assert_eq!(timer.stop().elapsed(), Duration::ZERO);
}

#[test]
fn the_time_goes_on_when_the_driver_is_gone() {
    let (client, recorder) = start();
    let timer = client.timer("x").start();
    drop(recorder);
    timer.stop().send();
    assert_eq!(client.stats().refused.closed, 1);
}

#[test]
fn a_measured_future_counts_from_its_first_poll_by_name_and_by_handle() {
    let (client, mut recorder) = start();
    let handle = client.prepare("y").timing().unwrap();
    let mut by_name = pin!(client.measure("x", never()));
    let mut by_handle = pin!(handle.measure(never()));
    recorder.advance(Duration::from_millis(1));
    assert!(poll(by_name.as_mut()).is_pending());
    assert!(poll(by_handle.as_mut()).is_pending());
    recorder.advance(Duration::from_millis(7));
    by_name.set(client.measure("x", never()));
    by_handle.set(handle.measure(never()));
    assert_eq!(recorder.lines(), ["timers.x:7|ms", "timers.y:7|ms"]);
}

#[test]
fn a_measured_future_returns_its_output_and_is_recorded_also_if_that_is_an_error() {
    let (client, mut recorder) = tagged();
    let handle = client.prepare("y").timing().unwrap();
    let tag = |result: &Result<u32, _>| ("ok", result.is_ok().to_string());
    for result in [Ok(7), Err("lost")] {
        let output = block_on(client.measure("x", async { result }));
        assert_eq!(output, result);
        let output = block_on(handle.measure(async { result }));
        assert_eq!(output, result);
        let output = block_on(client.measure_with("z", async { result }, tag));
        assert_eq!(output, result);
    }
    let expected = [
        "x:0|ms",
        "y:0|ms",
        "z:0|ms|#ok:true",
        "x:0|ms",
        "y:0|ms",
        "z:0|ms|#ok:false",
    ];
    assert_eq!(recorder.lines(), expected);
}

#[test]
fn a_measured_future_that_is_cancelled_is_recorded_without_the_tag() {
    let (client, mut recorder) = tagged();
    let handle = client.prepare("y").timing().unwrap();
    let never_tagged = |(): &()| -> (&'static str, String) { panic!("there is no output") };
    {
        let mut by_name = pin!(client.measure("x", never()));
        let mut by_handle = pin!(handle.measure(never()));
        let mut with_tag = pin!(client.measure_with("z", never(), never_tagged));
        assert!(poll(by_name.as_mut()).is_pending());
        assert!(poll(by_handle.as_mut()).is_pending());
        assert!(poll(with_tag.as_mut()).is_pending());
        recorder.advance(Duration::from_millis(5));
    }
    let mut lines = recorder.lines();
    lines.sort_unstable();
    assert_eq!(lines, ["x:5|ms", "y:5|ms", "z:5|ms"]);
}

#[test]
fn a_measured_future_that_is_never_polled_is_not_recorded() {
    let (client, mut recorder) = start();
    let handle = client.prepare("y").timing().unwrap();
    drop(client.measure("x", never()));
    drop(client.measure_with("x", never(), |()| ("ok", String::new())));
    drop(handle.measure(never()));
    assert_eq!(recorder.lines(), [""; 0]);
}

#[test]
fn a_measured_future_that_panics_is_recorded() {
    let (client, mut recorder) = start();
    let handle = client.prepare("y").timing().unwrap();
    let fail = || async { resume_unwind(Box::new("on purpose")) };
    let by_name = AssertUnwindSafe(|| block_on(client.measure::<_>("x", fail())));
    assert!(catch_unwind(by_name).is_err());
    let by_handle = AssertUnwindSafe(|| block_on(handle.measure(fail())));
    assert!(catch_unwind(by_handle).is_err());
    assert_eq!(recorder.lines(), ["timers.x:0|ms", "timers.y:0|ms"]);
}

#[test]
fn an_owned_guard_outlives_its_handle_and_ends_on_another_thread() {
    let (client, mut recorder) = start();
    let guard = client.prepare("x").timing().unwrap().time_owned();
    recorder.advance(Duration::from_millis(3));
    thread::scope(|scope| scope.spawn(move || drop(guard)).join().unwrap());
    assert_eq!(recorder.lines(), ["timers.x:3|ms"]);
}

#[test]
fn an_owned_guard_keeps_the_session_open() {
    let (client, mut recorder) = start();
    let guard = client.prepare("x").timing().unwrap().time_owned();
    drop(client);
    recorder.advance(Duration::from_secs(60));
    assert_eq!(recorder.report(), None);
    drop(guard);
    recorder.advance(Duration::from_secs(60));
    assert_eq!(recorder.report().unwrap().sent, 1);
}

fn start() -> (Client, Recorder) {
    recorder(Config::new("localhost")).unwrap()
}

/// Client whose lines have tags and no kind prefix.
fn tagged() -> (Client, Recorder) {
    recorder(Config::dogstatsd("localhost")).unwrap()
}

async fn never() {
    pending().await
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
