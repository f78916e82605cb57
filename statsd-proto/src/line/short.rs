//! The short way to a line, which nearly every metric takes: no text to replace, nothing to refuse, and
//! one line. All others go the long way.

use super::{Encoder, value::is_negative};
use crate::metric::{Code, Kind, Metric, Number, Rate, Section, Tags, Value};
use crate::number::Decimal;
use crate::room::Room;

impl Encoder {
    /// Writes `metric` as a line, if that is so simple. What is written otherwise means nothing.
    #[inline(never)]
    pub(crate) fn encode_short<'a>(&self, metric: &Metric<'_>, room: Room<'a>) -> Option<Room<'a>> {
        let (Code::Known(kind), None, Tags::Pairs(tags)) =
            (metric.code, metric.extras, metric.tags)
        else {
            return None;
        };
        let has_tags = self.has_tags(metric.tags);
        if !self.is_plain || metric.name.is_empty() {
            return None;
        }
        let mut room = self.put_name(room, metric.section, metric.name)?;
        if has_tags && self.has_tags_in_name {
            room = self.put_tags(room, tags)?;
        }
        room = self.put_value(room.put_byte(b':')?, kind, &metric.value)?;
        room = room.put_fixed(self.endings[kind as usize].as_ref()?)?;
        if metric.rate != Rate::Always {
            room = self.put_rate(room, kind, metric.rate)?;
        }
        if has_tags && !self.has_tags_in_name {
            room = self.put_tags(room, tags)?;
        }
        Some(room)
    }

