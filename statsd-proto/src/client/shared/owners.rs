//! Which inlet has lines of a gauge, so that levels and changes of all threads leave in their order.

use crate::sync::atomic::{AtomicU64, Ordering};

/// A small table by the hash of a gauge's name. Names of one hash share a slot, which costs time and no order.
///
/// A slot has the inlet that last recorded such a name, and that inlet's epoch then: the number of times that its
/// lines had been collected. As long as the inlet is in the same epoch, it may have lines of the gauge, and another
/// one records none before those are collected.
#[derive(Debug)]
pub(super) struct Owners {
    slots: Box<[AtomicU64]>,
    /// Of each inlet. Written under the lock of the inlet, once its lines are in the queue.
    epochs: Box<[AtomicU64]>,
}

impl Owners {
    pub(super) fn new(inlets: usize) -> Self {
        Self {
            slots: (0..SLOTS).map(|_| AtomicU64::new(NOBODY)).collect(),
            epochs: (0..inlets).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Notes that an inlet, whose lock the caller holds, is to have lines of a gauge.
    ///
    /// # Errors
    ///
    /// Another inlet may have some, which have to be collected first.
    #[inline]
    pub(super) fn claim(&self, inlet: usize, name: &[u8]) -> Result<(), usize> {
        let slot = &self.slots[slot(name)];
        // Relaxed: only a thread that holds the inlet's lock writes its epoch.
        let epoch = self.epochs[inlet].load(Ordering::Relaxed);
        let own = epoch << INLET_BITS | inlet as u64;
        let last = slot.load(Ordering::Acquire);
        if last == own {
            return Ok(());
        }
        self.take_over(slot, last, own, inlet)
    }

    #[cold]
    fn take_over(&self, slot: &AtomicU64, last: u64, own: u64, inlet: usize) -> Result<(), usize> {
        let mut last = last;
        loop {
            if let Some(other) = self.owner(last).filter(|other| *other != inlet) {
                return Err(other);
            }
            // Release: who reads the slot sees the epochs that this thread has seen.
            match slot.compare_exchange(last, own, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(()),
                Err(now) => last = now,
            }
        }
    }

    /// The inlet that may have lines of a gauge. `None` if none has.
    pub(super) fn owner_of(&self, name: &[u8]) -> Option<usize> {
        self.owner(self.slots[slot(name)].load(Ordering::Acquire))
    }

    /// The lines of an inlet, whose lock the caller holds, have been collected.
    pub(super) fn on_collected(&self, inlet: usize) {
        // Release: who sees the new epoch finds the lines in the queue.
        self.epochs[inlet].fetch_add(1, Ordering::Release);
    }

    fn owner(&self, last: u64) -> Option<usize> {
        if last == NOBODY {
            return None;
        }
        let inlet = (last & ((1 << INLET_BITS) - 1)) as usize;
        let epoch = self.epochs[inlet].load(Ordering::Acquire);
        (epoch == last >> INLET_BITS).then_some(inlet)
    }
}

/// Index of a name's slot.
#[inline]
fn slot(name: &[u8]) -> usize {
    let ends = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => {
            u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
        }
        _ => name
            .iter()
            .fold(0, |mixed, byte| mixed << 8 ^ u64::from(*byte)),
    };
    let mixed = (ends ^ name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - SLOTS.ilog2())) as usize
}

/// Few gauges are set from several threads, and two of one slot only when their lines are not collected yet.
const SLOTS: usize = 256;

/// Room for 256 inlets; the rest counts epochs.
const INLET_BITS: u32 = 8;

const NOBODY: u64 = u64::MAX;
