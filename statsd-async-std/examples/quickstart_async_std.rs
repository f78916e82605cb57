//! Records a metric of each kind on async-std, and shows what arrives; see `shared/quickstart.rs` of
//! `statsd-proto` for how it is used.

#![expect(clippy::print_stdout, reason = "showing is what it is for")]

use std::error::Error;

use statsd_async_std::Connector;

#[path = "../../statsd-proto/examples/shared/quickstart.rs"]
mod quickstart;

fn main() -> Result<(), Box<dyn Error>> {
    quickstart::main(|config, record| {
        async_std::task::block_on(async {
            let connector = Connector::start(config)?;
            record(&connector.client());
            Ok(connector.stop().await)
        })
    })
}
