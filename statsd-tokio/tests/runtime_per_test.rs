//! Tests of a program that records with the global client: a template to copy.
//!
//! Each `#[tokio::test]` has a runtime of its own. When the runtime ends, it closes the client that it drives. Then
//! `set_global` accepts the client of the next test. While the client is open, `set_global` refuses another one, so
//! these tests take turns. Tests that are given a `Client` need none of this: see `testing::recorder`.

use std::error::Error;

use statsd_tokio::{Config, Connector, global, set_global};
use tokio::net::UdpSocket;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, MutexGuard};

/// The function under test.
fn place_order(amount: f64) {
    global().incr("orders", 1);
    global().distribution("basket", amount);
}

#[tokio::test]
async fn an_order_is_counted() {
    let test = Test::start().await.unwrap();
    place_order(12.5);
    assert_eq!(test.finish().await.unwrap(), "orders:1|c\nbasket:12.5|d\n");
}

#[tokio::test]
async fn every_order_is_counted() {
    let test = Test::start().await.unwrap();
    place_order(1.0);
    place_order(2.0);
    let expected = "orders:1|c\nbasket:1|d\norders:1|c\nbasket:2|d\n";
    assert_eq!(test.finish().await.unwrap(), expected);
}

/// A test with a connector and a server of its own.
struct Test {
    server: UdpSocket,
    connector: Connector,
    _turn: MutexGuard<'static, ()>,
}

impl Test {
    async fn start() -> Result<Self, Box<dyn Error>> {
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        let server = UdpSocket::bind("127.0.0.1:0").await?;
        let address = format!("udp://{}", server.local_addr()?);
        let connector = Connector::start(Config::dogstatsd(address))?;
        // Fails if the test before has neither stopped its connector nor ended its runtime.
        set_global(connector.client())?;
        Ok(Self {
            server,
            connector,
            _turn: turn,
        })
    }

    /// Stops the connector before the turn ends, and returns what the server has received.
    async fn finish(self) -> Result<String, Box<dyn Error>> {
        self.connector.stop().await;
        self.received().await
    }

    async fn received(&self) -> Result<String, Box<dyn Error>> {
        let mut datagram = [0; 1432];
        let len = self.server.recv(&mut datagram).await?;
        Ok(String::from_utf8(datagram[..len].to_vec())?)
    }
}

#[test]
fn a_runtime_that_ends_without_a_stop_closes_the_global_client() {
    for _ in 0..3 {
        let runtime = Runtime::new().unwrap();
        let test = runtime.block_on(async {
            let test = Test::start().await.unwrap();
            place_order(3.0);
            test.connector.flush().await;
            assert_eq!(test.received().await.unwrap(), "orders:1|c\nbasket:3|d\n");
            test
        });
        drop(runtime);
        assert!(global().is_closed());
        // A metric without a runtime is refused, and the client counts it.
        place_order(4.0);
        assert_eq!(global().stats().refused.closed, 2);
        drop(test);
    }
}
