//! A template writes the same bytes as the metric itself.

use std::collections::HashSet;

use proptest::prelude::*;

use super::arbitrary::{case, dialect};
use super::*;
use crate::metric::{Number, Rate};

proptest! {
    #[test]
    fn a_template_writes_the_same_line_as_its_metric(case in case()) {
        let pairs = case.pairs();
        let metric = Metric { extras: None, ..case.metric(&pairs) };
        let encoder = Encoder::new(&case.config);
        let value = metric.value;
        let direct = encode(&case.config, &metric);
        match encoder.template(&metric) {
            Ok(template) => {
                let rate = template.has_rate().then_some(0.25);
                let line = template_line(&encoder, &template, value, None);
                if !matches!((metric.code, value), (Code::Raw("g"), _) | (Code::Raw(_), Value::Text(_))) {
                    prop_assert_eq!(line, direct);
                }
                if rate.is_some() {
                    let sampled = Metric { rate: Rate::Sampled(0.25), ..metric };
                    let line = template_line(&encoder, &template, value, rate);
                    if metric.code.kind() != Some(Kind::Gauge) {
                        prop_assert_eq!(line, encode(&case.config, &sampled));
                    }
                }
            }
            Err(error) => {
                let is_unknown = error == RecordError::InvalidLine && metric.code.kind().is_none();
                prop_assert!(direct.is_err() || is_unknown, "{error:?}, but {direct:?}");
            }
        }
    }

    #[test]
    fn samples_fill_each_line_and_none_is_lost(
        values in prop::collection::vec(prop_oneof![0.0..1e9, (0..9_u8).prop_map(f64::from)], 1..400),
        dialect in dialect(),
        is_sampled: bool,
        limit in 60..1432_usize,
        room in 60..1432_usize,
    ) {
        let config = Config::new("localhost").kind_prefixes(false).transport(Transport::Udp).dialect(dialect).max_datagram(limit);
        let encoder = Encoder::new(&config);
        let template = encoder.template(&Metric::timing("query", NANOSECOND)).unwrap();
        let rate = Some(0.125).filter(|_| is_sampled && template.has_rate());
        let mut read = Vec::new();
        let mut memory = vec![0; room];
        let longest = room.min(if dialect == Dialect::DogStatsd { limit - 1 } else { limit });
        while read.len() < values.len() {
            let left = &values[read.len()..];
            let (count, written) = encoder
                .encode_samples(&template, left, rate, Cursor::new(&mut memory))
                .unwrap();
            let line = std::str::from_utf8(&memory[..written.bytes]).unwrap();
            prop_assert_eq!((written.lines, written.name_len), (1, "query".len()));
            prop_assert!(line.len() <= longest);
            let reading = servers::read(dialect, line);
            prop_assert_eq!(reading.rate, rate);
            prop_assert_eq!(reading.values.len(), count);
            read.extend(reading.values.iter().map(|value| value.parse::<f64>().unwrap()));
            if let (Some(next), true) = (values.get(read.len()), encoder.packs(Kind::Timing)) {
                prop_assert!(line.len() + 1 + next.to_string().len() > longest, "{line} has room for {next}");
            }
        }
        prop_assert_eq!(read, values);
    }
}

fn template_line(
    encoder: &Encoder,
    template: &Template,
    value: Value<'_>,
    rate: Option<f64>,
) -> Result<String, RecordError> {
    written_by(|cursor| {
        let written = encoder.encode_value(template, value, rate, cursor);
        assert!(written.is_err() || written.unwrap().name_len == template.name().len());
        written
    })
}

#[test]
fn a_rate_takes_the_place_of_the_templates_own() {
    let encoder = Encoder::new(&statsd_config().tag("k", "v"));
    let value = Value::Number(Number::Int(3));
    for (own, other, line) in [
        (None, None, "x:3|c|#k:v"),
        (None, Some(0.5), "x:3|c|@0.5|#k:v"),
        (Some(0.25), None, "x:3|c|@0.25|#k:v"),
        (Some(0.25), Some(0.125), "x:3|c|@0.125|#k:v"),
        (Some(0.25), Some(1.0), "x:3|c|#k:v"),
        (None, Some(1e-9), "x:3|c|@0.000000001|#k:v"),
    ] {
        let metric = Metric::counter("x", 1);
        let metric = own.map_or(metric, |rate| metric.rate(rate));
        let template = encoder.template(&metric).unwrap();
        assert!(template.has_rate());
        let written = template_line(&encoder, &template, value, other);
        assert_eq!(written.as_deref(), Ok(line));
    }
    let gauge = encoder.template(&Metric::gauge("x", 1)).unwrap();
    assert!(!gauge.has_rate());
    let refused = template_line(&encoder, &gauge, value, Some(0.5));
    assert_eq!(refused, Err(RecordError::InvalidRate));
    let line = template_line(&encoder, &gauge, Value::Number(Number::Int(-3)), None);
    assert_eq!(line.as_deref(), Ok("x:0|g|#k:v\nx:-3|g|#k:v"));
}

#[test]
fn levels_and_changes_share_a_template() {
    let encoder = Encoder::new(&statsd_config());
    for template in [Metric::gauge("x", 1), Metric::gauge_delta("x", 1)] {
        let template = encoder.template(&template).unwrap();
        for (kind, value, line) in [
            (Kind::Gauge, 3, "x:3|g"),
            (Kind::Gauge, -3, "x:0|g\nx:-3|g"),
            (Kind::GaugeDelta, 3, "x:+3|g"),
            (Kind::GaugeDelta, -3, "x:-3|g"),
        ] {
            let value = Value::Number(Number::Int(value));
            let written =
                written_by(|cursor| encoder.encode_value_as(&template, kind, value, None, cursor));
            assert_eq!(written.as_deref(), Ok(line));
        }
    }
}

