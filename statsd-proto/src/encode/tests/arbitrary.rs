use proptest::prelude::*;

use super::servers::{Reading, read};
use super::*;
use crate::dogstatsd::Cardinality;
use crate::metric::Extras;
use crate::metric::Number;

proptest! {
    #[test]
    fn whatever_is_encoded_is_what_a_server_reads(case in case()) {
        let pairs = case.pairs();
        let metric = case.metric(&pairs);
        match encode(&case.config, &metric) {
            Ok(record) => case.check_record(&record, &metric)?,
            Err(error) => case.check_refusal(error, &metric)?,
        }
    }

    #[test]
    fn parsing_any_text_is_safe_and_what_was_parsed_stays(
        line in line_like(),
        dialect in dialect(),
        policy in policy(),
    ) {
        let config = statsd_config().dialect(dialect).sanitize_policy(policy);
        let Ok(metric) = parse(&line) else {
            return Ok(());
        };
        let Ok(written) = encode(&config, &metric) else {
            return Ok(());
        };
        if is_known(dialect, &metric) {
            read(dialect, &written);
        }
        if dialect.rules().tags.is_none_or(|syntax| syntax.in_name) {
            return Ok(());
        }
        let again = parse(&written);
        prop_assert!(again.is_ok(), "{:?} of {:?}: {:?}", written, line, again);
        prop_assert_eq!(encode(&config, &again.unwrap()), Ok(written));
    }
}

/// Arbitrary metric of any kind.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) config: Config,
    kind: u8,
    pub(super) name: String,
    text: String,
    code: String,
    number: Number,
    elapsed: Duration,
    rate: Option<f64>,
    pub(super) tags: Vec<(String, String)>,
    packed: Vec<f64>,
    timestamp: Option<u64>,
    cardinality: Option<Cardinality>,
}

impl Case {
    pub(super) fn pairs(&self) -> Vec<(&str, &str)> {
        let tags = self.tags.iter();
        tags.map(|(key, value)| (&**key, &**value)).collect()
    }

    pub(super) fn metric<'a>(&'a self, pairs: &'a [(&'a str, &'a str)]) -> Metric<'a> {
        let Self {
            name,
            number,
            text,
            code,
            elapsed,
            packed,
            timestamp,
            cardinality,
            ..
        } = self;
        let metric = match self.kind {
            0 => Metric::counter(name, *number),
            1 => Metric::distribution(name, *number),
            2 => Metric::gauge(name, *number),
            3 => Metric::gauge_delta(name, *number),
            4 => Metric::histogram(name, *number),
            5 => Metric::meter(name, *number),
            6 => Metric::set(name, text),
            7 => Metric::timing(name, *elapsed),
            8 => Metric::timing_ms(name, *number),
            9 => Metric::raw(name, &**text, code),
            10 => Metric::raw(name, Value::Number(*number), code),
            11 => Metric::timings_ms(name, packed),
            12 => Metric::histograms(name, packed),
            13 => Metric::distributions(name, packed),
            14 => Metric::raw(name, &**packed, code),
            _ => Metric::raw(name, Value::Elapsed(*elapsed), code),
        };
        let has_extras = timestamp.is_some() || cardinality.is_some();
        let extras = Extras {
            timestamp: *timestamp,
            cardinality: *cardinality,
            ..Extras::default()
        };
        Metric {
            extras: has_extras.then_some(extras),
            ..match self.rate {
                Some(rate) => metric.tags(pairs).sampled_at(rate),
                None => metric.tags(pairs),
            }
        }
    }

    /// Checks that every line reads back as the metric.
    fn check_record(&self, record: &str, metric: &Metric<'_>) -> Result<(), TestCaseError> {
        let dialect = self.config.dialect;
        let lines: Vec<_> = record.split('\n').collect();
        let packs = matches!(dialect, Dialect::DogStatsd | Dialect::StatsdExporter)
            && matches!(
                metric.code.kind(),
                Some(Kind::Distribution | Kind::Histogram | Kind::Timing)
            );
        let is_split = dialect != Dialect::DogStatsd
            && metric.code == Code::Known(Kind::Gauge)
            && limits::is_negative(metric.value);
        let values = if let Value::Packed(values) = metric.value {
            values
        } else {
            &[0.0]
        };
        let count = if packs { 1 } else { values.len() } + usize::from(is_split);
        prop_assert_eq!(lines.len(), count, "{:?}", record);
        if !is_known(dialect, metric) {
            return Ok(());
        }
        let mut values = Vec::new();
        for (place, line) in lines.iter().enumerate() {
            let reading = read(dialect, line);
            let is_zeroing = is_split && place == 0;
            let rate = self.rate.filter(|&rate| rate != 1.0 && !is_zeroing);
            prop_assert_eq!(reading.rate, rate, "{}", line);
            self.check_texts(&reading)?;
            if is_zeroing {
                prop_assert_eq!(&reading.values[..], ["0"]);
            } else {
                values.extend(reading.values);
            }
        }
        check_values(&values, metric)
    }

