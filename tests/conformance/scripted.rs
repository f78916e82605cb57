//! A stream in memory that does what a test says, for the traits of all runtimes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use tokio::io::ReadBuf;

/// What the streams of a test do, and what was done to them. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    fault: Option<Fault>,
    streams: Vec<Seen>,
    wakers: Vec<Waker>,
}

/// What streams do instead of taking everything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Reading ends.
    Ends,
    /// This fails.
    Fails(Call),
    /// This never ends.
    Hangs(Call),
    /// Writing takes no byte.
    TakesNothing,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Call {
    Read,
    Write,
    Flush,
    Shutdown,
}

/// What was done to one stream.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Seen {
    /// What was written, and how much of it has been flushed.
    pub(crate) written: Vec<u8>,
    pub(crate) flushed: usize,
    pub(crate) is_shut_down: bool,
    pub(crate) is_dropped: bool,
}

pub(crate) struct Scripted {
    script: Script,
    index: usize,
}

impl Script {
    pub(crate) fn open(&self) -> Scripted {
        let mut state = self.lock();
        state.streams.push(Seen::default());
        let index = state.streams.len() - 1;
        drop(state);
        Scripted {
            script: self.clone(),
            index,
        }
    }

    /// From now on, for all streams.
    pub(crate) fn set(&self, fault: impl Into<Option<Fault>>) {
        let mut state = self.lock();
        state.fault = fault.into();
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn streams(&self) -> Vec<Seen> {
        self.lock().streams.clone()
    }

    /// The lines that all streams have flushed.
    pub(crate) fn lines(&self) -> Vec<String> {
        let streams = self.streams();
        let flushed = streams.iter().map(|seen| &seen.written[..seen.flushed]);
        let text = flushed.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let lines = text.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
        lines.collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panicked")
    }
}

impl Scripted {
    /// Does what is asked for, unless the script says something else.
    fn call(
        &self,
        call: Call,
        context: &Context<'_>,
        act: impl FnOnce(&mut Seen) -> usize,
    ) -> Poll<io::Result<usize>> {
        let mut state = self.script.lock();
        let ends = state.fault == Some(Fault::Ends);
        match state.fault {
            Some(Fault::Fails(which)) if which == call => {
                return Poll::Ready(Err(io::Error::other("the script says so")));
            }
            Some(Fault::TakesNothing) if call == Call::Write => return Poll::Ready(Ok(0)),
            fault if fault == Some(Fault::Hangs(call)) || (call == Call::Read && !ends) => {
                state.wakers.push(context.waker().clone());
                return Poll::Pending;
            }
            _ => {}
        }
        Poll::Ready(Ok(act(&mut state.streams[self.index])))
    }

    fn read(&self, context: &Context<'_>) -> Poll<io::Result<usize>> {
        self.call(Call::Read, context, |_| 0)
    }

    fn write(&self, context: &Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.call(Call::Write, context, |seen| {
            seen.written.extend_from_slice(data);
            data.len()
        })
    }

    fn flush(&self, context: &Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.call(Call::Flush, context, |seen| {
            seen.flushed = seen.written.len();
            0
        });
        flushed.map_ok(|_| ())
    }

    fn shut_down(&self, context: &Context<'_>) -> Poll<io::Result<()>> {
        let done = self.call(Call::Shutdown, context, |seen| {
            seen.is_shut_down = true;
            0
        });
        done.map_ok(|_| ())
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.script.lock().streams[self.index].is_dropped = true;
    }
}

impl tokio::io::AsyncRead for Scripted {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.read(context).map_ok(|_| ())
    }
}

impl tokio::io::AsyncWrite for Scripted {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(context, data)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shut_down(context)
    }
}

impl smol::io::AsyncRead for Scripted {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.read(context)
    }
}

impl smol::io::AsyncWrite for Scripted {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(context, data)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flush(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shut_down(context)
    }
}
