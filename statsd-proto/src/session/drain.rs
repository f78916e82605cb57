//! What is aggregated, on its way to the queue.

use std::sync::Arc;
use std::time::Instant;

use super::exchange::write_into;
use super::{Core, Inlet, Pending};
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

    /// Where an inlet aggregates. `None` if every metric is a line.
    pub(super) fn parts(&self) -> Option<Parts> {
        self.aggregates.as_ref().map(|(store, _)| Parts::new(store))
    }

    /// The series of a metric. `None` if it is sent as lines of its own.
    ///
    /// # Errors
    ///
    /// No such metric can be sent.
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

    /// Aggregates a metric whose series an inlet does not know.
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

    /// Before a level of this series that cannot be aggregated: sends the one that waits, so that they keep their order.
    ///
    /// # Errors
    ///
    /// Another inlet has lines of the gauge, which have to be collected first. Or, within `Ok`, the queue is full. The
    /// level that waits goes on waiting.
    pub(crate) fn send_level_before(
        &mut self,
        encoder: &Encoder,
        inlet: &mut Inlet,
        key: &SeriesKey,
        admit: &dyn Fn(&[u8]) -> Result<(), usize>,
    ) -> Result<Result<(), RecordError>, usize> {
        // At the end the last drain takes it, and the metric itself is refused.
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
            result = match inlet.write(true, &write, admit) {
                // One that is refused has been counted, and hinders no other.
                Ok(_) => Ok(Ok(())),
                Err(Pending::Owner(owner)) => Err(owner),
                Err(Pending::Room) => Ok(self.exchange(inlet)),
            };
            result == Ok(Ok(()))
        });
        result
    }

    /// Something was aggregated for the first time since the last drain.
    pub(crate) fn on_aggregated(&mut self) {
        if let Some((_, interval)) = &mut self.aggregates {
            self.wants_poll |= interval.add();
        }
    }

    /// A handle has added to a series for the first time since the last drain.
    pub(crate) fn add_pending(&mut self, series: &Arc<Series>) {
        if let Some((store, _)) = &mut self.aggregates {
            store.add_pending(series);
        }
        self.on_aggregated();
    }

    /// Whether what is aggregated is to be drained at this time. While the connection is down, or the queue is full,
    /// values are held where they are.
    pub(crate) fn wants_aggregates(&self, now: Instant) -> bool {
        let is_due = self
            .aggregates
            .as_ref()
            .is_some_and(|(_, interval)| interval.is_due(now));
        is_due && self.link.is_up() && self.has_room()
    }

    /// Starts an interval, whose time has come, before anything is drained.
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

    /// Moves what an inlet has gathered of a few series to the store. Returns whether it has more for this drain.
    pub(crate) fn collect_parts(&mut self, inlet: &mut Inlet) -> bool {
        let (Some((store, interval)), Some(parts)) = (&mut self.aggregates, &mut inlet.parts)
        else {
            return false;
        };
        let has_more = parts.drain(store, MOST_SERIES, MOST_VALUES);
        if !has_more && parts.has_pending() {
            self.wants_poll |= interval.add();
        }
        has_more
    }

    /// All that is to be written in this drain is in the store.
    pub(crate) fn start_writing(&mut self) {
        if let Some((store, _)) = &mut self.aggregates {
            store.start_writing();
        }
    }

    /// Writes lines of a few series. `owner` tells of a gauge's name which inlet has lines of it.
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
        for _ in 0..MOST_SERIES {
            drained = store.write_next(&self.encoder, &mut sink, owner);
            if drained != Drained::Series {
                break;
            }
        }
        if drained == Drained::Stopped && !sink.is_full {
            drained = Drained::Series;
        }
        if drained == Drained::Stopped {
            // What has no room waits for the next interval.
            interval.add();
        }
        self.stats.accepted += sink.admitted.queued as u64;
        self.stats.dropped.overflow += sink.admitted.dropped as u64;
        self.stats.refused.add(sink.refused);
        drained
    }

    /// The lines of a drain have waited long enough.
    pub(crate) fn end_drain(&mut self) {
        self.flusher.release(self.stats.accepted);
    }

    /// Takes nothing more from handles.
    pub(crate) fn close_series(&mut self) {
        if let Some((store, _)) = &mut self.aggregates {
            store.close();
        }
    }

    /// Forgets what was aggregated and the queue had no room for, since there are no more drains.
    pub(super) fn lose_aggregates(&mut self) {
        if let Some((store, _)) = &mut self.aggregates {
            for _ in 0..store.clear() {
                self.stats.refused.count(RecordError::QueueFull);
            }
        }
    }

    /// When the next drain is to take place. `None` if there is nothing for it.
    pub(super) fn next_drain(&self) -> Option<Instant> {
        let deadline = self.aggregates.as_ref()?.1.deadline()?;
        // One that has passed waits for room in the queue, not for time.
        self.now.filter(|now| deadline > *now).and(Some(deadline))
    }
}

/// Where the lines of a drain go: a few KiB at once, so that no client waits for long.
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
        if self.bytes >= MOST_BYTES {
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

/// Series whose values are moved, or written, under one hold of a lock.
const MOST_SERIES: usize = 32;

/// Values that are moved under one hold of a lock, and those of one series more: as many bytes as of lines.
const MOST_VALUES: usize = MOST_BYTES / size_of::<f64>();

/// Bytes of lines after which a drain pauses, so that others come to the lock.
const MOST_BYTES: usize = 16 * 1024;
