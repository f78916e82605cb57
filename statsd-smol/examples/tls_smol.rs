//! Sends a count for each line of its input over TLS, with a client certificate. The files are in PEM.
//!
//! ```console
//! $ cargo run -p statsd-smol --example tls_smol -- localhost 6514 authority.pem certificate.pem key.pem
//! ```

#![expect(clippy::print_stdout, reason = "the example prints to the terminal")]

use std::error::Error;
use std::sync::Arc;
use std::{env, io};

use futures_rustls::TlsConnector;
use futures_rustls::pki_types::pem::PemObject as _;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use futures_rustls::rustls::{ClientConfig, RootCertStore};
use smol::net::TcpStream;
use statsd_smol::{Config, Connector};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [host, port, authority, certificate, key] = &arguments[..] else {
        return Err("usage: tls_smol HOST PORT AUTHORITY CERTIFICATE KEY".into());
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
    println!("{}", smol::block_on(connector.stop()));
    Ok(())
}
