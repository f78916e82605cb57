//! Forms of settings in a file, where they differ from the types in memory.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{IntoDeserializer as _, MapAccess, Unexpected, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config;

/// Time in the form `"1m 30s"`.
#[derive(Clone, Copy)]
pub(super) struct Time(Duration);

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backoff {
    initial: Time,
    max: Time,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Telemetry {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    interval: Option<Time>,
}

/// Map in the order of the file.
pub(super) struct Tags(Vec<(String, String)>);

/// Optional setting. Formats such as TOML have no null, so `"none"` stands for `None`.
pub(super) struct OrNone<T>(Option<T>);

impl From<Duration> for Time {
    fn from(time: Duration) -> Self {
        Self(time)
    }
}

impl From<Time> for Duration {
    fn from(Time(time): Time) -> Self {
        time
    }
}

impl From<(Duration, Duration)> for Backoff {
    fn from((initial, max): (Duration, Duration)) -> Self {
        Self {
            initial: Time(initial),
            max: Time(max),
        }
    }
}

impl From<Backoff> for (Duration, Duration) {
    fn from(backoff: Backoff) -> Self {
        (backoff.initial.0, backoff.max.0)
    }
}

impl From<config::Telemetry> for Telemetry {
    fn from(telemetry: config::Telemetry) -> Self {
        Self {
            name: telemetry.name,
            interval: Some(Time(telemetry.interval)),
        }
    }
}

impl From<Telemetry> for config::Telemetry {
    fn from(form: Telemetry) -> Self {
        let base = Self::datadog();
        Self {
            name: form.name,
            interval: form.interval.map_or(base.interval, Into::into),
        }
    }
}

impl From<OrNone<Telemetry>> for Option<config::Telemetry> {
    fn from(OrNone(telemetry): OrNone<Telemetry>) -> Self {
        telemetry.map(Into::into)
    }
}

impl From<Vec<(String, String)>> for Tags {
    fn from(tags: Vec<(String, String)>) -> Self {
        Self(tags)
    }
}

impl From<Tags> for Vec<(String, String)> {
    fn from(Tags(tags): Tags) -> Self {
        tags
    }
}

impl<T, U: Into<T>> From<Option<U>> for OrNone<T> {
    fn from(value: Option<U>) -> Self {
        Self(value.map(Into::into))
    }
}

impl<T> From<OrNone<T>> for Option<T> {
    fn from(OrNone(value): OrNone<T>) -> Self {
        value
    }
}

impl From<OrNone<Time>> for Option<Duration> {
    fn from(OrNone(time): OrNone<Time>) -> Self {
        time.map(Into::into)
    }
}

impl<T: Copy, U: From<T>> From<config::SocketOption<T>> for OrNone<U> {
    fn from(option: config::SocketOption<T>) -> Self {
        Self(option.value().map(U::from))
    }
}

impl<T, U: Into<T>> From<OrNone<U>> for config::SocketOption<T> {
    fn from(OrNone(value): OrNone<U>) -> Self {
        Self::Set(value.map(Into::into))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self.0))
    }
}

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<T: Serialize> Serialize for OrNone<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_str(NONE),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimeVisitor;

        impl Visitor<'_> for TimeVisitor {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as \"100ms\" or \"5s\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Time, E> {
                humantime::parse_duration(text)
                    .map(Time)
                    .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(TimeVisitor)
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TagsVisitor;

        impl<'de> Visitor<'de> for TagsVisitor {
            type Value = Tags;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tags with their values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tags, A::Error> {
                let mut tags = Vec::new();
                while let Some(tag) = map.next_entry()? {
                    tags.push(tag);
                }
                Ok(Tags(tags))
            }
        }

        deserializer.deserialize_map(TagsVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrNone<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OrNoneVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OrNoneVisitor<T> {
            type Value = OrNone<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or \"none\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OrNone<T>, E> {
                if text == NONE {
                    return Ok(OrNone(None));
                }
                T::deserialize(text.into_deserializer()).map(|value| OrNone(Some(value)))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<OrNone<T>, E> {
                T::deserialize(number.into_deserializer()).map(|value| OrNone(Some(value)))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<OrNone<T>, E> {
                T::deserialize(number.into_deserializer()).map(|value| OrNone(Some(value)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OrNone<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|value| OrNone(Some(value)))
            }
        }

        deserializer.deserialize_any(OrNoneVisitor(PhantomData))
    }
}

const NONE: &str = "none";
