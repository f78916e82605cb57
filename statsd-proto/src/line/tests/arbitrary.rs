use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn whatever_is_encoded_is_what_a_server_reads(case in case()) {
        let pairs: Vec<_> = case.tags.iter().map(|(key, value)| (&**key, &**value)).collect();
        let metric = case.metric(&pairs);
        let record = match encode(&case.config, &metric) {
            Ok(record) => record,
            Err(error) => return case.check_refusal(error, metric.code),
        };
        let is_statsd = case.config.dialect == Dialect::Statsd;
        let has_rate = case.rate.is_some_and(|rate| rate != 1.0);
        let is_split = is_statsd && metric.code == Code::Known(Kind::Gauge) && case.number_is_negative();
        let lines: Vec<_> = record.split('\n').collect();
        prop_assert_eq!(lines.len(), if is_split { 2 } else { 1 }, "{:?}", record);
        for (place, line) in lines.iter().enumerate() {
            let is_zeroing = is_split && place == 0;
            let read = Read::new(line, is_statsd);
            let tags = case.config.tags.len() + pairs.len();
            prop_assert!(!read.name.is_empty());
            prop_assert_eq!(read.rate.is_some(), has_rate && !is_zeroing, "{}", line);
            prop_assert_eq!(read.tags.len(), tags, "{}", line);
            prop_assert!(!read.tags.contains(&""), "{}", line);
            if is_zeroing {
                prop_assert_eq!(read.value, "0");
            }
            if let Some(rate) = read.rate {
                prop_assert!(rate.starts_with("0."), "{}", line);
                prop_assert_eq!(rate.parse().ok(), case.rate);
            }
        }
    }

    #[test]
    fn parsing_any_text_is_safe_and_what_was_parsed_stays(
        line in line_like(),
        dialect in dialect(),
        policy in policy(),
    ) {
        let config = statsd_config().dialect(dialect).unsafe_text(policy);
        let Ok(metric) = Metric::parse(&line) else {
            return Ok(());
        };
        let Ok(written) = encode(&config, &metric) else {
            return Ok(());
        };
        Read::new(&written, dialect == Dialect::Statsd);
        let again = Metric::parse(&written);
        prop_assert!(again.is_ok(), "{:?} of {:?}: {:?}", written, line, again);
        prop_assert_eq!(encode(&config, &again.unwrap()), Ok(written));
    }
}

/// A metric of any kind, out of anything.
#[derive(Debug)]
struct Case {
    config: Config,
    kind: u8,
    name: String,
    text: String,
    code: String,
    number: Number,
    elapsed: Duration,
    rate: Option<f64>,
    tags: Vec<(String, String)>,
}

impl Case {
    fn metric<'a>(&'a self, pairs: &'a [(&'a str, &'a str)]) -> Metric<'a> {
        let Self {
            name,
            number,
            text,
            code,
            elapsed,
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
            _ => Metric::raw(name, *elapsed, code),
        };
        match self.rate {
            Some(rate) => metric.tags(pairs).sampled_at(rate),
            None => metric.tags(pairs),
        }
        .with_kind_prefix()
    }

    fn number_is_negative(&self) -> bool {
        match self.number {
            Number::Float(float) => float < 0.0,
            Number::Int(int) => int < 0,
            Number::Uint(_) => false,
        }
    }

    fn check_refusal(&self, error: RecordError, code: Code<'_>) -> Result<(), TestCaseError> {
        let has_bad_code = match code {
            Code::Known(_) | Code::Line => false,
            Code::Raw(code) => {
                code.is_empty() || code.contains(|char| !char::is_ascii_alphanumeric(&char))
            }
        };
        let has_reason = match error {
            RecordError::EmptyName => self.name.is_empty(),
            RecordError::InvalidRate => !self.rate.is_some_and(|rate| rate > 0.0 && rate <= 1.0),
            RecordError::InvalidValue => {
                let is_finite = !matches!(self.number, Number::Float(float) if !float.is_finite());
                !is_finite || self.kind == 6 || self.kind == 9
            }
            RecordError::NegativeTiming => self.number_is_negative() || self.text.starts_with('-'),
            RecordError::UnsafeText => {
                has_bad_code || self.config.unsafe_text == UnsafeText::Refuse
            }
            RecordError::Unsupported(kind) => code == Code::Known(kind),
            RecordError::Closed
            | RecordError::InvalidLine
            | RecordError::LineTooLong
            | RecordError::QueueFull => false,
        };
        prop_assert!(has_reason, "{error:?} of {self:?}");
        Ok(())
    }
}

