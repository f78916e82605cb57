//! Ends that several threads come to at the same time.

use shuttle::thread;

use crate::world::{World, check, config, join};

#[test]
fn dropping_the_last_client_closes_after_all_that_was_recorded() {
    check(|| {
        let (client, server, driver) = World::new(&config()).drive_in_time();
        let threads = ["a", "b"].map(|name| {
            let client = client.clone();
            thread::spawn(move || {
                client.incr(name, 1);
                client.incr(name, 2);
            })
        });
        drop(client);
        let report = driver.join().unwrap();
        join(threads);
        assert_eq!((report.sent, report.abandoned), (4, 0));
        assert_eq!(
            (server.values("a"), server.values("b")),
            (vec![1, 2], vec![1, 2])
        );
    });
}

#[test]
fn a_line_is_sent_or_refused_by_a_session_that_closes() {
    check(|| {
        let (client, server, driver) = World::new(&config()).drive_in_time();
        let threads = ["a", "b"].map(|name| {
            let client = client.clone();
            thread::spawn(move || {
                let record = |number| {
                    let metric = statsd_proto::Metric::counter(name, number);
                    client.record(&metric).is_ok()
                };
                [1, 2].map(record)
            })
        });
        client.close();
        let taken = threads.map(|thread| thread.join().unwrap());
        driver.join().unwrap();
        for (name, taken) in ["a", "b"].into_iter().zip(taken) {
            let numbers = [1, 2].into_iter().zip(taken);
            let expected = numbers.filter_map(|(number, is_taken)| is_taken.then_some(number));
            assert_eq!(server.values(name), expected.collect::<Vec<_>>());
        }
        let stats = client.stats();
        assert_eq!(stats.sent + stats.refused.closed, 4);
    });
}

#[test]
fn all_may_go_at_once() {
    check(|| {
        let World { client, driver, .. } = World::new(&config());
        let other = client.clone();
        let threads = [
            thread::spawn(move || client.incr("a", 1)),
            thread::spawn(move || other.close()),
            thread::spawn(move || drop(driver)),
        ];
        join(threads);
    });
}
