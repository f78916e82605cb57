//! Metrics of which all but the value is encoded once.

use std::sync::Arc;

use crate::aggregate::{Put, Series, Sum};
use crate::encode::{Encoder, SeriesKey, Template};
use crate::error::RecordError;
use crate::metric::{Code, Kind, Metric, Number, Rate, Value};
use crate::pressure::{Thinning, is_thinned};
use crate::session::{Core, Inlet, Recorded};

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
    is_thinned: bool,
    /// Where values are aggregated. `None` if each is sent as a line.
    series: Option<Arc<Series>>,
    /// Of a counter that is aggregated, its sum.
    sum: Option<Arc<Sum>>,
    /// Least amount to add to the sum. The encoder refuses others.
    least: i64,
}

impl Prepared {
    pub(crate) fn new(core: &mut Core, metric: &Metric<'_>) -> Result<Self, RecordError> {
        let Code::Known(kind) = metric.code else {
            return Err(RecordError::InvalidLine);
        };
        let encoder = Arc::clone(core.encoder());
        let template = encoder.template(metric)?;
        // What has a time of its own, or stands for more than itself, is not aggregated.
        let is_plain = metric.extras.is_none() && !matches!(metric.rate, Rate::Sampled(_));
        let series = if is_plain {
            core.series(kind.of_series(), metric)?
        } else {
            None
        };
        let sum = series.as_ref().filter(|_| kind == Kind::Counter);
        Ok(Self(Arc::new(Encoded {
            kind,
            rate: metric.rate,
            template,
            is_thinned: is_thinned(&encoder, kind),
            sum: sum.map(|series| series.sum()),
            least: Sum::least(encoder.counts_down()),
            series,
        })))
    }

    /// Where values are aggregated. `None` if each is sent as a line.
    pub(crate) fn series(&self) -> Option<&Arc<Series>> {
        self.0.series.as_ref()
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

    /// Aggregates a value.
    ///
    /// # Errors
    ///
    /// The value is to be sent as a line of its own.
    #[inline]
    pub(crate) fn aggregate<'a>(
        &self,
        encoder: &Encoder,
        value: Value<'a>,
    ) -> Result<Put, Value<'a>> {
        match (&self.0.sum, &self.0.series, value) {
            (_, None, value) => Err(value),
            (Some(sum), Some(series), Value::Number(number)) => {
                match sum.add(number, self.0.least) {
                    Put::Kept => Ok(Put::Kept),
                    put => count_other(series, put, value),
                }
            }
            (_, Some(series), value) => self.add(encoder, series, value),
        }
    }

    #[inline(never)]
    fn add<'a>(
        &self,
        encoder: &Encoder,
        series: &Series,
        value: Value<'a>,
    ) -> Result<Put, Value<'a>> {
        match series.add(encoder, self.0.kind, value) {
            Put::Not => Err(value),
            put => Ok(put),
        }
    }

    /// Records a value as a line.
    #[inline]
    pub(crate) fn write(
        &self,
        encoder: &Encoder,
        inlet: &mut Inlet,
        value: Value<'_>,
        admit: impl FnMut(&[u8]) -> Result<(), usize>,
    ) -> Recorded {
        let Encoded {
            kind,
            rate,
            template,
            is_thinned,
            ..
        } = &*self.0;
        let (rate, told) = if *is_thinned && inlet.thinning() != Thinning::NONE {
            thinned(inlet.thinning(), *rate)
        } else {
            (*rate, None)
        };
        inlet.write(
            rate,
            kind.is_level(),
            |cursor| encoder.encode_value(template, value, told, cursor),
            admit,
        )
    }
}

/// What is rare of a counter: the first amount since a drain, one that is too large, the end.
#[cold]
fn count_other<'a>(series: &Series, put: Put, value: Value<'a>) -> Result<Put, Value<'a>> {
    match put {
        Put::First if !series.mark() => Ok(Put::Kept),
        Put::First | Put::Kept | Put::Refused(_) => Ok(put),
        Put::Not => Err(value),
        // All that was in the part, with this value.
        Put::Overflowing(sum) => Err(Value::Number(Number::Int(sum))),
    }
}

/// The rate to choose by, and the one to be told in place of the template's.
#[cold]
fn thinned(thinning: Thinning, rate: Rate) -> (Rate, Option<f64>) {
    match thinning.rates(rate) {
        Some((rate, told)) => (rate, Some(told)),
        None => (rate, None),
    }
}
