//! A program without async: one thread sends, and every other thread records and waits without a runtime.
//!
//! The environment names the server: `STATSD_HOST` (default: 127.0.0.1), `STATSD_PORT` (8125), `STATSD_PROTOCOL` (tcp),
//! `STATSD_PREFIX` (none).

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;
use std::thread;
use std::time::Duration;

use statsd_smol::Config;

fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?.default_host("127.0.0.1");
    let (client, connection) = statsd_smol::connect(&config.default_prefix(""))?;
    thread::spawn(|| smol::block_on(connection));

    client.incr("starts", 1); //                          counters.starts:1|c
    let workers = ["tea", "cup"].map(|article| {
        let client = client.clone();
        thread::spawn(move || client.incr(&format!("sold.{article}"), 2)) // counters.sold.tea:2|c
    });
    for worker in workers {
        worker.join().expect("recording does not panic");
    }
    // Waits until everything recorded so far is sent, or for two seconds.
    let is_sent = client.flush_blocking(Duration::from_secs(2));
    println!("sent before the timeout: {is_sent}");

    client.gauge("exit_code", 0); //                      gauges.exit_code:0|g
    let report = client.close_blocking(TIMEOUT);
    println!("{}", report.ok_or("the connection has panicked")?);
    Ok(())
}

/// Longer than [`Config::close_timeout`], five seconds by default, after which the connection ends by itself.
const TIMEOUT: Duration = Duration::from_secs(6);
