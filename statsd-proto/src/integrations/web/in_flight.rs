//! Gauge of the requests in flight.

use std::sync::Arc;

use crate::client::Client;
use crate::metric::Metric;
use crate::sync::Mutex;

/// Gauge of the requests in flight, shared by all services of one layer.
#[derive(Debug)]
pub(super) struct InFlight {
    name: String,
    /// Number of requests in flight. Locked until the level is recorded, so that levels are recorded in order.
    level: Mutex<u64>,
}

/// Guard that counts one request until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    client: Client,
    gauge: Arc<InFlight>,
}

impl InFlight {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            level: Mutex::new(0),
        }
    }

    pub(super) fn count(self: &Arc<Self>, client: &Client) -> Counted {
        self.change(client, 1);
        Counted {
            client: client.clone(),
            gauge: Arc::clone(self),
        }
    }

    fn change(&self, client: &Client, by: i64) {
        let mut level = self.level.lock();
        *level = level.saturating_add_signed(by);
        // A refused metric is counted in the client's statistics, and must not fail the request.
        let _ = client.record(&Metric::gauge(&self.name, *level));
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gauge.change(&self.client, -1);
    }
}
