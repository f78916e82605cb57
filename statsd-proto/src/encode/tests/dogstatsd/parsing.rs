//! Lines of events and service checks that other programs have written.

use proptest::prelude::*;

use super::*;
use crate::error::ParseError;

#[test]
fn a_valid_event_is_parsed_and_encoded_again() {
    for (line, encoded) in [
        ("_e{1,1}:a|b", "_e{1,1}:a|b"),
        ("_e{5,0}:title|", "_e{5,0}:title|"),
        ("_e{4,8}:a\\nb|c\\n\\nd\\n", "_e{4,8}:a\\nb|c\\n\\nd\\n"),
        ("_e{5,7}:a|b:c||d:1|#e", "_e{5,7}:a|b:c||d:1|#e"),
        ("_e{2,3}:\u{e9}|\u{20ac}", "_e{2,3}:\u{e9}|\u{20ac}"),
        ("_e{1,2}:a|b\r", "_e{1,1}:a|b"),
        (
            "_e{1,1}:a|b|d:1656581400|h:web-1|k:disk|p:low|s:nagios|t:error|#service:shop,beta|card:high",
            "_e{1,1}:a|b|d:1656581400|h:web-1|k:disk|p:low|s:nagios|t:error|#service:shop,beta|card:high",
        ),
        (
            "_e{1,1}:a|b|#x:y|t:info|p:normal|h:|d:7",
            "_e{1,1}:a|b|d:7|p:normal|t:info|#x:y",
        ),
        (
            "_e{1,1}:a|b|e:pod|card:low|c:ci-1f",
            "_e{1,1}:a|b|c:ci-1f|e:pod|card:low",
        ),
    ] {
        let event = Event::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(encode_event(&agent(), &event).as_deref(), Ok(encoded));
    }
    let config = agent().tag("env", "prod").container_id("1f");
    let event = Event::parse("_e{1,1}:a|b|#x:y|c:ci-2e").unwrap();
    let line = "_e{1,1}:a|b|#env:prod,x:y|c:ci-2e";
    assert_eq!(encode_event(&config, &event).as_deref(), Ok(line));
}

#[test]
fn an_invalid_event_names_its_first_invalid_part() {
    for (line, error) in [
        ("", ParseError::Name),
        ("a:1|c", ParseError::Name),
        ("_e:a|b", ParseError::Name),
        ("_e{1,1}a|b", ParseError::Length),
        ("_e{1}:a|b", ParseError::Length),
        ("_e{,}:a|b", ParseError::Length),
        ("_e{-1,1}:a|b", ParseError::Length),
        ("_e{1,1}:a", ParseError::Length),
        ("_e{2,1}:a|b", ParseError::Length),
        ("_e{1,2}:a|b", ParseError::Length),
        ("_e{1,1}:a|bc", ParseError::Length),
        ("_e{1,1}:\u{e9}|b", ParseError::Length),
        ("_e{1,99999999999999999999}:a|b", ParseError::Length),
        ("_e{1,1}:a|b|", ParseError::Field),
        ("_e{1,1}:a|b|x:1", ParseError::Field),
        ("_e{1,1}:a|b|d:now", ParseError::Field),
        ("_e{1,1}:a|b|d:", ParseError::Field),
        ("_e{1,1}:a|b|p:high", ParseError::Field),
        ("_e{1,1}:a|b|t:fatal", ParseError::Field),
        ("_e{1,1}:a|b|h:a|h:b", ParseError::Field),
        ("_e{1,1}:a|b|card:all", ParseError::Field),
    ] {
        assert_eq!(Event::parse(line), Err(error), "{line:?}");
    }
}

#[test]
fn a_valid_service_check_is_parsed_and_encoded_again() {
    for (line, encoded) in [
        ("_sc|db.up|0", "_sc|db.up|0"),
        ("_sc|db.up|1", "_sc|db.up|1"),
        ("_sc|db.up|2", "_sc|db.up|2"),
        ("_sc|db.up|3", "_sc|db.up|3"),
        (
            "_sc|db.up|0|d:7|h:db-1|#service:shop|card:low|m:fine",
            "_sc|db.up|0|d:7|h:db-1|#service:shop|card:low|m:fine",
        ),
        (
            "_sc|db.up|2|m:no\\nanswer|#a:b",
            "_sc|db.up|2|#a:b|m:no\\nanswer",
        ),
        ("_sc|db.up|2|m:m\\:a", "_sc|db.up|2|m:m\\:a"),
        ("_sc|db.up|2|m:am:b", "_sc|db.up|2|m:am\\:b"),
        ("_sc|db.up|2|c:ci-1f|e:pod", "_sc|db.up|2|c:ci-1f|e:pod"),
    ] {
        let check = ServiceCheck::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(encode_check(&agent(), &check).as_deref(), Ok(encoded));
    }
}

#[test]
fn an_invalid_service_check_names_its_first_invalid_part() {
    for (line, error) in [
        ("", ParseError::Name),
        ("_sc", ParseError::Name),
        ("_sc||0", ParseError::Name),
        ("_sc|db.up", ParseError::Status),
        ("_sc|db.up|", ParseError::Status),
        ("_sc|db.up|4", ParseError::Status),
        ("_sc|db.up|OK", ParseError::Status),
        ("_sc|db.up|0|", ParseError::Field),
        ("_sc|db.up|0|x:1", ParseError::Field),
        ("_sc|db.up|0|d:-1", ParseError::Field),
        ("_sc|db.up|0|m:a|m:b", ParseError::Field),
    ] {
        assert_eq!(ServiceCheck::parse(line), Err(error), "{line:?}");
    }
}

proptest! {
    #[test]
    fn what_was_encoded_is_parsed_as_the_same(
        title in ".{1,8}",
        [text, host] in ["(?s).{0,8}", ".{0,8}"],
        timestamp in proptest::option::of(0..u64::MAX >> 1),
        alert in proptest::option::of(proptest::sample::select(&Alert::ALL[..])),
        priority in proptest::option::of(proptest::sample::select(&Priority::ALL[..])),
        status in proptest::sample::select(&Status::ALL[..]),
    ) {
        let mut event = Event::new(&title, &text).hostname(&host).tags(&[("service", "shop")]);
        event.extras.timestamp = timestamp;
        (event.alert, event.priority) = (alert, priority);
        if let Ok(line) = encode_event(&agent(), &event) {
            let parsed = Event::parse(&line);
            prop_assert!(parsed.is_ok(), "{line:?}: {parsed:?}");
            prop_assert_eq!(encode_event(&agent(), &parsed.unwrap()), Ok(line));
        }
        let mut check = ServiceCheck::new(&title, status).hostname(&host).message(&text);
        check.extras.timestamp = timestamp;
        if let Ok(line) = encode_check(&agent(), &check) {
            let parsed = ServiceCheck::parse(&line);
            prop_assert!(parsed.is_ok(), "{line:?}: {parsed:?}");
            prop_assert_eq!(encode_check(&agent(), &parsed.unwrap()), Ok(line));
        }
    }

    #[test]
    fn parsing_any_text_as_an_event_or_a_check_is_safe(
        start in "(_e\\{[0-9]{1,2},[0-9]{1,2}\\}:|_sc\\||)",
        rest in "([a\u{e9}|:,#@]|m:|d:1|card:low|c:|[0-3]){0,12}",
    ) {
        let line = start + &rest;
        if let Ok(event) = Event::parse(&line) {
            _ = encode_event(&agent(), &event);
        }
        if let Ok(check) = ServiceCheck::parse(&line) {
            _ = encode_check(&agent(), &check);
        }
    }
}
