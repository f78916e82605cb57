//! Lookups that hold up neither the runtime nor the end of the program; the same file in each adapter.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::Builder;

use statsd_proto::Resolve;

/// Looks up the name of a client's server on a thread of its own: a lookup may take minutes, and a runtime waits for
/// its blocking threads when it ends.
///
/// There is one such thread at most. A lookup that is asked for while an abandoned one still goes on gets its answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolver(Arc<Mutex<State>>);

type Answer = io::Result<Vec<SocketAddr>>;

#[derive(Debug, Default)]
struct State {
    has_thread: bool,
    answer: Option<Answer>,
    waker: Option<Waker>,
}

impl Resolver {
    /// Looks a name up. If there is no thread to be had, the lookup fails.
    pub(crate) async fn resolve(self, name: Resolve) -> Answer {
        let builder = Builder::new().name("statsd-resolver".into());
        self.start(builder, move || {
            let found = (&*name.host, name.port).to_socket_addrs()?;
            Ok(found.collect())
        })?;
        poll_fn(|context| self.poll_answer(context)).await
    }

    fn start(
        &self,
        builder: Builder,
        look_up: impl FnOnce() -> Answer + Send + 'static,
    ) -> io::Result<()> {
        let mut state = self.lock();
        // One that came after the lookup was abandoned may be old.
        state.answer = None;
        if !state.has_thread {
            let resolver = self.clone();
            builder.spawn(move || resolver.finish(look_up()))?;
            state.has_thread = true;
        }
        Ok(())
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

    fn poll_answer(&self, context: &Context<'_>) -> Poll<Answer> {
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

    const THREADS: &str = "the system has threads";

    #[test]
    fn a_lookup_that_was_abandoned_and_still_goes_on_answers_the_next_one() {
        let resolver = Resolver::default();
        let (answer, answered) = channel();
        let look_up = move || Ok(answered.recv().expect("the test sends"));
        resolver.start(Builder::new(), look_up).expect(THREADS);
        assert!(poll(&resolver).is_pending());

        let second = || panic!("there is a second thread");
        resolver.start(Builder::new(), second).expect(THREADS);
        assert!(poll(&resolver).is_pending());
        let found = vec![SocketAddr::from(([127, 0, 0, 1], 8125))];
        answer.send(found.clone()).expect("the lookup waits");
        assert_eq!(wait(&resolver).expect("it succeeds"), found);
    }

    #[test]
    fn an_answer_that_nobody_waited_for_is_not_given_to_the_next_lookup() {
        let resolver = Resolver::default();
        resolver
            .start(Builder::new(), || Ok(Vec::new()))
            .expect(THREADS);
        while resolver.lock().has_thread {
            thread::yield_now();
        }
        let failed = || Err(io::ErrorKind::NotFound.into());
        resolver.start(Builder::new(), failed).expect(THREADS);
        let error = wait(&resolver).expect_err("it fails");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_thread_that_cannot_be_had_is_a_lookup_that_failed() {
        let resolver = Resolver::default();
        // No system has so much memory.
        let builder = Builder::new().stack_size(1 << 60);
        let failed = resolver.start(builder, || Ok(Vec::new()));
        failed.expect_err("there is no such thread");
        resolver
            .start(Builder::new(), || Ok(Vec::new()))
            .expect(THREADS);
        assert_eq!(wait(&resolver).expect("it succeeds"), []);
    }

    fn poll(resolver: &Resolver) -> Poll<Answer> {
        resolver.poll_answer(&Context::from_waker(Waker::noop()))
    }

    fn wait(resolver: &Resolver) -> Answer {
        loop {
            if let Poll::Ready(answer) = poll(resolver) {
                return answer;
            }
            thread::yield_now();
        }
    }
}
