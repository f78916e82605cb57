use std::time::Duration;

use super::*;
use crate::config::Transport;
use crate::encode::dialect::Dialect;

mod arbitrary;
mod dialects;
mod dogstatsd;
mod fast;
mod parsing;
mod room;
mod scopes;
pub(crate) mod servers;
mod templates;
mod verbatim;

const MILLISECOND: Duration = Duration::from_millis(1);
const NANOSECOND: Duration = Duration::from_nanos(1);

#[test]
fn most_kinds_have_the_same_line_in_each_dialect() {
    for (metric, line) in [
        (Metric::counter("x", 1), "x:1|c"),
        (Metric::counter("x", -10), "x:-10|c"),
        (Metric::counter("x", 0.5), "x:0.5|c"),
        (Metric::counter("x", u64::MAX), "x:18446744073709551615|c"),
        (Metric::counter("x", i64::MIN), "x:-9223372036854775808|c"),
        (Metric::counter("x", 1e21), "x:1000000000000000000000|c"),
        (Metric::counter("x", 1e-7), "x:0.0000001|c"),
        (Metric::gauge("x", 5), "x:5|g"),
        (Metric::gauge("x", -0.0), "x:0|g"),
        (Metric::timing("x", MILLISECOND), "x:1|ms"),
        (Metric::timing("x", NANOSECOND), "x:0.000001|ms"),
        (Metric::timing_ms("x", 320), "x:320|ms"),
        (Metric::timing_ms("x", -0.0), "x:0|ms"),
        (Metric::set("x", "member"), "x:member|s"),
        (Metric::set("x", "10.0.0.7"), "x:10.0.0.7|s"),
        (Metric::raw("x", 3, "kv"), "x:3|kv"),
        (Metric::raw("x", "3.50", "g"), "x:3.50|g"),
        (
            Metric::raw("x", Value::Elapsed(MILLISECOND), "ms"),
            "x:1|ms",
        ),
        (
            Metric::raw("x", Value::Elapsed(MILLISECOND), "zz9"),
            "x:1|zz9",
        ),
    ] {
        assert_line(&statsd_config(), &metric, line);
        assert_line(&dogstatsd_config(), &metric, line);
    }
}

#[test]
fn some_kinds_have_a_line_in_one_dialect_only() {
    let (statsd, dogstatsd) = (statsd_config(), dogstatsd_config());
    for (metric, line) in [
        (Metric::gauge_delta("x", 10), "x:+10|g"),
        (Metric::gauge_delta("x", -10), "x:-10|g"),
        (Metric::gauge_delta("x", 0), "x:+0|g"),
        (Metric::gauge_delta("x", -0.0), "x:+0|g"),
        (Metric::gauge_delta("x", 1.5), "x:+1.5|g"),
    ] {
        assert_line(&statsd, &metric, line);
        let unsupported = RecordError::Unsupported(Kind::GaugeDelta);
        assert_eq!(encode(&dogstatsd, &metric), Err(unsupported));
    }
    for (metric, kind, line) in [
        (Metric::histogram("x", -7), Kind::Histogram, "x:-7|h"),
        (Metric::distribution("x", 7), Kind::Distribution, "x:7|d"),
    ] {
        assert_line(&dogstatsd, &metric, line);
        let unsupported = RecordError::Unsupported(kind);
        assert_eq!(encode(&statsd, &metric), Err(unsupported));
    }
    for config in [statsd, dogstatsd] {
        let unsupported = RecordError::Unsupported(Kind::Meter);
        assert_eq!(encode(&config, &Metric::meter("x", 1)), Err(unsupported));
    }
}

#[test]
fn a_negative_gauge_is_two_lines_where_a_sign_means_a_change() {
    for (level, text) in [(-5.0, "-5"), (-0.25, "-0.25"), (-1e-7, "-0.0000001")] {
        let metric = Metric::gauge("x", level);
        assert_line(&statsd_config(), &metric, &format!("x:0|g\nx:{text}|g"));
        assert_line(&dogstatsd_config(), &metric, &format!("x:{text}|g"));
    }
}

#[test]
fn a_raw_negative_gauge_is_the_decrease_that_the_caller_wrote() {
    for value in [Value::from(-5), Value::from("-5")] {
        assert_line(&statsd_config(), &Metric::raw("x", value, "g"), "x:-5|g");
    }
}

#[test]
fn prefix_and_section_precede_the_name() {
    let counter = Metric::counter("x", 1);
    for (prefix, kind_prefixes, line) in [
        ("", true, "counters.x:1|c"),
        ("", false, "x:1|c"),
        ("a.b", true, "a.b.counters.x:1|c"),
        ("a.b", false, "a.b.x:1|c"),
    ] {
        let config = statsd_config().prefix(prefix).kind_prefixes(kind_prefixes);
        assert_line(&config, &counter, line);
    }
}

