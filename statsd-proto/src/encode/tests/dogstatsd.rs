//! Events, service checks and extras, to the byte.

mod parsing;

use super::*;
use crate::dogstatsd::{Alert, Cardinality, Event, Priority, ServiceCheck, Status};

#[test]
fn an_event_counts_its_bytes_as_they_are_sent() {
    for (event, line) in [
        (Event::new("a", "b"), "_e{1,1}:a|b"),
        (Event::new("title", ""), "_e{5,0}:title|"),
        (
            Event::new("\u{e9}\u{20ac}", "\u{1f600}"),
            "_e{5,4}:\u{e9}\u{20ac}|\u{1f600}",
        ),
        (Event::new("a\nb", "c\n\nd\n"), r"_e{4,8}:a\nb|c\n\nd\n"),
        (Event::new("a\r\nb\r", "\rc\r\n"), r"_e{4,3}:a\nb|c\n"),
        (Event::new("a|b:c", "|d:1|#e"), "_e{5,7}:a|b:c||d:1|#e"),
        (Event::new("tab\t", "nul\0"), "_e{4,4}:tab\t|nul\0"),
    ] {
        assert_eq!(encode_event(&agent(), &event).as_deref(), Ok(line));
    }
}

#[test]
fn an_event_has_its_fields_in_the_usual_order() {
    let tags = [("service", "shop"), ("beta", "")];
    let event = Event::new("a", "b")
        .cardinality(Cardinality::High)
        .tags(&tags)
        .alert(Alert::Error)
        .source_type("nagios")
        .priority(Priority::Low)
        .aggregation_key("disk")
        .hostname("web-1")
        .timestamp(1_656_581_400);
    let line = "_e{1,1}:a|b|d:1656581400|h:web-1|k:disk|p:low|s:nagios|t:error\
                |#service:shop,beta|card:high";
    assert_eq!(encode_event(&agent(), &event).as_deref(), Ok(line));
    let config = agent().tag("env", "prod").container_id("1f").prefix("p");
    let line = "_e{1,1}:a|b|#env:prod|c:ci-1f";
    assert_eq!(
        encode_event(&config, &Event::new("a", "b")).as_deref(),
        Ok(line)
    );
    for (alert, text) in [
        (Alert::Info, "info"),
        (Alert::Success, "success"),
        (Alert::Warning, "warning"),
    ] {
        let event = Event::new("a", "b").alert(alert).priority(Priority::Normal);
        let line = format!("_e{{1,1}}:a|b|p:normal|t:{text}");
        assert_eq!(encode_event(&agent(), &event), Ok(line));
    }
}

#[test]
fn an_event_that_is_too_long_is_cut_at_a_character_if_it_may_be() {
    let tags = [("service", "shop")];
    let config = agent().tag("env", "prod").container_id("1f").max_line(80);
    let long = "\u{e9}\n".repeat(100);
    for (title, text) in [
        ("a", "short"),
        ("a", &*long),
        (&*long, "b"),
        (&*long, ""),
        (&*long, &*long),
        ("a", &"x".repeat(5000)),
    ] {
        for size in 40..120 {
            let config = config.clone().max_line(size.max(60));
            let event = Event::new(title, text).tags(&tags).alert(Alert::Error);
            let whole = encode_event(&config, &event);
            let cut = encode_event(&config, &event.truncate(true));
            if let Ok(whole) = whole {
                assert_eq!(cut, Ok(whole));
                continue;
            }
            let line = cut.unwrap();
            let after = "|t:error|#env:prod,service:shop|c:ci-1f";
            let body = line.strip_suffix(after).unwrap();
            let (lens, texts) = body.strip_prefix("_e{").unwrap().split_once("}:").unwrap();
            let (title_len, text_len) = lens.split_once(',').unwrap();
            let (title_len, text_len): (usize, usize) =
                (title_len.parse().unwrap(), text_len.parse().unwrap());
            assert_eq!(&texts[title_len..=title_len], "|");
            assert_eq!(texts.len(), title_len + 1 + text_len);
            assert!(title.replace('\n', r"\n").starts_with(&texts[..title_len]));
            assert!(
                text.replace('\n', r"\n")
                    .starts_with(&texts[title_len + 1..])
            );
            // Up to a character of two bytes and a digit may be left over.
            let limit = size.max(60);
            assert!(line.len() <= limit, "{line}");
            assert!(
                line.len() + 4 >= limit || text_len == 0,
                "{line} of {limit}"
            );
        }
    }
    let event = Event::new("a", &long);
    assert_eq!(encode_event(&config, &event), Err(RecordError::LineTooLong));
    let host = "h".repeat(200);
    let no_room = Event::new("a", "b").hostname(&host).truncate(true);
    assert!(encode_event(&config, &no_room).is_err());
}

