//! Recordable values: a metric, a number, a value of a prepared metric.

use std::convert::Infallible;

use crate::dogstatsd::{Event, ServiceCheck};
use crate::encode::{Cursor, Encoder, FastLine, Single, Source as _, Unwritten, Written};
use crate::metric::{Class, Metric, Rate};
use crate::session::sampling::SamplingLevel;

/// Value that an [`Inlet`](super::Inlet) records.
pub(crate) trait Record {
    /// Sample rate that the caller asks for.
    fn rate(&self) -> Rate;

    /// What the record counts as.
    fn class(&self) -> Class;

    /// Whether the record sets or changes a gauge. Levels of all threads must keep their order.
    fn is_level(&self) -> bool;

    /// Checks the text and encodes the value, for which no lock is needed. `None` if the record takes more than the fast
    /// path; [`encode`](Self::encode) then handles it.
    fn fast_line(&self, encoder: &Encoder) -> Option<impl FastLine>
    where
        Self: Sized;

    /// Writes the record as one line or several, or returns why it cannot be written.
    fn encode(
        &self,
        encoder: &Encoder,
        rate: Option<f64>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten>;

    /// Under adaptive sampling: the rate at which the record is kept, and the rate written in its line. `None` if the
    /// record is always kept.
    fn sampled_further(
        &self,
        encoder: &Encoder,
        sampling_level: SamplingLevel,
    ) -> Option<(Rate, f64)>;
}

impl Record for Metric<'_> {
    #[inline(always)]
    fn rate(&self) -> Rate {
        self.rate
    }

    #[inline(always)]
    fn class(&self) -> Class {
        Metric::class(self)
    }

    #[inline(always)]
    fn is_level(&self) -> bool {
        Metric::is_level(self)
    }

    #[inline(always)]
    fn fast_line(&self, encoder: &Encoder) -> Option<impl FastLine> {
        encoder.fast_line(self)
    }

    fn encode(
        &self,
        encoder: &Encoder,
        rate: Option<f64>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        match rate {
            None => encoder.encode(self, cursor),
            Some(rate) => encoder.encode(&self.sampled_at(rate), cursor),
        }
    }

    fn sampled_further(
        &self,
        encoder: &Encoder,
        sampling_level: SamplingLevel,
    ) -> Option<(Rate, f64)> {
        sampling_level.rates_of(encoder, self)
    }
}

impl Record for Single<'_> {
    #[inline(always)]
    fn rate(&self) -> Rate {
        Rate::Always
    }

    #[inline(always)]
    fn class(&self) -> Class {
        Class::Metric(self.kind)
    }

    #[inline(always)]
    fn is_level(&self) -> bool {
        self.kind.is_level()
    }

    #[inline(always)]
    fn fast_line(&self, encoder: &Encoder) -> Option<impl FastLine> {
        encoder.fast_single(self)
    }

    fn encode(
        &self,
        encoder: &Encoder,
        rate: Option<f64>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        Record::encode(&self.metric(), encoder, rate, cursor)
    }

    fn sampled_further(
        &self,
        encoder: &Encoder,
        sampling_level: SamplingLevel,
    ) -> Option<(Rate, f64)> {
        self.metric().sampled_further(encoder, sampling_level)
    }
}

/// Implements [`Record`] for types that are not metrics: never sampled, and always on the slow path.
macro_rules! record_apart {
    ($type:ident, $encode:ident) => {
        impl Record for $type<'_> {
            fn rate(&self) -> Rate {
                Rate::Always
            }

            fn class(&self) -> Class {
                Class::$type
            }

            fn is_level(&self) -> bool {
                false
            }

            fn fast_line(&self, _: &Encoder) -> Option<impl FastLine> {
                None::<Infallible>
            }

            fn encode(
                &self,
                encoder: &Encoder,
                _: Option<f64>,
                cursor: Cursor<'_>,
            ) -> Result<Written, Unwritten> {
                encoder.$encode(self, cursor)
            }

            fn sampled_further(&self, _: &Encoder, _: SamplingLevel) -> Option<(Rate, f64)> {
                None
            }
        }
    };
}

record_apart!(Event, encode_event);
record_apart!(ServiceCheck, encode_service_check);
