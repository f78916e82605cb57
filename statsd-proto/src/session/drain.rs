//! Drain of aggregated values into the queue.

use std::sync::Arc;
use std::time::Instant;

use super::exchange::write_into;
use super::{Core, Inlet, Levels, Pending};
use crate::encode::{Cursor, Encoder, SeriesKey, Unwritten, Written};
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Value};
use crate::session::aggregate::{Added, Drained, Lookup, Parts, Series, Sink};
use crate::session::queue::{Admitted, Queue};
use crate::session::stats::Refused;

impl Core {
    /// Whether metrics are aggregated.
    pub(crate) fn aggregates(&self) -> bool {
        self.aggregates.is_some()
    }

    /// Aggregating half of a new inlet, or `None` if metrics are not aggregated.
    pub(super) fn parts(&self) -> Option<Parts> {
        self.aggregates.as_ref().map(|(store, _)| Parts::new(store))
    }

    /// Series of a metric, or `None` if the metric is sent as lines of its own.
    ///
    /// # Errors
    ///
    /// The metric is invalid.
    pub(crate) fn series(
        &mut self,
        encoder: &Encoder,
        kind: Kind,
        metric: &Metric<'_>,
    ) -> Result<Option<Arc<Series>>, RecordError> {
        let is_open = self.phase.is_open();
        self.note_use();
        match &mut self.aggregates {
            Some((store, _)) if is_open => store.find_or_insert(encoder, kind, metric),
            Some(_) | None => Ok(None),
        }
    }

    /// Aggregates a metric of a series that the inlet does not know yet.
    pub(crate) fn aggregate_new(
        &mut self,
        encoder: &Encoder,
        inlet: &mut Inlet,
        lookup: Lookup,
        metric: &Metric<'_>,
    ) -> Result<Added, RecordError> {
        let (Some((store, _)), Some((parts, random))) = (&mut self.aggregates, inlet.aggregator())
        else {
            return Ok(Added::Not);
        };
        let added = parts.insert(encoder, store, lookup, metric, random);
        self.note_use();
        added
    }

