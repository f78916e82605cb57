//! Requirements on the runtime.

use std::net::{Ipv4Addr, UdpSocket};
use std::panic::catch_unwind;

use tokio::runtime::Handle;
use tokio::time::sleep_until;

use crate::driver::now;

/// # Panics
///
/// If called outside of a tokio runtime, or in a runtime without an I/O driver or a time driver. The connection's task
/// would panic later, where the panic is easily missed.
#[track_caller]
pub(crate) fn check_runtime() {
    assert!(
        Handle::try_current().is_ok(),
        "statsd-tokio needs a tokio runtime: call this from a task or from `block_on`, or `enter` the runtime before"
    );
    // Tokio has no function to test this; it has only functions that panic.
    let has_drivers = catch_unwind(|| {
        drop(sleep_until(now().into()));
        register()
    });
    assert!(
        has_drivers.is_ok(),
        "statsd-tokio needs the runtime's I/O and time drivers: build it with `enable_all`"
    );
}

/// Registers a socket with the I/O driver, if a socket can be created.
fn register() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
    if let Ok(socket) = socket.and_then(|socket| socket.set_nonblocking(true).map(|()| socket)) {
        drop(tokio::net::UdpSocket::from_std(socket));
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, Location};
    use std::sync::Mutex;

    use statsd_proto::Config;
    use tokio::runtime::Builder;

    use super::*;
    use crate::{Connector, connect};

    const DRIVERS: &str =
        "statsd-tokio needs the runtime's I/O and time drivers: build it with `enable_all`";

    #[test]
    fn a_runtime_without_a_driver_panics_at_the_call() {
        let here = Location::caller();
        for mut builder in incomplete() {
            let runtime = builder.build().unwrap();
            let _guard = runtime.enter();
            let (words, line) = panic_of(|| drop(Connector::start(config())));
            assert_eq!((words.as_str(), line), (DRIVERS, here.line() + 4));
        }
        let (words, line) = panic_of(|| drop(Connector::start(config())));
        assert!(words.starts_with("statsd-tokio needs a tokio runtime"));
        assert_eq!(line, here.line() + 7);
    }

    #[test]
    fn a_connection_on_a_runtime_without_a_driver_ends_and_closes_its_client() {
        for mut builder in incomplete() {
            let runtime = builder.build().unwrap();
            let (client, connection) = connect(&config()).unwrap();
            client.incr("a", 1);
            let (words, _) = panic_of(|| _ = runtime.block_on(connection));
            assert_eq!(words, DRIVERS);
            assert!(client.is_closed());
            assert_eq!(client.stats().dropped.abandoned, 1);
        }
    }

    #[test]
    fn a_runtime_with_both_drivers_passes() {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async { check_runtime() });
    }

    fn incomplete() -> [Builder; 3] {
        let [none, mut io, mut time] = [(); 3].map(|()| Builder::new_current_thread());
        io.enable_io();
        time.enable_time();
        [none, io, time]
    }

    fn config() -> Config {
        Config::new("127.0.0.1")
    }

    /// Message and line of the last panic in `work`.
    fn panic_of(work: impl FnOnce()) -> (String, u32) {
        static TURN: Mutex<()> = Mutex::new(());
        static LINE: Mutex<u32> = Mutex::new(0);
        let _turn = TURN.lock().unwrap();
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|info| {
            *LINE.lock().unwrap() = info.location().map_or(0, Location::line);
        }));
        let panicked = catch_unwind(AssertUnwindSafe(work));
        std::panic::set_hook(hook);
        let words = panicked.expect_err("it panics");
        let words = words
            .downcast_ref::<&str>()
            .map(|words| (*words).to_owned());
        (words.unwrap(), *LINE.lock().unwrap())
    }
}
