//! What operators and their tools ask.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::app::App;

/// The process runs.
pub(super) async fn live() -> &'static str {
    "live\n"
}

/// The database and the blobs answer: requests can be served.
pub(super) async fn ready(State(app): State<App>) -> Response {
    for (what, answered) in [("database", app.store.ping().await), ("blobs", app.blobs.ping().await)] {
        if let Err(error) = answered {
            tracing::warn!(%error, what, "not ready");
            return (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {what}\n")).into_response();
        }
    }
    "ready\n".into_response()
}

/// The metrics, in the text format of Prometheus.
pub(super) async fn metrics(State((app, metrics)): State<(App, PrometheusHandle)>) -> Response {
    match app.store.job_counts().await {
        Ok(counts) => {
            let now = app.now();
            for counts in counts {
                let labels = [("kind", counts.kind), ("state", counts.state)];
                let age = now.since(counts.oldest).as_secs_f64();
                metrics::gauge!("reelshelf_queue_jobs", &labels)
                    .set(f64::from(u32::try_from(counts.count).unwrap_or(u32::MAX)));
                metrics::gauge!("reelshelf_queue_age_seconds", &labels).set(age);
            }
        }
        Err(error) => tracing::warn!(%error, "the queue could not be counted"),
    }
    metrics.run_upkeep();
    metrics.render().into_response()
}