    /// Sends the pending level of this series, because a value of the same gauge is about to be sent as a line of its
    /// own. This keeps them in order.
    ///
    /// # Errors
    ///
    /// `Err`: the inlet with this index has lines of the gauge, which have to be collected first. `Ok(Err)`: the queue
    /// is full; the level stays pending.
    pub(crate) fn send_level_before(
        &mut self,
        encoder: &Encoder,
        inlet: &mut Inlet,
        key: &SeriesKey,
        levels: &dyn Levels,
    ) -> Result<Result<(), RecordError>, usize> {
        // After a close, the last drain sends the level, and the metric itself is refused.
        let series = self.aggregates.as_ref().filter(|_| !inlet.is_closed());
        let Some(series) = series.and_then(|(store, _)| store.get(key)).cloned() else {
            return Ok(Ok(()));
        };
        let mut result = Ok(Ok(()));
        series.send_level(|kind, number| {
            let write = |cursor: Cursor<'_>| {
                let value = Value::Number(number);
                encoder.encode_value_as(series.template(), kind, value, None, cursor)
            };
            result = match inlet.write(true, &write, levels) {
                // A refused level has been counted. It does not hold up the metric.
                Ok(_) => Ok(Ok(())),
                Err(Pending::Owner(owner)) => Err(owner),
                Err(Pending::Room) => Ok(self.exchange(inlet)),
            };
            result == Ok(Ok(()))
        });
        result
    }

    /// Notes the first aggregated value since the last drain.
    pub(crate) fn on_aggregated(&mut self) {
        if let Some((_, interval)) = &mut self.aggregates {
            self.wants_poll |= interval.add();
        }
    }

    /// Lists a series to which a handle has added the first value since the last drain.
    pub(crate) fn add_pending(&mut self, series: &Arc<Series>) {
        if let Some((store, _)) = &mut self.aggregates {
            store.add_pending(series);
        }
        self.on_aggregated();
    }

    /// Whether a drain is due at this time. While the connection is down or the queue is full, there is no drain, and
    /// values stay aggregated.
    pub(crate) fn wants_aggregates(&self, now: Instant) -> bool {
        let is_due = self
            .aggregates
            .as_ref()
            .is_some_and(|(_, interval)| interval.is_due(now));
        is_due && self.link.is_up() && self.has_room()
    }

    /// Starts the next interval if this one is over. The caller drains afterwards.
    pub(crate) fn start_interval(&mut self, now: Instant) {
        if let Some((_, interval)) = &mut self.aggregates {
            interval.start(now);
        }
    }

    /// Begins a drain.
    pub(crate) fn start_drain(&mut self) {
        self.note_use();
        if let Some((store, _)) = &mut self.aggregates {
            store.start_drain();
        }
    }

    /// Moves the values of a few series from an inlet to the store. Returns whether this drain has more to move.
    pub(crate) fn collect_parts(&mut self, inlet: &mut Inlet) -> bool {
        let (Some((store, interval)), Some(parts)) = (&mut self.aggregates, &mut inlet.parts)
        else {
            return false;
        };
        let has_more = parts.drain(store, MAX_SERIES_PER_LOCK, MAX_VALUES_PER_LOCK);
        if !has_more && parts.has_pending() {
            self.wants_poll |= interval.add();
        }
        has_more
    }

    /// Starts to write: every series of this drain is in the store.
    pub(crate) fn start_writing(&mut self) {
        if let Some((store, _)) = &mut self.aggregates {
            store.start_writing();
        }
    }

    /// Writes the lines of a few series. `owner` returns the inlet that has unsent lines of a gauge, by the gauge's
    /// name.
    pub(crate) fn write_series(&mut self, owner: &dyn Fn(&[u8]) -> Option<usize>) -> Drained {
        let Some((store, interval)) = &mut self.aggregates else {
            return Drained::All;
        };
        let mut sink = Lines {
            queue: &mut self.queue,
            record: &mut self.record,
            admitted: Admitted::default(),
            refused: Refused::default(),
            bytes: 0,
            is_full: false,
        };
        let mut drained = Drained::Series;
        for _ in 0..MAX_SERIES_PER_LOCK {
            drained = store.write_next(&self.encoder, &mut sink, owner);
            if drained != Drained::Series {
                break;
            }
        }
        if drained == Drained::Stopped && !sink.is_full {
            drained = Drained::Series;
        }
        if drained == Drained::Stopped {
            // Values for which the queue has no room wait for the next interval.
            interval.add();
        }
        self.stats.accepted += sink.admitted.queued as u64;
        self.stats.dropped.overflow += sink.admitted.dropped as u64;
        self.stats.refused.add(sink.refused);
        drained
    }

    /// Removes idle series among a few. Returns whether this drain has more to visit.
    pub(crate) fn sweep_series(&mut self) -> bool {
        let store = self.aggregates.as_mut();
        store.is_some_and(|(store, _)| store.sweep(MAX_SERIES_PER_LOCK))
    }

    /// Number of series.
    #[cfg(test)]
    pub(crate) fn series_len(&self) -> usize {
        let store = self.aggregates.as_ref();
        store.map_or(0, |(store, _)| store.len())
    }

    /// Begins to release the memory of idle series.
    pub(crate) fn start_trim(&mut self) {
        if let Some((store, _)) = &mut self.aggregates {
            store.start_trim();
        }
    }

    /// Releases the memory of idle series among a few. Returns whether there are more.
    pub(crate) fn trim_series(&mut self) -> bool {
        let store = self.aggregates.as_mut();
        store.is_some_and(|(store, _)| store.trim(MAX_SERIES_PER_LOCK))
    }

    /// Ends a drain. Its lines have waited for an interval already, so they are flushed.
    pub(crate) fn end_drain(&mut self) {
        self.flusher.release(self.stats.accepted);
    }

    /// Refuses further values from handles.
    pub(crate) fn close_series(&mut self) {
        if let Some((store, _)) = &mut self.aggregates {
            store.close();
        }
    }

    /// Drops values that are still aggregated, and counts them as refused by a full queue: a closed session drains no
    /// more.
    pub(super) fn lose_aggregates(&mut self) {
        if let Some((store, _)) = &mut self.aggregates {
            for _ in 0..store.clear() {
                self.stats.refused.count(RecordError::QueueFull);
            }
        }
    }

    /// Time of the next drain, or `None` if nothing is aggregated.
    pub(super) fn next_drain(&self) -> Option<Instant> {
        let deadline = self.aggregates.as_ref()?.1.deadline()?;
        // An overdue drain waits for room in the queue. A timer would not help.
        self.now.filter(|now| deadline > *now).and(Some(deadline))
    }
}

/// Sink that writes the lines of a drain into the queue, a few KiB per call, so that the lock is released often.
struct Lines<'a> {
    queue: &'a mut Queue,
    record: &'a mut Vec<u8>,
    admitted: Admitted,
    refused: Refused,
    bytes: usize,
    is_full: bool,
}

impl Sink for Lines<'_> {
    fn take(&mut self, write: &mut dyn FnMut(Cursor<'_>) -> Result<Written, Unwritten>) -> bool {
        if self.bytes >= MAX_BYTES_PER_LOCK {
            return false;
        }
        let pushed = write_into(self.record, write).and_then(|written| {
            self.bytes += written.bytes;
            self.queue.push(&self.record[..written.bytes], written)
        });
        match pushed {
            Ok(admitted) => {
                self.admitted.queued += admitted.queued;
                self.admitted.dropped += admitted.dropped;
                true
            }
            Err(RecordError::QueueFull) => {
                self.is_full = true;
                false
            }
            Err(error) => {
                self.refused.count(error);
                true
            }
        }
    }
}

/// Maximum number of series moved, written or removed while the lock is held once.
pub(super) const MAX_SERIES_PER_LOCK: usize = 32;

/// Number of samples after which moving values releases the lock. The last series may exceed it.
const MAX_VALUES_PER_LOCK: usize = MAX_BYTES_PER_LOCK / size_of::<f64>();

/// Bytes of lines after which a drain releases the lock, so that other threads get it: one payload of a stream.
const MAX_BYTES_PER_LOCK: usize = 16 * 1024;
