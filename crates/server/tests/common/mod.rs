//! A real server, on a free port and a database of its own, and whoever talks to it.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read the clock and the environment"
)]
#![allow(clippy::print_stderr, reason = "what a server warns of is shown with a test that fails")]
#![allow(unreachable_pub, reason = "shared by test files, of which each is a crate")]

pub mod engine;
pub mod http;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use sqlx::Connection;

pub use engine::Engine;

/// A policy: `chat` is hard, `mail` is soft.
pub fn policy(limit: u32) -> String {
    format!(
        "policy:\n  credits: {{ message: {{}} }}\n  plans:\n    free:\n      default: true\n      entitlements:\n        \
         chat: {{ limit: {{ credit: message, value: {limit} }} }}\n        \
         mail: {{ limit: {{ credit: message, mode: soft, value: 5 }} }}\n    pro:\n      entitlements:\n        \
         chat: {{ limit: {{ credit: message, value: 5000 }} }}\n"
    )
}

/// Something that no other test has.
pub fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("{}_{time}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A database that exists for one test.
pub struct Database {
    pub place: String,
    /// A file to remove, or a server to drop it at.
    folder: Option<PathBuf>,
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// The databases that every test is run on: SQLite, and PostgreSQL where `LIMITR_TEST_POSTGRES` says where there is one.
pub async fn databases() -> Vec<Database> {
    let folder = std::env::temp_dir().join(format!("limitr_server_{}", unique()));
    std::fs::create_dir_all(&folder).unwrap();
    let place = folder.join("cloud.db").to_str().unwrap().to_string();
    let mut databases = vec![Database { place, folder: Some(folder) }];
    if let Ok(url) = std::env::var("LIMITR_TEST_POSTGRES") {
        sqlx::any::install_default_drivers();
        let name = format!("limitr_{}", unique());
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        sqlx::query(&format!("CREATE DATABASE {name}")).execute(&mut connection).await.unwrap();
        let (server, _) = url.rsplit_once('/').unwrap();
        databases.push(Database { place: format!("{server}/{name}"), folder: None });
    }
    databases
}

/// A running server.
pub struct Server {
    child: Child,
    pub url: String,
    /// Where it listens.
    pub address: String,
    /// Of scope `engine`, environment `test`; empty unless this was the first start.
    pub token: String,
    /// Of scope `admin`, environment `test`.
    pub admin: String,
    pub email: String,
    pub password: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a server.
    pub fn start(database: &Database) -> Server {
        Server::start_with(database, &[])
    }

    /// Starts a server with more flags.
    pub fn start_with(database: &Database, flags: &[&str]) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_limitr-server"))
            .args(["--port", "0", "--print", "json", "--database", &database.place])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(said) = serde_json::from_str::<Value>(&line) else {
            let log = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
            panic!("the server didn't start: {log}");
        };
        // Its log is read so that it never waits for anybody; a test that fails shows the last of it.
        let log = BufReader::new(child.stderr.take().unwrap());
        let kept = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&kept);
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if !line.contains("\"INFO\"") {
                    eprintln!("{line}");
                }
                lines.lock().unwrap().push(line);
            }
        });
        let text = |field: &str| said[field].as_str().unwrap_or_default().to_string();
        let url = text("url");
        let address = url.trim_start_matches("http://").to_string();
        let (token, admin) = (text("token"), text("adminToken"));
        let (email, password) = (text("email"), text("password"));
        Server { child, url, address, token, admin, email, password, log: kept }
    }

    /// Starts another server on the same database, for whoever has the tokens of the first.
    pub fn beside(&self, database: &Database) -> Server {
        let mut other = Server::start(database);
        (other.token, other.admin) = (self.token.clone(), self.admin.clone());
        other
    }

    /// What it has logged.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    /// Puts a policy in force with the first admin token; answers its version.
    pub async fn publish(&self, document: &str) -> u64 {
        let draft = self.post("/v1/policies", &self.admin, document).await;
        assert_eq!(draft.status, 201, "{}", draft.body);
        let version = draft.json()["version"].as_u64().unwrap();
        let published = self.post(&format!("/v1/policies/{version}/publish"), &self.admin, "").await;
        assert_eq!(published.status, 200, "{}", published.body);
        version
    }

    /// Makes a token; answers its ID and secret.
    pub async fn make_token(&self, scopes: &[&str]) -> (String, String) {
        let wanted = serde_json::json!({ "name": "a test's", "scopes": scopes }).to_string();
        let made = self.post("/v1/tokens", &self.admin, &wanted).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let json = made.json();
        (json["token"].as_str().unwrap().to_string(), json["secret"].as_str().unwrap().to_string())
    }

    /// Signs the first owner in; answers the cookie.
    pub async fn sign_in_owner(&self) -> String {
        let chosen = "an owner's own password";
        let body =
            serde_json::json!({ "email": self.email, "password": self.password, "newPassword": chosen });
        let answer = self.ask("POST", "/v1/sign-in", &[], &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.cookie()
    }
}
