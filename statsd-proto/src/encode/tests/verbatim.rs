//! Lines that were written elsewhere: copied, or parsed and rewritten.

use proptest::prelude::*;

use super::arbitrary::{case, dialect};
use super::servers::read;
use super::*;

#[test]
fn a_line_is_sent_as_it_stands() {
    for line in [
        "a:1|c",
        "a.b-c_d/e:-1.50|g",
        "a:-1|g",
        "a:007|ms|@0.10",
        "a:1|c|@1",
        "a:anna|s",
        "a:1|c|#k:v,bare,url:http://x",
    ] {
        assert_eq!(sent(Dialect::Statsd, line), Ok(line.into()));
        assert_eq!(sent(Dialect::DogStatsd, line), Ok(line.into()));
    }
}
#[test]
fn what_only_dogstatsd_has_is_for_it_alone() {
    for line in [
        "a:1:2:3|ms",
        "a:1|c|c:83c0a99c0a54",
        "a:1|g|T1656581400",
        "a:1.5:2|ms|@0.5|#k:v|c:in-42|T1656581400",
        "a:1|c|c:ci-1f,in-42|e:it-false,cn-web|card:orchestrator|T9",
    ] {
        assert_eq!(sent(Dialect::DogStatsd, line), Ok(line.into()));
        let refused = sent(Dialect::Statsd, line);
        assert_eq!(refused, Err(RecordError::InvalidLine), "{line}");
    }
    let names = "Z\u{fc}rich:1|c|#k\u{e9}y:v";
    assert_eq!(sent(Dialect::DogStatsd, names), Ok(names.into()));
    assert_eq!(sent(Dialect::Statsd, names), Err(RecordError::UnsafeText));
}
#[test]
fn a_line_that_is_not_one_of_a_metric_is_refused() {
    use RecordError::*;
    for (line, error) in [
        ("", InvalidLine),
        ("a", InvalidLine),
        ("a:1", InvalidLine),
        ("a:1|", InvalidLine),
        ("a:1|c ", InvalidLine),
        ("a:1|c\n", InvalidLine),
        ("a:1|c\nb:1|c", InvalidLine),
        ("a:1|c|", InvalidLine),
        ("a:1|c|x", InvalidLine),
        ("a:1|c|T", InvalidLine),
        ("a:1|c|T-1", InvalidLine),
        ("a:1|c|T0", InvalidLine),
        ("a:1|c|T9223372036854775808", InvalidLine),
        ("a:1|c|c:", InvalidLine),
        ("a:1|c|c:x\ny", InvalidLine),
        ("a:1|c|e:", InvalidLine),
        ("a:1|c|card:", InvalidLine),
        ("a:1|c|card:all", InvalidLine),
        ("a:1|c|card:low|e:x", InvalidLine),
        ("a:1|c|@0.5|@0.5", InvalidLine),
        ("a:1|c|#k:v|@0.5", InvalidLine),
        (":1|c", EmptyName),
        ("a b:1|c", UnsafeText),
        ("a\n:1|c", UnsafeText),
        ("a@b:1|c", UnsafeText),
        ("_e{1,1}:1|c", UnsafeText),
        ("a:1|c|#", UnsafeText),
        ("a:1|c|#k:v,", UnsafeText),
        ("a:1|c|#k:v\n", UnsafeText),
        ("a:|c", InvalidValue),
        ("a:|s", InvalidValue),
        ("a:1:|c", InvalidValue),
        ("a:x|c", InvalidValue),
        ("a:NaN|g", InvalidValue),
        ("a:inf|g", InvalidValue),
        ("a:1e5|g", InvalidValue),
        ("a:x\ny|s", UnsafeText),
        ("a:-1|ms", NegativeTiming),
        ("a:1:-1|ms", NegativeTiming),
        ("a:1|c|@0", InvalidRate),
        ("a:1|c|@2", InvalidRate),
        ("a:1|c|@+0.5", InvalidRate),
        ("a:1|c|@1e-1", InvalidRate),
        ("a:1|c|@", InvalidRate),
    ] {
        assert_eq!(sent(Dialect::DogStatsd, line), Err(error), "{line:?}");
    }
    let fatal = sent(Dialect::Statsd, "constructor:1|ms");
    assert_eq!(fatal, Err(UnsafeText));
    let long = format!("{}:1|c", "a".repeat(5000));
    let too_long = sent(Dialect::Statsd, &long);
    assert_eq!(too_long, Err(LineTooLong));
}
#[test]
fn a_line_that_its_servers_would_misread_is_refused() {
    use RecordError::*;
    for (dialect, line, error) in [
        (Dialect::Collectd, "a:1|ms|@0.5", InvalidRate),
        (Dialect::Influx, "a:+1|h", Unsupported(Kind::Histogram)),
        (Dialect::Influx, "a:-x|s", Unsupported(Kind::Set)),
        (Dialect::Influx, "a:1.5|c", Unsupported(Kind::Counter)),
        (Dialect::Netdata, "a:1.5|m", Unsupported(Kind::Meter)),
        (
            Dialect::StatsdExporter,
            "a:-1|c",
            Unsupported(Kind::Counter),
        ),
    ] {
        assert_eq!(sent(dialect, line), Err(error), "{line:?}");
    }
    let long = format!("{}:1|c", "a".repeat(128));
    assert_eq!(sent(Dialect::Collectd, &long), Err(LineTooLong));
}
#[test]
fn the_prefix_and_the_tags_of_the_configuration_stay_away() {
    let config = statsd_config().prefix("shop").tag("k", "v");
    assert_line(&config, &Metric::line("a:1|c"), "a:1|c");
}

