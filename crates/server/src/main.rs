//! `limitr-server`: see `limitr-server --help` and docs/cloud.md.

use std::process::ExitCode;

use limitr_server::Config;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    let config = match Config::read(std::env::args_os().skip(1).collect()) {
        Ok(Some(config)) => config,
        Ok(None) => {
            limitr_server::help();
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            limitr_server::problem(&problem);
            return ExitCode::from(2);
        }
    };
    // JSON lines on standard error. Statements are never logged: they carry what is stored.
    let levels = Targets::new().with_default(LevelFilter::INFO).with_target("sqlx", LevelFilter::ERROR);
    let lines = tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(levels).with(lines).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            limitr_server::problem(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(limitr_server::run(config, stopped())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            limitr_server::problem(&problem);
            ExitCode::FAILURE
        }
    }
}

/// Comes to its end with SIGTERM or SIGINT.
async fn stopped() {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    match (terminate, interrupt) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}
