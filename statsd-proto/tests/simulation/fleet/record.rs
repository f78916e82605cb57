//! Records of the threads, by every way to record.

use std::sync::{Arc, Mutex, PoisonError};

use statsd_proto::{
    Client, Counter, Dialect, Gauge, GaugeDelta, Group, Metric, Prepare, RecordError, Set, Timing,
};

use super::reading::Key;

/// One call of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) sort: Sort,
    pub(crate) way: Way,
    /// Which of the names of this sort.
    pub(crate) name: usize,
    pub(crate) spelling: Spelling,
    /// How much a marker's name is filled up.
    pub(crate) len: usize,
    /// A number that no other record has; later ones have larger ones.
    pub(crate) number: u64,
    pub(crate) is_negative: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sort {
    /// Changes a gauge that is also set.
    Change,
    Count,
    /// Sets a gauge that only rises, its number the level.
    Level,
    /// A name of its own, which is never aggregated.
    Marker,
    Member,
    /// Sets a gauge that is also changed.
    Reset,
    Time,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    Code,
    CodeAsText,
    /// By a handle that is made for this call.
    Fresh,
    Handle(usize),
    Line,
    Metric,
    Parsed,
    /// By the method that is named after the kind.
    Plain,
    Sampled,
    Timestamp,
}

/// How a name and its tags are spelled; all that is said of one name in one number of tags is one series.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Spelling {
    Bare,
    /// With a character that is replaced.
    BareAndReplaced,
    /// With a tag that is longer than some datagrams.
    LongTag,
    Tags,
    TagsBackward,
}

/// The handles of a world, made when they are first used.
pub(crate) type Handles = Arc<Mutex<Vec<(Series, Handle)>>>;

/// Key of a handle: sort, name, spelling, and its number among several.
type Series = (Sort, usize, Spelling, usize);

#[derive(Clone, Debug)]
pub(crate) enum Handle {
    Change(GaugeDelta),
    Count(Counter),
    Level(Gauge),
    Member(Set),
    Time(Timing),
}

impl Record {
    /// The same as far as the dialect has it.
    pub(crate) fn in_dialect(mut self, dialect: Dialect) -> Self {
        let is_agent = dialect == Dialect::DogStatsd;
        if is_agent && self.sort == Sort::Change {
            self.sort = Sort::Reset;
        }
        self.way = match (self.sort, self.way) {
            (Sort::Marker, Way::Timestamp) if is_agent => Way::Timestamp,
            (Sort::Marker, Way::Line | Way::Parsed | Way::Sampled) => self.way,
            (Sort::Marker, _) => Way::CodeAsText,
            (Sort::Level | Sort::Count, Way::Timestamp) if !is_agent => Way::Metric,
            (Sort::Level, Way::Timestamp) => Way::Timestamp,
            (Sort::Change | Sort::Reset, Way::Code | Way::CodeAsText | Way::Line | Way::Parsed) => {
                Way::Metric
            }
            (Sort::Change | Sort::Reset | Sort::Member | Sort::Time, Way::Timestamp) => Way::Metric,
            // A set's member is no number, and a server has no use for the rate of a gauge or of a set.
            (Sort::Member, Way::Code | Way::Sampled) | (Sort::Change, Way::Sampled) => Way::Metric,
            (_, way) => way,
        };
        // As text, a level with a sign would be a change.
        let is_text = matches!(
            self.way,
            Way::Code | Way::CodeAsText | Way::Line | Way::Parsed
        );
        let may_be_negative = match self.sort {
            Sort::Change | Sort::Reset => true,
            Sort::Count => self.name == 1,
            Sort::Level => !is_text,
            Sort::Marker | Sort::Member | Sort::Time => false,
        };
        self.is_negative &= may_be_negative;
        self
    }

