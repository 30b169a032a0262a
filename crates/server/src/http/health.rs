//! What operators and their tools ask.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::PrometheusHandle;
use reelshelf_domain::Result;

use crate::app::App;
use crate::jobs;
use crate::store::JobCounts;

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
    for measured in [queue(&app).await, storage(&app).await, disk(&app).await] {
        if let Err(error) = measured {
            tracing::warn!(%error, "the metrics are incomplete");
        }
    }
    let under_way = app.settings.uploads.at_once.saturating_sub(app.upload_slots.free());
    metrics::gauge!("reelshelf_uploads_under_way").set(figure(under_way as u64));
    let sizes = app.settings.processing.size_slots.saturating_sub(app.size_slots.free());
    metrics::gauge!("reelshelf_sizes_under_way").set(figure(sizes as u64));
    metrics.run_upkeep();
    metrics.render().into_response()
}

async fn queue(app: &App) -> Result<()> {
    let now = app.now();
    // What is not counted is not there any more, and must not be shown as it was.
    for (kind, state) in jobs::kinds().flat_map(|kind| JobCounts::STATES.map(|state| (kind, state))) {
        let labels = [("kind", kind), ("state", state)];
        metrics::gauge!("reelshelf_queue_jobs", &labels).set(0);
        metrics::gauge!("reelshelf_queue_age_seconds", &labels).set(0);
    }
    for counts in app.store.job_counts().await? {
        let labels = [("kind", counts.kind), ("state", counts.state)];
        let age = now.since(counts.oldest).as_secs_f64();
        metrics::gauge!("reelshelf_queue_jobs", &labels)
            .set(f64::from(u32::try_from(counts.count).unwrap_or(u32::MAX)));
        metrics::gauge!("reelshelf_queue_age_seconds", &labels).set(age);
    }
    Ok(())
}

/// Of all clients together: one for each would be a series for every customer.
async fn storage(app: &App) -> Result<()> {
    let totals = app.store.totals().await?;
    metrics::gauge!("reelshelf_clients").set(figure(totals.clients));
    metrics::gauge!("reelshelf_used_bytes").set(figure(totals.used.get()));
    metrics::gauge!("reelshelf_reserved_bytes").set(figure(totals.reserved.get()));
    metrics::gauge!("reelshelf_temp_bytes").set(figure(totals.temp_used.get()));
    metrics::gauge!("reelshelf_derived_bytes").set(figure(totals.derived.get()));
    metrics::gauge!("reelshelf_temp_reserved_bytes").set(figure(totals.temp_reserved.get()));
    Ok(())
}

async fn disk(app: &App) -> Result<()> {
    metrics::gauge!("reelshelf_free_disk_bytes").set(figure(app.blobs.free_disk().await?));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows no other numbers")]
const fn figure(count: u64) -> f64 {
    count as f64
}
