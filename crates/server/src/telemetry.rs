//! Logs and metrics. Logs go to standard error; no key, signature or token is ever a field of one.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use reelshelf_domain::{Error, Result};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// What is logged unless `REELSHELF_LOG` says otherwise.
const FILTER: &str = "info,sqlx=warn,hyper=warn,object_store=warn";

/// Seconds, from a fast read to a slow upload.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0];
const VERBS: [f64; 6] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0];

/// Starts logging: text on a terminal, JSON lines elsewhere, or as `REELSHELF_LOG_FORMAT` (`text`, `json`) says.
pub fn start_logging() {
    let filter = EnvFilter::try_from_env("REELSHELF_LOG").unwrap_or_else(|_| EnvFilter::new(FILTER));
    let terminal = std::io::stderr().is_terminal();
    let text = std::env::var("REELSHELF_LOG_FORMAT").map_or(terminal, |format| format != "json");
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(terminal)
        .with_span_events(FmtSpan::NONE);
    // A second start, as in tests, keeps the first.
    let _ = if text { logs.try_init() } else { logs.json().flatten_event(true).try_init() };
}

/// Starts gathering metrics, for the whole process.
pub fn start_metrics() -> Result<PrometheusHandle> {
    let failed = |error| Error::internal("starting the metrics", error);
    recorder()?.install_recorder().map_err(failed)
}

fn recorder() -> Result<PrometheusBuilder> {
    let failed = |error| Error::internal("starting the metrics", error);
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .map_err(failed)?
        .set_buckets_for_metric(Matcher::Suffix("_verbs".to_owned()), &VERBS)
        .map_err(failed)
}

/// Metrics that nothing is recorded in, for a router beside others in one process.
pub fn local_metrics() -> Result<PrometheusHandle> {
    Ok(recorder()?.build_recorder().handle())
}
