//! `datadog` and `from_file`: settings of the environment and of a file.

use std::{env, fs, process};

use tests::carrier::Carrier;
use tests::server::Server;

use crate::process::Examples;

#[test]
fn an_agent_of_the_environment_gets_its_tags() {
    let carriers: &[_] = if cfg!(unix) {
        &[Carrier::Udp, Carrier::UnixDatagram]
    } else {
        &[Carrier::Udp]
    };
    for &carrier in carriers {
        let server = Server::start(carrier);
        let url = if carrier == Carrier::UnixDatagram {
            format!("unix://{}", server.path().display())
        } else {
            format!("udp://{}", server.address())
        };
        let variables = [
            ("DD_DOGSTATSD_URL", &*url),
            ("DD_ENV", "test"),
            ("DD_TAGS", "team:web,env:other"),
            ("DD_ORIGIN_DETECTION_ENABLED", "false"),
        ];
        let ended = Examples::TOKIO.start("datadog", &[], &variables).end();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert_eq!(ended.stdout, "sent 4 lines, abandoned 0\n");
        let expected = [
            "shop.orders:1|c|#team:web,env:test",
            "shop.checkout:48.25|d|#team:web,env:test",
            "shop.logins:1|c|#team:web,env:test,method:card",
            "_e{16,16}:shop has started|no errors so far|t:success|#team:web,env:test",
        ];
        assert_eq!(server.wait_for_end(4), expected);
    }
}

#[test]
fn an_agent_hears_which_container_the_environment_names() {
    let server = Server::start(Carrier::Udp);
    let port = server.address().port().to_string();
    let variables = [
        ("DD_AGENT_HOST", "127.0.0.1"),
        ("DD_DOGSTATSD_PORT", &*port),
        ("DD_ENTITY_ID", "f1e2"),
        ("DD_ENV", "test"),
        ("DD_EXTERNAL_ENV", "it-false,cn-shop,pu-f1e2"),
        ("DD_SERVICE", "shop"),
        ("DD_VERSION", "1.2"),
    ];
    let ended = Examples::TOKIO.start("datadog", &[], &variables).end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let line = &server.wait_for_end(4)[0];
    let tags = "dd.internal.entity_id:f1e2,env:test,service:shop,version:1.2";
    assert!(
        line.starts_with(&format!("shop.orders:1|c|#{tags}|")),
        "{line}"
    );
    // Beside it, the container that this test runs in, if any.
    let fields: Vec<_> = line.split('|').collect();
    assert!(fields.contains(&"e:it-false,cn-shop,pu-f1e2"), "{line}");
}

#[test]
fn a_client_that_the_environment_disables_needs_no_agent() {
    let variables = [("DD_DOGSTATSD_DISABLE", "true")];
    let ended = Examples::TOKIO.start("datadog", &[], &variables).end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "sent 0 lines, abandoned 0\n");
}

#[test]
fn a_file_says_where_lines_go_and_in_which_dialect() {
    let server = Server::start(Carrier::Udp);
    let path = env::temp_dir().join(format!("statsd-{}-settings.toml", process::id()));
    let text = format!(
        "host = 'udp://{}'\ndialect = 'opentelemetry'\ntags = {{ env = 'test' }}\n",
        server.address()
    );
    fs::write(&path, text).expect("the folder can be written to");
    let argument = path.to_string_lossy().into_owned();
    let ended = Examples::TOKIO.start("from_file", &[&argument], &[]).end();
    fs::remove_file(&path).expect("it is there");
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(ended.stdout, "sent 1 lines, abandoned 0\n");
    assert_eq!(server.wait_for_end(1), ["shop.orders:1|c|#env:test"]);
}
