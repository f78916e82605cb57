//! Lock-free sum of a counter, shared by its handles.

use crate::error::RecordError;
use crate::metric::Number;
use crate::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use crate::sync::thread_number;

/// Sum split into shards, one cache line each, so that threads do not contend. All handles of one counter share it.
#[derive(Debug)]
pub(crate) struct Sum {
    parts: [Part; PARTS],
    /// Smallest amount that is accepted.
    least: i64,
}

/// One shard.
#[derive(Debug)]
#[repr(align(64))]
struct Part {
    /// The amount, shifted left by [`SHIFT`], above the marks [`PENDING`] and [`CLOSED`]. Amount and marks change in
    /// one atomic operation.
    amount: AtomicI64,
    /// Number of calls since the last drain, or 0 if they are not counted. Where they are, a number above 0 takes the
    /// place of PENDING, which is never set: every call then takes the slow path.
    calls: AtomicU64,
    counts_calls: bool,
}

/// Outcome of adding an amount.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Put {
    /// The amount is kept until the next drain.
    Kept,
    /// The amount is kept. It is the first since a drain, so the caller adds the series to the store's list.
    First,
    /// The amount is not kept. The caller sends it as a line of its own.
    Not,
    /// The shard came close to an overflow. This is its content, which the caller sends as a line of its own.
    Overflowing(i64),
    /// The amount is invalid, or the session has ended.
    Refused(RecordError),
}

impl Sum {
    /// New sum. If servers refuse negative counts, negative amounts are left to the encoder, which refuses them.
    /// `counts_calls`: whether telemetry asks for the number of calls.
    pub(super) fn new(counts_down: bool, counts_calls: bool) -> Self {
        let part = || Part {
            amount: AtomicI64::new(0),
            calls: AtomicU64::new(0),
            counts_calls,
        };
        Self {
            parts: std::array::from_fn(|_| part()),
            least: if counts_down { -MAX_AMOUNT } else { 0 },
        }
    }

    /// Adds an amount.
    #[inline]
    pub(crate) fn add(&self, amount: Number) -> Put {
        let amount = match amount {
            Number::Int(amount) if (self.least..=MAX_AMOUNT).contains(&amount) => amount,
            Number::Uint(amount) if amount <= MAX_AMOUNT as u64 => amount as i64,
            Number::Float(_) | Number::Int(_) | Number::Uint(_) => return Put::Not,
        };
        let part = &self.parts[thread_number() % PARTS];
        // Ordering: `Relaxed`. The amount is inside the atomic itself and publishes no other memory.
        let before = part.amount.fetch_add(amount << SHIFT, Ordering::Relaxed);
        if before & (PENDING | CLOSED) == PENDING && (-LIMIT..LIMIT).contains(&before) {
            Put::Kept
        } else {
            mark(part, before)
        }
    }

    /// Takes the content of all shards, and the number of calls if they are counted. With `is_last` they also refuse
    /// further amounts. `None` if no amount was added.
    pub(super) fn take(&self, is_last: bool) -> (Option<i128>, u64) {
        let (mut sum, mut all_calls) = (None, 0);
        for part in &self.parts {
            let calls = part.take_calls();
            all_calls += calls;
            let part = &part.amount;
            // Ordering: `Release`, paired with the `Acquire` in `mark`. The drain has cleared the mark of the series
            // before. A thread that finds PENDING cleared here therefore finds the mark of the series cleared too, and
            // lists the series again.
            let before = if is_last {
                part.swap(CLOSED, Ordering::Release)
            } else {
                part.fetch_and(CLOSED, Ordering::Release)
            };
            let amount = before >> SHIFT;
            // A thread may have added an amount and not yet set PENDING. Its amount is accepted too. An amount added
            // after CLOSED was set has been refused.
            let is_new = before & PENDING != 0 || amount != 0 || calls > 0;
            if is_new && before & CLOSED == 0 {
                sum = Some(sum.unwrap_or(0) + i128::from(amount));
            }
        }
        (sum, all_calls)
    }
}

impl Part {
    /// Counts a call whose amount was added. Returns whether it is the first since a drain.
    ///
    /// Ordering: `Release`, paired with the `Acquire` in [`take_calls`](Self::take_calls), which a drain calls before it
    /// takes the amount. A drain that finds the call therefore finds its amount. A call that no drain finds is the
    /// first after that drain.
    fn count_call(&self) -> bool {
        self.calls.fetch_add(1, Ordering::Release) == 0
    }

    fn take_calls(&self) -> u64 {
        if self.counts_calls {
            self.calls.swap(0, Ordering::Acquire)
        } else {
            0
        }
    }
}

/// Sets PENDING on a shard, or counts the call, unless the shard was closed before the amount was added.
///
/// Ordering: `Acquire` on PENDING; see [`Sum::take`]. Emptying a shard that is about to overflow needs no ordering,
/// since no other memory depends on it.
#[cold]
fn mark(part: &Part, before: i64) -> Put {
    if before & CLOSED != 0 {
        return Put::Refused(RecordError::Closed);
    }
    if !(-LIMIT..LIMIT).contains(&before) {
        let before = part.amount.fetch_and(PENDING | CLOSED, Ordering::Relaxed);
        return Put::Overflowing(before >> SHIFT);
    }
    let is_first = if part.counts_calls {
        part.count_call()
    } else {
        let before = part.amount.fetch_or(PENDING, Ordering::Acquire);
        before & (PENDING | CLOSED) == 0
    };
    if is_first { Put::First } else { Put::Kept }
}

/// Number of shards. Up to this many threads each add to a cache line of their own.
const PARTS: usize = 8;

/// Mark of a shard with an amount for the next drain.
const PENDING: i64 = 1;
/// Mark of a shard after the last drain.
const CLOSED: i64 = 2;
/// Number of mark bits.
const SHIFT: u32 = 2;

/// Largest amount that a shard accepts. A larger one is sent as a line of its own.
const MAX_AMOUNT: i64 = 1 << 40;

/// Shifted content at which a shard is emptied. Until it overflows at 2^63, a million more of the largest amounts fit
/// (2^62 / 2^42), far more than there are threads between their addition and the check.
const LIMIT: i64 = 1 << 62;
