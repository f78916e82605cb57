//! Whatever goes in, each line that comes out says what was meant, or nothing comes out.

mod settings;

use std::time::{Duration, Instant};

use arbitrary::{Result, Unstructured};
use statsd_proto::driver::{Input, Output, Session};
use statsd_proto::testing::{Recorder, recorder};
use statsd_proto::{Client, Dialect, Kind, Metric, Number, RecordError};

use self::settings::Settings;
use super::event_or_check::EventOrCheck;
use super::expected::{Code, Constant, Expected, ExpectedValue, Rate};
use super::grammar::Read;
use super::{origin, reference, text};
use tests::layout::Layout;

/// Records metrics and lines of any content by a configuration of any content.
///
/// # Panics
///
/// If a line is not one that the dialect's servers take for just what was meant, or if a metric is
/// refused without a reason.
pub(crate) fn encoder(data: &[u8]) {
    // Bytes that are too few make no case.
    let _ = encode(&mut Unstructured::new(data));
}

fn encode(input: &mut Unstructured<'_>) -> Result<()> {
    let settings = Settings::arbitrary(input)?;
    let config = settings.config();
    let Ok(session) = Session::new(&config, 0) else {
        assert!(!settings.is_safe(), "{settings:?} is refused");
        return Ok(());
    };
    assert!(settings.is_safe(), "{settings:?} is taken");
    let layout = Layout::of(settings.transport, settings.dialect);
    let (client, recorder) = recorder(config).expect("it was taken");
    let is_reference = matches!(
        settings.dialect,
        Dialect::Graphite | Dialect::Librato | Dialect::Statsd
    );
    let mut encoder = Encoder {
        session,
        client,
        recorder,
        is_reference,
        constant: settings.constant(),
        layout,
    };
    for _ in 0..input.int_in_range(1..=4)? {
        if input.ratio(1, 3)? {
            let line = text::line(input)?;
            encoder.copy(&line);
            encoder.pass_on(&line);
        } else {
            encoder.record_any(input)?;
        }
    }
    while !input.is_empty() {
        encoder.announce(&EventOrCheck::arbitrary(input)?);
    }
    Ok(())
}

/// A session that a metric goes into and its lines come out of.
struct Encoder {
    session: Session,
    /// Client that records lines unchanged.
    client: Client,
    recorder: Recorder,
    /// Whether it is the reference server's own parser that reads them.
    is_reference: bool,
    constant: Constant,
    layout: Layout,
}

impl Encoder {
    fn record_any(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let (name, text, code) = (text::text(input)?, text::number(input)?, text::code(input)?);
        let member = text::text(input)?;
        let mut tags = Vec::new();
        for _ in 0..input.int_in_range(0..=3)? {
            tags.push((text::text(input)?, text::text(input)?));
        }
        let code = match input.int_in_range(0..=10)? {
            0 => Code::Known(Kind::Counter),
            1 => Code::Known(Kind::Distribution),
            2 => Code::Known(Kind::Gauge),
            3 => Code::Known(Kind::GaugeDelta),
            4 => Code::Known(Kind::Histogram),
            5 => Code::Known(Kind::Meter),
            6 => Code::Known(Kind::Set),
            7 => Code::Known(Kind::Timing),
            _ => Code::Raw(&code),
        };
        let mut values = Vec::new();
        for _ in 0..input.int_in_range(0..=5)? {
            values.push(float(input)?);
        }
        let value = match (code, input.int_in_range(0..=3)?) {
            (
                Code::Known(Kind::Distribution | Kind::Histogram | Kind::Timing) | Code::Raw(_),
                3,
            ) => ExpectedValue::Packed(&values),
            (Code::Known(Kind::Set), _) | (Code::Raw("s"), 0) => ExpectedValue::Text(&member),
            (Code::Raw(_), 0) => ExpectedValue::Text(&text),
            (Code::Known(Kind::Timing) | Code::Raw(_), 1) => ExpectedValue::Elapsed(Duration::new(
                input.arbitrary()?,
                input.int_in_range(0..=999_999_999)?,
            )),
            _ => ExpectedValue::Number(number(input)?),
        };
        let rate = rate(input)?;
        let is_agents = self.constant.grammar.has_extras || input.ratio(1, 16)?;
        self.record(&Expected {
            name: &name,
            code,
            value,
            rate,
            tags: tags.iter().map(|(key, value)| (&**key, &**value)).collect(),
            timestamp: if is_agents {
                origin::timestamp(input)?
            } else {
                None
            },
            cardinality: if is_agents {
                origin::cardinality(input)?
            } else {
                None
            },
        });
        Ok(())
    }

