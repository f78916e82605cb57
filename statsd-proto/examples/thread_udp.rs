//! A program on plain threads, without a runtime and without an adapter: UDP with the standard library.
//!
//! It records 100 values of a gauge in a second, and sends them to the server in the environment, see
//! [`Config::from_env`], or to 127.0.0.1. `blocking.rs` is complete: TCP, socket options, and lookups that do not hold
//! up the thread.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "a program has sockets, threads and a clock, the core has none"
)]

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::{ToSocketAddrs, UdpSocket};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use statsd_proto::driver::{Driver, Input, Output, Target};
use statsd_proto::{Config, Transport};

fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?.default_host("127.0.0.1");
    let config = config.default_prefix("").transport(Transport::Udp);
    let (client, driver) = Driver::new(&config, Instant::now)?;
    thread::spawn(|| drive(driver));
    for tick in 0..100 {
        client.gauge("ticks", tick);
        thread::sleep(Duration::from_millis(10));
    }
    // Ends after `Config::close_timeout` at the latest, five seconds by default.
    let report = client.close_blocking(Duration::from_secs(6));
    println!("{}", report.ok_or("the driver has panicked")?);
    Ok(())
}

/// Performs the driver's steps until all clients are closed or dropped.
fn drive(mut driver: Driver) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut socket = None;
    loop {
        if let Some(error) = socket.as_ref().and_then(refusal) {
            socket = None;
            driver.handle(Input::failed(&error));
        }
        match driver.poll() {
            Output::Connect(connect) => {
                let opened = open(&connect.target);
                let result = opened.as_ref().map(|_| Input::Connected);
                driver.handle(result.unwrap_or_else(Input::failed));
                socket = opened.ok();
            }
            Output::Disconnect => socket = None,
            Output::Finished(_) => return,
            Output::Resolve(name) => {
                driver.handle(name.answer((&*name.host, name.port).to_socket_addrs()));
            }
            Output::Transmit(transmit) => {
                let socket = socket.as_ref().expect("it is connected");
                let (datagram, bytes) = transmit.first_datagram();
                let sent = socket.send(datagram).map(|_| Input::Written(bytes));
                driver.handle(sent.unwrap_or_else(|error| Input::failed(&error)));
            }
            Output::Wait(until) => park(&mut driver, &waker, until),
        }
    }
}

/// Parks the thread until this time, or until the driver is woken, for example by a metric.
fn park(driver: &mut Driver, waker: &Waker, until: Option<Instant>) {
    let mut woken = pin!(driver.woken());
    let is_woken = woken.as_mut().poll(&mut Context::from_waker(waker));
    if is_woken.is_pending() {
        let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
        // Returns at once if the waker was called in between.
        thread::park_timeout(timeout.unwrap_or(Duration::MAX));
    }
}

fn open(target: &Target) -> io::Result<UdpSocket> {
    let Target::Udp(address) = *target else {
        return Err(ErrorKind::Unsupported.into());
    };
    let is_v4 = address.is_ipv4();
    let any = if is_v4 { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    // Only a connected socket reports that a datagram was refused.
    socket.connect(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Error of an earlier datagram that was refused. A StatsD server sends nothing else.
fn refusal(socket: &UdpSocket) -> Option<io::Error> {
    let error = socket.recv(&mut [0; 512]).err()?;
    (error.kind() != ErrorKind::WouldBlock).then_some(error)
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
