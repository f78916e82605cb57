//! Programs that record with the `metrics` facade, on this client.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{
    CounterFn, GaugeFn, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use parking_lot::{Mutex, RwLock};

use crate::client::Client;
use crate::client::handle::{Counter, Distribution, Gauge, Histogram, Prepare, Timing};
use crate::error::RecordError;

/// Sends what a program records with the macros of `metrics`: labels as tags, and names as they are,
/// behind the configuration's prefix.
///
/// | the facade's | is sent as |
/// |---|---|
/// | counter | a counter; `absolute` as what it is more than before |
/// | gauge | its level, which increments and decrements move here |
/// | histogram | a distribution, a histogram or a timing: the first that the dialect has |
///
/// A histogram that is described in seconds, or in parts of one, is sent in milliseconds where it is a
/// timing. Other units and all descriptions are taken note of and not sent: no server asks for them. What
/// the dialect cannot say, as labels where it has no tags, is counted in
/// [`Stats::refused`](crate::Stats) at each call.
///
/// [`Config::aggregate`](crate::Config::aggregate) makes most of a facade whose macros are called for each
/// event: counting is then an atomic addition behind a look-up.
///
/// ```
/// use statsd_proto::testing::recorder;
/// use statsd_proto::{Config, FacadeRecorder};
///
/// # fn main() -> Result<(), statsd_proto::ConfigError> {
/// let (client, mut recorder) = recorder(Config::dogstatsd("localhost"))?;
/// metrics::with_local_recorder(&FacadeRecorder::new(client), || {
///     metrics::counter!("orders", "paid_by" => "card").increment(2);
///     metrics::histogram!("order.value").record(129.5);
/// });
/// assert_eq!(recorder.lines(), ["orders:2|c|#paid_by:card", "order.value:129.5|d"]);
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub struct FacadeRecorder {
    client: Client,
    counters: Registry<FacadeCounter>,
    gauges: Registry<FacadeGauge>,
    histograms: Registry<FacadeHistogram>,
    /// How many milliseconds a histogram's unit has, by its name.
    scales: RwLock<HashMap<Box<str>, f64>>,
}

/// The program's macros record with another recorder already.
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a recorder for the metrics facade is installed already")]
#[non_exhaustive]
pub struct AlreadyInstalled;

type Registry<T> = RwLock<HashMap<Key, Arc<T>>>;

impl FacadeRecorder {
    /// A recorder that records with `client`.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            counters: Registry::default(),
            gauges: Registry::default(),
            histograms: Registry::default(),
            scales: RwLock::default(),
        }
    }

    /// Makes it the one that all macros of the program record with, for as long as the program runs.
    ///
    /// # Errors
    ///
    /// A recorder has been installed already, be it of another kind.
    pub fn install(self) -> Result<(), AlreadyInstalled> {
        metrics::set_global_recorder(self).map_err(|_| AlreadyInstalled)
    }

    fn prepare<'a>(&'a self, key: &'a Key) -> Prepare<'a> {
        let prepare = self.client.prepare(key.name()).with_final_name();
        key.labels().fold(prepare, |prepare, label| {
            prepare.tag(label.key(), label.value())
        })
    }

    fn values(&self, key: &Key) -> Result<Values, RecordError> {
        if let Ok(distribution) = self.prepare(key).distribution() {
            return Ok(Values::Distribution(distribution));
        }
        if let Ok(histogram) = self.prepare(key).histogram() {
            return Ok(Values::Histogram(histogram));
        }
        let scale = self.scales.read().get(key.name()).copied();
        Ok(Values::Timing(
            self.prepare(key).timing()?,
            scale.unwrap_or(1.0),
        ))
    }
}

impl Recorder for FacadeRecorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        if let Some(scale) = unit.and_then(milliseconds) {
            self.scales.write().insert(name.as_str().into(), scale);
        }
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        let counter = find_or_make(&self.counters, key, || FacadeCounter {
            total: AtomicU64::new(0),
            counter: Prepared::new(&self.client, self.prepare(key).counter()),
        });
        metrics::Counter::from_arc(counter)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        let gauge = find_or_make(&self.gauges, key, || FacadeGauge {
            level: Mutex::new(0.0),
            gauge: Prepared::new(&self.client, self.prepare(key).gauge()),
        });
        metrics::Gauge::from_arc(gauge)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        let histogram = find_or_make(&self.histograms, key, || {
            FacadeHistogram(Prepared::new(&self.client, self.values(key)))
        });
        metrics::Histogram::from_arc(histogram)
    }
}

