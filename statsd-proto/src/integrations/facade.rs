//! Recorder for programs that record with the `metrics` facade.

mod refused;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use metrics::{
    CounterFn, GaugeFn, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use parking_lot::{Mutex, RwLock};

use crate::client::Client;
use crate::client::handle::{Counter, Distribution, Gauge, Histogram, Prepare, Timing};
use crate::error::RecordError;
use refused::Refused;

/// Recorder for the macros of the `metrics` crate. Labels become tags. Names get the configuration's prefix and no kind
/// prefix.
///
/// | metric of the facade | sent as |
/// |---|---|
/// | counter | counter; `absolute` sends the difference to the last total |
/// | gauge | level; the recorder applies increments and decrements to it |
/// | histogram | distribution, histogram or timing: the first of these that the dialect has |
///
/// Timings are sent in milliseconds, but the facade records a `Duration` in seconds. Describe a histogram with its
/// unit, such as `Unit::Seconds`: if it is sent as timings, values recorded after the description are converted.
/// Without a description, and in distributions and histograms, values are sent unchanged. Units and the texts of
/// descriptions are not sent themselves.
///
/// A metric that the dialect cannot express, such as one with labels if the dialect has no tags, is counted in
/// [`Stats::refused`](crate::Stats) at each call.
///
/// With [`Config::aggregate`](crate::Config::aggregate), a call of `counter!` costs a look-up and an atomic addition.
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
    /// Scale of each histogram's unit, by the histogram's name.
    scales: RwLock<HashMap<Box<str>, Arc<Scale>>>,
}

/// Error: a recorder for the `metrics` facade is installed already.
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[error("a recorder for the metrics facade is installed already")]
#[non_exhaustive]
pub struct AlreadyInstalled;

type Registry<T> = RwLock<Keys<T>>;

struct Keys<T> {
    known: HashMap<Key, Arc<T>>,
    /// Number of registrations of new keys while the registry was full.
    overflowed: usize,
}

impl<T> Default for Keys<T> {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            overflowed: 0,
        }
    }
}

impl FacadeRecorder {
    /// Creates a recorder that records with `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            counters: Registry::default(),
            gauges: Registry::default(),
            histograms: Registry::default(),
            scales: RwLock::default(),
        }
    }

    /// Installs this recorder for all macros of the program, until the program ends.
    ///
    /// ```
    /// use statsd_proto::FacadeRecorder;
    ///
    /// # let client = statsd_proto::Client::noop();
    /// FacadeRecorder::new(client).install()?;
    /// metrics::counter!("orders").increment(1);
    /// # Ok::<(), statsd_proto::AlreadyInstalled>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A recorder is installed already, of this or another type.
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
        let timing = self.prepare(key).timing()?;
        Ok(Values::Timing(timing, self.scale(key.name())))
    }

    /// Scale of the histograms with this name, which may be described at any time.
    fn scale(&self, name: &str) -> Arc<Scale> {
        if let Some(known) = self.scales.read().get(name) {
            return Arc::clone(known);
        }
        let mut scales = self.scales.write();
        if scales.len() >= MAX_KEYS {
            scales.retain(|_, scale| Arc::strong_count(scale) > 1 || scale.is_described());
        }
        Arc::clone(scales.entry(name.into()).or_default())
    }
}

impl Recorder for FacadeRecorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        if let Some(milliseconds) = unit.and_then(milliseconds) {
            self.scale(name.as_str()).describe(milliseconds);
        }
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        let counter = find_or_make(&self.counters, key, || FacadeCounter {
            total: AtomicU64::new(0),
            is_absolute: AtomicBool::new(false),
            counter: Prepared::new(&self.client, self.prepare(key).counter()),
        });
        match counter {
            Some(counter) => metrics::Counter::from_arc(counter),
            None => metrics::Counter::from_arc(Arc::new(Refused(self.client.clone()))),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        let gauge = find_or_make(&self.gauges, key, || FacadeGauge {
            level: Mutex::default(),
            gauge: Prepared::new(&self.client, self.prepare(key).gauge()),
        });
        match gauge {
            Some(gauge) => metrics::Gauge::from_arc(gauge),
            None => metrics::Gauge::from_arc(Arc::new(Refused(self.client.clone()))),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        let histogram = find_or_make(&self.histograms, key, || {
            FacadeHistogram(Prepared::new(&self.client, self.values(key)))
        });
        match histogram {
            Some(histogram) => metrics::Histogram::from_arc(histogram),
            None => metrics::Histogram::from_arc(Arc::new(Refused(self.client.clone()))),
        }
    }
}

impl fmt::Debug for FacadeRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FacadeRecorder")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// Handle of a metric, or the error that each of its calls is refused with.
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
    total: AtomicU64,
    /// Whether `absolute` was called. Without the last total, the difference to the next one would be unknown.
    is_absolute: AtomicBool,
    counter: Prepared<Counter>,
}

