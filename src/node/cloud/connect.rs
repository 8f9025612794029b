//! Connections to the server: a WebSocket, and the one document that is fetched. Both begin with the same stream, plain or in TLS.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use limitr_protocol::limits::{FRAME_BYTES_MAX, SUBPROTOCOL};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{Error as SocketError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// How long a connection may take to open, or a document to come.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest policy that is fetched, in bytes.
const DOCUMENT_BYTES_MAX: usize = 16 * 1_048_576;
/// Most bytes of what a server says when it refuses.
const REFUSAL_BYTES_MAX: usize = 65_536;

/// What both kinds of connection speak through.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// An open WebSocket.
pub(super) type Socket = WebSocketStream<Box<dyn Stream>>;

/// Where the server is, and as whom it is spoken to.
pub(super) struct Address {
    host: String,
    port: u16,
    /// Host and port as they were written.
    authority: String,
    path: String,
    authorization: HeaderValue,
    tls: Option<TlsConnector>,
}

/// Why a connection or a document couldn't be had.
#[derive(Debug)]
pub(super) enum Failed {
    /// Another try may succeed.
    Network,
    /// The server refused for a reason that another try doesn't mend: its code.
    Refused(String),
}

impl Address {
    /// Reads a URL such as `https://limits.example.com/base`. `roots` are the certificates to trust, in PEM; they count for `https` alone.
    pub(super) fn new(url: &str, token: &str, roots: &str) -> Result<Address, String> {
        let uri: Uri = url.parse().map_err(|_| format!("`{url}` is no URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(format!("`{url}` is no URL with a scheme and a host"));
        };
        let secure = matches!(scheme, "https" | "wss");
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| "the token has characters that no token has".to_string())?;
        authorization.set_sensitive(true);
        Ok(Address {
            host: authority.host().trim_matches(['[', ']']).to_string(),
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            authority: authority.as_str().to_string(),
            path: uri.path().trim_end_matches('/').to_string(),
            authorization,
            tls: secure.then(|| trusting(roots)).transpose()?,
        })
    }

    async fn stream(&self) -> Result<Box<dyn Stream>, Failed> {
        let stream = TcpStream::connect((&*self.host, self.port)).await.map_err(|_| Failed::Network)?;
        stream.set_nodelay(true).map_err(|_| Failed::Network)?;
        let Some(tls) = &self.tls else { return Ok(Box::new(stream)) };
        let name = ServerName::try_from(self.host.clone()).map_err(|_| Failed::Network)?;
        let stream = tls.connect(name, stream).await.map_err(|_| Failed::Network)?;
        Ok(Box::new(stream))
    }

    /// Opens the WebSocket.
    pub(super) async fn connect(&self) -> Result<Socket, Failed> {
        timeout(PATIENCE, self.open()).await.unwrap_or(Err(Failed::Network))
    }

    async fn open(&self) -> Result<Socket, Failed> {
        let stream = self.stream().await?;
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        let url = format!("{scheme}://{}{}/v1/connect", self.authority, self.path);
        let mut request = url.into_client_request().map_err(|_| Failed::Network)?;
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(SUBPROTOCOL));
        let bounds = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        match client_async_with_config(request, stream, Some(bounds)).await {
            Ok((socket, _)) => Ok(socket),
            Err(SocketError::Http(answer)) => {
                let body = answer.body().as_deref().unwrap_or_default();
                Err(refusal(answer.status(), body))
            }
            Err(SocketError::Protocol(ProtocolError::SecWebSocketSubProtocolError(_))) => {
                Err(Failed::Refused("version_unsupported".to_string()))
            }
            Err(_) => Err(Failed::Network),
        }
    }

    /// Fetches a document by its path on the server.
    pub(super) async fn fetch(&self, path: &str) -> Result<String, Failed> {
        timeout(PATIENCE, self.get(path)).await.unwrap_or(Err(Failed::Network))
    }

    async fn get(&self, path: &str) -> Result<String, Failed> {
        let stream = TokioIo::new(self.stream().await?);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(stream).await.map_err(|_| Failed::Network)?;
        let request = Request::get(format!("{}{path}", self.path))
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, self.authorization.clone())
            .body(Empty::<Bytes>::new())
            .map_err(|_| Failed::Network)?;
        let exchange = async {
            let answer = sender.send_request(request).await.map_err(|_| Failed::Network)?;
            let status = answer.status();
            let most = if status.is_success() { DOCUMENT_BYTES_MAX } else { REFUSAL_BYTES_MAX };
            let body = Limited::new(answer.into_body(), most).collect().await;
            let body = body.map_err(|_| Failed::Network)?.to_bytes();
            match status.is_success() {
                true => String::from_utf8(body.into()).map_err(|_| Failed::Network),
                false => Err(refusal(status, &body)),
            }
        };
        let carried = async {
            let _ = connection.await; // what came of it, the exchange says
            std::future::pending::<Result<String, Failed>>().await
        };
        tokio::select! {
            biased;
            answer = exchange => answer,
            never = carried => never,
        }
    }
}

/// A connector that trusts these certificates.
fn trusting(roots: &str) -> Result<TlsConnector, String> {
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(roots.as_bytes()).filter_map(Result::ok);
    store.add_parsable_certificates(certificates);
    if store.is_empty() {
        return Err("this host names no certificates to trust".to_string());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// What a refused request comes to.
fn refusal(status: StatusCode, body: &[u8]) -> Failed {
    let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let code = said["error"]["code"].as_str().or(said["code"].as_str());
    match (status, code) {
        (_, Some(code @ ("unauthorized" | "revoked" | "version_unsupported"))) => {
            Failed::Refused(code.to_string())
        }
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Failed::Refused("unauthorized".to_string()),
        (StatusCode::UPGRADE_REQUIRED, _) => Failed::Refused("version_unsupported".to_string()),
        _ => Failed::Network,
    }
}
