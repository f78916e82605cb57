//! Waiting for a future without a runtime. Only these functions of the core block the calling thread.

use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Polls a future on this thread until it completes, and returns its output, or `None` after the timeout.
///
/// The future must not wake itself while it is polled: the flag of the waker is locked meanwhile, so that would
/// deadlock.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>, timeout: Duration) -> Option<T> {
    let mut future = pin!(future);
    let signal = Arc::new(Signal {
        is_woken: Mutex::new(true),
        condition: Condvar::new(),
    });
    let waker = Waker::from(Arc::clone(&signal));
    let mut output = None;
    let is_woken = signal.is_woken.lock();
    let is_woken = is_woken.unwrap_or_else(PoisonError::into_inner);
    let waited = signal
        .condition
        .wait_timeout_while(is_woken, timeout, |is_woken| {
            if std::mem::take(is_woken) {
                if let Poll::Ready(ready) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    output = Some(ready);
                }
            }
            output.is_none()
        });
    drop(waited);
    output
}

/// Waker that unblocks the waiting thread.
#[derive(Debug)]
struct Signal {
    /// Whether the future has to be polled. `true` at first.
    is_woken: Mutex<bool>,
    condition: Condvar,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        *self.is_woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.condition.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;

    use super::*;
    use crate::driver::{Driver, Input, Output};
    use crate::testing::origin;
    use crate::{Client, Config, Report};

    const HANG: Duration = Duration::from_secs(60);

    #[test]
    fn a_thread_that_drives_lets_others_flush_and_close_without_a_runtime() {
        let (client, driver) = start();
        thread::scope(|scope| {
            let driving = scope.spawn(|| drive(driver));
            client.incr("a", 1);
            assert!(client.flush_blocking(HANG));
            assert_eq!(client.stats().sent, 1);
            client.incr("b", 1);
            let report = client.close_blocking(HANG).expect("it is driven");
            assert_eq!((report.sent, report.abandoned), (2, 0));
            assert_eq!(driving.join().unwrap().sent, 2);
            assert!(client.flush_blocking(HANG), "nothing is left");
        });
    }

    #[test]
    fn a_wait_without_a_driver_ends_at_its_deadline() {
        let (client, driver) = start();
        client.incr("a", 1);
        assert!(!client.flush_blocking(Duration::from_millis(1)));
        assert_eq!(client.close_blocking(Duration::from_millis(1)), None);
        drop(driver);
        let report = client.close_blocking(HANG).expect("it is over");
        assert_eq!((report.sent, report.abandoned), (0, 1));
        assert_eq!(wait_for(pending::<()>(), Duration::ZERO), None);
    }

    #[test]
    fn a_panic_and_a_drop_can_flush() {
        struct FlushesInDrop(Client);

        impl Drop for FlushesInDrop {
            fn drop(&mut self) {
                self.0.incr("dropped", 1);
                assert!(self.0.flush_blocking(HANG));
            }
        }

        let (client, driver) = start();
        thread::scope(|scope| {
            let driving = scope.spawn(|| drive(driver));
            let flushes = FlushesInDrop(client.clone());
            let panic = catch_unwind(AssertUnwindSafe(|| {
                let _flushes = flushes;
                std::panic::resume_unwind(Box::new("on purpose"));
            }));
            assert!(panic.is_err());
            assert_eq!(client.stats().sent, 1);
            client.close();
            driving.join().unwrap();
        });
    }

    #[test]
    fn a_client_that_does_nothing_has_nothing_to_wait_for() {
        let client = Client::noop();
        assert!(client.flush_blocking(Duration::ZERO));
        assert_eq!(
            client.close_blocking(Duration::ZERO),
            Some(Report::default())
        );
    }

    /// Carries out the instructions of the driver for a server that accepts every write at once.
    fn drive(mut driver: Driver) -> Report {
        loop {
            let input = match driver.poll() {
                Output::Connect(_) => Input::Connected,
                Output::Transmit(transmit) => Input::Written(transmit.data.len()),
                Output::Finished(report) => return report,
                Output::Wait(_) => {
                    wait_for(driver.woken(), HANG).expect("the driver is woken");
                    continue;
                }
                Output::Disconnect => continue,
                Output::Resolve(_) => panic!("the address is known"),
            };
            driver.handle(input);
        }
    }

    fn start() -> (Client, Driver) {
        let now = origin();
        let config = Config::new("127.0.0.1").settle_time(Duration::ZERO);
        Driver::new(&config, move || now).unwrap()
    }
}