    #[inline]
    fn put_name<'a>(&self, room: Room<'a>, section: Section, name: &str) -> Option<Room<'a>> {
        let prefix = &self.prefixes[section as usize];
        let name = name.as_bytes();
        if prefix.is_empty() && self.rules.is_fatal_plain_name(name) {
            return None;
        }
        room.put_fixed(prefix)?.put_plain(name)
    }

    /// Writes a value that needs one line, and that the server takes.
    #[inline(always)]
    pub(crate) fn put_value<'a>(
        &self,
        room: Room<'a>,
        kind: Kind,
        value: &Value<'_>,
    ) -> Option<Room<'a>> {
        match value {
            // Most counts are one.
            Value::Number(Number::Int(digit @ 0..=9))
                if !self.has_limits && kind != Kind::GaugeDelta =>
            {
                room.put_byte(b'0' + *digit as u8)
            }
            Value::Elapsed(_) | Value::Number(_) | Value::Packed(_) | Value::Text(_) => {
                self.put_longer_value(room, kind, value)
            }
        }
    }

    #[inline(never)]
    fn put_longer_value<'a>(
        &self,
        room: Room<'a>,
        kind: Kind,
        value: &Value<'_>,
    ) -> Option<Room<'a>> {
        match value {
            Value::Number(number) => self.put_number(room, kind, *number),
            Value::Elapsed(elapsed) => {
                self.check_limits(Code::Known(kind), *value).ok()?;
                room.put(Decimal::milliseconds(*elapsed).as_bytes())
            }
            Value::Packed(_) | Value::Text(_) => None,
        }
    }

    fn put_number<'a>(&self, mut room: Room<'a>, kind: Kind, number: Number) -> Option<Room<'a>> {
        let (code, value) = (Code::Known(kind), Value::Number(number));
        self.check_limits(code, value).ok()?;
        if is_negative(value) {
            if kind == Kind::Timing || self.is_two_lines(code, value) {
                return None;
            }
        } else if kind == Kind::GaugeDelta {
            room = room.put_byte(b'+')?;
        }
        let mut buffer = itoa::Buffer::new();
        match number {
            Number::Float(float) => room.put(Decimal::exact(float)?.as_bytes()),
            Number::Int(int) => room.put(buffer.format(int).as_bytes()),
            Number::Uint(uint) => room.put(buffer.format(uint).as_bytes()),
        }
    }

    #[inline(never)]
    fn put_rate<'a>(&self, room: Room<'a>, kind: Kind, rate: Rate) -> Option<Room<'a>> {
        match rate {
            Rate::Sample(rate) | Rate::Sampled(rate) if rate > 0.0 && rate < 1.0 => {
                let decimal = Decimal::exact(rate).filter(|_| self.takes_rate(kind))?;
                room.put_mark("|@")?.put(decimal.as_bytes())
            }
            Rate::Always | Rate::Sample(_) | Rate::Sampled(_) => None,
        }
    }

    #[inline(never)]
    fn put_tags<'a>(&self, room: Room<'a>, tags: &[(&str, &str)]) -> Option<Room<'a>> {
        let syntax = self.rules.tags.as_ref()?;
        let mut room = room.put(self.tags.as_bytes())?;
        let mut is_first = self.tags.is_empty();
        for (key, value) in tags {
            if key.is_empty() || value.is_empty() {
                return None;
            }
            room = if is_first {
                room.put_mark(syntax.open)?
            } else {
                room.put_byte(syntax.separator)?
            };
            is_first = false;
            room = room.put_plain(key.as_bytes())?.put_byte(syntax.assign)?;
            room = room.put_plain(value.as_bytes())?;
        }
        room.put_mark(syntax.close)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::config::Config;
    use crate::dialect::Dialect;
    use crate::payload::Record;

    #[test]
    fn usual_metrics_take_the_short_way() {
        let encoder = Encoder::new(&Config::new("localhost").prefix("app").tag("env", "test"));
        let tags = [("region", "eu-west-1"), ("beta", "1")];
        for metric in [
            Metric::counter("requests.of.every.kind", 1).with_kind_prefix(),
            Metric::counter("requests", -12).tags(&tags).rate(0.25),
            Metric::gauge("level", 0.5),
            Metric::gauge_delta("level", 3),
            Metric::timing("query", Duration::from_micros(1250)),
        ] {
            assert!(short(&encoder, &metric).is_some(), "{metric:?}");
        }
    }

    proptest! {
        #[test]
        fn both_ways_lead_to_the_same_line(
            dialect in prop::sample::select(Dialect::ALL.to_vec()),
            prefix in "(app)?",
            kind in prop::sample::select(Kind::ALL.to_vec()),
            name in prop_oneof!["[a-z.]{0,40}", "constructor|_sc|_e|c|valueOf|.{0,20}"],
            value in value(),
            rate in rate(),
            tags in prop::collection::vec(("[a-z]{0,20}|.{0,3}", "[a-z]{0,20}|.{0,3}"), 0..3),
        ) {
            let encoder = Encoder::new(&Config::new("localhost").dialect(dialect).prefix(prefix));
            let tags: Vec<_> = tags.iter().map(|(key, value)| (&**key, &**value)).collect();
            let metric = Metric { rate, value, ..Metric::blank(&name, kind) };
            let metric = metric.tags(&tags).with_kind_prefix();
            if let Some(short) = short(&encoder, &metric) {
                let mut long = Vec::new();
                encoder.encode(&metric, &mut Record::new(&mut long)).unwrap();
                prop_assert_eq!(String::from_utf8(short), String::from_utf8(long));
            }
        }
    }

    fn short(encoder: &Encoder, metric: &Metric<'_>) -> Option<Vec<u8>> {
        let mut bytes = vec![0; 1024];
        let left = encoder.encode_short(metric, Room::new(&mut bytes))?.len();
        bytes.truncate(bytes.len() - left);
        Some(bytes)
    }

    fn value() -> impl Strategy<Value = Value<'static>> {
        prop_oneof![
            any::<i64>().prop_map(|int| Value::Number(Number::Int(int))),
            (-9_i64..19).prop_map(|int| Value::Number(Number::Int(int))),
            any::<u64>().prop_map(|uint| Value::Number(Number::Uint(uint))),
            any::<f64>().prop_map(|float| Value::Number(Number::Float(float))),
            (-4000_i16..4000)
                .prop_map(|quarters| { Value::Number(Number::Float(f64::from(quarters) / 4.0)) }),
            any::<Duration>().prop_map(Value::Elapsed),
            Just(Value::Text("member")),
            Just(Value::Packed(&[1.0, 2.0])),
        ]
    }

    fn rate() -> impl Strategy<Value = Rate> {
        let share = prop_oneof![0.0..1.2, Just(0.25), Just(1.0), Just(f64::NAN)];
        prop_oneof![
            2 => Just(Rate::Always),
            1 => share.clone().prop_map(Rate::Sample),
            1 => share.prop_map(Rate::Sampled),
        ]
    }
}