#[test]
fn counters_gauges_and_timings_have_a_section_and_other_kinds_none() {
    let config = statsd_config().prefix("p").kind_prefixes(true);
    for (metric, line) in [
        (Metric::counter("x", 1), "p.counters.x:1|c"),
        (Metric::gauge("x", 1), "p.gauges.x:1|g"),
        (Metric::gauge_delta("x", 1), "p.gauges.x:+1|g"),
        (Metric::timing("x", MILLISECOND), "p.timers.x:1|ms"),
        (Metric::timing_ms("x", 1), "p.timers.x:1|ms"),
        (Metric::set("x", "m"), "p.x:m|s"),
        (Metric::raw("x", 1, "c"), "p.x:1|c"),
        (Metric::parse("x:1|c").unwrap(), "p.x:1|c"),
    ] {
        assert_line(&config, &metric, line);
    }
}

#[test]
fn dots_at_the_ends_of_the_prefix_are_not_doubled() {
    for prefix in ["a", "a.", ".a", "..a.."] {
        let config = statsd_config().prefix(prefix);
        assert_line(&config, &Metric::counter("x", 1), "a.x:1|c");
    }
    let config = statsd_config().prefix(".");
    assert_line(&config, &Metric::counter("x", 1), "x:1|c");
}

#[test]
fn tags_come_last_and_constant_ones_before_others() {
    let plain = statsd_config();
    let tagged = statsd_config().tag("env", "prod").tag("canary", "");
    let metric = Metric::counter("x", 1);
    let pairs = [("route", "home"), ("beta", "")];
    let parsed = parse("x:1|c|#a:1:2,,b,:c,d:").unwrap();
    for (config, metric, line) in [
        (&plain, metric.tags(&[] as &[(&str, &str)]), "x:1|c"),
        (&plain, metric.tags(&pairs), "x:1|c|#route:home,beta"),
        (
            &plain,
            metric.tags(&pairs).rate(0.5),
            "x:1|c|@0.5|#route:home,beta",
        ),
        (&plain, parsed, "x:1|c|#a:1:2,b,_:c,d"),
        (&tagged, metric, "x:1|c|#env:prod,canary"),
        (
            &tagged,
            metric.tags(&pairs),
            "x:1|c|#env:prod,canary,route:home,beta",
        ),
        (&tagged, parsed, "x:1|c|#env:prod,canary,a:1:2,b,_:c,d"),
    ] {
        assert_line(config, &metric, line);
    }
}

#[test]
fn both_lines_of_a_negative_gauge_have_the_name_and_the_tags() {
    let config = statsd_config().prefix("p").tag("env", "prod");
    let metric = Metric::gauge("x", -5).tags(&[("a", "b")]).sampled_at(0.5);
    let expected = "p.x:0|g|#env:prod,a:b\np.x:-5|g|@0.5|#env:prod,a:b";
    assert_line(&config, &metric, expected);
}

#[test]
fn rates_are_plain_fractions_and_one_is_left_out() {
    for (rate, field) in [
        (1.0, ""),
        (0.5, "|@0.5"),
        (0.1, "|@0.1"),
        (1e-5, "|@0.00001"),
        (1e-9, "|@0.000000001"),
        (1.0 / 3.0, "|@0.3333333333333333"),
        (1.0 - f64::EPSILON, "|@0.9999999999999998"),
    ] {
        let counter = Metric::counter("x", 1);
        for metric in [counter.rate(rate), counter.sampled_at(rate)] {
            assert_line(&statsd_config(), &metric, &format!("x:1|c{field}"));
        }
    }
}

