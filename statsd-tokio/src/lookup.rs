//! Lookup of the server's name, concurrent with the socket. This file is the same in each adapter.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread::Builder;

use statsd_proto::driver::{Input, Resolve};

/// Lookup of a name on a thread of its own. A lookup may take minutes, and a runtime waits for its blocking threads
/// when it ends.
///
/// There is at most one such thread. A lookup that starts while an abandoned one is still running gets the answer of
/// that one.
#[derive(Debug, Default)]
pub(crate) struct Lookup {
    name: Option<Resolve>,
    shared: Arc<Shared>,
}

type Answer = io::Result<Vec<SocketAddr>>;

impl Lookup {
    /// Starts a lookup and abandons the one before. It fails if no thread can be created.
    pub(crate) fn start(&mut self, name: Resolve) {
        let (host, port) = (Arc::clone(&name.host), name.port);
        let builder = Builder::new().name("statsd-lookup".into());
        self.shared.start(builder, move || {
            let found = (&*host, port).to_socket_addrs()?;
            Ok(found.collect())
        });
        self.name = Some(name);
    }

    /// Waits for the answer. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Input {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &Context<'_>) -> Poll<Input> {
        let Some(name) = &self.name else {
            return Poll::Pending;
        };
        let input = name.answer(ready!(self.shared.poll(context)));
        self.name = None;
        Poll::Ready(input)
    }
}

/// State shared by the thread and the driver.
#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    has_thread: bool,
    answer: Option<Answer>,
    waker: Option<Waker>,
}

impl Shared {
    fn start(
        self: &Arc<Self>,
        builder: Builder,
        look_up: impl FnOnce() -> Answer + Send + 'static,
    ) {
        let mut state = self.lock();
        // The answer of an abandoned lookup may be out of date.
        state.answer = None;
        if !state.has_thread {
            let shared = Arc::clone(self);
            let thread = builder.spawn(move || shared.finish(look_up()));
            state.has_thread = thread.is_ok();
            state.answer = thread.err().map(Err);
        }
    }

    fn finish(&self, answer: Answer) {
        let mut state = self.lock();
        state.has_thread = false;
        state.answer = Some(answer);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<Answer> {
        let waker = context.waker().clone();
        let mut state = self.lock();
        if let Some(answer) = state.answer.take() {
            return Poll::Ready(answer);
        }
        let old = state.waker.replace(waker);
        drop(state);
        drop(old);
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn a_lookup_that_was_abandoned_and_still_goes_on_answers_the_next_one() {
        let shared = Arc::<Shared>::default();
        let (answer, answered) = channel();
        let look_up = move || Ok(answered.recv().expect("the test sends"));
        shared.start(Builder::new(), look_up);
        assert!(poll(&shared).is_pending());

        shared.start(Builder::new(), || panic!("there is a second thread"));
        assert!(poll(&shared).is_pending());
        let found = vec![SocketAddr::from(([127, 0, 0, 1], 8125))];
        answer.send(found.clone()).expect("the lookup waits");
        assert_eq!(wait(&shared).expect("it succeeds"), found);
    }

    #[test]
    fn an_abandoned_answer_is_not_given_to_the_next_lookup() {
        let shared = Arc::<Shared>::default();
        shared.start(Builder::new(), || Ok(Vec::new()));
        while shared.lock().has_thread {
            thread::yield_now();
        }
        shared.start(Builder::new(), || Err(io::ErrorKind::NotFound.into()));
        let error = wait(&shared).expect_err("it fails");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_thread_that_cannot_be_had_is_a_lookup_that_failed() {
        let shared = Arc::<Shared>::default();
        // No system has this much memory, so no thread can be created.
        let builder = Builder::new().stack_size(1 << 60);
        shared.start(builder, || Ok(Vec::new()));
        wait(&shared).expect_err("there is no such thread");
        shared.start(Builder::new(), || Ok(Vec::new()));
        assert_eq!(wait(&shared).expect("the system has threads"), []);
    }

    fn poll(shared: &Shared) -> Poll<Answer> {
        shared.poll(&Context::from_waker(Waker::noop()))
    }

    fn wait(shared: &Shared) -> Answer {
        loop {
            if let Poll::Ready(answer) = poll(shared) {
                return answer;
            }
            thread::yield_now();
        }
    }
}
