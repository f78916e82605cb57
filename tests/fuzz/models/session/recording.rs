//! Metrics recorded in a session: lines with a number that identifies them, and aggregated counts.

use arbitrary::{Result, Unstructured};
use statsd_proto::dogstatsd::{Event, ServiceCheck, Status};
use statsd_proto::{Metric, RecordError, Stats};

use super::World;
use tests::layout::Layout;

/// Content of a line with a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    Check,
    Count,
    Event,
    /// A gauge below zero, which is two lines where a sign means a change.
    Level,
}

impl World {
    pub(super) fn record_other(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let len = input.int_in_range(0..=60)?;
        match input.int_in_range(0..=3)? {
            0 => self.record(len, Form::Level),
            1 => self.record(len, Form::Event),
            2 => self.record(len, Form::Check),
            _ => (0..input.int_in_range(1..=40)?).for_each(|_| self.add(len)),
        }
        Ok(())
    }

    pub(super) fn record(&mut self, len: usize, form: Form) {
        let (before, is_closed) = (self.session.stats(), self.session.is_closed());
        let name = format!("a{}{:05}", "n".repeat(len), before.accepted);
        let grammar = self.settings.grammar();
        let is_pair = form == Form::Level && !grammar.has_negative_gauge;
        let lines = if is_pair { 2 } else { 1 };
        let result = match form {
            Form::Check => {
                let check = ServiceCheck::new(&name, Status::Ok);
                self.session.record_service_check(&check)
            }
            Form::Count => self.record_as_line(Metric::counter(&name, 1)),
            Form::Event => self.session.record_event(&Event::new(&name, "")),
            Form::Level => self.record_as_line(Metric::gauge(&name, -5)),
        };
        match result {
            Ok(()) => {
                assert!(!is_closed);
                let after = self.session.stats();
                let is_left_out = after.sampled_out > before.sampled_out;
                let is_thinned = self.settings.adaptive_sampling && form == Form::Count;
                assert!(!is_left_out || is_thinned);
                self.accepted += if is_left_out { 0 } else { lines as u64 };
            }
            Err(RecordError::Closed) => assert!(is_closed),
            Err(RecordError::LineTooLong) => {
                let len = self.record_len(&name, form, lines);
                let has_long_name = name.len() > grammar.max_name;
                let never_fits = lines > self.settings.max_queue_lines;
                assert!(len > self.settings.max_line() || has_long_name || never_fits);
            }
            Err(RecordError::NotDogStatsd) => {
                assert!(matches!(form, Form::Check | Form::Event) && !grammar.has_extras);
            }
            Err(error) => {
                assert_eq!(error, RecordError::QueueFull);
                assert!(self.is_full(&before, lines), "{before:?}");
            }
        }
    }

    /// Adds to an aggregated count. Names beyond the maximum number of series become lines at once.
    fn add(&mut self, len: usize) {
        let result = match len % 4 {
            _ if self.settings.aggregate.is_none() => return,
            0 => self.session.record(&Metric::timing_ms("time", 1)),
            1 => self.session.record(&Metric::set("set", "member")),
            2 => self.session.record(&Metric::gauge("level", 5)),
            _ => {
                let result = self.session.record(&Metric::counter("sum", 1));
                self.added += u64::from(result.is_ok());
                result
            }
        };
        match result {
            Ok(()) | Err(RecordError::QueueFull | RecordError::Unsupported(_)) => {}
            Err(RecordError::LineTooLong) => {
                assert!(self.settings.max_line() < "time:1|ms|@0.0625".len());
            }
            Err(error) => {
                assert_eq!(error, RecordError::Closed);
                assert!(self.session.is_closed());
            }
        }
    }

    /// Records it as a line of its own, even if others are aggregated.
    fn record_as_line(&mut self, metric: Metric<'_>) -> std::result::Result<(), RecordError> {
        match self.settings.aggregate {
            Some(_) => self.session.record(&metric.sampled_at(1.0)),
            None => self.session.record(&metric),
        }
    }

    /// The most bytes that a record may have, as far as they have to fit together.
    fn record_len(&self, name: &str, form: Form, lines: usize) -> usize {
        let most = match form {
            Form::Check => "_sc||0\n",
            Form::Count => ":1|c|@0.0625\n",
            Form::Event => "_e{1000,0}:|\n",
            Form::Level => ":-5|g\n",
        };
        let line = name.len() + most.len();
        match self.settings.layout() {
            Layout::Lines => line,
            Layout::Datagrams | Layout::Frames => lines * line,
        }
    }

    fn is_full(&self, before: &Stats, lines: usize) -> bool {
        let most = self.settings.max_queue_lines as u64;
        let outside = before.in_flight + before.unacknowledged;
        // Datagrams are filled up, and what is on its way counts too.
        before.queued + outside + lines as u64 > most || before.queued_bytes + outside > 0
    }
}
