//! Carrying out deeds, or saying what they would be: the same entries, with or without their effect.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use reelshelf_domain::MediaPath;
use tokio_util::sync::CancellationToken;

use super::batch;
use super::deeds::Deed;
use super::failure::Failure;
use super::objects::RemoteFile;
use super::parcel::{Overwrite, Parcel};
use super::report::{Action, Entry, Report};
use super::send::{Sender, Sent};
use super::sizes::Sizes;
use super::walk::LocalFile;
use super::words::plain;

/// Files deleted by one request: between two of them it can be stopped.
const DELETED_AT_ONCE: usize = 250;

/// A run: with whom, how wide, and what it says.
pub(super) struct Run {
    pub(super) sender: Arc<Sender>,
    pub(super) report: Report,
    pub(super) jobs: usize,
    pub(super) stop: CancellationToken,
}

/// What a deed says of itself before it is done.
fn announced(deed: &Deed) -> Entry {
    let file = |action, file: &LocalFile| Entry {
        path: Some(file.target.to_string()),
        source: Some(plain(&file.path)),
        size: Some(file.stat.size),
        ..Entry::new(action)
    };
    let left = |action, path: &Path, why: &str| Entry {
        source: Some(plain(path)),
        reason: Some(why.to_owned()),
        ..Entry::new(action)
    };
    match deed {
        Deed::Upload(local) => file(Action::Upload, local),
        Deed::Replace(local) => file(Action::Replace, local),
        Deed::Same(local, there) => Entry {
            url: Some(there.url.clone()),
            sha256: there.sha256.map(|hash| hash.to_string()),
            ..file(Action::Unchanged, local)
        },
        Deed::Delete(path, there) => gone(path, there),
        Deed::DeleteFolder(path) => Entry { path: Some(path.to_string()), ..Entry::new(Action::DeleteFolder) },
        Deed::Skip(path, why) => left(Action::Skip, path, why),
        Deed::Fail(path, why) => left(Action::Fail, path, why),
    }
}

/// What is said of a file that goes.
fn gone(path: &MediaPath, there: &RemoteFile) -> Entry {
    Entry {
        path: Some(path.to_string()),
        size: Some(there.size),
        sha256: there.sha256.map(|hash| hash.to_string()),
        url: Some(there.url.clone()),
        ..Entry::new(Action::Delete)
    }
}

/// What a deed says once it has failed.
pub(super) fn failed(entry: Entry, failure: &Failure) -> Entry {
    Entry { action: Action::Fail, url: None, reason: Some(failure.to_string()), ..entry }
}

/// What an entry says once the file is there.
pub(super) fn arrived(entry: Entry, sent: &Sent) -> Entry {
    let action = match (sent.was_there, entry.action) {
        (false, action) => action,
        (true, Action::Import | Action::Imported) => Action::Imported,
        (true, _) => Action::Unchanged,
    };
    Entry {
        action,
        url: Some(sent.file.url.clone()),
        sha256: sent.file.sha256.map(|hash| hash.to_string()),
        size: Some(sent.file.size),
        ..entry
    }
}

impl Run {
    /// Says what would be done.
    pub(super) fn rehearse(&mut self, deeds: &[Deed]) {
        for deed in deeds {
            self.report.entry(&announced(deed));
        }
    }

    /// Does it: transfers, then deletes, then the folders that are empty. `overwrite` is for files met unexpectedly.
    pub(super) async fn carry(&mut self, deeds: Vec<Deed>, overwrite: bool, sizes: &Sizes) -> Option<Failure> {
        let (mut transfers, mut files, mut folders) = (Vec::new(), Vec::new(), Vec::new());
        for deed in deeds {
            let entry = announced(&deed);
            let met = if overwrite { Overwrite::WhenMet } else { Overwrite::Never };
            let held = |file: &LocalFile| sizes.worth_asking(file.stat.size);
            match deed {
                Deed::Upload(file) => transfers.push((entry, Parcel::own(&file, met, held(&file)))),
                Deed::Replace(file) => transfers.push((entry, Parcel::own(&file, Overwrite::Expected, held(&file)))),
                Deed::Delete(path, there) => files.push((path, there)),
                Deed::DeleteFolder(path) => folders.push(path),
                Deed::Same(..) | Deed::Skip(..) | Deed::Fail(..) => self.report.entry(&entry),
            }
        }
        let before = self.report.summary.failed;
        if let Some(failure) = self.transfer(transfers).await {
            return Some(failure);
        }
        // What has failed may be what was deleted, under its new name.
        if self.report.summary.failed > before && !(files.is_empty() && folders.is_empty()) {
            self.report.warn("nothing was deleted, since not everything has arrived");
            return None;
        }
        self.delete(files).await.err().or(self.delete_folders(folders).await.err())
    }

