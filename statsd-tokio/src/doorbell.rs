//! Waking the driver from a worker thread that may block right afterwards.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use tokio::runtime::Handle;
use tokio::task::try_id;

/// Waits for `event`, so that any worker thread can go on when it has come.
///
/// Tokio puts a task that a worker wakes into that worker's own slot for the next task, from which no other worker
/// takes. If the task that woke it then blocks the thread, the woken one waits as long. A second task pushes it out
/// of the slot into the queue, from which every worker takes, and wakes a worker that sleeps.
///
/// An event of the reactor would not do in place of this: the worker that blocks is often the one that polled the
/// reactor, and nobody polls it while the others sleep.
pub(crate) async fn ring_for<T>(bell: &mut Bell, event: impl Future<Output = T>) -> T {
    let mut event = pin!(event);
    poll_fn(|context| {
        let waker = bell.waker(context.waker());
        event.as_mut().poll(&mut Context::from_waker(waker))
    })
    .await
}

/// The waker of the last wait, which the next one nearly always needs again.
#[derive(Default)]
pub(crate) struct Bell(Option<(Arc<Ring>, Waker)>);

struct Ring {
    task: Waker,
    runtime: Handle,
}

impl Bell {
    fn waker(&mut self, task: &Waker) -> &Waker {
        let known = self.0.take();
        let known = known.filter(|(ring, _)| ring.task.will_wake(task));
        let (_, waker) = self.0.insert(known.unwrap_or_else(|| {
            let ring = Arc::new(Ring {
                task: task.clone(),
                runtime: Handle::current(),
            });
            (Arc::clone(&ring), ring.into())
        }));
        waker
    }
}

impl Wake for Ring {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.task.wake_by_ref();
        // What is woken from outside of all tasks is in a queue already.
        if try_id().is_some() {
            self.runtime.spawn(async {});
        }
    }
}
