//! How many requests are being answered.

use std::sync::Arc;

use crate::client::Client;
use crate::metric::Metric;
use crate::sync::Mutex;

/// A gauge of the requests of all services that one layer has made.
#[derive(Debug)]
pub(super) struct InFlight {
    name: String,
    /// Locked until it is recorded, so that the last level recorded is the last there was.
    level: Mutex<u64>,
}

/// One request, counted until this is dropped.
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
        // A refusal is counted, and no reason to fail the request.
        let _ = client.record(&Metric::gauge(&self.name, *level));
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gauge.change(&self.client, -1);
    }
}
