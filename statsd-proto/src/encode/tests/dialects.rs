//! Table of accepted metrics, by dialect.

use super::servers::{Reading, read};
use super::*;

#[test]
fn a_dialect_is_parsed_from_its_name_in_any_case() {
    for dialect in Dialect::ALL {
        let name = format!("{dialect:?}");
        assert_eq!(name.parse(), Ok(dialect));
        assert_eq!(name.to_lowercase().parse(), Ok(dialect));
        assert!(Dialect::NAMES.contains(&format!("`{}`", name.to_lowercase())));
    }
    let error = "etsy".parse::<Dialect>().unwrap_err().to_string();
    assert!(
        error.starts_with("dialect is \"etsy\", but must be `collectd`"),
        "{error}"
    );
}

#[test]
fn counters_gauges_and_timings_are_the_same_everywhere() {
    for dialect in Dialect::ALL {
        for (metric, line, code) in [
            (Metric::counter("a.b-c_d", 7), "a.b-c_d:7|c", "c"),
            (Metric::gauge("a.b-c_d", 0.25), "a.b-c_d:0.25|g", "g"),
            (Metric::timing_ms("a.b-c_d", 1.5), "a.b-c_d:1.5|ms", "ms"),
        ] {
            assert_line(&config(dialect), &metric, line);
            let reading = read(dialect, line);
            assert_eq!(reading.name, "a.b-c_d");
            assert_eq!(reading.code, code);
        }
        let sampled = Metric::counter("x", 1).rate(0.1);
        assert_line(&config(dialect), &sampled, "x:1|c|@0.1");
        assert_eq!(read(dialect, "x:1|c|@0.1").rate, Some(0.1));
    }
}

#[test]
fn tags_are_written_as_each_server_reads_them() {
    let tags = [("route", "home"), ("zone", "eu-1")];
    let metric = Metric::counter("x", 1).rate(0.5).tags(&tags);
    for (dialect, few, all) in [
        (
            Dialect::DogStatsd,
            "x:1|c|#env:prod",
            "x:1|c|@0.5|#env:prod,route:home,zone:eu-1",
        ),
        (
            Dialect::Graphite,
            "x;env=prod:1|c",
            "x;env=prod;route=home;zone=eu-1:1|c|@0.5",
        ),
        (
            Dialect::Influx,
            "x,env=prod:1|c",
            "x,env=prod,route=home,zone=eu-1:1|c|@0.5",
        ),
        (
            Dialect::Librato,
            "x#env=prod:1|c",
            "x#env=prod,route=home,zone=eu-1:1|c|@0.5",
        ),
        (
            Dialect::Netdata,
            "x:1|c|#env:prod",
            "x:1|c|@0.5|#env:prod,route:home,zone:eu-1",
        ),
        (
            Dialect::OpenTelemetry,
            "x:1|c|#env:prod",
            "x:1|c|@0.5|#env:prod,route:home,zone:eu-1",
        ),
        (
            Dialect::SignalFx,
            "x[env=prod]:1|c",
            "x[env=prod,route=home,zone=eu-1]:1|c|@0.5",
        ),
        (
            Dialect::Statsd,
            "x:1|c|#env:prod",
            "x:1|c|@0.5|#env:prod,route:home,zone:eu-1",
        ),
        (
            Dialect::StatsdExporter,
            "x:1|c|#env:prod",
            "x:1|c|@0.5|#env:prod,route:home,zone:eu-1",
        ),
    ] {
        let tagged = config(dialect).tag("env", "prod");
        assert_line(&tagged, &Metric::counter("x", 1), few);
        assert_line(&tagged, &metric, all);
        let text = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let expected = Reading {
            name: "x".into(),
            tags: vec![
                text("env", "prod"),
                text("route", "home"),
                text("zone", "eu-1"),
            ],
            values: vec!["1".into()],
            code: "c".into(),
            rate: Some(0.5),
            extras: Vec::new(),
        };
        assert_eq!(read(dialect, all), expected, "{dialect:?}");
    }
    let untagged = encode(&config(Dialect::Collectd), &metric);
    assert_eq!(untagged, Err(RecordError::InvalidTag));
}

#[test]
fn a_list_of_no_tags_opens_no_brackets() {
    let metric = parse("x:1|c|#,,").unwrap();
    for dialect in Dialect::ALL {
        if dialect != Dialect::Collectd {
            assert_line(&config(dialect), &metric, "x:1|c");
        }
    }
    let parsed = parse("x:1|c|#,a:b,,c:d").unwrap();
    assert_line(&config(Dialect::SignalFx), &parsed, "x[a=b,c=d]:1|c");
}

