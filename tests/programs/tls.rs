//! `tls`: a stream that the program opens itself, with certificates on both sides.

use std::fs;
use std::io::{self, ErrorKind, Read as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tests::address::unused_port;
use tests::timeout::eventually;

use crate::process::{Examples, Process};

pub(crate) fn lines_arrive_over_tls_also_after_a_restart(examples: Examples) {
    let authority = Authority::new();
    let mut server = Server::start(&authority, &authority);
    let mut tls = start(examples, &authority, &server);
    tls.write("a\nb\n");
    server.wait_for(2);
    server.stop();
    // The end of the connection is read before the next write.
    tls.write("c\n");
    server.restart();
    server.wait_for(3);
    let ended = tls.end();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(ended.stdout, "sent 3 lines, abandoned 0\n");
    eventually("the end", || {
        server.seen.closed.load(Ordering::Relaxed) == 1
    });
    assert_eq!(server.lines(), ["counters.lines:1|c"; 3]);
    assert_eq!(server.seen.failed.load(Ordering::Relaxed), 0);
}

pub(crate) fn a_server_whose_certificate_is_not_known_gets_nothing(examples: Examples) {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Server::start(&other, &authority);
    let mut tls = start(examples, &authority, &server);
    tls.write("a\nb\n");
    let ended = tls.end();
    assert_eq!(ended.stdout, "sent 0 lines, abandoned 2\n", "{ended:?}");
    assert_eq!(server.lines(), [""; 0]);
    let failed = server.seen.failed.load(Ordering::Relaxed);
    assert!((2..50).contains(&failed), "{failed} attempts");
}

pub(crate) fn nothing_is_read_of_a_client_whose_certificate_is_not_known(examples: Examples) {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Server::start(&authority, &other);
    let mut tls = start(examples, &authority, &server);
    tls.write("a\nb\n");
    eventually("a refusal", || {
        server.seen.failed.load(Ordering::Relaxed) > 0
    });
    let ended = tls.end();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(server.lines(), [""; 0]);
}

fn start(examples: Examples, authority: &Authority, server: &Server) -> Process {
    let file = |name: &str| authority.folder.join(name).display().to_string();
    let (port, files) = (server.port.to_string(), FILES.map(file));
    let [root, certificate, key] = &files;
    examples.start("tls", &["localhost", &port, root, certificate, key], &[])
}

/// An authority, and the files that a client of it is given.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

const FILES: [&str; 3] = ["authority.pem", "certificate.pem", "key.pem"];

impl Authority {
    fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("there is randomness");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("it can be signed");
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("statsd-tls-{}-{number}", process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder can be made");
        let authority = Self { issuer, folder };
        let (certificate, key) = authority.issue("a client");
        let texts = [
            authority.issuer.pem(),
            certificate.pem(),
            key.serialize_pem(),
        ];
        for (name, text) in FILES.into_iter().zip(texts) {
            fs::write(authority.folder.join(name), text).expect("a file can be made");
        }
        authority
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().expect("there is randomness");
        let params = CertificateParams::new([name.to_owned()]).expect("it is a name");
        let certificate = params.signed_by(&key, &self.issuer);
        (certificate.expect("it can be signed"), key)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        let added = roots.add(self.issuer.der().clone());
        added.expect("it is a certificate");
        roots
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // It fails where somebody has removed it already.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A server that wants a certificate of its clients, also across restarts at its port.
struct Server {
    port: u16,
    config: Arc<ServerConfig>,
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    is_running: AtomicBool,
    text: Mutex<Vec<u8>>,
    /// Number of connections that said that they end.
    closed: AtomicUsize,
    /// Number of handshakes and connections that failed.
    failed: AtomicUsize,
}

impl Server {
    /// A server with a certificate of one authority, for clients of another.
    fn start(authority: &Authority, clients: &Authority) -> Self {
        let verifier = WebPkiClientVerifier::builder(Arc::new(clients.roots())).build();
        let (certificate, key) = authority.issue("localhost");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder()
            .with_client_cert_verifier(verifier.expect("there is a root"))
            .with_single_cert(vec![certificate.der().clone()], key);
        let mut server = Self {
            port: unused_port(),
            config: Arc::new(config.expect("the key fits")),
            seen: Arc::default(),
            thread: None,
        };
        server.restart();
        server
    }

    fn restart(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).expect("the port is free");
        listener.set_nonblocking(true).expect("it can be set");
        let (config, seen) = (Arc::clone(&self.config), Arc::clone(&self.seen));
        seen.is_running.store(true, Ordering::Relaxed);
        self.thread = Some(thread::spawn(move || {
            while seen.is_running.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => seen.serve(stream, &config),
                    Err(_) => thread::sleep(Duration::from_millis(2)),
                }
            }
        }));
    }

    /// Closes the connection and the port.
    fn stop(&mut self) {
        self.seen.is_running.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }

    fn lines(&self) -> Vec<String> {
        let text = self.seen.text.lock().expect("nobody panicked");
        let text = String::from_utf8(text.clone()).expect("lines are text");
        text.lines().map(str::to_owned).collect()
    }

    fn wait_for(&self, lines: usize) {
        eventually("lines at the server", || self.lines().len() == lines);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Seen {
    /// Reads a connection to its end.
    fn serve(&self, stream: TcpStream, config: &Arc<ServerConfig>) {
        // Not all systems hand it down from the listener. The time is for a server that is to stop.
        let is_set = stream.set_nonblocking(false).and_then(|()| {
            let time = Duration::from_millis(20);
            stream.set_read_timeout(Some(time))
        });
        is_set.expect("it can be set");
        let session = ServerConnection::new(Arc::clone(config)).expect("the settings are good");
        let mut stream = StreamOwned::new(session, stream);
        let mut buffer = [0; 4096];
        while self.is_running.load(Ordering::Relaxed) {
            match stream.read(&mut buffer) {
                Ok(0) => {
                    self.closed.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                Ok(read) => {
                    let mut text = self.text.lock().expect("nobody panicked");
                    text.extend_from_slice(&buffer[..read]);
                }
                Err(error) if is_early(&error) => {}
                Err(_) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
        }
    }
}

fn is_early(error: &io::Error) -> bool {
    [ErrorKind::TimedOut, ErrorKind::WouldBlock].contains(&error.kind())
}
