//! Events of a session, for a program's own log.

use std::sync::Arc;

use crate::client::shared::{Shared, Wait};
use crate::client::waiters::Until;
use crate::session::event::Event;

/// Reads the [events](Event) of a session: outages, recoveries and losses, for programs that log without `tracing` or
/// react to an outage.
///
/// Created by [`Client::events`](crate::Client::events). Each reader gets every event, in order. A reader does not keep
/// the session open, unlike a client. At most the last 32 events are kept; a reader that is further behind misses the
/// oldest.
///
/// ```no_run
/// # async fn example(client: statsd_proto::Client) {
/// let mut events = client.events();
/// // In a task of its own:
/// while let Some(event) = events.next().await {
///     eprintln!("{event}"); // udp://dd-agent:8125: cannot look up the host: Name or service not known; retrying
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Events {
    /// `None` for a client that sends nothing.
    shared: Option<Arc<Shared>>,
    /// Number of events before the next one, counted since the session began.
    read: u64,
}

impl Events {
    pub(crate) fn new(shared: Option<Arc<Shared>>) -> Self {
        Self { shared, read: 0 }
    }

    /// Waits for the next event. `None` after the last event of a session that has ended. The future may be dropped at
    /// any time.
    ///
    /// ```
    /// # async fn example(mut events: statsd_proto::Events) {
    /// while let Some(event) = events.next().await {
    ///     eprintln!("{event}");
    /// }
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Event> {
        let shared = Arc::clone(self.shared.as_ref()?);
        Wait::new(Arc::clone(&shared), Until::Event(self.read)).await;
        shared.next_event(&mut self.read)
    }

    /// Returns the next event, or `None` if there is none at present.
    ///
    /// ```
    /// use std::time::Duration;
    /// use statsd_proto::{Config, EventKind, testing::recorder};
    ///
    /// let (client, mut recorder) = recorder(Config::new("localhost"))?;
    /// let mut events = client.events();
    /// client.incr("logins", 1);
    /// recorder.set_up(false);
    /// recorder.advance(Duration::from_secs(60));
    /// let event = events.try_next().expect("the server is away");
    /// assert!(event.is_warning());
    /// assert!(matches!(event.kind(), EventKind::ConnectFailed { .. }));
    /// # Ok::<(), statsd_proto::ConfigError>(())
    /// ```
    pub fn try_next(&mut self) -> Option<Event> {
        self.shared.as_ref()?.next_event(&mut self.read)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use futures::executor::block_on;

    use crate::session::event::MAX_EVENTS;
    use crate::testing::{Recorder, recorder};
    use crate::{Client, Config};

    #[test]
    fn each_reader_gets_every_event_and_then_the_end() {
        let (client, mut server) = start();
        let mut early = client.events();
        outage(&client, &mut server);
        let mut late = client.events();
        drop(client);
        server.advance(Duration::from_secs(10));
        for events in [&mut early, &mut late] {
            let mut log = Vec::new();
            while let Some(event) = block_on(events.next()) {
                log.push(event.to_string());
            }
            let expected = [
                "tcp://192.0.2.1:8125: connected",
                "tcp://192.0.2.1:8125: the connection broke: closed by the server; retrying",
                "tcp://192.0.2.1:8125: cannot connect: refused; retrying",
                "tcp://192.0.2.1:8125: connected after 60 min without the server",
            ];
            assert_eq!(log, expected);
            assert_eq!(events.try_next(), None);
        }
    }

    #[test]
    fn a_reader_is_woken_by_an_event() {
        let (client, mut server) = start();
        let mut events = client.events();
        let (waits, waiting) = channel();
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut next = pin!(events.next());
                block_on(poll_fn(|context| {
                    let polled = next.as_mut().poll(context);
                    waits.send(polled.is_pending()).expect("the test waits");
                    polled
                }))
            });
            assert_eq!(waiting.recv(), Ok(true));
            client.incr("a", 1);
            server.advance(Duration::from_secs(1));
            assert!(reader.join().unwrap().is_some());
        });
    }

    #[test]
    fn a_slow_reader_misses_the_oldest_events() {
        let (client, mut server) = start();
        let mut events = client.events();
        let mut newest = client.events();
        let mut last = None;
        for _ in 0..MAX_EVENTS {
            outage(&client, &mut server);
            last = std::iter::from_fn(|| newest.try_next()).last();
        }
        let kept: Vec<_> = std::iter::from_fn(|| events.try_next()).collect();
        assert_eq!(kept.len(), MAX_EVENTS);
        assert_eq!(kept.last(), last.as_ref());
    }

    #[test]
    fn a_client_that_sends_nothing_has_no_events() {
        let mut events = Client::noop().events();
        assert_eq!(events.try_next(), None);
        assert_eq!(block_on(events.next()), None);
    }

    fn start() -> (Client, Recorder) {
        recorder(Config::new("192.0.2.1")).unwrap()
    }

    /// Sends a metric, takes the server away for a while, and sends another one.
    fn outage(client: &Client, server: &mut Recorder) {
        for is_up in [true, false, true] {
            server.set_up(is_up);
            client.incr("a", 1);
            server.advance(Duration::from_secs(3600));
        }
    }
}