#[test]
fn a_tag_needs_a_value_where_servers_drop_it_without() {
    let metric = Metric::counter("x", 1).tags(&[("canary", "")]);
    for dialect in Dialect::ALL {
        let has_bare = matches!(
            dialect,
            Dialect::DogStatsd | Dialect::Netdata | Dialect::Statsd
        );
        let expected = if has_bare {
            Ok("x:1|c|#canary".to_owned())
        } else {
            Err(RecordError::InvalidTag)
        };
        assert_eq!(encode(&config(dialect), &metric), expected, "{dialect:?}");
    }
}

#[test]
fn other_kinds_exist_where_the_server_knows_them() {
    use Dialect::{DogStatsd, Influx, Netdata, OpenTelemetry, StatsdExporter};

    for dialect in Dialect::ALL {
        for (metric, kind, line, dialects) in [
            (
                Metric::distribution("x", 1),
                Kind::Distribution,
                "x:1|d",
                &[DogStatsd, OpenTelemetry, StatsdExporter][..],
            ),
            (
                Metric::histogram("x", 1),
                Kind::Histogram,
                "x:1|h",
                &[DogStatsd, Influx, Netdata, OpenTelemetry, StatsdExporter],
            ),
            (Metric::meter("x", 1), Kind::Meter, "x:1|m", &[Netdata]),
            (
                Metric::set("x", "m"),
                Kind::Set,
                "x:m|s",
                &all_but(&[OpenTelemetry, StatsdExporter]),
            ),
            (
                Metric::gauge_delta("x", 1),
                Kind::GaugeDelta,
                "x:+1|g",
                &all_but(&[DogStatsd, OpenTelemetry]),
            ),
        ] {
            let result = encode(&config(dialect), &metric);
            if dialects.contains(&dialect) {
                assert_eq!(result.as_deref(), Ok(line), "{dialect:?}");
                read(dialect, line);
            } else {
                assert_eq!(result, Err(RecordError::Unsupported(kind)), "{dialect:?}");
            }
        }
    }
}

#[test]
fn a_negative_gauge_is_a_level_for_the_agent_and_two_lines_for_others() {
    let metric = Metric::gauge("x", -5);
    for dialect in Dialect::ALL {
        let expected = if dialect == Dialect::DogStatsd {
            "x:-5|g"
        } else {
            "x:0|g\nx:-5|g"
        };
        assert_line(&config(dialect), &metric, expected);
    }
    let tagged = metric.tags(&[("a", "b")]);
    let expected = "x[a=b]:0|g\nx[a=b]:-5|g";
    assert_line(&config(Dialect::SignalFx), &tagged, expected);
}

#[test]
fn counts_that_a_server_would_cut_are_refused() {
    for dialect in Dialect::ALL {
        let whole = matches!(
            dialect,
            Dialect::Influx | Dialect::Netdata | Dialect::OpenTelemetry
        );
        for value in [
            Value::from(1.5),
            Value::from(1e300),
            Value::from(9.3e18),
            Value::from(u64::MAX),
            Value::from("1.0"),
            Value::from("9223372036854775808"),
            Value::Elapsed(NANOSECOND),
        ] {
            assert_refused(dialect, &Metric::raw("x", value, "c"), Kind::Counter, whole);
        }
        assert_refused(dialect, &Metric::counter("x", 0.5), Kind::Counter, whole);
        for value in [
            Value::from(3.0),
            Value::from(i64::MAX),
            Value::from("9223372036854775807"),
            Value::Elapsed(MILLISECOND),
            Value::from(1_u64 << 62),
        ] {
            assert_refused(dialect, &Metric::raw("x", value, "c"), Kind::Counter, false);
        }
        let cannot_count_down = dialect == Dialect::StatsdExporter;
        for metric in [Metric::counter("x", -1), Metric::raw("x", "-1", "c")] {
            assert_refused(dialect, &metric, Kind::Counter, cannot_count_down);
        }
    }
    let meter = encode(&config(Dialect::Netdata), &Metric::meter("x", 0.5));
    assert_eq!(meter, Err(RecordError::Unsupported(Kind::Meter)));
}

