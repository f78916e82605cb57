//! Records a metric of each kind on smol, and shows what arrives; see `shared/quickstart.rs` of
//! `statsd-proto` for how it is used.

#![expect(clippy::print_stdout, reason = "showing is what it is for")]

use std::error::Error;

use statsd_smol::Connector;

#[path = "../../statsd-proto/examples/shared/quickstart.rs"]
mod quickstart;

fn main() -> Result<(), Box<dyn Error>> {
    quickstart::main(|config, record| {
        smol::block_on(async {
            let connector = Connector::start(config)?;
            record(&connector.client());
            Ok(connector.stop().await)
        })
    })
}
