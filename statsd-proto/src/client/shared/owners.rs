//! Table of the inlets that have unsent lines of a gauge, so that levels set by several threads are sent in order.

use std::array;

use super::MAX_INLETS;
use crate::session::Levels;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Hash table from the name of a gauge to the inlet that last recorded it.
///
/// A slot contains the claim of that inlet at that time: its epoch times [`MAX_INLETS`], plus its index. The epoch of an
/// inlet is the number of times that its lines were collected. While the epoch is unchanged, the inlet may have lines of
/// the gauge; before another inlet records the gauge, those lines are collected.
///
/// Names with equal hashes share a slot. This may cause needless collections; the order stays right.
#[derive(Debug)]
pub(super) struct Owners {
    slots: [AtomicU64; SLOTS],
    /// Present claim of each inlet. It is written while the lock of the inlet is held, after the lines are in the queue.
    claims: [AtomicU64; MAX_INLETS],
}

impl Owners {
    pub(super) fn new() -> Self {
        Self {
            slots: array::from_fn(|_| AtomicU64::new(UNCLAIMED)),
            claims: array::from_fn(|inlet| AtomicU64::new(inlet as u64)),
        }
    }

    /// The owners as seen by an inlet, whose lock the caller holds.
    #[inline(always)]
    pub(super) fn of(&self, inlet: usize) -> OwnersOf<'_> {
        OwnersOf {
            owners: self,
            inlet,
        }
    }

    /// Replaces the content of a slot, unless the inlet in it may have lines of the gauge.
    #[cold]
    fn take_over(&self, slot: &AtomicU64, last: u64, own: u64, inlet: usize) -> Result<(), usize> {
        let mut last = last;
        loop {
            if let Some(other) = self.owner(last).filter(|other| *other != inlet) {
                return Err(other);
            }
            // Release publishes the epochs that this thread has seen, its own inlet's included, to the thread that
            // loads the slot next. Acquire, also on failure, for the same reason as in `claim`.
            match slot.compare_exchange(last, own, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(()),
                Err(now) => last = now,
            }
        }
    }

    /// Index of the inlet that may have lines of a gauge, or `None` if all lines of it have been collected.
    pub(super) fn owner_of(&self, name: &[u8]) -> Option<usize> {
        // Acquire: as in `claim`.
        self.owner(self.slots[slot(name)].load(Ordering::Acquire))
    }

    /// Starts the next epoch of an inlet, whose lock the caller holds, after its lines were collected.
    pub(super) fn on_collected(&self, inlet: usize) {
        // Release pairs with the Acquire of `owner`: a thread that loads the new epoch finds the lines in the queue.
        self.claims[inlet % MAX_INLETS].fetch_add(MAX_INLETS as u64, Ordering::Release);
    }

    /// Index of the inlet in the content of a slot, or `None` if the lines of that inlet have been collected since.
    fn owner(&self, last: u64) -> Option<usize> {
        if last == UNCLAIMED {
            return None;
        }
        let inlet = last as usize % MAX_INLETS;
        // Acquire pairs with the Release of `on_collected`: if the claim is newer than the slot's, this thread's next
        // lines enter the queue after the collected ones.
        (self.claims[inlet].load(Ordering::Acquire) == last).then_some(inlet)
    }
}

/// Owners as seen by an inlet, whose lock the caller holds.
#[derive(Debug)]
pub(super) struct OwnersOf<'a> {
    owners: &'a Owners,
    inlet: usize,
}

impl Levels for OwnersOf<'_> {
    #[inline(always)]
    fn claim(&self, name: &[u8]) -> Result<(), usize> {
        let Self { owners, inlet } = self;
        let slot = &owners.slots[slot(name)];
        // Relaxed: the claim is written only under the lock of the inlet, which the caller holds. The lock orders it.
        let own = owners.claims[inlet % MAX_INLETS].load(Ordering::Relaxed);
        // Acquire pairs with the Release of `take_over`: the later load of the epoch of the inlet in the slot returns
        // at least the epoch in the slot. An older one would look as if the lines had been collected.
        let last = slot.load(Ordering::Acquire);
        if last == own {
            return Ok(());
        }
        owners.take_over(slot, last, own, *inlet)
    }
}

/// Index of the slot for a name: a multiplicative hash of its length and its first and last 8 bytes.
#[inline(always)]
fn slot(name: &[u8]) -> usize {
    let ends = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => {
            u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
        }
        _ => name
            .iter()
            .fold(0, |mixed, byte| mixed << 8 ^ u64::from(*byte)),
    };
    // 2^64 divided by the golden ratio spreads similar names over the upper bits (Fibonacci hashing).
    let mixed = (ends ^ name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - SLOTS.ilog2())) as usize
}

/// Number of slots. Two gauges in one slot conflict only if several threads set them between two collections, so a
/// small table of 2 KiB is enough.
const SLOTS: usize = 256;

/// Content of a slot before its first claim.
const UNCLAIMED: u64 = u64::MAX;