#[test]
fn telegraf_takes_a_sign_on_counts_and_gauges_alone() {
    let config = config(Dialect::Influx);
    assert_refused(
        Dialect::Influx,
        &Metric::histogram("x", -1),
        Kind::Histogram,
        true,
    );
    assert_refused(
        Dialect::Influx,
        &Metric::raw("x", "+1", "ms"),
        Kind::Timing,
        true,
    );
    assert_line(&config, &Metric::counter("x", -1), "x:-1|c");
    assert_line(&config, &Metric::set("x", "-1"), "x:_1|s");
    assert_line(&config, &Metric::set("x", "+"), "x:_|s");
    assert_line(&config, &Metric::set("x", "a-1"), "x:a-1|s");
    let careful = config.sanitize_policy(SanitizePolicy::Refuse);
    let refused = encode(&careful, &Metric::set("x", "-1"));
    assert_eq!(refused, Err(RecordError::UnsafeText));
}

#[test]
fn collectd_divides_by_the_rate_so_that_only_counters_have_one() {
    for dialect in Dialect::ALL {
        let alone = matches!(dialect, Dialect::Collectd | Dialect::SignalFx);
        let timing = Metric::timing_ms("x", 57);
        for metric in [timing.rate(0.1), timing.sampled_at(0.1)] {
            let expected = if alone {
                Err(RecordError::InvalidRate)
            } else {
                Ok("x:57|ms|@0.1".to_owned())
            };
            assert_eq!(encode(&config(dialect), &metric), expected, "{dialect:?}");
        }
        assert_line(&config(dialect), &timing.rate(1.0), "x:57|ms");
        let gauge = encode(&config(dialect), &Metric::gauge("x", 1).sampled_at(0.5));
        assert_eq!(gauge.is_err(), alone, "{dialect:?}");
    }
}

#[test]
fn several_values_are_one_line_where_the_server_unpacks_them() {
    let values = [1.5, 2.0, 0.000_001];
    let tags = [("a", "b")];
    for dialect in Dialect::ALL {
        let packs = matches!(dialect, Dialect::DogStatsd | Dialect::StatsdExporter);
        let timings = Metric::timings_ms("x", &values);
        let expected = if packs {
            "x:1.5:2:0.000001|ms"
        } else {
            "x:1.5|ms\nx:2|ms\nx:0.000001|ms"
        };
        assert_line(&config(dialect), &timings, expected);
        assert_line(
            &config(dialect),
            &Metric::timings_ms("x", &values[..1]),
            "x:1.5|ms",
        );
    }
    let sampled = Metric::histograms("x", &values).tags(&tags).rate(0.5);
    let exporter = config(Dialect::StatsdExporter);
    assert_line(&exporter, &sampled, "x:1.5:2:0.000001|h|@0.5|#a:b");
    let netdata = config(Dialect::Netdata);
    let expected = "x:1.5|h|@0.5|#a:b\nx:2|h|@0.5|#a:b\nx:0.000001|h|@0.5|#a:b";
    assert_line(&netdata, &sampled, expected);
    let agent = config(Dialect::DogStatsd);
    assert_line(
        &agent,
        &Metric::distributions("x", &[-1.0, 1.0]),
        "x:-1:1|d",
    );
    let counts = Metric::raw("x", &values[..2], "c");
    assert_line(&agent, &counts, "x:1.5|c\nx:2|c");
}

#[test]
fn several_values_are_refused_for_one_that_is_bad() {
    for dialect in Dialect::ALL {
        for (values, error) in [
            (&[][..], RecordError::InvalidValue),
            (&[1.0, f64::NAN], RecordError::InvalidValue),
            (&[1.0, -1.0], RecordError::NegativeTiming),
            (&[0.0; 33_000], RecordError::LineTooLong),
        ] {
            let metric = Metric::timings_ms("x", values);
            assert_eq!(encode(&config(dialect), &metric), Err(error), "{dialect:?}");
        }
    }
}

#[test]
fn names_that_collectd_would_cut_are_refused() {
    let name = "n".repeat(120);
    let metric = Metric::counter(&name, 1);
    let collectd = config(Dialect::Collectd);
    let fits = collectd.clone().prefix("prefix");
    assert_line(&fits, &metric, &format!("prefix.{name}:1|c"));
    let exceeds = collectd.prefix("prefixx");
    assert_eq!(encode(&exceeds, &metric), Err(RecordError::LineTooLong));
}

