//! `sync`: a folder on the server becomes what a folder here is.

use std::path::PathBuf;

use clap::Args;
use reelshelf_domain::FolderPath;

use super::carry::Run;
use super::connection::{Connection, Transfers, folder};
use super::deeds::{Policy, deeds};
use super::failure::Failure;
use super::hashes::Hashes;
use super::parcel::blocking;
use super::report::Format;
use super::upload::compare;
use super::walk::{Found, LeftOut, Walk, Weight};

/// What `sync` takes.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(in crate::cli) struct Sync {
    /// The folder of this machine
    dir: PathBuf,
    /// The folder on the server that becomes like it, made if it is not there; `/` is the root
    #[arg(value_parser = folder)]
    folder: FolderPath,
    /// Delete there what is not here. Hidden and left out files are here; nothing outside FOLDER is touched
    #[arg(long)]
    delete: bool,
    /// Only say what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Delete even though DIR is empty, or cannot be read in whole
    #[arg(long, requires = "delete")]
    force: bool,
    /// Take hidden files too
    #[arg(long)]
    hidden: bool,
    #[command(flatten)]
    transfers: Transfers,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

/// Makes FOLDER like DIR.
pub(super) async fn sync(args: Sync) -> Result<u8, Failure> {
    let hashes = Hashes::open(&args.dir, &[]);
    let mut run = args.connection.run(hashes, args.transfers, args.format, args.dry_run)?;
    let ended = args.once(&mut run).await?;
    run.report.summary.hashed = run.sender.hashes.read();
    Ok(run.report.finish(ended.as_ref()))
}

impl Sync {
    async fn once(&self, run: &mut Run) -> Result<Option<Failure>, Failure> {
        run.report.progress.look("comparing");
        let mut found = self.walk().await?;
        let delete = self.may_delete(&mut found)?;
        let files: Vec<_> = found.files.iter().map(|file| file.path.clone()).collect();
        let remote = run.guarded(run.sender.api.below(&self.folder, run.jobs)).await?;
        let hashes = run.guarded(compare(run, &found, &remote)).await?;
        let deeds = deeds(found, &remote, &hashes, Policy { replace: true, delete });
        let ended = run.perform(deeds, true, &remote, self.dry_run).await;
        run.sender.hashes.save(files.iter().map(PathBuf::as_path));
        Ok(ended)
    }

    async fn walk(&self) -> Result<Found, Failure> {
        let (dir, hidden, into) = (self.dir.clone(), self.hidden, self.folder.clone());
        blocking(move || {
            let mut walk = Walk::new(hidden);
            walk.add_contents(&dir, &into)?;
            Ok(walk.finish())
        })
        .await
    }

    /// Whether what is not here may be deleted there. A folder that is empty or cannot be read is more often a disk that
    /// is not mounted than somebody's wish.
    fn may_delete(&self, found: &mut Found) -> Result<bool, Failure> {
        if !self.delete || self.force {
            return Ok(self.delete);
        }
        if found.files.is_empty() {
            let why = "holds no files, and --delete would leave nothing in FOLDER; --force does it all the same";
            return Err(Failure::file(&self.dir, why));
        }
        if found.blind {
            let why = "cannot be read in whole, so nothing is deleted; --force does it all the same".to_owned();
            found.left_out.push(LeftOut { path: self.dir.clone(), why, weight: Weight::Failed, target: None });
        }
        Ok(!found.blind)
    }
}
