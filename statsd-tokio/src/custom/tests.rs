use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::Instant;

use statsd_proto::driver::{Input, Output, Session};
use statsd_proto::{Config, Metric};

use super::*;

#[test]
fn a_server_that_talks_on_gets_what_is_to_be_written_and_then_others_have_their_turn() {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut stream = Stream::new(Flood::default());
    let transmit = transmit();
    let len = transmit.data.len();
    let mut poll = |next| {
        let polled = stream.poll(&mut Context::from_waker(&waker), next);
        let reads = std::mem::take(&mut stream.stream.reads);
        (polled.map(Result::unwrap), reads)
    };
    assert_eq!(poll(Some(&transmit)), (Poll::Ready(len), MAX_READS));
    assert_eq!(poll(None), (Poll::Pending, MAX_READS));
    assert!(
        woken.0.load(Ordering::Relaxed),
        "it waits for what is there"
    );
}

/// A server that always has something to say.
#[derive(Default)]
struct Flood {
    reads: usize,
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        read: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads += 1;
        read.put_slice(b"?");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn transmit() -> Transmit {
    let mut session = Session::new(&Config::new("127.0.0.1"), 0).unwrap();
    let counter = Metric::counter("a", 1);
    session.record(&counter).unwrap();
    session.flush();
    let mut now = Instant::now();
    loop {
        match session.poll(now) {
            Output::Connect(_) => session.handle(Input::Connected),
            Output::Transmit(transmit) => return transmit,
            Output::Wait(until) => now = until.unwrap(),
            other @ (Output::Disconnect | Output::Finished(_) | Output::Resolve(_)) => {
                panic!("{other:?}")
            }
        }
    }
}
