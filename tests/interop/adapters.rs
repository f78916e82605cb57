//! Each adapter, from start to stop.

use statsd_proto::{Client, Config, Report};

/// Starts a connector, records, and stops it. What records may block: the connector runs beside it.
pub(crate) type Adapter = fn(Config, &mut dyn FnMut(&Client)) -> Report;

pub(crate) fn async_std(config: Config, record: &mut dyn FnMut(&Client)) -> Report {
    async_std::task::block_on(async {
        let connector = statsd_async_std::Connector::start(config).expect("the settings are good");
        record(&connector.client());
        connector.stop().await
    })
}

pub(crate) fn smol(config: Config, record: &mut dyn FnMut(&Client)) -> Report {
    smol::block_on(async {
        let connector = statsd_smol::Connector::start(config).expect("the settings are good");
        record(&connector.client());
        connector.stop().await
    })
}

pub(crate) fn tokio(config: Config, record: &mut dyn FnMut(&Client)) -> Report {
    let runtime = tokio::runtime::Runtime::new().expect("the system has threads");
    runtime.block_on(async {
        let connector = statsd_tokio::Connector::start(config).expect("the settings are good");
        record(&connector.client());
        connector.stop().await
    })
}