    /// Checks that plain text is unchanged, and that other text has not grown.
    fn check_texts(&self, reading: &Reading) -> Result<(), TestCaseError> {
        if is_plain(&self.name) {
            prop_assert!(reading.name.ends_with(&self.name), "{:?}", reading);
        }
        let constant = self.config.tags.len();
        prop_assert_eq!(
            reading.tags.len(),
            constant + self.tags.len(),
            "{:?}",
            reading
        );
        for (read, given) in reading.tags[constant..].iter().zip(&self.tags) {
            if is_plain(&given.0) {
                prop_assert_eq!(&read.0, &given.0);
            }
            if is_plain(&given.1) {
                prop_assert_eq!(&read.1, &given.1);
            }
        }
        let extras =
            usize::from(self.timestamp.is_some()) + usize::from(self.cardinality.is_some());
        prop_assert_eq!(reading.extras.len(), extras, "{:?}", reading);
        Ok(())
    }

    fn check_refusal(&self, error: RecordError, metric: &Metric<'_>) -> Result<(), TestCaseError> {
        let (dialect, kind) = (self.config.dialect, metric.code.kind());
        let is_negative = match metric.value {
            Value::Packed(values) => values.iter().any(|&value| value < 0.0),
            value @ (Value::Elapsed(_) | Value::Number(_) | Value::Text(_)) => {
                limits::is_negative(value)
            }
        };
        let has_bad_code = match metric.code {
            Code::Known(_) | Code::Line => false,
            Code::Parsed(code) | Code::Raw(code) => {
                code.is_empty() || code.contains(|char| !char::is_ascii_alphanumeric(&char))
            }
        };
        let has_reason = match error {
            RecordError::EmptyName => self.name.is_empty(),
            RecordError::InvalidRate => {
                let is_plugin = matches!(dialect, Dialect::Collectd | Dialect::SignalFx);
                !self.rate.is_some_and(|rate| rate > 0.0 && rate <= 1.0)
                    || (is_plugin && kind != Some(Kind::Counter))
            }
            RecordError::InvalidTag => {
                let has_bare = self.tags.iter().any(|(_, value)| value.is_empty());
                dialect == Dialect::Collectd && !self.tags.is_empty() || has_bare
            }
            RecordError::InvalidTimestamp => {
                self.timestamp == Some(0) || !matches!(kind, Some(Kind::Counter | Kind::Gauge))
            }
            RecordError::InvalidValue => match metric.value {
                Value::Number(Number::Float(float)) => !float.is_finite(),
                Value::Packed(values) => values.iter().any(|value| !value.is_finite()),
                Value::Text(_) => true,
                Value::Elapsed(_) | Value::Number(_) => false,
            },
            RecordError::NegativeTiming => is_negative,
            RecordError::NotDogStatsd => dialect != Dialect::DogStatsd && metric.extras.is_some(),
            RecordError::UnsafeText => {
                has_bad_code || self.config.sanitize_policy == SanitizePolicy::Refuse
            }
            // A plus sign makes a gauge a change.
            RecordError::Unsupported(Kind::GaugeDelta) if kind == Some(Kind::Gauge) => {
                matches!(metric.value, Value::Text(text) if text.starts_with('+'))
            }
            RecordError::Unsupported(refused) => kind == Some(refused),
            RecordError::Closed
            | RecordError::InvalidLine
            | RecordError::LineTooLong
            | RecordError::QueueFull => false,
        };
        prop_assert!(has_reason, "{error:?} of {self:?}");
        Ok(())
    }
}

fn check_values(values: &[String], metric: &Metric<'_>) -> Result<(), TestCaseError> {
    let read = |text: &String| text.parse::<f64>().unwrap();
    match metric.value {
        Value::Number(Number::Float(float)) => prop_assert_eq!(read(&values[0]), float),
        Value::Number(Number::Int(int)) => {
            prop_assert_eq!(values[0].trim_start_matches('+'), int.to_string());
        }
        Value::Number(Number::Uint(uint)) => {
            prop_assert_eq!(values[0].trim_start_matches('+'), uint.to_string());
        }
        Value::Packed(packed) => {
            let read: Vec<_> = values.iter().map(read).collect();
            prop_assert_eq!(read, packed);
        }
        Value::Text(text) if is_plain(text) => prop_assert_eq!(&values[0], text),
        Value::Elapsed(_) | Value::Text(_) => prop_assert_eq!(values.len(), 1),
    }
    Ok(())
}

