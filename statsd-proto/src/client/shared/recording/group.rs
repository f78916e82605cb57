//! Recording of a group of metrics under one lock.

use crate::client::shared::{Entry, wake_driver};
use crate::encode::Single;
use crate::error::RecordError;
use crate::session::{GroupBuffer, Levels as _, Record};

impl Entry {
    /// New buffer for a group of metrics, or `None` if metrics are aggregated.
    pub(crate) fn group_buffer(&self) -> Option<GroupBuffer> {
        let is_line = !self.shared.aggregates;
        is_line.then(|| self.shared.lock().core.group_buffer())
    }

    /// Encodes a metric into the buffer of a group, without taking a lock. Counts the metric if it is refused.
    #[inline]
    pub(crate) fn push(
        &self,
        group: &mut GroupBuffer,
        record: &impl Record,
    ) -> Result<(), RecordError> {
        let result = group.push(&self.encoder, record);
        result.map_err(|error| self.refuse(error))
    }

    /// Encodes a name and a number into the buffer of a group.
    #[inline(never)]
    pub(crate) fn push_number(
        &self,
        group: &mut GroupBuffer,
        single: &Single<'_>,
    ) -> Result<(), RecordError> {
        self.push(group, single)
    }

    /// Records the metrics of a group next to each other, or refuses all of them.
    pub(crate) fn record_group(&self, group: &mut GroupBuffer) -> Result<(), RecordError> {
        let index = self.shared.index();
        let mut may_reclaim = true;
        loop {
            let mut inlet = self.shared.inlet(index);
            let owners = self.shared.owners.of(index);
            let claim = |name: &[u8]| owners.claim(name).err();
            if let Some(other) = group.levels().find_map(claim) {
                drop(inlet);
                self.shared.collect_at(other);
                continue;
            }
            if inlet.take_group(group) {
                return Ok(());
            }
            if inlet.is_closed() {
                return Err(inlet.refuse_group(RecordError::Closed, group));
            }
            let mut state = self.shared.lock();
            let result = state.core.exchange_group(&mut inlet, group);
            let is_full = result == Err(RecordError::QueueFull);
            if is_full && state.core.should_reclaim(&mut may_reclaim) {
                drop(state);
                drop(inlet);
                self.shared.collect();
                continue;
            }
            let result = result.map_err(|error| inlet.refuse_group(error, group));
            drop(inlet);
            wake_driver(state);
            return result;
        }
    }
}