    /// Records it. Returns the result, if the way has one.
    pub(crate) fn take(
        &self,
        client: &Client,
        handles: &Handles,
    ) -> Option<Result<(), RecordError>> {
        let (name, value) = (self.name(), self.value());
        let metric = self.metric(&name, &value);
        let line = self.line(&value);
        Some(match self.way {
            Way::Code | Way::CodeAsText | Way::Metric => client.record(&metric),
            Way::Sampled => client.record(&metric.sampled_at(1.0)),
            Way::Timestamp => client.record(&metric.timestamp(1_656_581_400)),
            Way::Line => client.record_line(&line),
            Way::Parsed => client.record(&Metric::parse(&line).expect("it is a line")),
            Way::Plain => {
                if self.spelling.tags().is_empty() {
                    self.take_plainly(client, &name, &value);
                    return None;
                }
                client.record(&metric)
            }
            Way::Fresh | Way::Handle(_) => match self.handle(client, handles) {
                Ok(handle) => self.take_by(&handle, &value),
                // A line that is too long for a handle is too long without one.
                Err(RecordError::LineTooLong) => client.record(&metric),
                Err(error) => panic!("{error}"),
            },
        })
    }

    /// Adds it to a group, which has no ways but these.
    pub(crate) fn add_to(&self, group: &mut Group) {
        let (name, value) = (self.name(), self.value());
        let metric = self.metric(&name, &value);
        match (self.sort, self.way) {
            (Sort::Count, Way::Plain) if self.spelling.tags().is_empty() => {
                group.incr(&name, self.signed());
            }
            (Sort::Level, Way::Plain) if self.spelling.tags().is_empty() => {
                group.gauge(&name, self.signed());
            }
            (_, Way::Line | Way::Parsed) => match Metric::parse(&self.line(&value)) {
                Ok(metric) => group.record(&metric),
                Err(error) => panic!("{error}"),
            },
            (_, Way::Sampled) => group.record(&metric.sampled_at(1.0)),
            (_, Way::Timestamp) => group.record(&metric.timestamp(1_656_581_400)),
            _ => group.record(&metric),
        }
    }

    /// How many lines it takes by itself.
    pub(crate) fn lines(&self, dialect: Dialect) -> u64 {
        let is_level = matches!(self.sort, Sort::Level | Sort::Reset);
        1 + u64::from(is_level && self.is_negative && dialect == Dialect::Statsd)
    }

    /// The most bytes that its lines may have.
    pub(crate) fn max_len(&self) -> usize {
        let tags = self.spelling.tags().iter();
        let tags = tags.map(|(key, value)| key.len() + value.len() + 2);
        let line = "-:1000000|ms|@1|#|T1656581400\n".len() + tags.sum::<usize>();
        let lines = if self.is_negative { 2 } else { 1 };
        lines * (self.name().len() + line)
    }

    pub(crate) fn signed(&self) -> i64 {
        let number = i64::try_from(self.number).expect("no world has so many");
        if self.is_negative { -number } else { number }
    }

    /// The series, as a server reads it.
    pub(crate) fn key(&self) -> Key {
        let tags = self.spelling.tags().iter();
        let mut tags = tags
            .map(|(key, value)| format!("{key}:{value}"))
            .collect::<Vec<_>>();
        tags.sort();
        (self.name().replace(' ', "_"), tags)
    }

    fn name(&self) -> String {
        let is_replaced = self.spelling == Spelling::BareAndReplaced
            && self.way != Way::Line
            && self.way != Way::Parsed;
        let gap = if is_replaced { " " } else { "_" };
        match self.sort {
            Sort::Change | Sort::Reset => format!("mix{gap}{}", self.name),
            Sort::Count => format!("c{gap}{}", self.name),
            Sort::Level => format!("up{gap}{}", self.name),
            Sort::Marker => format!("n{}{:x<2$}", self.number, "", self.len),
            Sort::Member => format!("s{gap}{}", self.name),
            Sort::Time => format!("t{gap}{}", self.name),
        }
    }