    fn record(&mut self, meant: &Expected<'_>) {
        let sampled_out = self.session.stats().sampled_out;
        let result = self.session.record(&meant.metric());
        let lines = self.drain();
        if self.session.stats().sampled_out > sampled_out {
            assert_eq!((result, lines.len()), (Ok(()), 0));
        } else {
            self.judge(meant, result, &lines);
        }
    }

    /// Parses a line, and records what it says.
    fn copy(&mut self, line: &str) {
        let Ok(metric) = Metric::parse(line) else {
            // Tags in the name, several values, and fields after the tags are not read.
            let read = self.constant.grammar.read(line).ok();
            let is_plain = |read: &Read<'_>| {
                read.extras.is_empty() && (read.code == "s" || !read.value.contains(':'))
            };
            assert!(
                !read.as_ref().is_some_and(is_plain),
                "{line:?} is no metric"
            );
            return;
        };
        let (name, rest) = line.split_once(':').expect("a line has a name");
        let mut fields = rest.split('|');
        let value = fields.next().expect("splitting gives one part at least");
        let code = fields.next().expect("a line has a type");
        let mut meant = Expected {
            name,
            code: Code::Raw(code),
            value: ExpectedValue::Written(value),
            rate: None,
            tags: Vec::new(),
            timestamp: None,
            cardinality: None,
        };
        for field in fields {
            if let Some(rate) = field.strip_prefix('@') {
                let rate = rate.parse().expect("a rate is a number");
                meant.rate = Some(Rate {
                    rate,
                    is_clients: false,
                });
            } else {
                let tags = field.strip_prefix('#').expect("what is no rate is tags");
                let tags = tags.split(',').filter(|tag| !tag.is_empty());
                meant.tags = tags
                    .map(|tag| tag.split_once(':').unwrap_or((tag, "")))
                    .collect();
            }
        }
        let result = self.session.record(&metric);
        let lines = self.drain();
        self.judge(&meant, result, &lines);
    }

    /// Records an event or a service check, here and by a client.
    fn announce(&mut self, announced: &EventOrCheck) {
        let result = announced.record(&mut self.session);
        let lines = self.drain();
        announced.judge(result, &lines, &self.constant);
        assert_eq!(announced.record_by(&self.client), result);
        assert_eq!(self.recorder.lines(), lines);
    }

    /// Sends a line unchanged.
    fn pass_on(&mut self, line: &str) {
        let grammar = self.constant.grammar;
        let is_taken = self.client.record_line(line).is_ok();
        let lines = self.recorder.lines();
        if !is_taken {
            assert_eq!(lines, [""; 0]);
            return;
        }
        assert_eq!(lines, [line]);
        let read = match grammar.read(line) {
            Ok(read) => read,
            Err(complaint) => panic!("{line:?} has {complaint}"),
        };
        if self.is_reference {
            check_reference(line, read.value, read.code, read.rate);
        }
    }

    /// Lines that the encoder wrote can be recorded again, both unchanged and parsed.
    fn take_back(&mut self, lines: &[String]) {
        for line in lines {
            let result = self.client.record_line(line);
            assert_eq!(result, Ok(()), "{line:?} is our own");
        }
        assert_eq!(self.recorder.lines(), lines);
        if !self.constant.is_empty() {
            return;
        }
        for line in lines {
            let metric = Metric::parse(line).expect("the line is our own");
            assert_eq!(self.session.record(&metric), Ok(()), "{line:?} is our own");
            assert_eq!(self.drain(), [&**line]);
        }
    }

    fn judge(
        &mut self,
        meant: &Expected<'_>,
        result: std::result::Result<(), RecordError>,
        lines: &[String],
    ) {
        if result.is_ok() && meant.is_known() {
            self.take_back(lines);
        }
        let constant = &self.constant;
        let flaws = meant.flaws(constant);
        let (text, most) = meant.sizes(constant);
        match result {
            Ok(()) => assert!(flaws.is_empty(), "{meant:?} is taken"),
            Err(RecordError::LineTooLong) => assert!(
                text.max(most) > constant.limit || meant.has_long_name(constant),
                "{meant:?}"
            ),
            Err(error) => assert!(flaws.contains(&error), "{error:?} of {meant:?}"),
        }
        let expected = if result.is_ok() {
            meant.lines(constant)
        } else {
            0
        };
        assert_eq!(lines.len(), expected, "{lines:?} of {meant:?}");
        for (place, line) in lines.iter().enumerate() {
            assert!(line.len() <= constant.limit);
            assert!(!line.contains(char::is_control), "{line:?}");
            let read = match constant.grammar.read(line) {
                Ok(read) => read,
                Err(complaint) => panic!("{line:?} of {meant:?} has {complaint}"),
            };
            meant.check(&read, constant, place);
            if self.is_reference {
                check_reference(line, read.value, read.code, read.rate);
            }
        }
    }

    /// All lines that have been recorded.
    fn drain(&mut self) -> Vec<String> {
        self.session.flush();
        let mut now = Instant::now();
        let mut lines = Vec::new();
        let mut taken = Vec::new();
        loop {
            match self.session.poll(now) {
                Output::Connect(_) => self.session.handle(Input::Connected),
                Output::Transmit(transmit) => {
                    let (datagram, len) = transmit.first_datagram();
                    if self.layout == Layout::Datagrams {
                        taken.extend_from_slice(datagram);
                    } else {
                        taken.extend_from_slice(&transmit.data);
                    }
                    lines.extend(self.layout.take_lines(&mut taken));
                    assert!(taken.is_empty(), "lines leave whole");
                    self.session.handle(Input::Written(len));
                }
                Output::Wait(Some(until)) if self.session.stats().queued > 0 => now = until,
                Output::Wait(_) => return lines,
                output @ (Output::Disconnect | Output::Finished(_) | Output::Resolve(_)) => {
                    panic!("{output:?} of a session at rest")
                }
            }
        }
    }
}

