//! Everything of a metric's line but its value, rendered once.

use crate::error::RecordError;
use crate::line::Encoder;
use crate::metric::{Code, Kind, Metric, Rate, Value};
use crate::number::push_float;
use crate::payload::Record;
use crate::room::{Fixed, Room};

#[derive(Debug)]
pub(crate) struct Rendered {
    /// What stands before the value.
    head: Fixed<64>,
    /// What stands behind it.
    tail: Fixed<64>,
    /// Where in the tail a rate belongs that is known only later; none if servers take none there.
    rate_at: Option<usize>,
    /// How many values may stand in one line.
    samples_at_once: usize,
}

impl Rendered {
    /// Renders a metric with its tags and its rate. Its value does not matter, as long as it is one.
    pub(crate) fn new(encoder: &Encoder, metric: &Metric<'_>) -> Result<Self, RecordError> {
        let mut line = Vec::new();
        encoder.encode(metric, &mut Record::new(&mut line))?;
        // No name has a colon, and no value a bar.
        let value_at = find(&line, b":") + 1;
        let value_end = value_at + find(&line[value_at..], b"|");
        Ok(Self {
            head: Fixed::new(&line[..value_at]),
            tail: Fixed::new(&line[value_end..]),
            rate_at: None,
            samples_at_once: 1,
        })
    }

    /// The same with a place for another rate than the metric's.
    pub(crate) fn with_place_for_rate(
        encoder: &Encoder,
        metric: &Metric<'_>,
    ) -> Result<Self, RecordError> {
        let rate = |rate| Metric { rate, ..*metric };
        match Self::new(encoder, &rate(Rate::Sampled(PLACE))) {
            Err(RecordError::InvalidRate) => Self::new(encoder, &rate(Rate::Always)),
            Err(error) => Err(error),
            Ok(rendered) => {
                let tail = rendered.tail.as_bytes();
                let rate_at = find(tail, b"|@");
                let rate_end = rate_at + 1 + find(&tail[rate_at + 1..], b"|");
                let tail = [&tail[..rate_at], &tail[rate_end..]].concat();
                let len = rendered.head.as_bytes().len() + tail.len();
                let room = encoder.max_packed().unwrap_or(0);
                Ok(Self {
                    samples_at_once: (room.saturating_sub(len) / SAMPLE).max(1),
                    tail: Fixed::new(&tail),
                    rate_at: Some(rate_at),
                    ..rendered
                })
            }
        }
    }

    /// Whether a rate can be told.
    pub(crate) fn has_place_for_rate(&self) -> bool {
        self.rate_at.is_some()
    }

    /// How many values may stand in one line.
    pub(crate) fn samples_at_once(&self) -> usize {
        self.samples_at_once
    }

    /// Writes the line with this value the [short way](Encoder::encode_short), if there is one.
    #[inline]
    pub(crate) fn write_short<'a>(
        &self,
        encoder: &Encoder,
        room: Room<'a>,
        kind: Kind,
        value: &Value<'_>,
    ) -> Option<Room<'a>> {
        let room = room.put_fixed(&self.head)?;
        encoder.put_value(room, kind, value)?.put_fixed(&self.tail)
    }

    /// Writes the line with this value.
    pub(crate) fn write(
        &self,
        encoder: &Encoder,
        record: &mut Record<'_>,
        code: Code<'_>,
        value: Value<'_>,
    ) -> Result<(), RecordError> {
        let (head, tail) = (self.head.as_bytes(), self.tail.as_bytes());
        if encoder.is_two_lines(code, value) {
            for part in [head, b"0", tail] {
                record.line().extend_from_slice(part);
            }
            record.end_line();
        }
        let line = record.line();
        line.extend_from_slice(head);
        encoder.push_value(line, code, value)?;
        line.extend_from_slice(tail);
        Ok(())
    }

    /// Writes the line with this value and this rate, for which there is a place.
    pub(crate) fn write_at_rate(
        &self,
        encoder: &Encoder,
        record: &mut Record<'_>,
        code: Code<'_>,
        value: Value<'_>,
        rate: f64,
    ) -> Result<(), RecordError> {
        let tail = self.tail.as_bytes();
        let (before, behind) = tail.split_at(self.rate_at.unwrap_or(tail.len()));
        let line = record.line();
        line.extend_from_slice(self.head.as_bytes());
        encoder.push_value(line, code, value)?;
        line.extend_from_slice(before);
        line.extend_from_slice(b"|@");
        push_float(line, rate);
        line.extend_from_slice(behind);
        Ok(())
    }

    /// Writes the line with these values, of which there are as many as may stand in one.
    pub(crate) fn write_samples(&self, record: &mut Record<'_>, values: &[f64], rate: Option<f64>) {
        let line = record.line();
        line.extend_from_slice(self.head.as_bytes());
        for (place, &value) in values.iter().enumerate() {
            if place > 0 {
                line.extend_from_slice(b":");
            }
            push_float(line, value);
        }
        let (before, behind) = self.tail.as_bytes().split_at(self.rate_at.unwrap_or(0));
        line.extend_from_slice(before);
        if let Some(rate) = rate {
            line.extend_from_slice(b"|@");
            push_float(line, rate);
        }
        line.extend_from_slice(behind);
    }
}

/// What a value takes in a line at the most, unless it is beyond all measure.
const SAMPLE: usize = 20;

/// Any rate: it is taken out again.
const PLACE: f64 = 0.5;

/// Where `part` is in `text`, or else its end.
fn find(text: &[u8], part: &[u8]) -> usize {
    let mut windows = text.windows(part.len());
    windows
        .position(|window| window == part)
        .unwrap_or(text.len())
}
