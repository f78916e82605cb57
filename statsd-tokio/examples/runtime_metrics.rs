//! Sends metrics of the tokio runtime and of the process, which the crates `tokio-metrics` and `metrics-process` record
//! with the `metrics` facade: `tokio_live_tasks_count:2|g`, `process_open_fds:12|g` and others.
//!
//! The environment names the Datadog agent, see `Config::from_dd_env`. The default is 127.0.0.1.

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;
use std::time::Duration;

use statsd_tokio::{Client, Config, Connector, FacadeRecorder};
use tokio_metrics::RuntimeMetricsReporterBuilder;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_dd_env()?.default_host("127.0.0.1");
    let connector = Connector::start(config.prefix("shop"))?;
    FacadeRecorder::new(connector.client()).install()?;
    tokio::spawn(record_runtime(connector.client(), Duration::from_secs(1)));

    tokio::time::sleep(Duration::from_millis(2500)).await; // The program's work.
    println!("{}", connector.stop().await);
    Ok(())
}

/// Records at once, and then at every interval until the client is closed.
async fn record_runtime(client: Client, every: Duration) {
    let mut runtime = RuntimeMetricsReporterBuilder::default().build();
    // The crate knows other systems too, but needs much more to build there.
    #[cfg(target_os = "linux")]
    let process = metrics_process::Collector::default();
    let mut interval = tokio::time::interval(every);
    loop {
        interval.tick().await;
        if client.is_closed() {
            return;
        }
        runtime.run_once();
        #[cfg(target_os = "linux")]
        process.collect();
    }
}
