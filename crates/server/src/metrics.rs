//! What is counted, for `/metrics`. No label names anybody.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The counters.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    sockets: Gauge,
    pub(crate) sockets_opened: Counter,
    pub(crate) frames: Counter,
    pub(crate) changes: Counter,
    refused: Family<Vec<(String, String)>, Counter>,
    requests: Family<Vec<(String, String)>, Counter>,
    operations: Histogram,
}

impl Metrics {
    pub(crate) fn new() -> Metrics {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("limitr"),
            sockets: Gauge::default(),
            sockets_opened: Counter::default(),
            frames: Counter::default(),
            changes: Counter::default(),
            refused: Family::default(),
            requests: Family::default(),
            operations: Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
        };
        let Metrics { registry, sockets, sockets_opened, frames, changes, refused, requests, operations } =
            &mut metrics;
        registry.register("sockets", "Engines that are connected to this server", sockets.clone());
        registry.register("sockets_opened", "Connections that were let in", sockets_opened.clone());
        registry.register("frames", "Frames that engines sent", frames.clone());
        registry.register("changes", "Changes that engines sent and that are committed", changes.clone());
        registry.register("refused", "What engines were refused, by its code", refused.clone());
        registry.register("requests", "Requests by route and status", requests.clone());
        registry.register("operation_seconds", "How long a frame took, commit included", operations.clone());
        metrics
    }

    /// Counts something that an engine was refused.
    pub(crate) fn refused(&self, code: &str) {
        self.refused.get_or_create(&vec![("code".to_string(), code.to_string())]).inc();
    }

    /// Counts a request; `route` is the route's pattern, never an address.
    pub(crate) fn request(&self, route: &str, status: u16) {
        let labels =
            vec![("route".to_string(), route.to_string()), ("status".to_string(), status.to_string())];
        self.requests.get_or_create(&labels).inc();
    }

    /// Notes how long a frame took.
    pub(crate) fn operation(&self, took: Duration) {
        self.operations.observe(took.as_secs_f64());
    }

    /// All of it, as Prometheus reads it.
    pub(crate) fn text(&self, sockets: usize) -> String {
        self.sockets.set(i64::try_from(sockets).unwrap_or(i64::MAX));
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(error) => format!("# {error}\n"),
        }
    }
}