#[test]
fn metrics_that_no_server_understands_are_refused() {
    use RecordError::{
        EmptyName, InvalidRate, InvalidValue, LineTooLong, NegativeTiming, UnsafeText,
    };

    let counter = Metric::counter("x", 1);
    let long = "x".repeat(4096);
    let long_tags = [("a", long.as_str())];
    for (metric, error) in [
        (Metric::counter("", 1), EmptyName),
        (counter.rate(0.0), InvalidRate),
        (counter.rate(-0.5), InvalidRate),
        (counter.rate(1.5), InvalidRate),
        (counter.rate(f64::NAN), InvalidRate),
        (counter.sampled_at(f64::INFINITY), InvalidRate),
        (Metric::counter("x", f64::NAN), InvalidValue),
        (Metric::gauge("x", f64::INFINITY), InvalidValue),
        (Metric::gauge("x", f64::NEG_INFINITY), InvalidValue),
        (Metric::gauge_delta("x", f64::NAN), InvalidValue),
        (Metric::timing_ms("x", f64::NEG_INFINITY), InvalidValue),
        (Metric::timing_ms("x", -1), NegativeTiming),
        (Metric::timing_ms("x", -1e-9), NegativeTiming),
        (Metric::raw("x", -1, "ms"), NegativeTiming),
        (Metric::raw("x", "-1", "ms"), NegativeTiming),
        (Metric::set("x", ""), InvalidValue),
        (Metric::raw("x", "", "c"), InvalidValue),
        (Metric::raw("x", "nan", "c"), InvalidValue),
        (Metric::raw("x", "1e5", "c"), InvalidValue),
        (Metric::raw("x", "0x10", "c"), InvalidValue),
        (Metric::raw("x", "1:2|c", "c"), InvalidValue),
        (Metric::raw("x", "1\n", "c"), InvalidValue),
        (Metric::raw("x", 1, ""), UnsafeText),
        (Metric::raw("x", 1, "c\n"), UnsafeText),
        (Metric::raw("x", 1, "c|@0.1"), UnsafeText),
        (Metric::raw("x", 1, "\u{e7}"), UnsafeText),
        (Metric::counter(&long, 1), LineTooLong),
        (Metric::set("x", &long), LineTooLong),
        (Metric::raw("x", 1, &long), LineTooLong),
        (counter.tags(&long_tags), LineTooLong),
    ] {
        assert_eq!(encode(&statsd_config(), &metric), Err(error), "{metric:?}");
    }
}

#[test]
fn text_is_too_long_beyond_what_the_transport_takes_in_a_line() {
    let tcp = statsd_config().max_line(100);
    let udp = tcp.clone().transport(Transport::Udp);
    for (config, limit) in [(tcp, 100), (udp, 65_507)] {
        let member = "m".repeat(limit);
        let longest = Metric::set("x", &member["x:|s".len()..]);
        assert_eq!(encode(&config, &longest).map(|line| line.len()), Ok(limit));
        let longer = Metric::set("x", &member["x:|s".len() - 1..]);
        assert_eq!(encode(&config, &longer), Err(RecordError::LineTooLong));
    }
}

#[test]
fn hostile_names_become_harmless() {
    for (name, statsd, dogstatsd) in [
        ("evil:1|c\nfake", "evil_1_c_fake", "evil_1_c_fake"),
        ("a b@c#d", "a_b_c_d", "a_b_c_d"),
        ("a\0b\rc\x7fd\te", "a_b_c_d_e", "a_b_c_d_e"),
        ("a;b=c,d/e", "a;b=c,d/e", "a;b=c,d/e"),
        // Etsy/statsd reads a stream as 7-bit ASCII, and so the second byte of this character as a line feed.
        ("a\u{10a}b", "a_b", "a\u{10a}b"),
        ("a\u{85}b", "a_b", "a_b"),
        ("\u{1f600}", "_", "\u{1f600}"),
    ] {
        let metric = Metric::counter(name, 1);
        assert_line(&statsd_config(), &metric, &format!("{statsd}:1|c"));
        assert_line(&dogstatsd_config(), &metric, &format!("{dogstatsd}:1|c"));
    }
}

#[test]
fn hostile_members_become_harmless() {
    for (member, statsd, dogstatsd) in [
        ("a:b|c\n#d@e f", "a_b_c__d_e f", "a:b_c_#d@e f"),
        ("1|s\nfake:1", "1_s_fake_1", "1_s_fake:1"),
        ("\u{10a}", "_", "\u{10a}"),
    ] {
        for metric in [Metric::set("x", member), Metric::raw("x", member, "s")] {
            assert_line(&statsd_config(), &metric, &format!("x:{statsd}|s"));
            assert_line(&dogstatsd_config(), &metric, &format!("x:{dogstatsd}|s"));
        }
    }
}

#[test]
fn hostile_tags_become_harmless() {
    for (key, value, statsd, dogstatsd) in [
        ("a:b", "c:d", "a_b:c:d", "a_b:c:d"),
        ("a,b", "c,d", "a_b:c_d", "a_b:c_d"),
        ("a|b", "c|@0.1\n", "a_b:c__0.1_", "a_b:c_@0.1_"),
        ("a;b=c", "d;e=f g", "a_b_c:d_e_f_g", "a;b=c:d;e=f g"),
        ("a#b", "#c", "a_b:_c", "a_b:#c"),
        ("\u{10a}", "\u{10a}", "_:_", "\u{10a}:\u{10a}"),
        ("", "a", "_:a", "_:a"),
        ("", "", "_", "_"),
    ] {
        let tags = [(key, value)];
        let metric = Metric::counter("x", 1).tags(&tags);
        assert_line(&statsd_config(), &metric, &format!("x:1|c|#{statsd}"));
        assert_line(&dogstatsd_config(), &metric, &format!("x:1|c|#{dogstatsd}"));
    }
}

