//! Records metrics of each kind on async-std, and prints what the server receives. `examples/shared/quickstart.rs` of
//! `statsd-proto` documents its environment.

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

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
