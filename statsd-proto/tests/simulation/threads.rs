//! Threads that record one after the other, so that a world repeats itself.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use statsd_proto::Config;
use statsd_proto::testing::recorder;

type Job = Box<dyn FnOnce() + Send>;

/// Does something on the thread with this index, and waits for it.
pub(crate) fn on_thread<T: Send + 'static>(
    index: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, outcome) = channel();
    let job = move || {
        // Nobody listens any more if the world has failed meanwhile.
        let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
    };
    let job: Job = Box::new(job);
    POOL[index].send(job).expect("the threads never end");
    let outcome = outcome.recv().expect("every job answers");
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

pub(crate) const THREADS: usize = 4;

/// All worlds share the threads, and nothing else in this program records by a client, so that each thread always has
/// the same number, and an inlet of its own where there are enough.
static POOL: LazyLock<Vec<Sender<Job>>> = LazyLock::new(|| {
    let pool = (0..THREADS).map(|_| start()).collect::<Vec<_>>();
    for thread in &pool {
        let (done, outcome) = channel();
        let job: Job = Box::new(move || {
            // A thread has a number since it has recorded.
            let (client, _recorder) = recorder(Config::new("localhost")).expect("defaults work");
            client.incr("first", 1);
            let _ = done.send(());
        });
        thread.send(job).expect("the thread has just begun");
        outcome.recv().expect("it records");
    }
    pool
});

fn start() -> Sender<Job> {
    let (jobs, waiting) = channel::<Job>();
    thread::Builder::new()
        .spawn(move || waiting.into_iter().for_each(|job| job()))
        .expect("there is room for a few threads");
    jobs
}
