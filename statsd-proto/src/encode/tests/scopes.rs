//! Derived clients, with a longer prefix and more tags.

use super::*;
use crate::testing::recorder;
use crate::{Client, Transport};

#[test]
fn a_scope_follows_the_prefix_and_precedes_the_kind() {
    for (prefix, scope, line) in [
        ("shop", "db", "shop.db.counters.x:1|c"),
        ("", "db", "db.counters.x:1|c"),
        ("shop", ".db.reads.", "shop.db.reads.counters.x:1|c"),
        ("shop", "", "shop.counters.x:1|c"),
        ("shop", "d:b", "shop.d_b.counters.x:1|c"),
    ] {
        let (client, mut recorder) = recorder(Config::new("localhost").prefix(prefix)).unwrap();
        client.scoped(scope).incr("x", 1);
        assert_eq!(recorder.lines(), [line]);
    }
}

#[test]
fn all_that_a_scoped_client_records_is_of_its_scope() {
    let (client, mut recorder) = recorder(Config::dogstatsd("localhost")).unwrap();
    let db = client.scoped("db").tagged(&[("shard", "3")]);
    db.timing_ms("t", 1);
    db.count("c", 1).tag("table", "users").send();
    db.prepare("p").tag("k", "v").counter().unwrap().incr();
    db.scoped("reads").gauge("g", 2);
    db.start().timing("t").send();
    db.event(&crate::dogstatsd::Event::new("e", "")).unwrap();
    db.record_line("final:1|c").unwrap();
    client.incr("outer", 1);
    let lines = [
        "db.t:1|ms|#shard:3",
        "db.c:1|c|#shard:3,table:users",
        "db.p:1|c|#shard:3,k:v",
        "db.reads.g:2|g|#shard:3",
        "db.t:0|ms|#shard:3",
        "_e{1,0}:e||#shard:3",
        "final:1|c",
        "outer:1|c",
    ];
    assert_eq!(recorder.lines(), lines);
}

#[test]
fn the_nearest_tag_of_a_key_wins_and_those_beside_each_other_stay() {
    let config = Config::dogstatsd("localhost")
        .tag("env", "prod")
        .tag("beta", "");
    let (client, mut recorder) = recorder(config).unwrap();
    let scope = client.tagged(&[("shard", "1"), ("shard", "2")]);
    scope.incr("a", 1);
    scope.count("b", 1).tag("shard", "3").send();
    scope.count("c", 1).tag("env", "x").tag("env", "y").send();
    scope.count("d", 1).tag("env", "").tag("beta", "1").send();
    scope.tagged(&[("env", "test")]).incr("e", 1);
    scope
        .prepare("f")
        .tag("env", "test")
        .counter()
        .unwrap()
        .incr();
    scope
        .record(&Metric::parse("g:1|c|#env:parsed").unwrap())
        .unwrap();
    let lines = [
        "a:1|c|#env:prod,beta,shard:1,shard:2",
        "b:1|c|#env:prod,beta,shard:3",
        "c:1|c|#beta,shard:1,shard:2,env:x,env:y",
        "d:1|c|#env:prod,beta,shard:1,shard:2,env,beta:1",
        "e:1|c|#beta,shard:1,shard:2,env:test",
        "f:1|c|#beta,shard:1,shard:2,env:test",
        "g:1|c|#beta,shard:1,shard:2,env:parsed",
    ];
    assert_eq!(recorder.lines(), lines);
}

#[test]
fn keys_are_the_same_if_the_server_sees_them_so() {
    let config = statsd_config().tag("a b", "own");
    assert_line(
        &config,
        &Metric::counter("x", 1).tags(&[("a_b", "1")]),
        "x:1|c|#a_b:1",
    );
    assert_line(
        &config,
        &Metric::counter("x", 1).tags(&[("a|b", "1")]),
        "x:1|c|#a_b:1",
    );
}

#[test]
fn what_the_dialect_cannot_say_of_a_scope_is_refused_with_each_metric() {
    let refusals = |config: Config, scope: fn(&Client) -> Client| {
        let (client, _recorder) = recorder(config).unwrap();
        let metric = Metric::counter("x", 1);
        let handle = scope(&client).prepare("x").counter().map(|_| ());
        (scope(&client).record(&metric), handle)
    };
    let collectd = Config::new("localhost")
        .dialect(Dialect::Collectd)
        .transport(Transport::Udp);
    let exporter = Config::new("localhost")
        .dialect(Dialect::SignalFx)
        .transport(Transport::Udp);
    let strict = Config::new("localhost").sanitize_policy(SanitizePolicy::Refuse);
    let tagged: fn(&Client) -> Client = |client| client.tagged(&[("a", "b")]);
    let unsafe_tag: fn(&Client) -> Client = |client| client.tagged(&[("a", "b|c")]);
    let unsafe_name: fn(&Client) -> Client = |client| client.scoped("a:b");
    for (config, scope, error) in [
        (collectd, tagged, RecordError::InvalidTag),
        (strict.clone(), unsafe_tag, RecordError::UnsafeText),
        (strict, unsafe_name, RecordError::UnsafeText),
    ] {
        assert_eq!(refusals(config, scope), (Err(error), Err(error)));
    }
    assert_eq!(refusals(exporter, tagged), (Ok(()), Ok(())));
}

#[test]
fn series_of_scopes_are_those_of_their_names() {
    let config = Config::dogstatsd("localhost").aggregate(Some(Duration::from_secs(1)));
    let (client, mut recorder) = recorder(config).unwrap();
    let scopes = [
        client.scoped("db"),
        client.scoped("db"),
        client.tagged(&[("k", "v")]),
    ];
    for scope in &scopes {
        scope.incr("x", 1);
        scope.incr("x", 1);
        scope.prepare("x").counter().unwrap().add(10);
    }
    client.incr("x", 1);
    client.incr("db.x", 1);
    drop(client.flush());
    let mut lines = recorder.lines();
    lines.sort();
    assert_eq!(lines, ["db.x:25|c", "x:12|c|#k:v", "x:1|c"]);
}

#[test]
fn the_session_ends_with_the_last_client_of_whichever_scope() {
    let (client, mut recorder) = recorder(Config::dogstatsd("localhost")).unwrap();
    let scope = client.scoped("db");
    drop(client);
    scope.incr("x", 1);
    assert!(!scope.is_closed());
    drop(scope);
    assert_eq!(recorder.lines(), ["db.x:1|c"]);
    assert!(recorder.report().is_some());
    assert!(Client::noop().scoped("x").tagged(&[("a", "b")]).is_noop());
}