    /// Sends files, several at a time.
    pub(super) async fn transfer(&mut self, transfers: Vec<(Entry, Parcel)>) -> Option<Failure> {
        let count = transfers.len();
        if count == 0 {
            return None;
        }
        let (sender, progress) = (Arc::clone(&self.sender), self.report.progress.clone());
        progress.begin(transfers.iter().map(|(_, parcel)| parcel.size()).sum());
        let act = move |(entry, parcel): (Entry, Parcel)| {
            let (sender, meter) = (Arc::clone(&sender), progress.file(&parcel.target.to_string(), parcel.size()));
            async move {
                let sent = sender.send(&parcel, &meter).await;
                let ends = match &sent {
                    Err(failure) => sender.ends_all(failure).await,
                    Ok(_) => false,
                };
                (entry, sent, ends)
            }
        };
        let (report, mut done) = (&mut self.report, 0);
        let heard = |(entry, sent, ends): (Entry, Result<Sent, Failure>, bool)| {
            done += 1;
            report.progress.files(done, count);
            report.sent(entry, sent, ends)
        };
        batch::each(transfers, self.jobs, &self.stop, act, heard).await
    }

    /// Deletes files that are still what they were when it was decided: the transfers may have taken hours.
    async fn delete(&mut self, files: Vec<(MediaPath, Box<RemoteFile>)>) -> Result<(), Failure> {
        // A signal after the last transfer finds nothing to interrupt.
        if files.is_empty() {
            return Ok(());
        }
        let folders: BTreeSet<_> = files.iter().map(|(path, _)| path.folder.clone()).collect();
        let now = self.guarded(self.sender.api.in_folders(folders.into_iter().collect(), self.jobs)).await?;
        let mut doomed = Vec::new();
        for (path, there) in files {
            let entry = gone(&path, &there);
            match now.get(&path) {
                Some(file) if !file.holds(there.size, there.sha256) => {
                    let changed = Failure::Local("has changed on the server meanwhile; it stays".to_owned());
                    self.report.entry(&failed(entry, &changed));
                }
                // One that is gone already is as good as deleted.
                _ => doomed.push((path, entry)),
            }
        }
        for some in doomed.chunks(DELETED_AT_ONCE) {
            if self.stop.is_cancelled() {
                return Err(Failure::Interrupted);
            }
            let paths: Vec<_> = some.iter().map(|(path, _)| path.clone()).collect();
            for (outcome, (_, entry)) in self.sender.api.delete(&paths).await?.into_iter().zip(some) {
                let refused = Failure::Refused { status: outcome.status, message: outcome.message };
                self.report.entry(&if outcome.success { entry.clone() } else { failed(entry.clone(), &refused) });
            }
        }
        Ok(())
    }

    async fn delete_folders(&mut self, folders: Vec<reelshelf_domain::FolderPath>) -> Result<(), Failure> {
        for folder in folders {
            if self.stop.is_cancelled() {
                return Err(Failure::Interrupted);
            }
            let entry = Entry { path: Some(folder.to_string()), ..Entry::new(Action::DeleteFolder) };
            match self.sender.api.delete_folder(&folder, false).await {
                Ok(()) => self.report.entry(&entry),
                Err(failure) if failure.ends_all() => return Err(failure),
                // Somebody has put something there meanwhile, or it is gone: both are fine.
                Err(_) => {}
            }
        }
        Ok(())
    }
}

impl Report {
    /// One file was sent, or was not; a failure that nothing survives is given back.
    pub(super) fn sent(&mut self, entry: Entry, sent: Result<Sent, Failure>, ends: bool) -> Option<Failure> {
        match sent {
            Ok(sent) => {
                self.summary.bytes_sent += sent.moved;
                self.entry(&arrived(entry, &sent));
                None
            }
            Err(failure) if ends => Some(failure),
            Err(failure) => {
                self.entry(&failed(entry, &failure));
                None
            }
        }
    }
}

impl Sender {
    /// Whether a failure is more than one file's: a server that answers is there all the same.
    pub(super) async fn ends_all(&self, failure: &Failure) -> bool {
        match failure {
            Failure::Unreachable(_) => self.api.tree().await.is_err(),
            other => other.ends_all(),
        }
    }
}
