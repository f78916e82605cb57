//! Metrics of which all but the value is encoded once.

use std::sync::Arc;

use crate::encode::{Cursor, Encoder, OneLine, SeriesKey, Template, Unwritten, Written};
use crate::error::RecordError;
use crate::metric::{Code, Kind, Metric, Number, Rate, Value};
use crate::session::aggregate::{Put, Series, Sum};
use crate::session::sampling::{SamplingLevel, may_be_sampled};
use crate::session::{Core, Record};

/// A metric of which all but the value is encoded; see [`Session::prepare`](crate::Session::prepare).
///
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Prepared(Arc<Encoded>);

#[derive(Debug)]
struct Encoded {
    kind: Kind,
    rate: Rate,
    template: Template,
    /// Whether adaptive sampling may leave values out.
    may_be_sampled: bool,
    /// Where values are aggregated. `None` if each is sent as a line.
    series: Option<Arc<Series>>,
    /// Of a counter that is aggregated, its sum.
    sum: Option<Arc<Sum>>,
    /// Whether nothing has to be done before a value is sent as a line.
    is_line: bool,
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
        // What has a time of its own, or stands for more than itself, is not aggregated.
        let is_plain = metric.extras.is_none() && !matches!(metric.rate, Rate::Sampled(_));
        let series = if is_plain {
            core.series(encoder, kind.of_series(), metric)?
        } else {
            None
        };
        let sum = series.as_ref().filter(|_| kind == Kind::Counter);
        Ok(Self(Arc::new(Encoded {
            kind,
            rate: metric.rate,
            template,
            may_be_sampled: may_be_sampled(encoder, kind),
            sum: sum.map(|series| series.sum(encoder.counts_down())),
            is_line: series.is_none() && !(core.aggregates() && kind.is_level()),
            series,
        })))
    }

    /// Where values are aggregated. `None` if each is sent as a line.
    pub(crate) fn series(&self) -> Option<&Arc<Series>> {
        self.0.series.as_ref()
    }

    /// Of a counter that is aggregated, its sum.
    pub(crate) fn sum(&self) -> Option<&Arc<Sum>> {
        self.0.sum.as_ref()
    }

    /// Whether nothing has to be done before a value is sent as a line: none is aggregated, here or elsewhere.
    #[inline]
    pub(crate) fn is_line(&self) -> bool {
        self.0.is_line
    }

    /// Whether it is a gauge, of which the order means something.
    #[inline]
    pub(crate) fn is_level(&self) -> bool {
        self.0.kind.is_level()
    }

    /// The series that values belong to, also those that are not aggregated.
    #[cold]
    pub(crate) fn key(&self) -> SeriesKey {
        self.0.template.series()
    }

    /// Aggregates a value, which is a handle's only way to do so.
    ///
    /// # Errors
    ///
    /// The value is to be sent as a line of its own.
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

    /// Sees to what is rare of a counter: the first amount since a drain, one that is too large, the end.
    ///
    /// # Errors
    ///
    /// The value is to be sent as a line of its own.
    pub(crate) fn finish_count<'a>(&self, amount: Number, put: Put) -> Result<Put, Value<'a>> {
        let is_known = |series: &Arc<Series>| !series.mark();
        match put {
            Put::First if self.0.series.as_ref().is_some_and(is_known) => Ok(Put::Kept),
            Put::First | Put::Kept | Put::Refused(_) => Ok(put),
            Put::Not => Err(Value::Number(amount)),
            // All that was in the part, with this amount.
            Put::Overflowing(sum) => Err(Value::Number(Number::Int(sum))),
        }
    }

    /// One of its values, to be recorded as a line.
    #[inline(always)]
    pub(crate) fn with<'a>(&'a self, value: Value<'a>) -> PreparedValue<'a> {
        PreparedValue {
            prepared: &self.0,
            value,
        }
    }
}

/// A value of a prepared metric.
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
    fn is_level(&self) -> bool {
        self.prepared.kind.is_level()
    }

    #[inline(always)]
    fn encode_one(&self, encoder: &Encoder, cursor: Cursor<'_>) -> Option<OneLine> {
        encoder.encode_one_value(&self.prepared.template, &self.value, cursor)
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
