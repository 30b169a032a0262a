//! `serve` and `work`: the processes that stay.

use std::fs::File;
use std::path::Path;

use reelshelf_domain::{ClientId, Error, Result, Role};
use rustix::fs::{FlockOperation, flock};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{control, keep_private, open, private, say};
use crate::app::App;
use crate::config::Settings;
use crate::{http, jobs, library, telemetry};

/// Serves the API and the files, and runs the jobs, until told to stop.
pub(super) async fn serve(settings: Settings) -> Result<()> {
    // First of all: who is told where the server is may tell it to stop.
    let stop = stop_on_signal()?;
    keep_private();
    let _lock = lock(&settings.server.data_dir).await?;
    private::tighten(&settings).await;
    let metrics = telemetry::start_metrics()?;
    let listen = settings.server.listen.clone();
    let listener = TcpListener::bind(&listen)
        .await
        .map_err(|error| Error::invalid("server.listen", format!("cannot listen on {listen}: {error}")))?;
    let app = open(settings).await?;
    let control = control::listen(&app.settings.server.data_dir).await?;
    greet(&app).await?;
    library::free_keys(&app).await?;

    app.tasks.spawn(tell_abilities(app.clone()));
    jobs::schedule(&app).await?;
    let runner = tokio::spawn(jobs::Runner::new(&app, stop.clone())?.run());
    let obeying = tokio::spawn(control::obey(app.clone(), control, stop.clone()));
    tracing::info!(listen, public_url = app.settings.server.public_url, "ready");
    http::serve(&app, listener, http::router(&app, metrics), stop.clone()).await?;
    finish(&app, [runner, obeying]).await
}

/// Runs jobs only.
pub(super) async fn work(settings: Settings) -> Result<()> {
    if settings.store.is_sqlite() || settings.blobs.url.starts_with("file:") {
        let reason = "needs PostgreSQL and S3; on one machine `serve` runs the jobs itself";
        return Err(Error::invalid("work", reason));
    }
    let stop = stop_on_signal()?;
    let _metrics = telemetry::start_metrics()?;
    let app = open(settings).await?;
    app.tasks.spawn(tell_abilities(app.clone()));
    jobs::schedule(&app).await?;
    tracing::info!("working");
    let runner = tokio::spawn(jobs::Runner::new(&app, stop)?.run());
    finish(&app, [runner]).await
}

/// What this machine does not enforce is said, never silently left out.
async fn tell_abilities(app: App) {
    match app.processor().await {
        Ok(processor) => {
            for fault in processor.abilities().missing() {
                tracing::warn!(fault, "the sandbox is not whole");
            }
        }
        // Files are stored and served all the same; their processing is tried again.
        Err(error) => tracing::error!(%error, "media cannot be processed"),
    }
}

async fn finish<const N: usize>(app: &App, tasks: [tokio::task::JoinHandle<()>; N]) -> Result<()> {
    for task in tasks {
        task.await.map_err(|error| Error::internal("stopping", error))?;
    }
    app.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// One server for a data folder: two would take each other's half-written files for orphans.
async fn lock(data: &Path) -> Result<File> {
    let data = data.to_owned();
    let held = data.display().to_string();
    let locked = tokio::task::spawn_blocking(move || -> std::io::Result<File> {
        std::fs::create_dir_all(&data)?;
        let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(data.join("lock"))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(file)
    });
    match locked.await {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
            Err(Error::invalid("data_dir", format!("{held} is in use by a running server")))
        }
        Ok(Err(error)) => Err(Error::internal("locking the data folder", error)),
        Err(error) => Err(Error::internal("locking the data folder", error)),
    }
}

/// Cancelled by Ctrl-C and by a request to terminate.
fn stop_on_signal() -> Result<CancellationToken> {
    let failed = |error| Error::internal("listening for signals", error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping; transfers under way may finish");
        told.cancel();
    });
    Ok(stop)
}

/// Says where the product is; on the first start makes a client and a key, and shows the key this once.
async fn greet(app: &App) -> Result<()> {
    let url = &app.settings.server.public_url;
    if let Some(client) = library::first_client(app).await? {
        let (_, key) = library::create_key(app, client, Role::Admin, "first key".to_owned(), None).await?;
        say(&welcome(url, client, key.expose_secret()));
    }
    if let Some(link) = library::first_link(app).await? {
        say(&format!(
            "Nobody can sign in to the panel yet. Whoever opens this link is the first:\n\n    {}\n",
            link.expose_secret()
        ));
    }
    say(&format!("Reelshelf is at {url} (API documentation: {url}/docs)"));
    Ok(())
}

fn welcome(url: &str, client: ClientId, key: &str) -> String {
    format!(
        "Welcome. This is the first start, so there is a first client and a key that may do everything.
The key is shown this once; keep it.

    client  {client}
    key     {key}

Try it:

    curl -H 'x-api-key: {key}' '{url}/v2/media'
"
    )
}
