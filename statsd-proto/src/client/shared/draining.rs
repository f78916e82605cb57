//! From the inlets into the queue.

use super::{Shared, wake_driver};
use crate::session::Inlet;
use crate::session::aggregate::Drained;

impl Shared {
    /// Brings the lines of all inlets into the queue.
    pub(super) fn collect(&self) {
        for index in 0..self.inlets.len() {
            self.collect_at(index);
        }
    }

    /// Brings the lines of one inlet into the queue.
    pub(super) fn collect_at(&self, index: usize) {
        let mut inlet = self.inlet(index);
        if inlet.has_something() {
            self.collect_inlet(index, &mut inlet);
        }
    }

    /// The same of one that is locked.
    pub(super) fn collect_inlet(&self, index: usize, inlet: &mut Inlet) {
        self.lock().core.collect(inlet);
        self.owners.on_collected(index);
    }

    /// Brings in what all inlets have refused, and none of their lines.
    pub(super) fn collect_counts(&self) {
        for index in 0..self.inlets.len() {
            let mut inlet = self.inlet(index);
            self.lock().core.take_counts(&mut inlet);
        }
    }

    /// Makes lines of all that is aggregated, as far as the queue has room. No lock is held for more than a few series.
    pub(super) fn drain(&self) {
        if !self.aggregates {
            return;
        }
        self.lock().core.start_drain();
        for index in 0..self.inlets.len() {
            while self.collect_parts(index) {}
        }
        loop {
            let mut state = self.lock();
            let drained = state.core.write_series(&|name| self.owners.owner_of(name));
            wake_driver(state);
            match drained {
                Drained::All | Drained::Stopped => return,
                Drained::Owner(index) => self.collect_at(index),
                Drained::Series => {}
            }
        }
    }

    /// Moves what an inlet has gathered of a few series to the store. Returns whether it has more.
    fn collect_parts(&self, index: usize) -> bool {
        let mut inlet = self.inlet(index);
        self.lock().core.collect_parts(&mut inlet)
    }
}