#[test]
fn no_name_or_tag_forges_another() {
    let hostile = "a:1|c,b=c;d=e#f@g[h]i!j~k^l m";
    let tags = [(hostile, hostile)];
    let metric = Metric::counter(hostile, 1).tags(&tags);
    for (dialect, line) in [
        (
            Dialect::DogStatsd,
            "a_1_c,b=c;d=e_f_g[h]i!j~k^l_m:1|c|#a_1_c_b=c;d=e_f@g[h]i!j~k^l m:a:1_c_b=c;d=e#f@g[h]i!j~k^l m",
        ),
        (
            Dialect::Graphite,
            "a_1_c_b_c_d_e_f_g_h_i_j_k_l_m;a_1_c_b_c_d_e_f_g_h_i_j_k_l_m=a_1_c_b_c_d_e_f_g_h_i_j_k_l_m:1|c",
        ),
        (
            Dialect::Influx,
            "a_1_c_b=c;d=e_f_g[h]i!j~k^l_m,a_1_c_b_c;d_e_f_g[h]i!j~k^l_m=a_1_c_b_c;d_e_f_g[h]i!j~k^l m:1|c",
        ),
        (
            Dialect::Librato,
            "a_1_c,b=c;d=e_f_g[h]i!j~k^l_m#a_1_c_b_c_d_e_f_g[h]i!j~k^l_m=a_1_c_b_c_d_e_f_g[h]i!j~k^l_m:1|c",
        ),
        (
            Dialect::Netdata,
            "a_1_c,b_c;d_e_f_g[h]i!j~k^l_m:1|c|#a_1_c_b_c;d_e_f_g[h]i!j~k^l_m:a_1_c_b_c;d_e_f_g[h]i!j~k^l m",
        ),
        (
            Dialect::OpenTelemetry,
            "a_1_c,b=c;d=e_f_g[h]i!j~k^l_m:1|c|#a_1_c_b=c;d=e_f@g[h]i!j~k^l_m:a:1_c_b=c;d=e#f@g[h]i!j~k^l m",
        ),
        (
            Dialect::SignalFx,
            "a_1_c,b=c;d=e_f_g_h_i!j~k^l_m[a_1_c_b_c;d_e_f_g_h_i!j~k^l_m=a_1_c_b_c;d_e_f_g_h_i!j~k^l_m]:1|c",
        ),
        (
            Dialect::StatsdExporter,
            "a_1_c_b=c;d=e_f_g_h_i!j~k^l_m:1|c|#a_1_c_b=c;d=e_f@g[h]i!j~k^l m:a:1_c_b=c;d=e#f@g[h]i!j~k^l m",
        ),
    ] {
        assert_line(&config(dialect), &metric, line);
        let reading = read(dialect, line);
        assert_eq!(reading.tags.len(), 1, "{dialect:?}");
        let careful = config(dialect).sanitize_policy(SanitizePolicy::Refuse);
        assert_eq!(encode(&careful, &metric), Err(RecordError::UnsafeText));
    }
}

#[test]
fn a_name_that_telegraf_does_not_take_for_one_is_marked() {
    let collector = config(Dialect::OpenTelemetry);
    assert_line(&collector, &Metric::counter("\u{a0}", 1), "_\u{a0}:1|c");
    for (name, line) in [
        ("c", "_c:1|c"),
        ("_events", "__events:1|c"),
        ("\u{a0}", "_\u{a0}:1|c"),
        ("cc", "cc:1|c"),
    ] {
        let metric = Metric::counter(name, 1);
        assert_line(&config(Dialect::Influx), &metric, line);
        read(Dialect::Influx, line);
    }
}

fn config(dialect: Dialect) -> Config {
    let config = Config::new("localhost").transport(Transport::Udp);
    config.dialect(dialect).kind_prefixes(false)
}

fn all_but(others: &[Dialect]) -> Vec<Dialect> {
    let is_among = |dialect: &Dialect| !others.contains(dialect);
    Dialect::ALL.into_iter().filter(is_among).collect()
}

fn assert_refused(dialect: Dialect, metric: &Metric<'_>, kind: Kind, is_refused: bool) {
    let result = encode(&config(dialect), metric);
    if is_refused {
        assert_eq!(result, Err(RecordError::Unsupported(kind)), "{metric:?}");
    } else {
        read(
            dialect,
            &result.unwrap_or_else(|error| panic!("{dialect:?} {metric:?}: {error}")),
        );
    }
}
