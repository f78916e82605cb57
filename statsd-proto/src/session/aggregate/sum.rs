//! A counter that handles add to: without a lock and without a look-up.

use crate::metric::Number;
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::thread_number;

/// A sum in parts, so that threads do not wait for each other. All handles of one counter share it.
#[derive(Debug, Default)]
pub(crate) struct Sum([Part; PARTS]);

/// A part of a sum, in a cache line of its own: two marks, and the amount above them.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Part(AtomicI64);

/// What became of an amount.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Put {
    /// It is kept until the next drain.
    Kept,
    /// It is kept, and the store has to be told for the next drain to come by.
    First,
    /// It is to be sent as a line of its own.
    Not,
    /// The part is about to overflow, and this much was taken out of it, to be sent as a line of its own.
    Overflowing(i64),
    /// The session is over.
    Closed,
}

impl Sum {
    /// Adds an amount.
    #[inline]
    pub(crate) fn add(&self, amount: Number) -> Put {
        let amount = match amount {
            Number::Int(amount) if (-MAX_AMOUNT..=MAX_AMOUNT).contains(&amount) => amount,
            Number::Uint(amount) if amount <= MAX_AMOUNT as u64 => amount as i64,
            Number::Float(_) | Number::Int(_) | Number::Uint(_) => return Put::Not,
        };
        let part = &self.0[thread_number() % PARTS].0;
        // Relaxed: the amount is in the number itself, and a drain that comes later finds it there.
        let before = part.fetch_add(amount << SHIFT, Ordering::Relaxed);
        if before & (PENDING | CLOSED) == PENDING && (-LIMIT..LIMIT).contains(&before) {
            Put::Kept
        } else {
            mark(part, before)
        }
    }

    /// Takes all parts, for the last time if `is_last`. `None` if nothing was added.
    pub(super) fn take(&self, is_last: bool) -> Option<i128> {
        let mut sum = None;
        for Part(part) in &self.0 {
            // Release: who finds the part without its mark finds the mark of the series cleared as well.
            let before = if is_last {
                part.swap(CLOSED, Ordering::Release)
            } else {
                part.fetch_and(CLOSED, Ordering::Release)
            };
            let amount = before >> SHIFT;
            // An amount that is not marked yet has been accepted all the same. What came after the end was refused.
            let is_new = before & PENDING != 0 || amount != 0;
            if is_new && before & CLOSED == 0 {
                sum = Some(sum.unwrap_or(0) + i128::from(amount));
            }
        }
        sum
    }
}

/// Marks a part as having something, unless it was closed before the amount was added.
#[cold]
fn mark(part: &AtomicI64, before: i64) -> Put {
    if before & CLOSED != 0 {
        return Put::Closed;
    }
    if !(-LIMIT..LIMIT).contains(&before) {
        let before = part.fetch_and(PENDING | CLOSED, Ordering::Relaxed);
        return Put::Overflowing(before >> SHIFT);
    }
    let before = part.fetch_or(PENDING, Ordering::Acquire);
    if before & (PENDING | CLOSED) != 0 {
        Put::Kept
    } else {
        Put::First
    }
}

/// As many threads as this many cores run at a time.
const PARTS: usize = 8;

/// The next drain will come by for this part.
const PENDING: i64 = 1;
/// There are no more drains.
const CLOSED: i64 = 2;
/// Number of bits of the marks.
const SHIFT: u32 = 2;

/// Amounts beyond this are sent as lines of their own.
const MAX_AMOUNT: i64 = 1 << 40;

/// A part, shifted, from which on it is emptied: a million more of the largest amounts fit in before it overflows.
const LIMIT: i64 = 1 << 62;