impl CounterFn for FacadeCounter {
    fn increment(&self, amount: u64) {
        self.total.fetch_add(amount, Ordering::Relaxed);
        self.counter.with(|counter| counter.add(amount));
    }

    fn absolute(&self, total: u64) {
        // Relaxed suffices: a key is evicted only after all its handles were dropped, under the registry's lock.
        self.is_absolute.store(true, Ordering::Relaxed);
        let before = self.total.fetch_max(total, Ordering::Relaxed);
        if total > before {
            self.counter.with(|counter| counter.add(total - before));
        }
    }
}

impl Evict for FacadeCounter {
    fn is_needed(&self) -> bool {
        self.is_absolute.load(Ordering::Relaxed)
    }
}

struct FacadeGauge {
    level: Mutex<FacadeLevel>,
    gauge: Prepared<Gauge>,
}

#[derive(Default)]
struct FacadeLevel {
    level: f64,
    /// Whether an increment or a decrement was recorded. The next one then needs this level.
    is_changed: bool,
}

impl FacadeGauge {
    /// Computes the next level and records it under the lock, so that levels are sent in the order of the calls.
    fn update(&self, is_change: bool, next: impl FnOnce(f64) -> f64) {
        let mut state = self.level.lock();
        state.is_changed |= is_change;
        let level = next(state.level);
        if level.is_finite() {
            state.level = level;
        }
        // A level that is not finite is refused and counted. Later changes start from the last finite level.
        self.gauge.with(|gauge| gauge.set(level));
    }
}

impl GaugeFn for FacadeGauge {
    fn increment(&self, change: f64) {
        self.update(true, |level| level + change);
    }

    fn decrement(&self, change: f64) {
        self.update(true, |level| level - change);
    }

    fn set(&self, level: f64) {
        self.update(false, |_| level);
    }
}

impl Evict for FacadeGauge {
    fn is_needed(&self) -> bool {
        self.level.lock().is_changed
    }
}

struct FacadeHistogram(Prepared<Values>);

/// Handle of a histogram, by the kind that the client's dialect has for it.
enum Values {
    Distribution(Distribution),
    Histogram(Histogram),
    /// A timing, with the scale from the histogram's unit to milliseconds.
    Timing(Timing, Arc<Scale>),
}

impl HistogramFn for FacadeHistogram {
    fn record(&self, value: f64) {
        self.0.with(|values| match values {
            Values::Distribution(distribution) => distribution.record(value),
            Values::Histogram(histogram) => histogram.record(value),
            Values::Timing(timing, scale) => timing.record_ms(value * scale.milliseconds()),
        });
    }
}

impl Evict for FacadeHistogram {
    fn is_needed(&self) -> bool {
        false
    }
}

/// Milliseconds in a histogram's unit, as the bits of an `f64`. A description may change the scale at any time; it
/// applies to later values.
#[derive(Debug)]
struct Scale(AtomicU64);

impl Default for Scale {
    fn default() -> Self {
        Self(AtomicU64::new(UNDESCRIBED.to_bits()))
    }
}

impl Scale {
    fn describe(&self, milliseconds: f64) {
        self.0.store(milliseconds.to_bits(), Ordering::Relaxed);
    }

    fn is_described(&self) -> bool {
        self.milliseconds() != UNDESCRIBED
    }

    fn milliseconds(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// Scale of a histogram without a description: its values are sent unchanged.
const UNDESCRIBED: f64 = 1.0;

/// Metric that may be removed from the registry while no handle refers to it.
trait Evict {
    /// Whether the metric keeps state that its next call needs, so that it must stay.
    fn is_needed(&self) -> bool;
}

/// Returns the metric of a key, and creates it if it is new. `None` if the registry is full of metrics that are in use
/// or needed.
fn find_or_make<T: Evict>(
    registry: &Registry<T>,
    key: &Key,
    make: impl FnOnce() -> T,
) -> Option<Arc<T>> {
    if let Some(known) = registry.read().known.get(key) {
        return Some(Arc::clone(known));
    }
    let mut registry = registry.write();
    let Keys { known, overflowed } = &mut *registry;
    if let Some(known) = known.get(key) {
        return Some(Arc::clone(known));
    }
    if known.len() >= MAX_KEYS {
        // A sweep over all keys takes as long as recording thousands of metrics.
        if *overflowed % SWEEP_EVERY == 0 {
            known.retain(|_, metric| Arc::strong_count(metric) > 1 || metric.is_needed());
        }
        *overflowed += 1;
        if known.len() >= MAX_KEYS {
            return None;
        }
    }
    let made = Arc::new(make());
    known.insert(key.clone(), Arc::clone(&made));
    Some(made)
}

/// Milliseconds in a unit of time, or `None` for other units.
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

/// While a registry is full, one of this many new keys starts a sweep for metrics that can be removed.
const SWEEP_EVERY: usize = 1024;

/// Maximum number of counters, of gauges and of histograms in the registry. Each takes less than a kilobyte.
const MAX_KEYS: usize = 16_384;

#[cfg(test)]
mod tests;
