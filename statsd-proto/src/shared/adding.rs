//! Adding up: in tables beside the session, and in cells that handles hold.

use std::sync::{Arc, Weak};

use super::{Shared, State, wake_driver};
use crate::aggregate::{Added, Cell, Sought};
use crate::error::RecordError;
use crate::metric::{Kind, Metric, Rate};
use crate::pressure::is_thinned;
use crate::rendered::Rendered;
use crate::stats::Refused;

impl Shared {
    /// Adds a metric up. None if it goes as a line of its own.
    ///
    /// Not inlined, or what is computed here may be moved before the question whether to add up.
    #[inline(never)]
    pub(super) fn add_up(&self, metric: &Metric<'_>) -> Option<Result<(), RecordError>> {
        let sought = Sought::new(&self.encoder, metric)?;
        // Levels of all threads are added up in one place, in their order.
        let place = if metric.is_level() {
            0
        } else {
            self.place_of_thread()
        };
        let mut lane = self.lanes[place].0.lock();
        match lane.add_up(&self.encoder, sought, metric) {
            Ok(Added::First) => {
                let mut state = self.lock();
                state.session.on_added();
                drop(lane);
                wake_driver(state);
            }
            Ok(Added::More) => {}
            Ok(Added::Not) => return None,
            Err(error) => return Some(Err(error)),
        }
        Some(Ok(()))
    }

    /// Renders what does not change of a metric that is recorded again and again.
    pub(crate) fn render(&self, metric: &Metric<'_>, rate: Rate) -> Result<Rendered, RecordError> {
        let rate = match rate {
            Rate::Always => Rate::Always,
            Rate::Sample(rate) | Rate::Sampled(rate) => Rate::Sampled(rate),
        };
        Rendered::new(&self.encoder, &Metric { rate, ..*metric })
    }

    /// The same with a place for the rate while the queue is under pressure; none if that is never so, or
    /// not for such metrics.
    pub(crate) fn render_thinned(&self, kind: Kind, metric: &Metric<'_>) -> Option<Rendered> {
        self.lock().session.thinning()?;
        let rendered = Rendered::with_place_for_rate(&self.encoder, metric).ok()?;
        is_thinned(&self.encoder, kind).then_some(rendered)
    }

    /// Where a handle may add up; none if each value is a line.
    pub(crate) fn cell(
        &self,
        kind: Kind,
        metric: &Metric<'_>,
    ) -> Result<Option<Arc<Cell>>, RecordError> {
        let mut state = self.lock();
        let Some(max_samples) = state.session.max_samples().filter(|_| !state.is_over) else {
            return Ok(None);
        };
        let rendered = Rendered::with_place_for_rate(&self.encoder, metric)?;
        let random = state.session.fork_sampler();
        let cell = Cell::new(kind, rendered, max_samples, random).map(Arc::new);
        if let Some(cell) = &cell {
            // Those that are gone make room before the list has to grow.
            if state.cells.len() == state.cells.capacity() {
                state.cells.retain(|cell| cell.strong_count() > 0);
            }
            state.cells.push(Arc::downgrade(cell));
        }
        Ok(cell)
    }

    /// A cell has something for the next round.
    pub(crate) fn on_first(&self, cell: &Arc<Cell>) {
        let mut state = self.lock();
        state.pending.push(Arc::clone(cell));
        state.session.on_added();
        wake_driver(state);
    }

    /// Counts what was not taken.
    pub(crate) fn refuse(&self, error: RecordError) {
        let mut refused = Refused::default();
        refused.count(error);
        self.lock().session.count_outside(refused, 0);
    }
}

impl State {
    pub(super) fn drain_cells(&mut self, is_last: bool) {
        let Self {
            session,
            cells,
            pending,
            is_over,
            ..
        } = self;
        *is_over |= is_last;
        pending.retain(|cell| cell.drain(is_last, session));
        if is_last {
            let cells = cells.iter().filter_map(Weak::upgrade);
            cells.for_each(|cell| _ = cell.drain(is_last, session));
        }
        if !pending.is_empty() {
            session.on_added();
        }
    }
}