/// Etsy/statsd reads one value, the one in the line.
fn check_reference(line: &str, value: &str, code: &str, rate: Option<&str>) {
    let taken = match reference::handle(line) {
        Ok(taken) => taken,
        Err(complaint) => panic!("{line:?}: {complaint}"),
    };
    let [taken] = &taken[..] else {
        panic!("{line:?} is read as {taken:?}");
    };
    assert_eq!((&*taken.value, &*taken.code), (value, code));
    assert_eq!(
        Some(taken.rate),
        rate.map_or(Some(1.0), |rate| rate.parse().ok())
    );
}

fn float(input: &mut Unstructured<'_>) -> Result<f64> {
    if input.ratio(1, 8)? {
        return input.arbitrary();
    }
    Ok(f64::from(input.arbitrary::<i16>()?) / 100.0)
}

fn number(input: &mut Unstructured<'_>) -> Result<Number> {
    Ok(match input.int_in_range(0..=4)? {
        0 => Number::Float(input.arbitrary()?),
        1 => Number::Float(f64::from(input.arbitrary::<i32>()?) / 1000.0),
        2 => Number::Uint(input.arbitrary()?),
        3 => Number::Int(i64::from(input.arbitrary::<i8>()?)),
        _ => Number::Int(input.arbitrary()?),
    })
}

fn rate(input: &mut Unstructured<'_>) -> Result<Option<Rate>> {
    let rate = match input.int_in_range(0..=7)? {
        0 => input.arbitrary()?,
        1 => 1.0,
        2 => f64::from(input.arbitrary::<u32>()?) / f64::from(u32::MAX),
        3 => 1.0 / f64::from(input.arbitrary::<u32>()?),
        _ => return Ok(None),
    };
    let is_clients = input.ratio(1, 4)?;
    Ok(Some(Rate { rate, is_clients }))
}
