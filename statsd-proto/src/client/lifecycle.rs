//! Waiting for a session, and its end.

use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::client::blocking::wait_for;
use crate::client::shared::Wait;
use crate::client::waiters::Until;
use crate::session::Core;
use crate::session::stats::Report;

impl Client {
    /// Sends queued metrics now, without waiting for the flush interval. The flush starts with this call, even if the
    /// future is not awaited.
    ///
    /// The future completes when every metric recorded before this call was written to the kernel or dropped. While
    /// the server is unreachable, it stays pending.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// # let _ = async move {
    /// client.incr("logins", 1);
    /// client.flush().await;
    /// # };
    /// ```
    pub fn flush(&self) -> impl Future<Output = ()> + Send + use<> {
        finished(self.flush_until(Core::flush, Until::Taken))
    }

    /// Sends queued metrics now like [`flush`](Self::flush), and waits longer: the future completes when a refusal by
    /// the server can no longer arrive. Over UDP this takes about 50 ms longer, the time that an ICMP refusal may take.
    /// On other transports both futures complete at the same time. A [`close`](Self::close) waits for refusals too.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// # let _ = async move {
    /// client.flush_confirmed().await;
    /// println!("{} lines sent", client.stats().sent);
    /// # };
    /// ```
    pub fn flush_confirmed(&self) -> impl Future<Output = ()> + Send + use<> {
        finished(self.flush_until(Core::flush_confirmed, Until::Completed))
    }

    /// Sends queued metrics like [`flush`](Self::flush), and blocks this thread until they are sent or the timeout has
    /// passed. Returns whether they were sent in time. It is meant for programs without a runtime, for `Drop`, and for
    /// panic hooks.
    ///
    /// Another thread has to run the driver: a thread of a runtime, or one as in `examples/synchronous.rs` of
    /// `statsd-smol`. On the only thread of a single-threaded runtime, this call blocks the driver and so always takes
    /// the whole timeout.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// let is_sent = client.flush_blocking(std::time::Duration::from_secs(1));
    /// # assert!(is_sent);
    /// ```
    #[doc(alias = "flush_sync")]
    pub fn flush_blocking(&self, timeout: Duration) -> bool {
        wait_for(self.flush(), timeout).is_some()
    }

    /// Waits until at least half of the queue is free, or the client is closed. Programs that prefer waiting to losing
    /// metrics call this when a metric was refused with [`QueueFull`](crate::RecordError::QueueFull).
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// # use statsd_proto::{Metric, RecordError};
    /// # let _ = async move {
    /// while client.record(&Metric::counter("rows", 1)) == Err(RecordError::QueueFull) {
    ///     client.ready().await;
    /// }
    /// # };
    /// ```
    pub fn ready(&self) -> impl Future<Output = ()> + Send + use<> {
        let wait = self
            .handle
            .as_ref()
            .map(|handle| Wait::new(Arc::clone(&handle.entry.shared), Until::Room));
        finished(wait)
    }

    /// Closes the session for all clients: further metrics are refused. The driver finishes when the queued metrics
    /// were sent, or when the [close timeout](crate::Config::close_timeout) has passed. This call does not wait; see
    /// [`closed`](Self::closed).
    ///
    /// ```
    /// # use statsd_proto::{Config, testing::recorder};
    /// # let (client, _recorder) = recorder(Config::dogstatsd("localhost"))?;
    /// client.close();
    /// assert!(client.is_closed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("stop", "shutdown"))]
    pub fn close(&self) {
        if let Some(handle) = &self.handle {
            handle.entry.shared.end(Core::close);
        }
    }

    /// Waits until the session has ended, and returns the final counts. The session ends some time after a
    /// [`close`](Self::close). For a [`noop`](Self::noop) client, the future completes at once.
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// # let _ = async move {
    /// client.close();
    /// let report = client.closed().await;
    /// println!("{} lines sent, {} abandoned", report.sent, report.abandoned);
    /// # };
    /// ```
    pub fn closed(&self) -> impl Future<Output = Report> + Send + use<> {
        let shared = self
            .handle
            .as_ref()
            .map(|handle| Arc::clone(&handle.entry.shared));
        async move {
            let Some(shared) = shared else {
                return Report::default();
            };
            Wait::new(Arc::clone(&shared), Until::Finished).await;
            shared.stats().into()
        }
    }

    /// [Closes](Self::close) the session, and blocks this thread until the session has ended. Returns the final counts,
    /// or `None` after the timeout. Another thread has to run the driver, as for
    /// [`flush_blocking`](Self::flush_blocking).
    ///
    /// ```
    /// # let client = statsd_proto::Client::noop();
    /// let report = client.close_blocking(std::time::Duration::from_secs(5));
    /// # assert!(report.is_some());
    /// ```
    #[doc(alias("stop_blocking", "stop"))]
    pub fn close_blocking(&self, timeout: Duration) -> Option<Report> {
        self.close();
        wait_for(self.closed(), timeout)
    }

    /// Reports an [event](crate::EventKind), which the feature `tracing` logs, with the number of metrics that
    /// would be lost if the program ended now. A closed client reports no event.
    ///
    /// Adapters call this when the program drops their connector without stopping it. A runtime that ends with the
    /// program may never drop the driver. A driver that is dropped reports the loss itself.
    pub fn report_unstopped(&self) {
        if let Some(handle) = &self.handle {
            handle.entry.shared.flush(Core::report_unstopped);
        }
    }

    /// Starts a flush now. Returns a future for its end, or `None` for a client that sends nothing.
    fn flush_until(&self, flush: fn(&mut Core), until: fn(u64) -> Until) -> Option<Wait> {
        let handle = self.handle.as_ref()?;
        let recorded = handle.entry.shared.flush(flush);
        Some(Wait::new(Arc::clone(&handle.entry.shared), until(recorded)))
    }
}

/// Completes with `wait`, or at once if it is `None`.
async fn finished(wait: Option<Wait>) {
    if let Some(wait) = wait {
        wait.await;
    }
}
