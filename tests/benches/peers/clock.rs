//! Clocks that two processes can compare, and the time that one has worked.

use rustix::time::{ClockId, clock_gettime};

/// The time of the whole machine, in nanoseconds.
pub(crate) fn now() -> u64 {
    read(ClockId::Monotonic)
}

/// How long all threads of this process have run, in nanoseconds. Its children do not count.
pub(crate) fn process_cpu() -> u64 {
    read(ClockId::ProcessCPUTime)
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).expect("both start at zero");
    let nanoseconds = u64::try_from(time.tv_nsec).expect("it is a fraction of a second");
    seconds * 1_000_000_000 + nanoseconds
}
