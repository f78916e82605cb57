//! One subject at one workload, in a process of its own, so that it meets nothing that another left.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::arrivals::{Arrivals, Arrived};
use crate::clock;
use crate::figures::Figures;
use crate::spread::percentile;
use crate::subject::{Kind, Subject};
use crate::workload::{BURST, Shape, Workload};

pub(crate) fn run(
    subject: &dyn Subject,
    workload: Workload,
    metrics: usize,
    arrivals: &mut Arrivals,
) -> Figures {
    warm_up(subject, workload.kind, arrivals);
    let cpu_before = clock::process_cpu();
    let started_at = clock::now();
    let mut calls = Vec::new();
    let caller = match workload.shape {
        Shape::Bursts => bursts(subject, workload, metrics),
        Shape::NoRest => no_rest(subject, workload, metrics),
        Shape::Trickle => {
            calls = trickle(subject, workload.kind, metrics);
            f64::NAN
        }
    };
    subject.flush();
    let arrived = arrivals.wait(metrics);
    let cpu = clock::process_cpu() - cpu_before;

    let mut latencies = latencies(&calls, arrivals);
    Figures {
        caller,
        cpu: cpu as f64 / metrics as f64,
        delivered: arrived.metrics as f64 / metrics as f64,
        rate: arrived.metrics as f64 * 1e9 / arrived.at.saturating_sub(started_at) as f64,
        latency: percentile(&mut latencies, 0.5),
        slow_latency: percentile(&mut latencies, 0.99),
    }
}

/// Lets the client connect, and its buffers grow.
fn warm_up(subject: &dyn Subject, kind: Kind, arrivals: &mut Arrivals) {
    arrivals.reset();
    subject.record(kind, BURST);
    subject.flush();
    arrivals.wait(BURST);
    arrivals.reset();
}

/// Time from the first call to the end of the last, including all waits of the callers.
fn no_rest(subject: &dyn Subject, workload: Workload, metrics: usize) -> f64 {
    let times = on_threads(workload.threads, || {
        let start = Instant::now();
        subject.record(workload.kind, metrics / workload.threads);
        (start, Instant::now())
    });
    let start = times.iter().map(|(start, _)| *start).min();
    let end = times.iter().map(|(_, end)| *end).max();
    let wall = end
        .zip(start)
        .map_or(0, |(end, start)| (end - start).as_nanos());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    wall as f64 * workload.threads.min(cores) as f64 / metrics as f64
}

/// The time within the bursts.
fn bursts(subject: &dyn Subject, workload: Workload, metrics: usize) -> f64 {
    let times = on_threads(workload.threads, || {
        let mut time = Duration::ZERO;
        for _ in 0..metrics / workload.threads / BURST {
            let start = Instant::now();
            subject.record(workload.kind, BURST);
            time += start.elapsed();
            thread::sleep(Duration::from_millis(1));
        }
        time
    });
    times.iter().sum::<Duration>().as_nanos() as f64 / metrics as f64
}

/// When each metric was recorded.
fn trickle(subject: &dyn Subject, kind: Kind, metrics: usize) -> Vec<u64> {
    let start = Instant::now();
    (1..)
        .take(metrics)
        .map(|number| {
            let due = start + Duration::from_millis(number);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let called_at = clock::now();
            subject.record(kind, 1);
            called_at
        })
        .collect()
}

fn on_threads<T: Send>(threads: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    work()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no subject panics"))
            .collect()
    })
}

/// How many milliseconds each metric took. They arrive in the order of the calls, so the nth has
/// arrived when n have, be they lines or a sum.
fn latencies(calls: &[u64], arrivals: &mut Arrivals) -> Vec<f64> {
    if calls.is_empty() {
        return Vec::new();
    }
    let mut log: &[Arrived] = &arrivals.log();
    let mut latencies = Vec::new();
    for (number, called_at) in (1..).zip(calls) {
        while let [first, rest @ ..] = log {
            if first.metrics >= number {
                latencies.push(first.at.saturating_sub(*called_at) as f64 / 1e6);
                break;
            }
            log = rest;
        }
    }
    latencies
}