#[test]
fn a_known_type_that_the_dialect_lacks_is_refused_whatever_the_way() {
    for dialect in Dialect::ALL {
        let config = Config::new("localhost").dialect(dialect);
        for kind in Kind::ALL {
            let (code, value) = match kind {
                Kind::Counter => ("c", "1"),
                Kind::Distribution => ("d", "1"),
                Kind::Gauge => ("g", "1"),
                Kind::GaugeDelta => ("g", "+1"),
                Kind::Histogram => ("h", "1"),
                Kind::Meter => ("m", "1"),
                Kind::Set => ("s", "1"),
                Kind::Timing => ("ms", "1"),
            };
            let line = format!("x:{value}|{code}");
            let expected = if Encoder::new(&config).supports(kind) {
                Ok(line.clone())
            } else {
                Err(RecordError::Unsupported(kind))
            };
            for metric in [
                Metric::line(&line),
                parse(&line).unwrap(),
                Metric::raw("x", value, code),
            ] {
                assert_eq!(encode(&config, &metric), expected, "{dialect:?} {metric:?}");
            }
        }
    }
}

#[test]
fn an_unknown_type_is_sent_by_its_code_alone() {
    for dialect in Dialect::ALL {
        let config = Config::new("localhost").dialect(dialect);
        assert_line(&config, &Metric::raw("x", 1, "zz9"), "x:1|zz9");
        for metric in [Metric::line("x:1|zz9"), parse("x:1|zz9").unwrap()] {
            assert_eq!(encode(&config, &metric), Err(RecordError::InvalidLine));
        }
    }
}

#[test]
fn tags_in_the_name_of_a_line_are_tags() {
    for (dialect, line, other) in [
        (Dialect::Graphite, "a;k=v;b=c:1|c", "a,k=v:1|c"),
        (Dialect::Influx, "a,k=v,b=c d:1|c", "a;k=v:1|c"),
        (Dialect::Librato, "a#k=v,b=c:1|c", "a[k=v]:1|c"),
        (Dialect::SignalFx, "a[k=v,b=c]:1|c", "a;k=v:1|c"),
    ] {
        let config = Config::new("localhost").dialect(dialect);
        assert_line(&config, &Metric::line(line), line);
        assert_line(&config, &parse(line).unwrap(), line);
        // Further tags follow, the constant ones first.
        let tagged = config.clone().tag("env", "prod");
        let written = encode(&tagged, &parse(&format!("{line}|#e:f,#g:h")).unwrap()).unwrap();
        let tags = read(dialect, &written).tags;
        let keys: Vec<_> = tags.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, ["env", "k", "b", "e", "g"], "{written}");
        // The tag syntax of another dialect has no effect here.
        let other = encode(&config, &parse(other).unwrap()).unwrap();
        assert_eq!(read(dialect, &other).tags, []);
    }
}

#[test]
fn tags_in_the_name_that_are_none_are_an_error() {
    for (dialect, names) in [
        (
            Dialect::Graphite,
            &["a;", "a;k", "a;k=", "a;=v", "a;k=v;"][..],
        ),
        (Dialect::Influx, &["a,", "a,k", "a,k=", "a,=v", "a,k=v,"]),
        (Dialect::Librato, &["a#", "a#k", "a#k=", "a#=v", "a#k=v,"]),
        (
            Dialect::SignalFx,
            &["a[", "a[]", "a[k]", "a[k=]", "a[k=v", "a[k=v]b", "a[k=v,]"],
        ),
    ] {
        let config = Config::new("localhost").dialect(dialect);
        let config = config.sanitize_policy(SanitizePolicy::Refuse);
        for name in names {
            let line = format!("{name}:1|c");
            for metric in [Metric::line(&line), parse(&line).unwrap()] {
                let result = encode(&config, &metric);
                let expected = [RecordError::InvalidTag, RecordError::UnsafeText];
                assert!(
                    result.is_err_and(|error| expected.contains(&error)),
                    "{metric:?}"
                );
            }
        }
    }
}