/// Whether the server has the metric's type.
fn is_known(dialect: Dialect, metric: &Metric<'_>) -> bool {
    let rules = dialect.rules();
    match metric.code {
        Code::Known(_) | Code::Line => true,
        Code::Parsed(_) | Code::Raw(_) => metric
            .code
            .kind()
            .is_some_and(|kind| rules.code(kind).is_some()),
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'.')
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    let number = prop_oneof![
        prop::num::f64::ANY.prop_map(Number::Float),
        (-1e6..1e6).prop_map(Number::Float),
        any::<i64>().prop_map(Number::Int),
        any::<u64>().prop_map(Number::Uint),
    ];
    let rate = prop_oneof![
        4 => Just(None),
        4 => (0.0..1.0).prop_map(Some),
        1 => Just(Some(1.0)),
        1 => prop::num::f64::ANY.prop_map(Some),
    ];
    let elapsed = (any::<u64>(), 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanoseconds)| Duration::new(seconds, nanoseconds));
    let tag = prop_oneof![("[a-z.]{1,8}", "[a-z.]{1,8}"), (hostile(), hostile()),];
    let value = prop_oneof![4 => 0.0..1e9, 1 => -10.0..1e9, 1 => prop::num::f64::ANY];
    let timestamp =
        prop_oneof![20 => Just(None), 4 => (1..9_u64).prop_map(Some), 1 => Just(Some(0))];
    let cardinality = prop_oneof![20 => Just(None), 1 => Just(Some(Cardinality::Low))];
    (
        config(),
        (0..16_u8, hostile()),
        prop_oneof![hostile(), "[+-]?[0-9]{1,3}(\\.[0-9])?"],
        prop_oneof![8 => "c|g|ms|s|h|d|m", 1 => "[a-z]{1,2}", 1 => hostile()],
        (number, prop::collection::vec(value, 1..5)),
        elapsed,
        rate,
        prop::collection::vec(tag, 0..3),
        (timestamp, cardinality),
    )
        .prop_map(
            |(config, (kind, name), text, code, values, elapsed, rate, tags, extras)| Case {
                config,
                kind,
                name,
                text,
                code,
                number: values.0,
                elapsed,
                rate,
                tags,
                packed: values.1,
                timestamp: extras.0,
                cardinality: extras.1,
            },
        )
}

fn config() -> impl Strategy<Value = Config> {
    let prefix = prop::sample::select(vec!["", "", "shop.web"]);
    (dialect(), policy(), prefix, any::<bool>(), any::<bool>()).prop_map(
        |(dialect, policy, prefix, kind_prefixes, is_tagged)| {
            let config = statsd_config()
                .dialect(dialect)
                .sanitize_policy(policy)
                .prefix(prefix)
                .kind_prefixes(kind_prefixes);
            let tagged = config.clone().tag("env", "prod");
            if is_tagged && tagged.check().is_ok() {
                tagged
            } else {
                config
            }
        },
    )
}

pub(super) fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(Dialect::ALL.to_vec())
}

fn policy() -> impl Strategy<Value = SanitizePolicy> {
    prop::sample::select(vec![
        SanitizePolicy::Refuse,
        SanitizePolicy::Replace,
        SanitizePolicy::Replace,
    ])
}

/// Text with many structural characters.
fn hostile() -> impl Strategy<Value = String> {
    let char = prop_oneof![
        4 => prop::char::range('a', 'z'),
        4 => prop::sample::select("\n\r\0\t\x7f :|@#,;=/.-_{}[]~!^+0\u{85}\u{10a}\u{2028}".chars().collect::<Vec<_>>()),
        1 => any::<char>(),
    ];
    let text = prop::collection::vec(char, 0..12).prop_map(String::from_iter);
    let trap = vec![
        "__proto__",
        "_:proto__",
        "constructor",
        "con\u{e9}structor",
        "_e{1,1}",
        ":e{1,1}",
        "_sc",
        "c",
        "\u{a0}",
        "\nsc|a|0",
    ];
    prop_oneof![
        6 => "[a-z.]{1,20}",
        3 => text,
        1 => prop::sample::select(trap).prop_map(str::to_owned),
    ]
}

/// Text that resembles a line.
fn line_like() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "[+-]?[0-9]{0,3}\\.?[0-9]{0,3}(e[+-]?[0-9]{1,3})?",
        prop::num::f64::ANY.prop_map(|float| format!("{float:e}")),
        hostile(),
    ];
    let code = prop_oneof![4 => "c|g|ms|s|h|d", 1 => "[a-z0-9]{0,3}", 1 => hostile()];
    let field = prop_oneof![
        2 => (0.0..1.2).prop_map(|rate| format!("|@{rate:e}")),
        2 => prop::collection::vec(hostile(), 0..4).prop_map(|tags| format!("|#{}", tags.join(","))),
        1 => hostile().prop_map(|text| format!("|{text}")),
    ];
    let line = (hostile(), value, code, prop::collection::vec(field, 0..3)).prop_map(
        |(name, value, code, fields)| format!("{name}:{value}|{code}{}", fields.concat()),
    );
    prop_oneof![4 => line, 1 => any::<String>(), 1 => hostile()]
}