    /// The value as a line has it.
    pub(crate) fn value(&self) -> String {
        match self.sort {
            Sort::Marker => "1".to_owned(),
            // Some are repeated.
            Sort::Member => format!("m{}", self.number / 2),
            Sort::Change | Sort::Count | Sort::Level | Sort::Reset | Sort::Time => {
                self.signed().to_string()
            }
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        match self.sort {
            Sort::Change | Sort::Level | Sort::Reset => "g",
            Sort::Count | Sort::Marker => "c",
            Sort::Member => "s",
            Sort::Time => "ms",
        }
    }

    fn metric<'a>(&self, name: &'a str, value: &'a str) -> Metric<'a> {
        let number = self.signed();
        let metric = match (self.way, self.sort) {
            (Way::Code, _) => Metric::raw(name, number, self.code()),
            (Way::CodeAsText, _) => Metric::raw(name, value, self.code()),
            (_, Sort::Change) => Metric::gauge_delta(name, number),
            (_, Sort::Count) => Metric::counter(name, number),
            (_, Sort::Level | Sort::Reset) => Metric::gauge(name, number),
            (_, Sort::Marker) => Metric::counter(name, 1),
            (_, Sort::Member) => Metric::set(name, value),
            (_, Sort::Time) => Metric::timing_ms(name, number),
        };
        metric.tags(self.spelling.tags())
    }

    fn line(&self, value: &str) -> String {
        let tags = match self.spelling {
            Spelling::Bare | Spelling::BareAndReplaced => String::new(),
            Spelling::LongTag => format!("|#k:{LONG}"),
            Spelling::Tags => "|#k:v,l:w".to_owned(),
            Spelling::TagsBackward => "|#l:w,k:v".to_owned(),
        };
        format!("{}:{value}|{}{tags}", self.name(), self.code())
    }

    fn take_plainly(&self, client: &Client, name: &str, value: &str) {
        let number = self.signed();
        match self.sort {
            Sort::Change => client.gauge_delta(name, number),
            Sort::Count if self.is_negative => client.decr(name, -number),
            Sort::Count => client.incr(name, number),
            Sort::Level | Sort::Reset => client.gauge(name, number),
            Sort::Marker => client.inject_metric(name, 1, "c"),
            Sort::Member => client.set(name, value),
            Sort::Time => client.timing_ms(name, number),
        }
    }

    fn handle(&self, client: &Client, handles: &Handles) -> Result<Handle, RecordError> {
        let Way::Handle(index) = self.way else {
            return self.prepare(client);
        };
        let series = (self.sort, self.name, self.spelling, index);
        let mut handles = handles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, handle)) = handles.iter().find(|(known, _)| *known == series) {
            return Ok(handle.clone());
        }
        let handle = self.prepare(client)?;
        handles.push((series, handle.clone()));
        Ok(handle)
    }

    fn prepare(&self, client: &Client) -> Result<Handle, RecordError> {
        let (name, tags) = (self.name(), self.spelling.tags());
        let prepare = |prepare: Prepare<'_>| match self.sort {
            Sort::Change => prepare.gauge_delta().map(Handle::Change),
            Sort::Count | Sort::Marker => prepare.counter().map(Handle::Count),
            Sort::Level | Sort::Reset => prepare.gauge().map(Handle::Level),
            Sort::Member => prepare.set().map(Handle::Member),
            Sort::Time => prepare.timing().map(Handle::Time),
        };
        let start = client.prepare(&name);
        prepare(
            tags.iter()
                .fold(start, |to, (key, value)| to.tag(key, value)),
        )
    }

    fn take_by(&self, handle: &Handle, value: &str) -> Result<(), RecordError> {
        let number = self.signed();
        match handle {
            Handle::Change(handle) => handle.try_add(number),
            Handle::Count(handle) => handle.try_add(number),
            Handle::Level(handle) => handle.try_set(number),
            Handle::Member(handle) => handle.try_insert(value),
            Handle::Time(handle) => handle.try_record_ms(number),
        }
    }
}

impl Spelling {
    pub(crate) fn tags(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Bare | Self::BareAndReplaced => &[],
            Self::LongTag => &[("k", LONG)],
            Self::Tags => &[("k", "v"), ("l", "w")],
            Self::TagsBackward => &[("l", "w"), ("k", "v")],
        }
    }
}

const LONG: &str = match std::str::from_utf8(&[b'w'; 700]) {
    Ok(text) => text,
    Err(_) => unreachable!(),
};
