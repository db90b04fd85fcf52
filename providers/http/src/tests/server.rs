//! A small HTTP server that answers as a closure says and remembers what it was asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What a client asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    /// The lines of the headers, their names in lower case.
    pub(super) headers: Vec<String>,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn has(&self, header: &str) -> bool {
        self.headers.iter().any(|line| line.starts_with(header))
    }
}

/// What the server answers.
pub(super) struct Reply {
    bytes: Vec<u8>,
    /// The wait after each byte.
    pace: Duration,
}

/// An answer of a status with headers and a body.
pub(super) fn reply(status: u16, headers: &str, body: &str) -> Reply {
    let length = body.len();
    raw(&format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n{body}"))
}

/// An answer of status 200 whose body is no text.
pub(super) fn bytes(headers: &str, body: &[u8]) -> Reply {
    let head = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    Reply { bytes: [head.as_bytes(), body].concat(), pace: Duration::ZERO }
}

/// An answer that is not touched.
pub(super) fn raw(text: &str) -> Reply {
    Reply { bytes: text.as_bytes().to_vec(), pace: Duration::ZERO }
}

impl Reply {
    pub(super) fn slowly(self, pace: Duration) -> Self {
        Self { pace, ..self }
    }
}

type Answering = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// A server on a port of its own, until it is dropped.
pub(super) struct Server {
    pub(super) port: u16,
    scheme: &'static str,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(None, Arc::new(answer)).await
    }

    /// With TLS; also the certificate, in PEM.
    pub(super) async fn start_tls(
        name: &str,
        answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> (Self, String) {
        Self::start_tls_until(name, 4096, answer).await
    }

    /// The same, with a certificate that is good until the end of a year.
    pub(super) async fn start_tls_until(
        name: &str,
        year: i32,
        answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> (Self, String) {
        let mut wanted = CertificateParams::new([name.to_owned()]).expect("a name");
        wanted.not_after = date_time_ymd(year, 12, 31);
        let signing_key = KeyPair::generate().expect("a key");
        let cert = wanted.self_signed(&signing_key).expect("a certificate");
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a configuration");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        (Self::listen(Some(acceptor), Arc::new(answer)).await, cert.pem())
    }

    async fn listen(acceptor: Option<TlsAcceptor>, answer: Answering) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let log = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&answer), Arc::clone(&log)));
            }
        });
        Self { port, scheme, asked, task }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn connection(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    answer: Answering,
    log: Arc<Mutex<Vec<Asked>>>,
) {
    match acceptor {
        None => serve(stream, answer, log).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, answer, log).await;
            }
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: Answering,
    log: Arc<Mutex<Vec<Asked>>>,
) {
    let Some(asked) = read(&mut stream).await else { return };
    log.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
    let reply = answer(&asked);
    if reply.pace.is_zero() {
        let _ = stream.write_all(&reply.bytes).await;
    } else {
        for byte in reply.bytes {
            if stream.write_all(&[byte]).await.and(stream.flush().await).is_err() {
                return;
            }
            tokio::time::sleep(reply.pace).await;
        }
    }
    let _ = stream.shutdown().await;
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut end = None;
    while end.is_none() {
        bytes.push(stream.read_u8().await.ok()?);
        end = bytes.ends_with(b"\r\n\r\n").then_some(());
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<String> = lines
        .filter_map(|line| {
            line.split_once(':').map(|(name, value)| format!("{}:{value}", name.to_lowercase()))
        })
        .collect();
    let length = headers.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() })
}
