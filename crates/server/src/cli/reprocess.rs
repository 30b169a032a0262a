//! `reprocess`: looks at files anew and makes anew what is made of them, while the server runs.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reelshelf_domain::{BlobId, Error, MediaKind, Result};
use serde::de::DeserializeOwned;

use super::control::{Command, execute, send};
use super::{complain, must_exist, open, say};
use crate::app::App;
use crate::config::Settings;
use crate::library::{Queued, Remaking};
use crate::store::Reprocessing;

/// How often the progress is looked at.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Args)]
pub(super) struct ReprocessArgs {
    /// Only files whose processing failed
    #[arg(long)]
    failed: bool,
    /// Only files of this kind: image, video or audio
    #[arg(long)]
    kind: Option<MediaKind>,
    /// Queue the files and do not wait for them
    #[arg(long)]
    no_wait: bool,
}

/// Who carries out commands.
enum Door {
    /// The running server.
    Server(PathBuf),
    /// This process, on the database.
    Own(Box<App>),
}

impl Door {
    async fn find(settings: Settings) -> Result<Self> {
        let data = settings.server.data_dir.clone();
        if send(&data, &Command::Remaking { kind: None }).await?.is_some() {
            return Ok(Self::Server(data));
        }
        must_exist(&settings)?;
        open(settings).await.map(|app| Self::Own(Box::new(app)))
    }

    async fn ask<T: DeserializeOwned>(&self, command: Command) -> Result<T> {
        let answer = match self {
            Self::Own(app) => execute(app, command).await?,
            Self::Server(data) => match send(data, &command).await? {
                Some(Ok(answer)) => answer,
                Some(Err(refusal)) => return Err(Error::inconsistent(refusal)),
                None => return Err(Error::Unavailable("the server, which has stopped; the files stay queued")),
            },
        };
        serde_json::from_value(answer).map_err(|error| Error::internal("reading an answer", error))
    }

    /// Whether somebody works on what is queued: at a database of several, other nodes do.
    fn has_workers(&self) -> bool {
        match self {
            Self::Server(_) => true,
            Self::Own(app) => !app.settings.store.is_sqlite(),
        }
    }
}

/// Carries out the verb.
pub(super) async fn reprocess(settings: Settings, args: ReprocessArgs) -> Result<ExitCode> {
    if args.kind == Some(MediaKind::Other) {
        complain("--kind: must be image, video or audio; nothing is made of other files");
        return Ok(ExitCode::FAILURE);
    }
    let door = Door::find(settings).await?;
    let done = enqueue_and_watch(&door, &args).await;
    if let Door::Own(app) = &door {
        app.close().await;
    }
    done
}

async fn enqueue_and_watch(door: &Door, args: &ReprocessArgs) -> Result<ExitCode> {
    let which = Reprocessing { failed: args.failed, kind: args.kind };
    let bar = bar();
    let total = enqueue(door, which, &bar).await?;
    if total == 0 {
        bar.finish_and_clear();
        say("There is nothing to process.");
        return Ok(ExitCode::SUCCESS);
    }
    if args.no_wait || !door.has_workers() {
        bar.finish_and_clear();
        let when = if door.has_workers() { "in the background" } else { "as soon as the server runs" };
        say(&format!("{total} files are queued; they are processed {when}."));
        return Ok(ExitCode::SUCCESS);
    }
    let left = watch(door, args.kind, total, &bar).await?;
    say(&format!("{total} files are processed; {} have failed in all.", left.failed));
    Ok(ExitCode::SUCCESS)
}

/// Queues all of them, so many at a time.
async fn enqueue(door: &Door, which: Reprocessing, bar: &ProgressBar) -> Result<u64> {
    let (mut total, mut after) = (0, None::<BlobId>);
    bar.set_message("queueing");
    loop {
        let Queued { queued, last } = door.ask(Command::Reprocess { which, after }).await?;
        total += queued;
        bar.set_length(total);
        match last {
            Some(last) => after = Some(last),
            None => return Ok(total),
        }
    }
}

/// Shows how many are left, until none is.
async fn watch(door: &Door, kind: Option<MediaKind>, total: u64, bar: &ProgressBar) -> Result<Remaking> {
    bar.set_message("");
    loop {
        let now: Remaking = door.ask(Command::Remaking { kind }).await?;
        bar.set_position(total.saturating_sub(now.left));
        if now.left == 0 {
            bar.finish_and_clear();
            return Ok(now);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A bar on standard error, when that is a terminal.
fn bar() -> ProgressBar {
    let shown = std::io::stderr().is_terminal();
    let target = if shown { ProgressDrawTarget::stderr_with_hz(4) } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{bar:30.green} {pos} of {len} files  {eta:>4} left  {msg}");
    ProgressBar::with_draw_target(Some(0), target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸ "))
}
