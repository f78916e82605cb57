use super::*;
use crate::error::ParseError;

#[test]
fn a_valid_line_is_parsed_and_encoded_again() {
    for (line, written) in [
        ("x:1|c", "x:1|c"),
        ("a.b-c_d/e:1|c", "a.b-c_d/e:1|c"),
        ("x:-1.50|c", "x:-1.50|c"),
        ("x:+4|g", "x:+4|g"),
        ("x:-4|g", "x:-4|g"),
        ("x:57|ms", "x:57|ms"),
        ("x:a member|s", "x:a member|s"),
        (
            "x:1:2.50:3|ms|@0.5",
            "x:1|ms|@0.5\nx:2.50|ms|@0.5\nx:3|ms|@0.5",
        ),
        ("x:1:-2|c", "x:1|c\nx:-2|c"),
        ("x:1|c|@0.1", "x:1|c|@0.1"),
        ("x:1|c|@1", "x:1|c"),
        ("x:1|c|@1e-3", "x:1|c|@0.001"),
        ("x:1|c|@.5", "x:1|c|@0.5"),
        ("x:1|c|#a:b,c", "x:1|c|#a:b,c"),
        ("x:1|c|#", "x:1|c"),
        ("x:1|c|@0.1|#a:b", "x:1|c|@0.1|#a:b"),
        ("x:1|c|#a:b|@0.1", "x:1|c|@0.1|#a:b"),
        ("x:1e3|c", "x:1000|c"),
        ("x:1e-05|ms", "x:0.00001|ms"),
        ("x:-1e1|g", "x:-10|g"),
        ("x:-0|g", "x:-0|g"),
        ("x:-0e0|g", "x:-0|g"),
        ("x:-1e-400|g", "x:-0|g"),
        ("x:.5|g", "x:0.5|g"),
        ("a b|c:1|c", "a_b_c:1|c"),
        ("x\ny:1|c", "x_y:1|c"),
        ("constructor:1|c", "_constructor:1|c"),
    ] {
        let metric = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_line(&statsd_config(), &metric, written);
    }
}

#[test]
fn an_invalid_line_names_its_first_invalid_part() {
    for (line, error) in [
        ("", ParseError::Name),
        ("x", ParseError::Name),
        ("x|c", ParseError::Name),
        (":1|c", ParseError::Name),
        ("x:1", ParseError::Type),
        ("x:1|", ParseError::Type),
        ("x:1||@0.1", ParseError::Type),
        ("x:1|c\n", ParseError::Type),
        ("x:1|c\r", ParseError::Type),
        ("x:1|c y:1|c", ParseError::Type),
        ("x:1|\u{e7}", ParseError::Type),
        ("x:|c", ParseError::Value),
        ("x:|s", ParseError::Value),
        ("x:one|c", ParseError::Value),
        ("x:nan|g", ParseError::Value),
        ("x:-inf|g", ParseError::Value),
        ("x:Infinity|g", ParseError::Value),
        ("x:1e999|g", ParseError::Value),
        ("x:0x10|c", ParseError::Value),
        ("x: 1|c", ParseError::Value),
        ("x:1:|ms", ParseError::Value),
        ("x:1:1e3|ms", ParseError::Value),
        ("x:+1e1|g", ParseError::Value),
        ("x:1|c|@0", ParseError::Rate),
        ("x:1|c|@2", ParseError::Rate),
        ("x:1|c|@-0.5", ParseError::Rate),
        ("x:1|c|@", ParseError::Rate),
        ("x:1|c|@nan", ParseError::Rate),
        ("x:1|c|@0.1#a", ParseError::Rate),
        ("x:1|c|", ParseError::Field),
        ("x:1|c|0.1", ParseError::Field),
        ("x:1|c|@0.1|@0.1", ParseError::Field),
        ("x:1|c|#a|#b", ParseError::Field),
        ("x:1|c|T", ParseError::Field),
        ("x:1|c|T-1", ParseError::Field),
        ("x:1|c|T1|T1", ParseError::Field),
        ("x:1|c|c:", ParseError::Field),
        ("x:1|c|e:", ParseError::Field),
        ("x:1|c|card:all", ParseError::Field),
        ("x:1|c|x:1", ParseError::Field),
    ] {
        assert_eq!(parse(line), Err(error), "{line:?}");
    }
}