#[test]
fn a_name_that_the_server_does_not_survive_is_marked() {
    for (name, statsd, dogstatsd) in [
        ("constructor", "_constructor", "constructor"),
        ("__proto__", "___proto__", "__proto__"),
        ("_:proto__", "___proto__", "__proto__"),
        ("con,structor", "_con,structor", "con,structor"),
        ("con:structor", "con_structor", "con_structor"),
        ("_e{1,1}", "_e{1,1}", "__e{1,1}"),
        (":e{1,1}", "_e{1,1}", "__e{1,1}"),
        ("_schedules", "_schedules", "__schedules"),
    ] {
        let metric = Metric::set(name, "m");
        assert_line(&statsd_config(), &metric, &format!("{statsd}:m|s"));
        assert_line(&dogstatsd_config(), &metric, &format!("{dogstatsd}:m|s"));
        let prefixed = statsd_config().prefix("p");
        let safe = name.replace(':', "_");
        assert_line(&prefixed, &metric, &format!("p.{safe}:m|s"));
    }
}

#[test]
fn hostile_text_can_be_refused() {
    let counter = Metric::counter("x", 1);
    let statsd = statsd_config().sanitize_policy(SanitizePolicy::Refuse);
    let dogstatsd = dogstatsd_config().sanitize_policy(SanitizePolicy::Refuse);
    for metric in [
        Metric::counter("a:b", 1),
        Metric::counter("a\n", 1),
        Metric::set("x", "a|b"),
        Metric::gauge("x|", -1),
        counter.tags(&[("", "b")]),
        counter.tags(&[("a:b", "")]),
        counter.tags(&[("good", ""), ("a", "b,c")]),
        parse("x:1|c|#:a").unwrap(),
    ] {
        for config in [&statsd, &dogstatsd] {
            let sanitize_policy = Err(RecordError::UnsafeText);
            assert_eq!(encode(config, &metric), sanitize_policy, "{metric:?}");
        }
    }
    for (config, name) in [
        (&statsd, "constructor"),
        (&dogstatsd, "_e{1,1}"),
        (&dogstatsd, "_sc"),
    ] {
        let metric = Metric::counter(name, 1);
        assert_eq!(encode(config, &metric), Err(RecordError::UnsafeText));
    }
    let harmless = Metric::counter("x.y-z_0", 1).tags(&[("a", "b:c"), ("d", "")]);
    assert_line(&statsd, &harmless, "x.y-z_0:1|c|#a:b:c,d");
    assert_line(&dogstatsd, &harmless, "x.y-z_0:1|c|#a:b:c,d");
}

fn statsd_config() -> Config {
    Config::new("localhost").kind_prefixes(false)
}

fn dogstatsd_config() -> Config {
    statsd_config().dialect(Dialect::DogStatsd)
}

fn assert_line(config: &Config, metric: &Metric<'_>, line: &str) {
    assert_eq!(encode(config, metric).as_deref(), Ok(line), "{metric:?}");
}

/// Lines of a metric, in a buffer that is large enough.
fn encode(config: &Config, metric: &Metric<'_>) -> Result<String, RecordError> {
    written(config, |encoder, cursor| encoder.encode(metric, cursor))
}

/// Text that was written to a buffer that is large enough.
fn written(
    config: &Config,
    write: impl FnOnce(&Encoder, Cursor<'_>) -> Result<Written, Unwritten>,
) -> Result<String, RecordError> {
    let encoder = Encoder::new(config);
    written_by(|cursor| write(&encoder, cursor))
}

fn written_by(
    write: impl FnOnce(Cursor<'_>) -> Result<Written, Unwritten>,
) -> Result<String, RecordError> {
    let mut room = vec![0; 200_000];
    let written = match write(Cursor::new(&mut room)) {
        Ok(written) => written,
        Err(Unwritten::Refused(error)) => return Err(error),
        Err(Unwritten::Full) => panic!("the room is larger than any record"),
    };
    room.truncate(written.bytes);
    let text = String::from_utf8(room).expect("text stays text");
    assert_eq!(written.lines, text.split('\n').count(), "{text:?}");
    Ok(text)
}
