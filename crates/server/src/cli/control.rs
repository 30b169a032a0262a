//! The running server's own door: a Unix socket in the data folder, which only its user can open. Verbs of the command
//! line that change rows go through it, so that the server knows at once; when none runs they go to the database.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reelshelf_domain::{BlobId, ClientId, Email, Error, KeyId, MediaKind, Result, Role};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::library;
use crate::store::Reprocessing;

/// The longest command or answer.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// What an operator may have done.
#[derive(Debug, Serialize, Deserialize)]
pub enum Command {
    /// Make a client.
    CreateClient {
        /// What to call it.
        name: String,
        /// With this identifier.
        id: Option<ClientId>,
        /// On this plan.
        plan: Option<String>,
    },
    /// List the clients.
    ListClients,
    /// Give a client another plan.
    SetPlan {
        /// The client.
        client: ClientId,
        /// The plan.
        plan: String,
    },
    /// Set a hold.
    Hold {
        /// The client.
        client: ClientId,
        /// Why.
        reason: String,
    },
    /// Release a hold.
    Release {
        /// The client.
        client: ClientId,
    },
    /// Make a key.
    CreateKey {
        /// The client.
        client: ClientId,
        /// What it may do.
        role: Role,
        /// What to call it.
        name: String,
        /// For how many seconds.
        life_seconds: Option<u64>,
    },
    /// List a client's keys.
    ListKeys {
        /// The client.
        client: ClientId,
    },
    /// End a key.
    RevokeKey {
        /// The client.
        client: ClientId,
        /// The key.
        key: KeyId,
    },
    /// Make a link by which somebody joins a client.
    InviteUser {
        /// The client.
        client: ClientId,
        /// What they may do.
        role: Role,
        /// Who is meant; whoever has the link says it otherwise.
        email: Option<Email>,
    },
    /// List the people of a client.
    ListUsers {
        /// The client.
        client: ClientId,
    },
    /// Make a link by which somebody sets a new password.
    ResetUser {
        /// Who.
        email: Email,
    },
    /// Take somebody from a client.
    RemoveUser {
        /// The client.
        client: ClientId,
        /// Who.
        email: Email,
    },
    /// Queue some files to be processed anew.
    Reprocess {
        /// Which.
        which: Reprocessing,
        /// Behind the one that the last command gave.
        after: Option<BlobId>,
    },
    /// Tell how far processing anew has come.
    Remaking {
        /// Of which kind those that failed are counted.
        kind: Option<MediaKind>,
    },
}

/// Carries out a command.
pub(super) async fn execute(app: &App, command: Command) -> Result<Value> {
    Ok(match command {
        Command::CreateClient { name, id, plan } => json!(library::create_client(app, name, id, plan).await?),
        Command::ListClients => json!(library::list_clients(app).await?),
        Command::SetPlan { client, plan } => json!(library::set_plan(app, client, plan).await?),
        Command::Hold { client, reason } => json!(library::hold_client(app, client, reason).await?),
        Command::Release { client } => json!(library::release_client(app, client).await?),
        Command::CreateKey { client, role, name, life_seconds } => {
            let life = life_seconds.map(Duration::from_secs);
            let (_, key) = library::create_key(app, client, role, name, life).await?;
            json!(key.expose_secret())
        }
        Command::InviteUser { client, role, email } => {
            json!(library::invite(app, client, role, email).await?.expose_secret())
        }
        Command::ListUsers { client } => json!(library::list_members(app, client).await?),
        Command::ResetUser { email } => json!(library::reset_link(app, &email).await?.expose_secret()),
        Command::RemoveUser { client, email } => json!(library::remove_member(app, client, &email).await?),
        Command::ListKeys { client } => json!(library::list_keys(app, client).await?),
        Command::Reprocess { which, after } => json!(library::reprocess(app, which, after).await?),
        Command::Remaking { kind } => json!(library::remaking(app, kind).await?),
        Command::RevokeKey { client, key } => json!(library::revoke_key(app, client, key).await?),
    })
}

/// Where the socket is.
fn place(data: &Path) -> PathBuf {
    data.join("reelshelf.sock")
}

/// What a command came to: its answer, or why the running server refused it, in the words it would have had here.
pub(super) type Answer = Result<Value, String>;

/// Sends a command to the running server; `None` when none runs.
pub(super) async fn send(data: &Path, command: &Command) -> Result<Option<Answer>> {
    let Ok(stream) = UnixStream::connect(place(data)).await else { return Ok(None) };
    let failed = |error| Error::internal("talking to the running server", error);
    let (reader, mut writer) = stream.into_split();
    let mut line = serde_json::to_vec(command).map_err(|error| Error::internal("printing a command", error))?;
    line.push(b'\n');
    writer.write_all(&line).await.map_err(failed)?;
    let mut answer = String::new();
    BufReader::new(reader.take(LINE_MAX)).read_line(&mut answer).await.map_err(failed)?;
    let answer = serde_json::from_str(&answer);
    answer.map(Some).map_err(|error| Error::internal("reading the running server's answer", error))
}

/// Opens the socket. The data folder's lock says that no other server has it.
pub(super) async fn listen(data: &Path) -> Result<UnixListener> {
    let place = place(data);
    let failed = |error| Error::internal("opening the control socket", error);
    match tokio::fs::remove_file(&place).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let listener = UnixListener::bind(&place).map_err(failed)?;
    let only_us = std::fs::Permissions::from_mode(0o600);
    tokio::fs::set_permissions(&place, only_us).await.map_err(failed)?;
    Ok(listener)
}

/// Carries out commands until told to stop.
pub(super) async fn obey(app: App, listener: UnixListener, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let app = app.clone();
                app.tasks.clone().spawn(async move {
                    if let Err(error) = answer(&app, stream).await {
                        tracing::warn!(%error, "a command could not be answered");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a command could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn answer(app: &App, stream: UnixStream) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reader.take(LINE_MAX)).read_line(&mut line).await?;
    let done: Answer = match serde_json::from_str(&line) {
        // An operator may read the whole of an error.
        Ok(command) => execute(app, command).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let mut line = serde_json::to_vec(&done)?;
    line.push(b'\n');
    writer.write_all(&line).await
}
