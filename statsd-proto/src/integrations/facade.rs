//! Programs that record with the `metrics` facade, on this client.

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
/// timing, from the description on; one without a description is sent as it is. A `Duration` is recorded in seconds: describe
/// its histogram with `Unit::Seconds`. Other units and all descriptions are taken note of and not sent: no server asks for them. What
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
    /// Milliseconds of a histogram's unit, by the histogram's name.
    scales: RwLock<HashMap<Box<str>, Arc<Scale>>>,
}

/// The program's macros record with another recorder already.
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a recorder for the metrics facade is installed already")]
#[non_exhaustive]
pub struct AlreadyInstalled;

type Registry<T> = RwLock<Keys<T>>;

struct Keys<T> {
    known: HashMap<Key, Arc<T>>,
    /// Keys that came while there was no room.
    beyond: usize,
}

impl<T> Default for Keys<T> {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            beyond: 0,
        }
    }
}

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
        let timing = self.prepare(key).timing()?;
        Ok(Values::Timing(timing, self.scale(key.name())))
    }

    /// The scale of a name, which a description may set at any time.
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
    total: AtomicU64,
    /// Whether totals were given: without the last one, the next could not be told from a first.
    is_absolute: AtomicBool,
    counter: Prepared<Counter>,
}

impl CounterFn for FacadeCounter {
    fn increment(&self, amount: u64) {
        self.total.fetch_add(amount, Ordering::Relaxed);
        self.counter.with(|counter| counter.add(amount));
    }

    fn absolute(&self, total: u64) {
        // Relaxed: keys are evicted under a lock that is taken after this call's handle is gone.
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
    /// Whether it was ever changed: then the next change needs it.
    is_changed: bool,
}

impl FacadeGauge {
    /// The server gets levels, in the order in which they are set here.
    fn update(&self, is_change: bool, next: impl FnOnce(f64) -> f64) {
        let mut state = self.level.lock();
        state.is_changed |= is_change;
        let level = next(state.level);
        if level.is_finite() {
            state.level = level;
        }
        // What is no number is refused and counted, and later changes go on from the last level.
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

/// What a histogram is in the client's dialect.
enum Values {
    Distribution(Distribution),
    Histogram(Histogram),
    /// With the scale of its unit.
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

/// Milliseconds of a unit. It may be described after the first value, and counts from then on.
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

/// A value without a unit is sent as it is.
const UNDESCRIBED: f64 = 1.0;

/// What may be forgotten while no handle refers to it.
trait Evict {
    /// Whether its past is needed to tell what comes next.
    fn is_needed(&self) -> bool;
}

/// A key beyond the bound, all of whose values are refused and counted.
struct Refused(Client);

impl Refused {
    fn refuse(&self) {
        if let Some(entry) = self.0.entry() {
            let _ = entry.refuse(RecordError::QueueFull);
        }
    }
}

impl CounterFn for Refused {
    fn increment(&self, _: u64) {
        self.refuse();
    }

    fn absolute(&self, _: u64) {
        self.refuse();
    }
}

impl GaugeFn for Refused {
    fn increment(&self, _: f64) {
        self.refuse();
    }

    fn decrement(&self, _: f64) {
        self.refuse();
    }

    fn set(&self, _: f64) {
        self.refuse();
    }
}

impl HistogramFn for Refused {
    fn record(&self, _: f64) {
        self.refuse();
    }
}

/// The metric of a key. `None` if there are too many, all of which are held or needed.
fn find_or_make<T: Evict>(
    registry: &Registry<T>,
    key: &Key,
    make: impl FnOnce() -> T,
) -> Option<Arc<T>> {
    if let Some(known) = registry.read().known.get(key) {
        return Some(Arc::clone(known));
    }
    let mut registry = registry.write();
    let Keys { known, beyond } = &mut *registry;
    if let Some(known) = known.get(key) {
        return Some(Arc::clone(known));
    }
    if known.len() >= MAX_KEYS {
        // Looking at all keys takes as long as recording thousands of metrics.
        if *beyond % SWEEP_EVERY == 0 {
            known.retain(|_, metric| Arc::strong_count(metric) > 1 || metric.is_needed());
        }
        *beyond += 1;
        if known.len() >= MAX_KEYS {
            return None;
        }
    }
    let made = Arc::new(make());
    known.insert(key.clone(), Arc::clone(&made));
    Some(made)
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

/// Of so many keys beyond the bound, one looks for those that can be forgotten.
const SWEEP_EVERY: usize = 1024;

/// Handles are kept for this many different counters, gauges and histograms each, of which one takes less
/// than a kilobyte.
const MAX_KEYS: usize = 16_384;

#[cfg(test)]
mod tests;
