//! Sends metric lines from standard input to a StatsD server, on smol. `examples/shared/pipe.rs` of `statsd-proto`
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
        smol::block_on(async {
            let (client, connection) = statsd_smol::connect(config)?;
            smol::spawn(connection).detach();
            pipe::pump(client).await
        })
    })
}
