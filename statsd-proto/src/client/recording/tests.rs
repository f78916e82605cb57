use proptest::prelude::*;

use crate::driver::{Input, Output, Session};
use crate::testing::{origin, recorder};
use crate::{Client, Config, Dialect, Kind, Metric, RecordError, Transport};

type Tag = (String, String);
type Way<'a> = Box<dyn Fn(&Client) + 'a>;

/// Metric that a test records in several ways.
#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    name: String,
    number: i32,
    tags: Vec<Tag>,
}

impl Case {
    fn metric(&self) -> Metric<'_> {
        let (name, number) = (&*self.name, self.number);
        match self.kind {
            Kind::Counter => Metric::counter(name, number),
            Kind::Distribution => Metric::distribution(name, number),
            Kind::Gauge => Metric::gauge(name, number),
            Kind::GaugeDelta => Metric::gauge_delta(name, number),
            Kind::Histogram => Metric::histogram(name, number),
            Kind::Meter => Metric::meter(name, number),
            Kind::Set => Metric::set(name, "member"),
            Kind::Timing => Metric::timing_ms(name, number),
        }
    }

    /// Records the metric by the method named after its kind.
    fn record_plain(&self, client: &Client) {
        let (name, number) = (&*self.name, self.number);
        match self.kind {
            Kind::Counter => client.incr(name, number),
            Kind::Distribution => client.distribution(name, number),
            Kind::Gauge => client.gauge(name, number),
            Kind::GaugeDelta => client.gauge_delta(name, number),
            Kind::Histogram => client.histogram(name, number),
            Kind::Meter => client.meter(name, number),
            Kind::Set => client.set(name, "member"),
            Kind::Timing => client.timing_ms(name, number),
        }
    }

    fn record_by_handle(&self, client: &Client) -> Result<(), RecordError> {
        let tags = self.tags.iter();
        let prepare = tags.fold(client.prepare(&self.name), |prepare, (key, value)| {
            prepare.tag(key, value)
        });
        let number = self.number;
        match self.kind {
            Kind::Counter => prepare.counter()?.try_add(number),
            Kind::Distribution => prepare.distribution()?.try_record(number),
            Kind::Gauge => prepare.gauge()?.try_set(number),
            Kind::GaugeDelta => prepare.gauge_delta()?.try_add(number),
            Kind::Histogram => prepare.histogram()?.try_record(number),
            Kind::Meter => prepare.meter()?.try_add(number),
            Kind::Set => prepare.set()?.try_insert("member"),
            Kind::Timing => prepare.timing()?.try_record_ms(number),
        }
    }

    fn record_fluently(&self, client: &Client) -> Result<(), RecordError> {
        let recording = client.metric(self.metric());
        let tags = self.tags.iter();
        let recording = tags.fold(recording, |recording, (key, value)| {
            recording.tag(key, value)
        });
        recording.try_send()
    }

    /// Ways to record the metric with a client.
    fn ways(&self) -> Vec<Way<'_>> {
        let mut ways: Vec<Way<'_>> = vec![
            Box::new(|client| _ = client.record(&self.metric().tags(&self.tags))),
            Box::new(|client| _ = self.record_by_handle(client)),
            Box::new(|client| _ = self.record_fluently(client)),
            Box::new(|client| client.metric(self.metric()).tags(&self.tags).send()),
            Box::new(|client| self.record_plain(&client.tagged(&self.tags))),
        ];
        if self.tags.is_empty() {
            ways.push(Box::new(|client| self.record_plain(client)));
        }
        ways
    }

    fn lines_of_session(&self, config: &Config) -> [Vec<String>; 2] {
        let lines = |prepared: bool| {
            let mut session = Session::new(config, 7).unwrap();
            let metric = self.metric().tags(&self.tags);
            if prepared {
                if let Ok(prepared) = session.prepare(&metric) {
                    let _ = if self.kind == Kind::Set {
                        session.record_prepared(&prepared, "member")
                    } else {
                        session.record_prepared(&prepared, self.number)
                    };
                }
            } else {
                let _ = session.record(&metric);
            }
            drain(session)
        };
        [lines(false), lines(true)]
    }
}

/// Closes a session, and returns the lines that it sends.
fn drain(mut session: Session) -> Vec<String> {
    let (mut now, mut sent) = (origin(), Vec::new());
    session.close();
    loop {
        match session.poll(now) {
            Output::Connect(_) => session.handle(Input::Connected),
            Output::Disconnect => {}
            Output::Finished(_) => break,
            Output::Resolve(name) => session.handle(Input::Resolved {
                id: name.id,
                found: Ok(vec![([192, 0, 2, 1], 1).into()]),
            }),
            Output::Transmit(transmit) => {
                sent.extend_from_slice(&transmit.data);
                session.handle(Input::Written(transmit.data.len()));
            }
            Output::Wait(until) => now = until.unwrap(),
        }
    }
    let sent = String::from_utf8(sent).unwrap();
    sent.lines().map(str::to_owned).collect()
}

