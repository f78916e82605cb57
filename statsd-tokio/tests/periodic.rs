//! The example of values at an interval, in virtual time.

use std::time::Duration;

use statsd_tokio::Config;
use statsd_tokio::testing::recorder_by;

#[expect(dead_code, reason = "its `main` is not run")]
#[path = "../examples/periodic.rs"]
mod periodic;

#[tokio::test(start_paused = true)]
async fn a_periodic_task_ends_with_the_client_and_records_nothing_after_it() {
    let clock = || tokio::time::Instant::now().into_std();
    let (client, mut recorder) = recorder_by(clock, Config::dogstatsd("localhost")).unwrap();
    let every = Duration::from_secs(10);
    let task = tokio::spawn(periodic::record_tasks(client.clone(), every));

    tokio::time::sleep(every * 2 + every / 2).await;
    assert_eq!(recorder.lines(), ["tasks:1|g"; 3]);
    client.close();
    tokio::time::timeout(every, task).await.unwrap().unwrap();
    // A metric that a closed client refuses would look like a loss.
    assert_eq!(client.stats().refused.total(), 0);
    assert_eq!(client.stats().sent, 3);
}
