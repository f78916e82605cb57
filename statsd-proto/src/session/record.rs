//! What can be recorded: a metric, a number, a value of a prepared metric.

use crate::dogstatsd::{Event, ServiceCheck};
use crate::encode::{Cursor, Encoder, OneLine, Unwritten, Written};
use crate::metric::{Code, Kind, Metric, Number, Rate, Section, Tags, Value};
use crate::session::sampling::SamplingLevel;

/// Something that an [`Inlet`](super::Inlet) takes.
pub(crate) trait Record {
    /// The sample rate that the caller asks for.
    fn rate(&self) -> Rate;

    /// Whether it sets or changes a gauge, so that its order among others of all threads counts.
    fn is_level(&self) -> bool;

    /// Writes it as one line, if that is all there is to do. `None` otherwise.
    fn encode_one(&self, encoder: &Encoder, cursor: Cursor<'_>) -> Option<OneLine>;

    /// Writes it, whatever has to be done for it, and says why if it cannot be.
    fn encode(
        &self,
        encoder: &Encoder,
        rate: Option<f64>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten>;

    /// The rate to choose by and the one to tell while less is recorded. `None` if it is always recorded.
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
    fn is_level(&self) -> bool {
        Metric::is_level(self)
    }

    #[inline(always)]
    fn encode_one(&self, encoder: &Encoder, cursor: Cursor<'_>) -> Option<OneLine> {
        encoder.encode_one(self, cursor)
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

/// A metric that is a number and nothing else. It is passed in registers, which a [`Metric`] is not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain<'a> {
    pub(crate) kind: Kind,
    pub(crate) section: Section,
    pub(crate) name: &'a str,
    pub(crate) number: Number,
}

impl<'a> Plain<'a> {
    /// The same as a metric.
    #[inline(always)]
    pub(crate) fn metric(&self) -> Metric<'a> {
        Metric {
            name: self.name,
            value: Value::Number(self.number),
            code: Code::Known(self.kind),
            rate: Rate::Always,
            tags: Tags::Pairs(&[]),
            section: self.section,
            extras: None,
        }
    }
}

impl Record for Plain<'_> {
    #[inline(always)]
    fn rate(&self) -> Rate {
        Rate::Always
    }

    #[inline(always)]
    fn is_level(&self) -> bool {
        self.kind.is_level()
    }

    #[inline(always)]
    fn encode_one(&self, encoder: &Encoder, cursor: Cursor<'_>) -> Option<OneLine> {
        // Inlined, so that it is never in memory.
        encoder.encode_one(&self.metric(), cursor)
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

/// What is no metric is never sampled, and never on the straight way.
macro_rules! record_apart {
    ($type:ident, $encode:ident) => {
        impl Record for $type<'_> {
            fn rate(&self) -> Rate {
                Rate::Always
            }

            fn is_level(&self) -> bool {
                false
            }

            fn encode_one(&self, _: &Encoder, _: Cursor<'_>) -> Option<OneLine> {
                None
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