#[test]
fn a_field_of_an_event_cannot_begin_another() {
    let event = Event::new("a", "b")
        .hostname("h|k:1")
        .aggregation_key("k\nx:1|c")
        .source_type("s|");
    let line = "_e{1,1}:a|b|h:h_k:1|k:k_x:1_c|s:s_";
    assert_eq!(encode_event(&agent(), &event).as_deref(), Ok(line));
    let careful = agent().sanitize_policy(SanitizePolicy::Refuse);
    assert_eq!(encode_event(&careful, &event), Err(RecordError::UnsafeText));
    // The length fields make structural characters safe in a title and a text.
    let event = Event::new("a|b\n", "|c");
    assert!(encode_event(&careful, &event).is_ok());
}

#[test]
fn an_event_without_a_title_or_too_long_is_refused() {
    let long = "x".repeat(8192);
    for (event, error) in [
        (Event::new("", "b"), RecordError::EmptyName),
        (Event::new("\r", "b"), RecordError::EmptyName),
        (Event::new("a", &long), RecordError::LineTooLong),
        (
            Event::new("a", "b").hostname(&long),
            RecordError::LineTooLong,
        ),
        (
            Event::new("a", "b")
                .aggregation_key(&long[1..])
                .source_type("ab"),
            RecordError::LineTooLong,
        ),
    ] {
        let config = agent().transport(Transport::Udp);
        assert_eq!(encode_event(&config, &event), Err(error));
    }
}

#[test]
fn a_service_check_has_its_message_last() {
    let tags = [("service", "shop")];
    let check = ServiceCheck::new("db.up", Status::Ok);
    for (check, line) in [
        (check, "_sc|db.up|0"),
        (ServiceCheck::new("db.up", Status::Warning), "_sc|db.up|1"),
        (ServiceCheck::new("db.up", Status::Critical), "_sc|db.up|2"),
        (ServiceCheck::new("db.up", Status::Unknown), "_sc|db.up|3"),
        (
            check
                .message("fine")
                .cardinality(Cardinality::Low)
                .tags(&tags)
                .hostname("db-1")
                .timestamp(7),
            "_sc|db.up|0|d:7|h:db-1|#service:shop|card:low|m:fine",
        ),
        (check.message("a\r\nb"), r"_sc|db.up|0|m:a\nb"),
        (check.message("m:a m:"), r"_sc|db.up|0|m:m\:a m\:"),
        (check.message("m\r:a"), r"_sc|db.up|0|m:m\:a"),
        (check.message("\r"), "_sc|db.up|0"),
        (check.message("a|d:9||m:b|"), r"_sc|db.up|0|m:a_d:9__m\:b_"),
        (check.message("\u{e9}"), "_sc|db.up|0|m:\u{e9}"),
        (check.hostname("h|m:x\n"), "_sc|db.up|0|h:h_m:x_"),
        (ServiceCheck::new("a|2|b\n", Status::Ok), "_sc|a_2_b_|0"),
    ] {
        assert_eq!(encode_check(&agent(), &check).as_deref(), Ok(line));
    }
    let config = agent().tag("env", "prod").container_id("1f").prefix("p");
    let line = "_sc|db.up|0|#env:prod|c:ci-1f|m:fine";
    assert_eq!(
        encode_check(&config, &check.message("fine")).as_deref(),
        Ok(line)
    );
}

#[test]
fn a_service_check_that_the_agent_would_misread_is_refused() {
    let careful = agent().sanitize_policy(SanitizePolicy::Refuse);
    let check = ServiceCheck::new("db.up", Status::Ok);
    let long = "x".repeat(4096);
    for (check, error) in [
        (ServiceCheck::new("", Status::Ok), RecordError::EmptyName),
        (
            ServiceCheck::new("a|b", Status::Ok),
            RecordError::UnsafeText,
        ),
        (check.message("a|b"), RecordError::UnsafeText),
        (check.hostname("a|b"), RecordError::UnsafeText),
        (check.message(&long), RecordError::LineTooLong),
    ] {
        assert_eq!(encode_check(&careful, &check), Err(error));
    }
}

