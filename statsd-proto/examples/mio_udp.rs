//! A client in an event loop of the program, in under 80 lines: UDP with `mio`, on one thread.
//!
//! It records 100 values of a gauge in a second, and sends them to the server in the environment, see
//! [`Config::from_env`], or to 127.0.0.1. `mio_loop.rs` is complete: TCP, socket options, logs, and lookups that do
//! not block the loop.

#![expect(clippy::disallowed_methods, reason = "it has a clock")]
#![expect(clippy::print_stdout, reason = "the example prints")]

use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

use statsd_proto::driver::{Input, Output, Session, Target, Transmit};
use statsd_proto::{Config, Metric, Transport};

fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?.default_host("127.0.0.1");
    let config = config.default_prefix("").transport(Transport::Udp);
    // The seed of the jitter makes programs reconnect at different moments.
    let mut session = Session::new(&config, RandomState::new().hash_one(0))?;
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(16));
    let (mut socket, mut to_send) = (None, None);
    let (mut ticks, mut next_tick) = (0..100, Instant::now());
    let report = loop {
        // 1. Do the program's own work, which records metrics.
        if next_tick <= Instant::now() {
            next_tick += Duration::from_millis(10);
            match ticks.next() {
                Some(tick) => session.record(&Metric::gauge("ticks", tick))?,
                None => session.close(),
            }
        }
        // 2. Read and write without waiting. After an error the socket is closed.
        if let Some(result) = step(socket.as_ref(), to_send.as_ref()) {
            to_send = None;
            socket = socket.filter(|_| result.is_ok());
            session.handle(result.map_or_else(|error| Input::failed(&error), Input::Written));
        }
        // 3. Perform the next step of the session.
        match session.poll(Instant::now()) {
            Output::Connect(connect) => {
                let opened = open(&connect.target, &poll);
                let result = opened.as_ref().map(|_| Input::Connected);
                session.handle(result.unwrap_or_else(Input::failed));
                socket = opened.ok();
            }
            Output::Disconnect => (socket, to_send) = (None, None),
            Output::Finished(report) => break report,
            // Blocks the loop, unless the host is an address.
            Output::Resolve(name) => {
                session.handle(name.answer((&*name.host, name.port).to_socket_addrs()));
            }
            Output::Transmit(transmit) => to_send = Some(transmit),
            Output::Wait(until) => {
                let until = until.map_or(next_tick, |until| until.min(next_tick));
                let timeout = until.saturating_duration_since(Instant::now());
                poll.poll(&mut events, Some(timeout))?;
            }
        }
    };
    println!("{report}");
    Ok(())
}

fn open(target: &Target, poll: &Poll) -> io::Result<UdpSocket> {
    let Target::Udp(address) = *target else {
        return Err(ErrorKind::Unsupported.into());
    };
    let is_v4 = address.is_ipv4();
    let any = if is_v4 { "0.0.0.0:0" } else { "[::]:0" };
    let mut socket = UdpSocket::bind(any.parse().expect("it is an address"))?;
    // Only a connected socket reports that a datagram was refused.
    socket.connect(address)?;
    let interests = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut socket, Token(0), interests)?;
    Ok(socket)
}

/// Sends without waiting. Returns the bytes that are done, or `None` if there is nothing to do before the next event.
fn step(socket: Option<&UdpSocket>, to_send: Option<&Transmit>) -> Option<io::Result<usize>> {
    let socket = socket?;
    let is_blocked = |error: &io::Error| error.kind() == ErrorKind::WouldBlock;
    let result = match socket.recv(&mut [0; 512]) {
        // A StatsD server sends nothing. An earlier datagram was refused.
        Err(error) if !is_blocked(&error) => Err(error),
        _ => {
            let (datagram, bytes) = to_send?.first_datagram();
            socket.send(datagram).map(|_| bytes)
        }
    };
    Some(result).filter(|result| !result.as_ref().is_err_and(is_blocked))
}
