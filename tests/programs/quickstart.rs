//! `quickstart`: each kind of metric, as it arrives.

use tests::server::Server;

use crate::process::{CARRIERS, Examples};

pub(crate) fn it_shows_what_its_own_receivers_receive(examples: Examples) {
    let ended = examples.start("quickstart", &[], &[]).end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    for line in [
        "quickstart.counters.orders:1|c",
        "quickstart.counters.stock:-3|c",
        "quickstart.gauges.queue:17|g",
        "quickstart.gauges.sessions:+2|g",
        "quickstart.timers.checkout:48.25|ms",
        "quickstart.visitors:anna|s",
        "order.value:129.9|h",
        "temperature:-4.5|g",
        "logins:1|c|#method:password,beta",
    ] {
        let shown = ended.stdout.lines().filter(|shown| *shown == line);
        assert_eq!(shown.count(), 1, "{line} in {}", ended.stdout);
    }
    assert_eq!(ended.stdout.matches("abandoned 0").count(), 2);
    assert_eq!(ended.stderr, "");
}

pub(crate) fn it_sends_to_the_server_of_the_environment(examples: Examples) {
    for &carrier in CARRIERS {
        let server = Server::start(carrier);
        let prefix = [("STATSD_PREFIX", "mine")];
        let ended = examples
            .start_for(&server, "quickstart", &[], &prefix)
            .end();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        let lines = server.wait_for_end(12);
        assert_eq!(lines[0], "mine.counters.orders:1|c");
        let sent = format!("sent {} lines, abandoned 0", lines.len());
        assert!(ended.stdout.contains(&sent), "{ended:?} for {lines:?}");
    }
}