#[test]
fn a_value_that_the_server_does_not_take_is_refused_once_it_is_the_first() {
    let encoder = Encoder::new(&Config::dogstatsd("localhost"));
    let template = encoder.template(&Metric::timing("x", NANOSECOND)).unwrap();
    let mut room = [0; 100];
    let mut encode = |values: &[f64]| {
        let samples = encoder.encode_samples(&template, values, None, Cursor::new(&mut room));
        samples.map(|(count, _)| count)
    };
    assert_eq!(encode(&[1.0, 2.0, f64::NAN, 3.0]), Ok(2));
    let refused = |error| Err(Unwritten::Refused(error));
    assert_eq!(encode(&[f64::NAN, 3.0]), refused(RecordError::InvalidValue));
    assert_eq!(encode(&[-1.0, 3.0]), refused(RecordError::NegativeTiming));
    assert_eq!(encode(&[]), refused(RecordError::InvalidValue));
    let no_room = encoder.encode_samples(&template, &[1.0, 2.0], None, Cursor::new(&mut [0; 5]));
    assert_eq!(no_room, Err(Unwritten::Full));
}

#[test]
fn a_value_longer_than_a_datagram_gets_one_of_its_own() {
    let config = Config::dogstatsd("localhost").max_datagram(40);
    let encoder = Encoder::new(&config);
    let template = encoder.template(&Metric::timing("x", NANOSECOND)).unwrap();
    let mut room = [0; 1000];
    let values = [f64::MAX, 1.0];
    let samples = encoder.encode_samples(&template, &values, None, Cursor::new(&mut room));
    assert!(
        matches!(samples, Ok((1, written)) if written.bytes > 300),
        "{samples:?}"
    );
}

#[test]
fn what_is_one_series_to_the_server_has_one_key() {
    for dialect in Dialect::ALL
        .into_iter()
        .filter(|dialect| *dialect != Dialect::Collectd)
    {
        let config = Config::new("localhost")
            .kind_prefixes(false)
            .dialect(dialect)
            .tag("env", "prod");
        let encoder = Encoder::new(&config);
        let key = |metric: Metric<'_>| encoder.template(&metric).unwrap().series();
        let tags = [("a", "1"), ("b", "2")];
        let count = key(Metric::counter("x.y", 1).tags(&tags));
        for tags in [[("b", "2"), ("a", "1")], [("a", "1"), ("b\n", "2")]] {
            let is_same = !tags[1].0.ends_with('\n');
            let other = key(Metric::counter("x.y", 7).tags(&tags));
            assert_eq!(other == count, is_same, "{dialect:?} {tags:?}");
        }
        assert_eq!(key(Metric::raw("x.y", 1, "c").tags(&tags)), count);
        assert_eq!(key(Metric::counter("x.y", 1).rate(0.5).tags(&tags)), count);
        let doubled = [("a", "1"), ("b", "2"), ("a", "1")];
        assert_eq!(key(Metric::counter("x.y", 1).tags(&doubled)), count);
        let replaced = key(Metric::counter("x\ny", 1).tags(&tags));
        assert_eq!(replaced, key(Metric::counter("x_y", 1).tags(&tags)));
        let keys: HashSet<SeriesKey> = HashSet::from([
            count,
            replaced,
            key(Metric::counter("x.y", 1)),
            key(Metric::counter("x.y", 1).tags(&tags[..1])),
            key(Metric::gauge("x.y", 1).tags(&tags)),
            key(Metric::timing("x.y", NANOSECOND).tags(&tags)),
        ]);
        assert_eq!(keys.len(), 6, "{dialect:?}");
        if encoder.supports(Kind::GaugeDelta) {
            let change = key(Metric::gauge_delta("x.y", 1));
            assert_eq!(change, key(Metric::gauge("x.y", 1)));
        }
    }
}

#[test]
fn a_template_knows_its_name_and_kind() {
    for dialect in Dialect::ALL {
        let config = Config::new("localhost")
            .kind_prefixes(false)
            .dialect(dialect)
            .prefix("shop");
        let config = config.kind_prefixes(true);
        let config = if dialect == Dialect::Collectd {
            config
        } else {
            config.tag("k", "v")
        };
        let encoder = Encoder::new(&config);
        let metric = Metric::gauge("x:y", 1);
        let template = encoder.template(&metric).unwrap();
        assert_eq!(template.name(), b"shop.gauges.x_y", "{dialect:?}");
        assert_eq!(template.kind, Kind::Gauge);
    }
}

#[test]
fn what_can_never_be_recorded_has_no_template() {
    let encoder = Encoder::new(&statsd_config());
    let long = "x".repeat(4096);
    for (metric, error) in [
        (Metric::counter("", 1), RecordError::EmptyName),
        (Metric::counter(&long, 1), RecordError::LineTooLong),
        (Metric::counter(&long[4..], 1), RecordError::LineTooLong),
        (
            Metric::histogram("x", 1),
            RecordError::Unsupported(Kind::Histogram),
        ),
        (Metric::gauge("x", 1).rate(0.5), RecordError::InvalidRate),
        (Metric::line("x:1|c"), RecordError::InvalidLine),
        (Metric::raw("x", 1, "zz"), RecordError::InvalidLine),
    ] {
        assert_eq!(encoder.template(&metric).unwrap_err(), error, "{metric:?}");
    }
    assert!(encoder.template(&Metric::counter(&long[5..], 1)).is_ok());
}