#[test]
fn timestamps_and_cardinalities_come_last() {
    let tags = [("a", "b")];
    let metric = Metric::counter("x", 1).rate(0.5).tags(&tags);
    for (metric, line) in [
        (
            metric.timestamp(1_656_581_400),
            "x:1|c|@0.5|#a:b|T1656581400",
        ),
        (
            metric.cardinality(Cardinality::None),
            "x:1|c|@0.5|#a:b|card:none",
        ),
        (Metric::gauge("x", -1).timestamp(1), "x:-1|g|T1"),
        (
            Metric::raw("x", 1, "g").timestamp(i64::MAX as u64),
            "x:1|g|T9223372036854775807",
        ),
        (
            Metric::gauge("x", 1)
                .timestamp(5)
                .cardinality(Cardinality::Orchestrator),
            "x:1|g|card:orchestrator|T5",
        ),
        (
            Metric::timings_ms("x", &[1.0, 2.0]).cardinality(Cardinality::High),
            "x:1:2|ms|card:high",
        ),
    ] {
        assert_line(&agent(), &metric, line);
    }
    for metric in [
        Metric::counter("x", 1).timestamp(0),
        Metric::counter("x", 1).timestamp(1 << 63),
        Metric::timing("x", MILLISECOND).timestamp(1),
        Metric::set("x", "m").timestamp(1),
        Metric::raw("x", 1, "kv").timestamp(1),
    ] {
        let invalid = Err(RecordError::InvalidTimestamp);
        assert_eq!(encode(&agent(), &metric), invalid);
    }
}

#[test]
fn an_event_or_a_check_at_a_time_that_the_agent_cannot_read_is_refused() {
    let last = i64::MAX as u64;
    let event = Event::new("a", "");
    let line = encode_event(&agent(), &event.timestamp(last));
    assert_eq!(line, Ok(format!("_e{{1,0}}:a||d:{last}")));
    let invalid = Err(RecordError::InvalidTimestamp);
    assert_eq!(encode_event(&agent(), &event.timestamp(last + 1)), invalid);
    let check = ServiceCheck::new("a", Status::Ok).timestamp(last + 1);
    assert_eq!(encode_check(&agent(), &check), invalid);
}

#[test]
fn the_origin_follows_the_tags_of_every_line() {
    let metric = Metric::counter("x", 1);
    for (config, line) in [
        (agent().container_id("1f"), "x:1|c|c:ci-1f"),
        (agent().cgroup_inode(42), "x:1|c|c:in-42"),
        (
            agent().container_id("1f").cgroup_inode(42),
            "x:1|c|c:ci-1f,in-42",
        ),
        (
            agent().external_data("it-false,cn-web"),
            "x:1|c|e:it-false,cn-web",
        ),
        (agent().cardinality(Cardinality::Low), "x:1|c|card:low"),
        (
            agent()
                .container_id("1f")
                .external_data("cn-web")
                .cardinality(Cardinality::Low)
                .tag("a", "b"),
            "x:1|c|#a:b|c:ci-1f|e:cn-web|card:low",
        ),
        (
            agent()
                .container_id("1f")
                .external_data("cn-web")
                .origin_detection(false),
            "x:1|c",
        ),
    ] {
        assert_eq!(config.check(), Ok(()), "{line}");
        assert_line(&config, &metric, line);
    }
    let config = agent().cardinality(Cardinality::Low).cgroup_inode(42);
    let metric = metric.timestamp(9).cardinality(Cardinality::High);
    assert_line(&config, &metric, "x:1|c|c:in-42|card:high|T9");
}

#[test]
fn only_the_agent_is_sent_what_only_the_agent_knows() {
    let config = statsd_config();
    let none = Err(RecordError::NotDogStatsd);
    let metric = Metric::counter("x", 1);
    assert_eq!(encode(&config, &metric.timestamp(1)), none);
    assert_eq!(encode(&config, &metric.cardinality(Cardinality::Low)), none);
    assert_eq!(encode_event(&config, &Event::new("a", "b")), none);
    let check = ServiceCheck::new("a", Status::Ok);
    assert_eq!(encode_check(&config, &check), none);
}

fn agent() -> Config {
    Config::dogstatsd("localhost").transport(Transport::Tcp)
}

fn encode_event(config: &Config, event: &Event<'_>) -> Result<String, RecordError> {
    written(config, |encoder, cursor| {
        encoder.encode_event(event, cursor)
    })
}

fn encode_check(config: &Config, check: &ServiceCheck<'_>) -> Result<String, RecordError> {
    written(config, |encoder, cursor| {
        encoder.encode_service_check(check, cursor)
    })
}