impl fmt::Debug for FacadeRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FacadeRecorder")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// A handle, or why there is none.
struct Prepared<T> {
    client: Client,
    handle: Result<T, RecordError>,
}

impl<T> Prepared<T> {
    fn new(client: &Client, handle: Result<T, RecordError>) -> Self {
        Self {
            client: client.clone(),
            handle,
        }
    }

    fn with(&self, work: impl FnOnce(&T)) {
        match (&self.handle, self.client.entry()) {
            (Ok(handle), _) => work(handle),
            (Err(error), Some(shared)) => _ = shared.refuse(*error),
            (Err(_), None) => {}
        }
    }
}

struct FacadeCounter {
    /// What was counted, for those who tell the whole of it.
    total: AtomicU64,
    counter: Prepared<Counter>,
}

impl CounterFn for FacadeCounter {
    fn increment(&self, amount: u64) {
        self.total.fetch_add(amount, Ordering::Relaxed);
        self.counter.with(|counter| counter.add(amount));
    }

    fn absolute(&self, total: u64) {
        let before = self.total.fetch_max(total, Ordering::Relaxed);
        if total > before {
            self.counter.with(|counter| counter.add(total - before));
        }
    }
}

struct FacadeGauge {
    /// Locked until the level is recorded, or else an earlier one could be recorded later.
    level: Mutex<f64>,
    gauge: Prepared<Gauge>,
}

impl FacadeGauge {
    fn update(&self, next: impl FnOnce(f64) -> f64) {
        let mut level = self.level.lock();
        *level = next(*level);
        self.gauge.with(|gauge| gauge.set(*level));
    }
}

impl GaugeFn for FacadeGauge {
    fn increment(&self, change: f64) {
        self.update(|level| level + change);
    }

    fn decrement(&self, change: f64) {
        self.update(|level| level - change);
    }

    fn set(&self, level: f64) {
        self.update(|_| level);
    }
}

struct FacadeHistogram(Prepared<Values>);

/// What a histogram is in the client's dialect.
enum Values {
    Distribution(Distribution),
    Histogram(Histogram),
    /// With how many milliseconds one of the values has.
    Timing(Timing, f64),
}

impl HistogramFn for FacadeHistogram {
    fn record(&self, value: f64) {
        self.0.with(|values| match values {
            Values::Distribution(distribution) => distribution.record(value),
            Values::Histogram(histogram) => histogram.record(value),
            Values::Timing(timing, scale) => timing.record_ms(value * scale),
        });
    }
}

fn find_or_make<T>(registry: &Registry<T>, key: &Key, make: impl FnOnce() -> T) -> Arc<T> {
    if let Some(known) = registry.read().get(key) {
        return Arc::clone(known);
    }
    let mut registry = registry.write();
    if let Some(known) = registry.get(key) {
        return Arc::clone(known);
    }
    let made = Arc::new(make());
    // Beyond that many, labels are values that somebody sends in: each call makes a handle of its own.
    if registry.len() < MAX_KEYS {
        registry.insert(key.clone(), Arc::clone(&made));
    }
    made
}

/// How many milliseconds a unit of time has.
fn milliseconds(unit: Unit) -> Option<f64> {
    let scales = [
        (Unit::Seconds, 1000.0),
        (Unit::Milliseconds, 1.0),
        (Unit::Microseconds, 1e-3),
        (Unit::Nanoseconds, 1e-6),
    ];
    let scale = scales.into_iter().find(|(known, _)| *known == unit)?;
    Some(scale.1)
}

/// Handles are kept for this many different counters, gauges and histograms each, of which one takes less
/// than a kilobyte.
const MAX_KEYS: usize = 16_384;

#[cfg(test)]
mod tests;