fn case() -> impl Strategy<Value = Case> {
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
    let tags = prop::collection::vec((hostile(), hostile()), 0..4);
    (
        config(),
        0..12_u8,
        hostile(),
        prop_oneof![hostile(), "[+-]?[0-9]{1,3}(\\.[0-9])?"],
        prop_oneof![4 => "c|g|ms|s|h", 1 => "[a-z]{1,2}", 1 => hostile()],
        number,
        elapsed,
        rate,
        tags,
    )
        .prop_map(
            |(config, kind, name, text, code, number, elapsed, rate, tags)| Case {
                config,
                kind,
                name,
                text,
                code,
                number,
                elapsed,
                rate,
                tags,
            },
        )
}

fn config() -> impl Strategy<Value = Config> {
    let prefix = prop::sample::select(vec!["", "", "shop.web"]);
    (dialect(), policy(), prefix, any::<bool>(), any::<bool>()).prop_map(
        |(dialect, policy, prefix, kind_prefixes, is_tagged)| {
            let config = statsd_config()
                .dialect(dialect)
                .unsafe_text(policy)
                .prefix(prefix)
                .kind_prefixes(kind_prefixes);
            if is_tagged {
                config.tag("env", "prod").tag("canary", "")
            } else {
                config
            }
        },
    )
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(vec![Dialect::DogStatsd, Dialect::Statsd])
}

fn policy() -> impl Strategy<Value = UnsafeText> {
    prop::sample::select(vec![
        UnsafeText::Refuse,
        UnsafeText::Replace,
        UnsafeText::Replace,
    ])
}

/// Text with more of what hurts than chance would give.
fn hostile() -> impl Strategy<Value = String> {
    let char = prop_oneof![
        4 => prop::char::range('a', 'z'),
        4 => prop::sample::select("\n\r\0\t\x7f :|@#,;=/.-_{}+0\u{85}\u{10a}\u{2028}".chars().collect::<Vec<_>>()),
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
        "\nsc|a|0",
    ];
    prop_oneof![
        6 => "[a-z.]{1,20}",
        3 => text,
        1 => prop::sample::select(trap).prop_map(str::to_owned),
    ]
}

/// Something that may well be a line.
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

/// A line as a server takes it apart, which knows nothing of how it was made.
struct Read<'a> {
    name: &'a str,
    value: &'a str,
    rate: Option<&'a str>,
    tags: Vec<&'a str>,
}

impl<'a> Read<'a> {
    /// Panics at a line that a server would not take for exactly one metric.
    fn new(line: &'a str, is_statsd: bool) -> Self {
        for char in line.chars() {
            assert!(!char.is_control(), "{line:?}");
            assert!(!is_statsd || char.is_ascii(), "{line:?}");
        }
        let colon = line.find(':').expect("a line has a name");
        let (name, fields) = (&line[..colon], &line[colon + 1..]);
        let mut fields = fields.split('|');
        let value = fields.next().expect("splitting gives one part at least");
        let code = fields.next().expect("a line has a type");
        let mut field = fields.next();
        let rate = field.and_then(|field| field.strip_prefix('@'));
        if rate.is_some() {
            field = fields.next();
        }
        let tags = match field.map(|field| field.strip_prefix('#').expect("only tags are left")) {
            Some(tags) => tags.split(',').collect(),
            None => Vec::new(),
        };
        assert_eq!(fields.next(), None, "{line:?}");

        assert!(!name.contains([' ', '|', '@', '#']), "{line:?}");
        assert!(
            code.chars().all(|char| char.is_ascii_alphanumeric()),
            "{line:?}"
        );
        if code == "s" {
            assert!(!is_statsd || !value.contains([':', '@', '#']), "{line:?}");
        } else {
            assert!(is_plain_number(value), "{line:?}");
            assert!(code != "ms" || !value.starts_with('-'), "{line:?}");
        }
        assert!(rate.is_none_or(is_plain_number), "{line:?}");
        for tag in &tags {
            assert!(
                !is_statsd || !tag.contains([' ', '@', '#', ';', '=']),
                "{line:?}"
            );
        }
        if is_statsd {
            let kept = |char: &char| char.is_ascii_alphanumeric() || "_.;=-".contains(*char);
            let key: String = name.replace('/', "-").chars().filter(kept).collect();
            assert!(key != "constructor" && key != "__proto__", "{line:?}");
        } else {
            let is_metric = !line.starts_with("_e{") && !line.starts_with("_sc");
            assert!(is_metric, "{line:?}");
        }
        Self {
            name,
            value,
            rate,
            tags,
        }
    }
}

fn is_plain_number(text: &str) -> bool {
    let unsigned = text.trim_start_matches(['+', '-']);
    text.len() - unsigned.len() <= 1
        && unsigned.starts_with(|char: char| char.is_ascii_digit())
        && unsigned.ends_with(|char: char| char.is_ascii_digit())
        && unsigned.matches('.').count() <= 1
        && unsigned
            .chars()
            .all(|char| char.is_ascii_digit() || char == '.')
}
