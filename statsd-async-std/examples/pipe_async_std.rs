//! Sends metric lines from standard input to a StatsD server, on async-std. `examples/shared/pipe.rs` of `statsd-proto`
//! documents its arguments and environment.

#![expect(
    clippy::print_stderr,
    reason = "the example prints errors to the terminal"
)]

use std::process::ExitCode;

#[path = "../../statsd-proto/examples/shared/pipe.rs"]
mod pipe;

fn main() -> ExitCode {
    pipe::main(|config| {
        async_std::task::block_on(async {
            let (client, connection) = statsd_async_std::connect(config)?;
            async_std::task::spawn(connection);
            pipe::pump(client).await
        })
    })
}
