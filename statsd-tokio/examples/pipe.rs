//! Sends metric lines from standard input to a StatsD server, on tokio. `examples/shared/pipe.rs` of `statsd-proto`
//! documents its arguments and environment.

#![expect(
    clippy::print_stderr,
    reason = "the example prints errors to the terminal"
)]

use std::process::ExitCode;

use tokio::runtime::Builder;

#[path = "../../statsd-proto/examples/shared/pipe.rs"]
mod pipe;

fn main() -> ExitCode {
    pipe::main(|config| {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let (client, connection) = statsd_tokio::connect(config)?;
            tokio::spawn(connection);
            pipe::pump(client).await
        })
    })
}
