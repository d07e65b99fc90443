//! TLS before a server that has none.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, pem::PemObject as _},
};
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::TcpStream,
    runtime::{Builder, Runtime},
};
use tokio_rustls::TlsAcceptor;

/// Where Linux distributions keep their root certificates; the first one that is there is read.
const BUNDLES: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// What AWS says to who has no credentials.
const REFUSAL: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

/// An authority of our own, and a certificate of it for this machine.
#[derive(Debug)]
pub(super) struct Authority {
    /// This machine's root certificates and its own: reading them takes a function's time, too.
    bundle: NamedTempFile,
    config: Arc<ServerConfig>,
}

impl Authority {
    pub(super) fn new() -> Result<Self> {
        let mut parameters = CertificateParams::new(Vec::new())?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, "Thingpress measures");
        let key = KeyPair::generate()?;
        let root = parameters.self_signed(&key)?;
        let issuer = Issuer::new(parameters, key);
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new(vec!["127.0.0.1".into()])?.signed_by(&key, &issuer)?;
        let bundle = NamedTempFile::new()?;
        let roots = BUNDLES.iter().find_map(|path| fs::read_to_string(path).ok());
        fs::write(bundle.path(), roots.unwrap_or_default() + &root.pem())?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes())?,
            )?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { bundle, config: Arc::new(config) })
    }

    /// What `SSL_CERT_FILE` is set to.
    pub(super) fn bundle(&self) -> &Path {
        self.bundle.path()
    }
}

/// A server with TLS; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Front {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Front {
    /// Refuses every request.
    pub(super) fn of_nobody(authority: &Authority) -> io::Result<Self> {
        Self::start(authority, None)
    }

    /// Hands on what comes to a server without TLS.
    pub(super) fn of(authority: &Authority, server: SocketAddr) -> io::Result<Self> {
        Self::start(authority, Some(server))
    }

    fn start(authority: &Authority, server: Option<SocketAddr>) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(authority.config.clone());
        let entered = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        drop(entered);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(acceptor.clone(), stream, server));
            }
        });
        Ok(Self { address, runtime: Some(runtime) })
    }

    /// What an `AWS_ENDPOINT_URL` is set to.
    pub(super) fn endpoint(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A connection that breaks is the client's to tell.
async fn serve(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    server: Option<SocketAddr>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = acceptor.accept(stream).await?;
    if let Some(server) = server {
        let mut plain = TcpStream::connect(server).await?;
        plain.set_nodelay(true)?;
        copy_bidirectional(&mut stream, &mut plain).await?;
        return Ok(());
    }
    // What asks here comes in one piece.
    let mut asked = [0; 4096];
    while stream.read(&mut asked).await? > 0 {
        stream.write_all(REFUSAL).await?;
    }
    Ok(())
}
