//! `pipe` receives a signal while its input is open.

use std::process::Command;
use std::thread;
use std::time::Duration;

use tests::carrier::Carrier;
use tests::server::Server;

use crate::process::Examples;

pub(crate) fn signal(id: u32, name: &str) {
    let id = id.to_string();
    let status = Command::new("kill").args(["-s", name, &id]).status();
    assert!(status.is_ok_and(|status| status.success()), "no {name}");
}

pub(crate) fn a_signal_ends_it_with_what_is_queued_sent(examples: Examples) {
    for name in ["TERM", "INT"] {
        let server = Server::start(Carrier::Tcp);
        let mut pipe = examples.pipe(&server, &[]);
        pipe.write("a:1|c\nb:2|c\n");
        // Once the first lines are there, it listens to signals.
        server.wait_for(2);
        pipe.write("c:3|c\n");
        thread::sleep(Duration::from_millis(20));
        signal(pipe.id(), name);
        let ended = pipe.wait();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        let counts = ended.counts();
        assert_eq!(counts.get("accepted"), counts.get("sent"), "{ended:?}");
        let accepted = usize::try_from(counts["accepted"]).expect("it is few");
        let lines = server.wait_for_end(accepted);
        assert_eq!(lines, ["a:1|c", "b:2|c", "c:3|c"][..accepted]);
    }
}

pub(crate) fn a_signal_without_a_server_ends_it_after_the_linger(examples: Examples) {
    let mut server = Server::start(Carrier::Tcp);
    let mut pipe = examples.pipe(&server, &["--linger", "0.2"]);
    pipe.write("a:1|c\n");
    server.wait_for(1);
    server.stop();
    pipe.write("b:2|c\n");
    // It is not visible from outside that the line was read.
    thread::sleep(Duration::from_millis(500));
    signal(pipe.id(), "TERM");
    let ended = pipe.wait();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let counts = ended.counts();
    assert_eq!(counts["accepted"], counts["sent"] + counts["dropped"]);
    assert_eq!((counts["sent"], counts["dropped"]), (1, 1), "{ended:?}");
}
