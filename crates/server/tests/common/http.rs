//! As much of HTTP as tests need, so that they can also send what no library would.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Server;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The stable code of a problem.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_string()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The session that it sets, as it is to be sent.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").unwrap().split(';').next().unwrap().to_string()
    }
}

impl Server {
    /// Asks with a token.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask("GET", path, &[&format!("authorization: Bearer {token}")], "").await
    }

    /// Posts with a token.
    pub async fn post(&self, path: &str, token: &str, body: &str) -> Answer {
        self.ask("POST", path, &[&format!("authorization: Bearer {token}")], body).await
    }

    /// Asks anything.
    pub async fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let _ = stream.write_all(request.as_bytes()).await; // it may be refused before it is sent
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await; // what was read counts, also if the server hung up
        let answer = String::from_utf8_lossy(&answer).to_string();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no answer to {method} {path}: {head}"));
        Answer { status, head: head.to_string(), body: body.to_string() }
    }
}