fn cases() -> impl Strategy<Value = Case> {
    let text = prop_oneof![4 => "[a-z._:|#]{0,8}", 1 => "\\PC{0,4}"];
    let tag = ("[a-c]{1,2}", prop_oneof!["[a-z]{0,4}", "[|,=:x]{1,3}"]);
    let tags = proptest::collection::vec(tag, 0..7);
    let kind = proptest::sample::select(&Kind::ALL);
    (kind, text, any::<i32>(), tags).prop_map(|(kind, name, number, tags)| Case {
        kind,
        name,
        number,
        tags,
    })
}

fn config() -> impl Strategy<Value = Config> {
    let dialect = proptest::sample::select(&Dialect::ALL);
    let prefixes = any::<Option<bool>>();
    (dialect, prefixes, "[a-z]{0,3}", any::<bool>()).prop_map(
        |(dialect, kind_prefixes, prefix, is_tagged)| {
            let config = Config::new("localhost")
                .dialect(dialect)
                .transport(Transport::Udp)
                .prefix(prefix);
            let config = match kind_prefixes {
                Some(kind_prefixes) => config.kind_prefixes(kind_prefixes),
                None => config,
            };
            if is_tagged && dialect != Dialect::Collectd {
                config.tag("a", "own")
            } else {
                config
            }
        },
    )
}

proptest! {
    #[test]
    fn all_ways_to_record_one_metric_lead_to_one_line(case in cases(), config in config()) {
        let ways = case.ways();
        let lines = |record: &dyn Fn(&Client)| {
            let (client, mut recorder) = recorder(config.clone()).unwrap();
            record(&client);
            recorder.lines()
        };
        let expected = lines(&ways[0]);
        for way in &ways {
            prop_assert_eq!(&lines(way), &expected);
        }
    }

    #[test]
    fn a_session_writes_the_lines_of_a_client(case in cases(), config in config()) {
        let (client, mut recorder) = recorder(config.clone()).unwrap();
        let _ = client.record(&case.metric().tags(&case.tags));
        let expected = recorder.lines();
        for lines in case.lines_of_session(&config) {
            prop_assert_eq!(&lines, &expected);
        }
    }
}

#[test]
fn more_tags_than_the_stack_has_room_for_are_all_sent() {
    let (client, mut recorder) = recorder(Config::dogstatsd("localhost")).unwrap();
    let keys: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    let count = client.count("x", 1);
    let count = keys.iter().fold(count, |count, key| count.tag(key, "v"));
    count.rate(1.0).send();
    let tags: Vec<_> = keys.iter().map(|key| format!("{key}:v")).collect();
    assert_eq!(recorder.lines(), [format!("x:1|c|#{}", tags.join(","))]);
}

#[test]
fn tags_add_to_those_before_however_they_are_kept() {
    let (client, mut recorder) = recorder(Config::dogstatsd("localhost")).unwrap();
    let owned = vec![("b".to_owned(), "2".to_owned())];
    let mixed = [("c", "3".to_owned())];
    let metric = Metric::counter("x", 1).tags(&[("a", "1")]).tags(&owned);
    client.record(&metric).unwrap();
    let parsed = Metric::parse("y:1|c|#a:1").unwrap();
    client.record(&parsed.tags(&owned)).unwrap();
    client.metric(metric).tags(&mixed).tag("d", "4").send();
    let event = crate::dogstatsd::Event::new("t", "")
        .tags(&owned)
        .tags(&mixed);
    client.event(&event).unwrap();
    let lines = [
        "x:1|c|#a:1,b:2",
        "y:1|c|#a:1,b:2",
        "x:1|c|#a:1,b:2,c:3,d:4",
        "_e{1,0}:t||#b:2,c:3",
    ];
    assert_eq!(recorder.lines(), lines);
}

#[test]
fn a_metric_with_more_lists_of_tags_than_it_can_refer_to_is_refused() {
    let (client, mut recorder) = recorder(Config::dogstatsd("localhost")).unwrap();
    let tags = [("a", "1")];
    let metric = Metric::counter("x", 1).tags(&tags).tags(&tags);
    assert_eq!(client.record(&metric), Ok(()));
    let error = client.record(&metric.tags(&tags));
    assert_eq!(error, Err(RecordError::InvalidTag));
    client.metric(metric).tags(&tags).send();
    assert_eq!(recorder.lines(), ["x:1|c|#a:1,a:1", "x:1|c|#a:1,a:1,a:1"]);
}

#[test]
fn a_time_is_sent_with_tags_that_are_known_at_its_end() {
    let (client, mut recorder) = recorder(Config::dogstatsd("localhost")).unwrap();
    let timer = client.start();
    recorder.advance(std::time::Duration::from_millis(7));
    timer.timing("http").tag("status", "200").send();
    timer.distribution_ms("http").send();
    assert_eq!(recorder.lines(), ["http:7|ms|#status:200", "http:7|d"]);
}

#[test]
fn metrics_that_are_refused_are_reported_and_counted() {
    let (client, _recorder) = recorder(Config::new("localhost")).unwrap();
    let result = client.count("x", 1).tag("bare", "").try_send();
    assert_eq!(result, Ok(()), "the dialect has bare tags");
    let result = client.metric(Metric::gauge("x", 1)).rate(2.0).try_send();
    assert_eq!(result, Err(RecordError::InvalidRate));
    assert_eq!(client.stats().refused.total(), 1);
}
