//! A web application that sends two metrics for each request:
//!
//! ```text
//! applications.timers.some-operation:1001.344919|ms
//! applications.timers.MyHandler.GET.204:1002.4960041|ms
//! ```
//!
//! It listens on 127.0.0.1:8888, or on the port in `PORT`. The environment names the StatsD server: `STATSD_HOST`,
//! `STATSD_PORT`, `STATSD_PROTOCOL`, `STATSD_PREFIX`, `STATSD_ENABLED`. If `STATSD_HOST` is not set, the program prints
//! the metrics that a server would receive. At SIGTERM or Ctrl-C, it answers the requests in flight, sends the queue,
//! and exits.

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::env;
use std::error::Error;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::handler::Handler as _;
use axum::http::StatusCode;
use axum::routing::get;
use futures::channel::oneshot;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use statsd_tokio::web::{Metrics, MetricsLayer};
use statsd_tokio::{Client, Config, Connector, Transport};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = Config::from_env()?.default_prefix("applications");
    let mut printer = None;
    if env::var_os("STATSD_HOST").is_none() {
        println!("STATSD_HOST names no StatsD server, so this prints what one would receive");
        let (own, task) = print_metrics(config).await?;
        (config, printer) = (own, Some(task));
    }
    let connector = Connector::start(config)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port()?)).await?;
    let address = listener.local_addr()?;
    println!("listening: try `curl -i http://{address}/`, and Ctrl-C to stop");
    let (stop, stopped) = oneshot::channel::<()>();
    let mut stop = Some(stop);
    ctrlc::set_handler(move || drop(stop.take()))?;
    axum::serve(listener, app(connector.client()))
        .with_graceful_shutdown(async { stopped.await.unwrap_or_default() })
        .await?;

    let report = connector.stop().await;
    if let Some(printer) = printer.filter(|_| report.stats.connects > 0) {
        printer.await??;
    }
    println!("{report}");
    Ok(())
}

fn app(client: Client) -> Router {
    let metrics = MetricsLayer::named(client, "MyHandler");
    Router::new().route("/", get(my_handler.layer(metrics)))
}

async fn my_handler(metrics: Metrics) -> StatusCode {
    let timer = metrics.execution_timer("some-operation");
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(timer);
    StatusCode::NO_CONTENT
}

fn port() -> Result<u16, String> {
    let Ok(port) = env::var("PORT") else {
        return Ok(8888);
    };
    port.parse()
        .map_err(|_| format!("PORT is {port:?}, but must be a number from 0 to 65535"))
}

/// Starts a TCP server that prints each line until the client closes the connection. Returns the configuration for it.
async fn print_metrics(config: Config) -> io::Result<(Config, JoinHandle<io::Result<()>>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let config = config
        .transport(Transport::Tcp)
        .host(address.ip().to_string())
        .port(address.port());
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let mut lines = BufReader::new(stream).lines();
        while let Some(line) = lines.next_line().await? {
            println!("{line}");
        }
        Ok(())
    });
    Ok((config, task))
}
