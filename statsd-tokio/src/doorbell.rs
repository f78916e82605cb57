//! Wake-up of the driver from a worker thread that may block right afterwards.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use tokio::runtime::Handle;
use tokio::task::try_id;

/// Waits for `event` in such a way that any worker thread can run the task afterwards.
///
/// Tokio puts a task that a worker wakes into the LIFO slot of that worker, from which no other worker steals. If the
/// waking task then blocks the thread, the woken task waits as long. A second task pushes it out of the slot into the
/// queue, from which every worker steals, and wakes a sleeping worker.
///
/// An event of the reactor would not help: the worker that blocks is often the one that polled the reactor, and no
/// worker polls it while the others sleep.
pub(crate) async fn ring_for<T>(bell: &mut Bell, event: impl Future<Output = T>) -> T {
    let mut event = pin!(event);
    poll_fn(|context| {
        let waker = bell.waker(context.waker());
        event.as_mut().poll(&mut Context::from_waker(waker))
    })
    .await
}

/// Waker of the last wait, which the next wait nearly always reuses.
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
        // A task that is woken from outside of all tasks is put into a queue anyway.
        if try_id().is_some() {
            self.runtime.spawn(async {});
        }
    }
}
