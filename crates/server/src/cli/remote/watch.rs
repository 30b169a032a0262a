//! `upload --watch`: new and changed files go up once they stand still.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::carry::Run;
use super::failure::Failure;
use super::upload::Upload;
use super::walk::{Found, Stat};

/// How long a file must be the same before it goes: who writes one has ended by then.
const STILL: Duration = Duration::from_secs(1);
/// How often it is looked without being told: some file systems tell nothing.
const ANYWAY: Duration = Duration::from_secs(30);

/// Uploads what is there, and then what comes, until it is told to stop.
pub(super) async fn upload(run: &mut Run, args: &Upload, found: Found) -> Result<Option<Failure>, Failure> {
    // Before the first look: what comes in between is not missed.
    let (tell, mut told) = mpsc::channel(1);
    let _watcher = watcher(args.paths(), tell)?;
    let mut seen = stats(&found);
    if let Some(failure) = args.once(run, found).await? {
        return Ok(Some(failure));
    }
    let mut pending: HashMap<PathBuf, Stat> = HashMap::new();
    loop {
        run.report.progress.look("watching; Ctrl-C ends");
        let wait = if pending.is_empty() { ANYWAY } else { STILL };
        tokio::select! {
            biased;
            () = run.stop.cancelled() => return Ok(None),
            _ = told.recv(), if pending.is_empty() => {}
            () = tokio::time::sleep(wait) => {}
        }
        // A folder that is being moved away for a moment is looked at again.
        let Ok(mut found) = args.walk().await else { continue };
        let now = stats(&found);
        // New, or another than was seen; and the same as at the last look.
        found
            .files
            .retain(|file| seen.get(&file.path) != Some(&file.stat) && pending.get(&file.path) == Some(&file.stat));
        pending = now.into_iter().filter(|(path, stat)| seen.get(path) != Some(stat)).collect();
        found.left_out.clear();
        if found.files.is_empty() {
            continue;
        }
        let going = stats(&found);
        pending.retain(|path, _| !going.contains_key(path));
        seen.extend(going);
        if let Some(failure) = args.once(run, found).await? {
            return Ok(Some(failure));
        }
    }
}

fn stats(found: &Found) -> HashMap<PathBuf, Stat> {
    found.files.iter().map(|file| (file.path.clone(), file.stat)).collect()
}

fn watcher(paths: &[PathBuf], tell: mpsc::Sender<()>) -> Result<impl Watcher + use<>, Failure> {
    // One word that waits to be heard is as good as many.
    let heard = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = tell.try_send(());
        }
    };
    let failed = |error: notify::Error| Failure::Local(format!("cannot watch: {error}"));
    let mut watcher = notify::recommended_watcher(heard).map_err(failed)?;
    for path in paths {
        // A file is replaced by another of its name; its folder sees that.
        let file = path.is_file().then(|| path.parent().filter(|above| *above != Path::new("")));
        let (place, mode) = match file {
            None => (path.as_path(), RecursiveMode::Recursive),
            Some(above) => (above.unwrap_or(Path::new(".")), RecursiveMode::NonRecursive),
        };
        watcher.watch(place, mode).map_err(failed)?;
    }
    Ok(watcher)
}
