//! Lines that somebody else has written: checked as strictly as our own, and not changed.

use super::value::check_sign;
use super::{Encoder, checked_rate};
use crate::error::RecordError;
use crate::metric::{Code, Value};
use crate::number::is_decimal;
use crate::payload::Record;

impl Encoder {
    /// Copies `line`, if it is one that this dialect's own encoder could have written.
    pub(super) fn copy(&self, line: &str, record: &mut Record<'_>) -> Result<(), RecordError> {
        if line.len() > self.max_text {
            return Err(RecordError::LineTooLong);
        }
        let (name, rest) = line.split_once(':').ok_or(RecordError::InvalidLine)?;
        self.check_name(name)?;
        let mut fields = rest.split('|');
        let values = fields.next().unwrap_or_default();
        let code = fields.next().unwrap_or_default();
        self.check_values(values, code)?;
        let mut least = 0;
        for field in fields {
            let place = self.check_field(field, code)?;
            if place < least {
                return Err(RecordError::InvalidLine);
            }
            least = place + 1;
        }
        record.line().extend_from_slice(line.as_bytes());
        Ok(())
    }

    fn check_name(&self, name: &str) -> Result<(), RecordError> {
        if name.is_empty() {
            Err(RecordError::EmptyName)
        } else if !self.rules.name.allows(name) || (self.rules.is_fatal_name)(name.as_bytes()) {
            Err(RecordError::UnsafeText)
        } else if name.len() > self.rules.max_name {
            Err(RecordError::LineTooLong)
        } else {
            Ok(())
        }
    }

    fn check_values(&self, values: &str, code: &str) -> Result<(), RecordError> {
        if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(RecordError::InvalidLine);
        }
        if code == "s" {
            return match values {
                "" => Err(RecordError::InvalidValue),
                member if self.rules.member.allows(member) => {
                    self.check_limits(Code::Raw(code), Value::Text(member))
                }
                _ => Err(RecordError::UnsafeText),
            };
        }
        // The agent unpacks the values of every type but sets.
        let packs = self.rules.has_extras || self.packs(Code::Raw(code));
        if values.contains(':') && !packs {
            return Err(RecordError::InvalidLine);
        }
        for value in values.split(':') {
            if !is_decimal(value) {
                return Err(RecordError::InvalidValue);
            }
            if value.starts_with('-') {
                check_sign(Code::Raw(code))?;
            }
            self.check_limits(Code::Raw(code), Value::Text(value))?;
        }
        Ok(())
    }

    /// Where the field belongs among those that may follow the type. Servers take the rest of a line for
    /// tags, or a tag for a rate, if the order is another.
    fn check_field(&self, field: &str, code: &str) -> Result<usize, RecordError> {
        let rules = self.rules;
        if let Some(rate) = field.strip_prefix('@') {
            // The reference server dies of a sign.
            let is_plain = is_decimal(rate) && !rate.starts_with(['+', '-']);
            let number = rate.parse().ok().filter(|_| is_plain);
            let rate = checked_rate(number.ok_or(RecordError::InvalidRate)?)?;
            if rate.is_some() && rules.rates_on_counters_only && code != "c" {
                return Err(RecordError::InvalidRate);
            }
            return Ok(0);
        }
        if let Some(tags) = field.strip_prefix('#') {
            let syntax = rules.tags.filter(|syntax| !syntax.in_name);
            let syntax = syntax.ok_or(RecordError::InvalidTag)?;
            for tag in tags.split(',') {
                let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
                if key.is_empty() || !rules.tag_key.allows(key) || !rules.tag_value.allows(value) {
                    return Err(RecordError::UnsafeText);
                }
                if value.is_empty() && !syntax.bare {
                    return Err(RecordError::InvalidTag);
                }
            }
            return Ok(1);
        }
        if !rules.has_extras {
            return Err(RecordError::InvalidLine);
        }
        place_of_extra(field).ok_or(RecordError::InvalidLine)
    }
}

/// Where a field belongs that only the agent knows: who sends, how many tags that makes, and when.
fn place_of_extra(field: &str) -> Option<usize> {
    let is_any = |text: &str| !text.is_empty() && !text.contains(char::is_control);
    let (is_valid, place) = if let Some(container) = field.strip_prefix("c:") {
        (is_any(container), 2)
    } else if let Some(data) = field.strip_prefix("e:") {
        (is_any(data), 3)
    } else if let Some(level) = field.strip_prefix("card:") {
        (matches!(level, "high" | "low" | "none" | "orchestrator"), 4)
    } else {
        (field.strip_prefix('T').is_some_and(is_time), 5)
    };
    is_valid.then_some(place)
}

/// Whether the agent takes it for seconds since 1970, for which it has 64 bits with a sign.
fn is_time(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse().is_ok_and(|time: i64| time > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Config;
    use crate::dialect::Dialect;
    use crate::metric::Kind;
    use crate::testing::recorder;

    #[test]
    fn a_line_is_sent_as_it_stands() {
        for line in [
            "a:1|c",
            "a.b-c_d/e:-1.50|g",
            "a:+1|g",
            "a:007|ms|@0.10",
            "a:1|c|@1",
            "a:anna|s",
            "a:1|zz9|#k:v,bare,url:http://x",
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
            "a:1.5:2|d|@0.5|#k:v|c:in-42|T1656581400",
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
        let config = Config::new("localhost").prefix("shop").tag("k", "v");
        let (client, mut recorder) = recorder(config).unwrap();
        client.record_line("a:1|c").unwrap();
        assert_eq!(recorder.lines(), ["a:1|c"]);
    }

    proptest! {
        #[test]
        fn a_line_arrives_unchanged_or_not_at_all(line in "[ac:|@#,.0-9Tms\\n-]{0,20}|\\PC{0,20}") {
            for dialect in [Dialect::Statsd, Dialect::DogStatsd] {
                if let Ok(sent) = sent(dialect, &line) {
                    prop_assert_eq!(&sent, &line);
                }
            }
        }
    }

    /// What arrived of a line; the error if nothing did, which is counted.
    fn sent(dialect: Dialect, line: &str) -> Result<String, RecordError> {
        let config = Config::new("localhost").dialect(dialect);
        let (client, mut recorder) = recorder(config).unwrap();
        let result = client.record_line(line);
        let lines = recorder.lines();
        let stats = recorder.stats();
        assert_eq!(stats.refused.total(), u64::from(result.is_err()));
        assert_eq!(stats.accepted, u64::from(result.is_ok()));
        result.map(|()| lines.join("\n"))
    }
}
