//! The encoder and the one that it takes the place of write the same. This file goes with the old one.

use proptest::prelude::*;

use super::arbitrary::{Case, case};
use super::*;
use crate::line::Encoder as Old;
use crate::payload::Record;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn both_encoders_write_the_same(case in case()) {
        let pairs: Vec<_> = case.tags.iter().map(|(key, value)| (&**key, &**value)).collect();
        let metric = case.metric(&pairs);
        let mut old = Vec::new();
        let old = Old::new(&case.config)
            .encode(&metric, &mut Record::new(&mut old))
            .map(|()| String::from_utf8(old).unwrap());
        compare(&case, &metric, old, encode(&case.config, &metric))?;
        if let (Code::Known(kind), Value::Number(number)) = (metric.code, metric.value) {
            let section = metric.section;
            let plain = Metric { section, ..Metric { code: metric.code, value: metric.value, ..Metric::blank(&case.name, kind) } };
            let number = written(&case.config, |encoder, cursor| {
                encoder.encode_number(kind, section, &case.name, number, cursor)
            });
            prop_assert_eq!(number, encode(&case.config, &plain));
        }
    }
}

fn compare(
    case: &Case,
    metric: &Metric<'_>,
    old: Result<String, RecordError>,
    new: Result<String, RecordError>,
) -> Result<(), TestCaseError> {
    // What is new: known types that the dialect lacks are refused whatever the way.
    if let (Code::Raw(_), Err(RecordError::Unsupported(_))) = (metric.code, new.clone()) {
        return Ok(());
    }
    match (old, new) {
        (Ok(old), new) => prop_assert_eq!(new, Ok(old)),
        // Which of several faults is found first may differ.
        (Err(old), new) => prop_assert!(new.is_err(), "{old:?}, but {new:?} of {case:?}"),
    }
    Ok(())
}
