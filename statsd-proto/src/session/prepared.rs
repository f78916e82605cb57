//! Prepared metrics: everything but the value is encoded once.

use std::sync::Arc;

use crate::encode::{Cursor, Encoder, FastLine, SeriesKey, Template, Unwritten, Written};
use crate::error::RecordError;
use crate::metric::{Class, Code, Kind, Metric, Number, Rate, Value};
use crate::session::aggregate::{Put, Series, Sum};
use crate::session::sampling::{SamplingLevel, may_be_sampled};
use crate::session::{Core, Record};

/// Metric whose name, tags and rate are encoded; see [`Session::prepare`](crate::driver::Session::prepare).
///
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Prepared(Arc<Encoded>);

#[derive(Debug)]
struct Encoded {
    kind: Kind,
    rate: Rate,
    template: Template,
    /// Whether adaptive sampling applies to the metric.
    may_be_sampled: bool,
    /// Series in which values are aggregated, or `None` if each value is sent as a line.
    series: Option<Arc<Series>>,
    /// Sum in which an aggregated counter is counted, or `None` for all other metrics.
    sum: Option<Arc<Sum>>,
    /// Whether a value is sent as a line without further steps.
    is_line: bool,
    /// Whether that line may take the fast path: values are not sampled.
    is_fast: bool,
}

impl Prepared {
    pub(crate) fn new(
        core: &mut Core,
        encoder: &Encoder,
        metric: &Metric<'_>,
    ) -> Result<Self, RecordError> {
        let Code::Known(kind) = metric.code else {
            return Err(RecordError::InvalidLine);
        };
        let template = encoder.template(metric)?;
        // A timestamp forbids merging, and a value sampled by the caller represents more than one event.
        let is_plain = metric.extras.is_none() && !matches!(metric.rate, Rate::Sampled(_));
        let series = if is_plain {
            core.series(encoder, kind.of_series(), metric)?
        } else {
            None
        };
        let sum = series.as_ref().filter(|_| kind == Kind::Counter);
        let is_line = series.is_none() && !(core.aggregates() && kind.is_level());
        Ok(Self(Arc::new(Encoded {
            kind,
            rate: metric.rate,
            template,
            may_be_sampled: may_be_sampled(encoder, kind),
            sum: sum.map(|series| series.sum(encoder.counts_down(), core.counts_calls())),
            is_line,
            is_fast: is_line && !matches!(metric.rate, Rate::Sample(_)),
            series,
        })))
    }

    /// Series in which values are aggregated, or `None` if each value is sent as a line.
    pub(crate) fn series(&self) -> Option<&Arc<Series>> {
        self.0.series.as_ref()
    }

    /// Sum in which an aggregated counter is counted, or `None` for all other metrics.
    pub(crate) fn sum(&self) -> Option<&Arc<Sum>> {
        self.0.sum.as_ref()
    }

    /// Whether a value is sent as a line without further steps, because its series is aggregated nowhere.
    #[inline]
    pub(crate) fn is_line(&self) -> bool {
        self.0.is_line
    }

    /// Whether the metric is a gauge, whose levels must keep their order.
    #[inline]
    pub(crate) fn is_level(&self) -> bool {
        self.0.kind.is_level()
    }

    /// What a value counts as.
    #[cold]
    pub(crate) fn class(&self) -> Class {
        Class::Metric(self.0.kind)
    }

    /// Key of the metric's series, whether it is aggregated or not.
    #[cold]
    pub(crate) fn key(&self) -> SeriesKey {
        self.0.template.series()
    }

    /// Aggregates a value from a handle.
    ///
    /// # Errors
    ///
    /// The value, if it has to be sent as a line of its own.
    pub(crate) fn aggregate<'a>(
        &self,
        encoder: &Encoder,
        value: Value<'a>,
    ) -> Result<Put, Value<'a>> {
        match (&self.0.sum, &self.0.series, value) {
            (_, None, value) => Err(value),
            (Some(sum), Some(_), Value::Number(number)) => {
                self.finish_count(number, sum.add(number))
            }
            (_, Some(series), value) => {
                let put = series.add(encoder, self.0.kind, value);
                if put == Put::Not { Err(value) } else { Ok(put) }
            }
        }
    }

    /// Handles the rare outcomes of adding to a counter: the first amount since a drain, an amount that is too large,
    /// and the end of the session.
    ///
    /// # Errors
    ///
    /// The value, if it has to be sent as a line of its own.
    pub(crate) fn finish_count<'a>(&self, amount: Number, put: Put) -> Result<Put, Value<'a>> {
        let is_known = |series: &Arc<Series>| !series.mark();
        match put {
            Put::First if self.0.series.as_ref().is_some_and(is_known) => Ok(Put::Kept),
            Put::First | Put::Kept | Put::Refused(_) => Ok(put),
            Put::Not => Err(Value::Number(amount)),
            // This is the content of the shard, the new amount included.
            Put::Overflowing(sum) => Err(Value::Number(Number::Int(sum))),
        }
    }

    /// Value of this metric, to be recorded as a line.
    #[inline(always)]
    pub(crate) fn with<'a>(&'a self, value: Value<'a>) -> PreparedValue<'a> {
        PreparedValue {
            prepared: &self.0,
            value,
        }
    }
}

/// Value of a prepared metric.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PreparedValue<'a> {
    prepared: &'a Encoded,
    value: Value<'a>,
}

impl Record for PreparedValue<'_> {
    #[inline(always)]
    fn rate(&self) -> Rate {
        self.prepared.rate
    }

    #[inline(always)]
    fn class(&self) -> Class {
        Class::Metric(self.prepared.kind)
    }

    #[inline(always)]
    fn is_level(&self) -> bool {
        self.prepared.kind.is_level()
    }

    #[inline(always)]
    fn fast_line(&self, _: &Encoder) -> Option<impl FastLine> {
        let line = || Encoder::fast_value(&self.prepared.template, &self.value);
        self.prepared.is_fast.then(line)
    }

    fn encode(
        &self,
        encoder: &Encoder,
        rate: Option<f64>,
        cursor: Cursor<'_>,
    ) -> Result<Written, Unwritten> {
        encoder.encode_value(&self.prepared.template, self.value, rate, cursor)
    }

    fn sampled_further(&self, _: &Encoder, sampling_level: SamplingLevel) -> Option<(Rate, f64)> {
        let rates = sampling_level.rates(self.prepared.rate)?;
        self.prepared.may_be_sampled.then_some(rates)
    }
}
