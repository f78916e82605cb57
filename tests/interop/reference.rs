//! The reference server, started, asked and stopped.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use statsd_proto::{Config, Transport};
use tests::patience::{PATIENCE, eventually};

/// A server of its own for a test. It ends with it.
pub(crate) struct Reference {
    child: Child,
    config: PathBuf,
    port: u16,
    management: u16,
}

impl Reference {
    /// Starts the server that is installed below `folder`, and waits until it listens.
    pub(crate) fn start(folder: &Path) -> Self {
        let (port, management) = (free_port(), free_port());
        let config = std::env::temp_dir().join(format!("statsd-{management}.js"));
        // Counters are set back at each flush, which therefore has to be far off.
        let text = format!(
            "{{ servers: [
                  {{ server: './servers/udp', address: '127.0.0.1', port: {port} }},
                  {{ server: './servers/tcp', address: '127.0.0.1', port: {port} }} ],
                mgmt_address: '127.0.0.1', mgmt_port: {management},
                backends: [], flushInterval: 3600000, automaticConfigReload: false }}"
        );
        fs::write(&config, text).expect("there is room for temporary files");
        let child = Command::new("node")
            .arg(folder.join("node_modules/statsd/stats.js"))
            .arg(&config)
            .stdout(Stdio::null())
            .spawn()
            .expect("Node.js is installed");
        let server = Self {
            child,
            config,
            port,
            management,
        };
        eventually("the server", || {
            server.try_ask("health").is_some_and(|answer| answer.contains("health: up"))
                && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
                // Taken, which means that the server listens there.
                && UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_err()
        });
        server
    }

    pub(crate) fn config(&self, transport: Transport) -> Config {
        Config::new("127.0.0.1")
            .port(self.port)
            .transport(transport)
    }

    /// The total of a counter since the start; none if there is no such counter.
    pub(crate) fn counter(&self, key: &str) -> Option<f64> {
        number(&self.ask("counters"), key)
    }

    pub(crate) fn gauge(&self, key: &str) -> Option<f64> {
        number(&self.ask("gauges"), key)
    }

    /// What the management port answers.
    pub(crate) fn ask(&self, command: &str) -> String {
        self.try_ask(command).expect("the server runs")
    }

    fn try_ask(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.management)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.write_all(format!("{command}\n").as_bytes()).ok()?;
        // It keeps the connection open; this is how its answers end.
        let end = if command == "health" { "\n" } else { "END\n\n" };
        let mut answer = Vec::new();
        let mut part = [0; 65_536];
        while !answer.ends_with(end.as_bytes()) {
            match stream.read(&mut part) {
                Ok(0) | Err(_) => return None,
                Ok(read) => answer.extend_from_slice(&part[..read]),
            }
        }
        String::from_utf8(answer).ok()
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // They fail where the server has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.config);
    }
}

/// Finds `key: number` in what the server prints, where keys that are no identifiers stand in quotes.
fn number(answer: &str, key: &str) -> Option<f64> {
    answer.lines().find_map(|line| {
        let (name, number) = line.trim_matches([' ', '{', '}', ',']).rsplit_once(": ")?;
        if name.trim_matches('\'') == key {
            number.parse().ok()
        } else {
            None
        }
    })
}

/// A port that is free for TCP and UDP alike.
fn free_port() -> u16 {
    loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are free ports");
        let port = tcp.local_addr().expect("it is bound").port();
        if UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