#[test]
fn a_hash_before_each_tag_is_none_of_them() {
    let metric = parse("x:1|c|#a:b,#c:d,##e,#").unwrap();
    assert_line(&statsd_config(), &metric, "x:1|c|#a:b,c:d,_e");
}

#[test]
fn what_a_line_says_of_its_sender_is_passed_on() {
    let agent = Config::dogstatsd("localhost").transport(Transport::Tcp);
    let config = agent.container_id("own").cardinality(Cardinality::Low);
    for (line, written) in [
        ("x:1|c", "x:1|c|c:ci-own|card:low"),
        ("x:1|c|T9", "x:1|c|c:ci-own|card:low|T9"),
        ("x:1|c|c:ci-1|e:cn-web", "x:1|c|c:ci-1|e:cn-web|card:low"),
        (
            "x:1|c|e:cn-web|card:high|T9|#a",
            "x:1|c|#a|e:cn-web|card:high|T9",
        ),
        (
            "x:1|c|c:a
b",
            "x:1|c|c:a_b|card:low",
        ),
    ] {
        assert_line(&config, &parse(line).unwrap(), written);
    }
    for line in ["x:1|c|c:ci-1", "x:1|c|T9", "x:1|c|card:low"] {
        let refused = encode(&statsd_config(), &parse(line).unwrap());
        assert_eq!(refused, Err(RecordError::NotDogStatsd));
    }
    let timing = encode(&config, &parse("x:1|ms|T9").unwrap());
    assert_eq!(timing, Err(RecordError::InvalidTimestamp));
}

proptest! {
    #[test]
    fn each_dialect_takes_back_every_line_that_it_writes(case in case()) {
        let pairs = case.pairs();
        let metric = case.metric(&pairs);
        let Ok(record) = encode(&case.config, &metric) else {
            return Ok(());
        };
        let is_known = metric.code.kind().is_some();
        for line in record.split('\n') {
            let copied = encode(&case.config, &Metric::line(line));
            let refused = Err(RecordError::InvalidLine);
            prop_assert_eq!(&copied, &if is_known { Ok(line.to_owned()) } else { refused.clone() });
            // Without the tags and the origin of the configuration, which the line contains already.
            let config = Config::new("localhost")
                .dialect(case.config.dialect)
                .sanitize_policy(SanitizePolicy::Refuse);
            let parsed = encode(&config, &parse(line).unwrap());
            prop_assert_eq!(parsed, if is_known { Ok(line.to_owned()) } else { refused });
        }
    }

    #[test]
    fn what_is_taken_of_any_line_is_what_the_server_reads(
        name in "[ab;=,#\\[\\]._]{1,12}",
        rest in "(:[0-9+-]{1,3}){1,2}\\|(c|g|ms|s|h|d|m)(\\|@0\\.[1-9])?(\\|#[ab:,#=]{1,8})?(\\|T[0-9])?",
        dialect in dialect(),
    ) {
        let line = format!("{name}{rest}");
        let config = Config::new("localhost").dialect(dialect);
        if let Ok(copied) = encode(&config, &Metric::line(&line)) {
            prop_assert_eq!(&copied, &line);
            read(dialect, &line);
        }
        if let Ok(Ok(written)) = parse(&line).map(|metric| encode(&config, &metric)) {
            for line in written.split('\n') {
                read(dialect, line);
            }
        }
    }

    #[test]
    fn a_line_arrives_unchanged_or_not_at_all(line in "[ac:|@#,.0-9Tms\\n-]{0,20}|\\PC{0,20}") {
        for dialect in [Dialect::Statsd, Dialect::DogStatsd] {
            if let Ok(sent) = sent(dialect, &line) {
                prop_assert_eq!(&sent, &line);
            }
        }
    }
}
/// Text that is sent for a line.
fn sent(dialect: Dialect, line: &str) -> Result<String, RecordError> {
    encode(
        &Config::new("localhost").dialect(dialect),
        &Metric::line(line),
    )
}
