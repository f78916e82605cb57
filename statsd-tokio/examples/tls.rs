//! Sends a count for each line of its input over TLS, with a client certificate. The files are in PEM.
//!
//! ```console
//! $ cargo run -p statsd-tokio --example tls -- localhost 6514 authority.pem certificate.pem key.pem
//! ```

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;
use std::sync::Arc;
use std::{env, io};

use statsd_tokio::{Config, Connector};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [host, port, authority, certificate, key] = &arguments[..] else {
        return Err("usage: tls HOST PORT AUTHORITY CERTIFICATE KEY".into());
    };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority)?)?;
    let certificates = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let tls = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates, PrivateKeyDer::from_pem_file(key)?)?;
    let tls = TlsConnector::from(Arc::new(tls));
    let server = ServerName::try_from(host.clone())?;

    let config = Config::new(host).port(port.parse()?);
    let connector = Connector::start_with(config, move |target| {
        let (tls, server) = (tls.clone(), server.clone());
        async move { tls.connect(server, TcpStream::connect(target).await?).await }
    })?;
    let client = connector.client();
    for line in io::stdin().lines() {
        line?;
        client.incr("lines", 1);
    }
    println!("{}", connector.stop().await);
    Ok(())
}
