//! Records metrics of each kind on tokio, and prints what the server receives. `examples/shared/quickstart.rs` of
//! `statsd-proto` documents its environment.

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;

use statsd_tokio::Connector;

#[path = "../../statsd-proto/examples/shared/quickstart.rs"]
mod quickstart;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Runtime::new()?;
    quickstart::main(|config, record| {
        runtime.block_on(async {
            let connector = Connector::start(config)?;
            record(&connector.client());
            Ok(connector.stop().await)
        })
    })
}
