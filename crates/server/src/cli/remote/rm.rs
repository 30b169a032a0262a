//! `rm`: files go, and with `-r` folders with everything in them.

use clap::Args;
use reelshelf_domain::{FolderPath, MediaPath};
use serde_json::json;

use super::api::Api;
use super::connection::{Connection, folder};
use super::failure::Failure;
use super::report::{complain, say};

/// Folders listed at once.
const JOBS: usize = 4;

/// What `rm` takes.
#[derive(Args, Debug)]
pub(in crate::cli) struct Rm {
    /// Files and, with -r, folders on the server
    #[arg(required = true)]
    paths: Vec<String>,
    /// Delete folders, and everything in them
    #[arg(long, short)]
    recursive: bool,
    /// Only say which files and folders would go
    #[arg(long, short = 'n')]
    dry_run: bool,
    /// Print one JSON document: `deleted` (paths; folders end in `/`) and `failed` (`path`, `reason`)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// What is to go.
enum Doomed {
    File(MediaPath),
    /// A folder and the files below it.
    Folder(FolderPath, Vec<MediaPath>),
}

/// Deletes.
pub(super) async fn rm(args: Rm) -> Result<u8, Failure> {
    let api = args.connection.api()?;
    let (mut deleted, mut failed) = (Vec::new(), Vec::new());
    for path in &args.paths {
        match args.one(&api, path).await {
            Ok(gone) => {
                if !args.json {
                    for path in &gone {
                        say(&format!("delete     {path}"));
                    }
                }
                deleted.extend(gone);
            }
            Err(failure) if failure.ends_all() => return Err(failure),
            Err(failure) => {
                complain(&format!("reelshelf: {path}: {failure}"));
                failed.push(json!({ "path": path, "reason": failure.to_string() }));
            }
        }
    }
    if args.json {
        say(&json!({ "deleted": deleted, "failed": failed, "dry_run": args.dry_run }).to_string());
    }
    Ok(u8::from(!failed.is_empty()))
}

impl Rm {
    /// Deletes one path, and gives what went with it.
    async fn one(&self, api: &Api, path: &str) -> Result<Vec<String>, Failure> {
        match self.find(api, path).await? {
            Doomed::File(path) => {
                if !self.dry_run {
                    for outcome in api.delete(std::slice::from_ref(&path)).await? {
                        if !outcome.success {
                            return Err(Failure::Refused { status: outcome.status, message: outcome.message });
                        }
                    }
                }
                Ok(vec![path.to_string()])
            }
            Doomed::Folder(folder, files) => {
                if !self.dry_run {
                    api.delete_folder(&folder, true).await?;
                }
                let files = files.iter().map(ToString::to_string);
                Ok(files.chain([format!("{folder}/")]).collect())
            }
        }
    }

    async fn find(&self, api: &Api, path: &str) -> Result<Doomed, Failure> {
        let missing = || Failure::Refused { status: 404, message: "there is no such file or folder".to_owned() };
        let spelled = path.trim_start_matches('/');
        if !spelled.ends_with('/')
            && let Ok(path) = MediaPath::parse(spelled)
            && api.file(&path).await?.is_some()
        {
            return Ok(Doomed::File(path));
        }
        let top = folder(path).map_err(|_| missing())?;
        let remote = api.below(&top, JOBS).await?;
        if !remote.folders.contains(&top) {
            return Err(missing());
        }
        if !self.recursive {
            let message = "is a folder; -r deletes it with everything in it".to_owned();
            return Err(Failure::Local(message));
        }
        if top.is_root() {
            return Err(Failure::Local("Cannot delete root folder".to_owned()));
        }
        Ok(Doomed::Folder(top, remote.files.into_keys().collect()))
    }
}
