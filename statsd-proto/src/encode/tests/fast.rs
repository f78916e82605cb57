//! The fast path writes the same line as the slow path, or nothing.

use proptest::prelude::*;

use super::arbitrary::{case, dialect};
use super::*;
use crate::metric::{Number, Rate, Section, Tags};

proptest! {
    #[test]
    fn the_fast_path_writes_the_line_of_the_slow_one_or_none(case in case(), small in prop::option::of(-1200..1200_i64)) {
        let pairs = case.pairs();
        let metric = case.metric(&pairs);
        let value = match (metric.value, small) {
            (Value::Number(_), Some(small)) => Value::Number(Number::Int(small)),
            (value, _) => value,
        };
        let metric = Metric { value, ..metric };
        let encoder = Encoder::new(&case.config);
        let slow = |cursor: Cursor<'_>| encoder.encode(&metric, cursor);
        check(&encoder, metric.is_level(), encoder.fast_line(&metric), slow)?;
        if let (Code::Known(kind), Value::Number(number)) = (metric.code, metric.value) {
            let single = Single { kind, section: metric.section, name: metric.name, number };
            let whole = Metric { rate: Rate::Always, tags: Tags::NONE, extras: None, ..metric };
            let slow = |cursor: Cursor<'_>| encoder.encode(&whole, cursor);
            check(&encoder, kind.is_level(), encoder.fast_single(&single), slow)?;
        }
        if let (Code::Known(kind), Ok(template)) = (metric.code, encoder.template(&metric)) {
            let line = Encoder::fast_value(&template, &metric.value);
            let slow = |cursor: Cursor<'_>| encoder.encode_value(&template, metric.value, None, cursor);
            check(&encoder, kind.is_level(), Some(line), slow)?;
        }
    }

    #[test]
    fn common_metrics_take_the_fast_path(
        dialect in dialect(),
        tags in prop::collection::vec(("[a-z]{1,9}", "[a-z0-9]{1,30}"), 0..4),
        name in "[a-z]{2,9}\\.[a-z]{1,90}",
        number in prop_oneof![0..1200_i64, 0..i64::MAX],
        prefix in "[a-z]{0,9}",
    ) {
        let has_tags = dialect.rules().tags.is_some();
        let config = Config::new("localhost").dialect(dialect).prefix(&prefix);
        // A tag that may replace a constant one takes the slow path.
        let has_constant = has_tags && tags.is_empty();
        let config = if has_constant { config.tag("env", "test") } else { config };
        let encoder = Encoder::new(&config);
        let tags = tags.iter().filter(|_| has_tags);
        let tags: Vec<_> = tags.map(|(key, value)| (&**key, &**value)).collect();
        let single = Single { kind: Kind::Counter, section: Section::Counters, name: &name, number: number.into() };
        prop_assert!(is_fast(&encoder, encoder.fast_single(&single)));
        let prepared = encoder.template(&Metric::counter(&name, 0).tags(&tags)).unwrap();
        let value = Value::Number(number.into());
        prop_assert!(is_fast(&encoder, Some(Encoder::fast_value(&prepared, &value))));
        for metric in [
            Metric::counter(&name, number),
            Metric::gauge(&name, number),
            Metric::timing(&name, Duration::from_nanos(number.unsigned_abs())),
            Metric::timing_ms(&name, 0.1 + number as f64),
            Metric::set(&name, "anna"),
        ] {
            if metric.code != Code::Known(Kind::Set) || encoder.supports(Kind::Set) {
                let metric = metric.tags(&tags);
                prop_assert!(is_fast(&encoder, encoder.fast_line(&metric)), "{:?}", metric);
            }
        }
    }
}

fn check(
    encoder: &Encoder,
    is_level: bool,
    line: Option<impl FastLine>,
    slow: impl Fn(Cursor<'_>) -> Result<Written, Unwritten>,
) -> Result<(), TestCaseError> {
    let mut room = vec![0; 8192];
    let slow = slow(Cursor::new(&mut room));
    let len = slow.map_or(100, |written| written.bytes);
    for size in (0..len + 80).chain([8191]) {
        let mut memory = vec![b'#'; size + 1];
        let Some(line) = &line else {
            return Ok(());
        };
        let Some(written) = line.write(encoder, &mut memory[..size]) else {
            continue;
        };
        prop_assert_eq!(memory[size], b'#');
        prop_assert_eq!(&memory[..written], &room[..len]);
        prop_assert!(size == written || memory[written] == b'\n');
        let slow = slow.expect("what was written is valid");
        prop_assert_eq!(slow.lines, 1);
        let name_len = is_level.then_some(slow.name_len);
        prop_assert_eq!(line.level_name_len(encoder), name_len);
    }
    Ok(())
}

fn is_fast(encoder: &Encoder, line: Option<impl FastLine>) -> bool {
    line.is_some_and(|line| line.write(encoder, &mut [0; 1000]).is_some())
}
