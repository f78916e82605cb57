//! Collection of lines and aggregated values from the inlets.

use super::{Shared, wake_driver};
use crate::session::Inlet;
use crate::session::aggregate::Drained;

impl Shared {
    /// Moves the lines of all inlets into the queue.
    pub(super) fn collect(&self) {
        for index in 0..self.inlets.len() {
            self.collect_at(index);
        }
    }

    /// Moves the lines of the inlet with this index into the queue.
    pub(super) fn collect_at(&self, index: usize) {
        let mut inlet = self.inlet(index);
        if inlet.has_something() {
            self.collect_inlet(index, &mut inlet);
        } else {
            // A record too large for the batch may have claimed a gauge and gone straight into the queue. The new
            // epoch releases that claim.
            self.owners.on_collected(index);
        }
    }

    /// Moves the lines of an inlet, whose lock the caller holds, into the queue.
    pub(super) fn collect_inlet(&self, index: usize, inlet: &mut Inlet) {
        self.lock().core.collect(inlet);
        self.owners.on_collected(index);
    }

    /// Collects the counts of refused and sampled-out metrics from all inlets. Their lines stay.
    pub(super) fn collect_counts(&self) {
        for index in 0..self.inlets.len() {
            let mut inlet = self.inlet(index);
            self.lock().core.take_counts(&mut inlet);
        }
    }

    /// Writes all aggregated values into the queue as lines, until the queue is full. Each lock is held for a few
    /// series at a time, so that recording threads wait only briefly.
    pub(super) fn drain(&self) {
        if !self.aggregates {
            return;
        }
        self.lock().core.start_drain();
        for index in 0..self.inlets.len() {
            while self.collect_parts(index) {}
        }
        self.lock().core.start_writing();
        loop {
            let mut state = self.lock();
            let drained = state.core.write_series(&|name| self.owners.owner_of(name));
            wake_driver(state);
            match drained {
                Drained::All | Drained::Stopped => break,
                Drained::Owner(index) => self.collect_at(index),
                Drained::Series => {}
            }
        }
        while self.lock().core.sweep_series() {}
    }

    /// Releases the spare memory of inlets and of series. Each lock is held for a few series at a time.
    pub(super) fn trim(&self) {
        for index in 0..self.inlets.len() {
            self.inlet(index).start_trim();
            while self.inlet(index).trim_parts() {}
        }
        self.lock().core.start_trim();
        while self.lock().core.trim_series() {}
    }

    /// Moves the aggregated values of a few series from an inlet to the store. Returns whether the inlet has more.
    pub(super) fn collect_parts(&self, index: usize) -> bool {
        let mut inlet = self.inlet(index);
        let mut state = self.lock();
        let has_more = state.core.collect_parts(&mut inlet);
        drop(inlet);
        wake_driver(state);
        has_more
    }
}
