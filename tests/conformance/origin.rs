//! Which container sends, as each adapter finds out.

use std::fs;

use statsd_proto::{Config, Dialect};
use tests::adapter::Adapter;
use tests::carrier::Carrier;
use tests::server::Server;

use crate::world::World;

/// Each line for an agent ends in the container that is found on this machine, or in nothing.
pub(crate) fn an_agent_hears_which_container_sends<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let config = agent(&server).origin_detection(true);
    let read = |path: &str| fs::read_to_string(path).ok();
    let field = field_of(&config.clone().detect_origin(read, inode));
    assert_eq!(sent(world, &server, config), format!("a:1|c{field}"));

    let server = world.server();
    let named = agent(&server).origin_detection(true).container_id("abc");
    assert_eq!(sent(world, &server, named), "a:1|c|c:ci-abc");
}

/// Servers of other dialects hear nothing either.
pub(crate) fn an_agent_hears_nothing_where_detection_is_off<A: Adapter>(world: &World<A>) {
    let server = world.server();
    let off = agent(&server).origin_detection(false);
    assert_eq!(sent(world, &server, off), "a:1|c");
    if world.carrier != Carrier::UnixFrames {
        let server = world.server();
        let statsd = agent(&server).dialect(Dialect::Statsd);
        let statsd = statsd.origin_detection(true);
        assert_eq!(sent(world, &server, statsd), "a:1|c");
    }
}

fn agent(server: &Server) -> Config {
    let config = server.config().dialect(Dialect::DogStatsd);
    config.kind_prefixes(false)
}

fn sent<A: Adapter>(world: &World<A>, server: &Server, config: Config) -> String {
    let statsd = world.start(config);
    statsd.client().incr("a", 1);
    statsd.stop();
    server.wait_for_end(1).concat()
}

/// The end of a line of a client with this configuration.
fn field_of(config: &Config) -> String {
    let (client, mut recorder) =
        statsd_proto::testing::recorder(config.clone()).expect("it can work");
    client.incr("a", 1);
    let line = recorder.lines().concat();
    line.strip_prefix("a:1|c")
        .expect("it is the line")
        .to_owned()
}

#[cfg(unix)]
fn inode(path: &str) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;

    fs::metadata(path).ok().map(|file| file.ino())
}

#[cfg(not(unix))]
fn inode(_: &str) -> Option<u64> {
    None
}
