//! `client`, `key` and `user`: what they take, and how their answers look.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reelshelf_domain::{ClientId, Email, Error, KeyId, Result, Role};
use serde_json::Value;

use super::control::{Answer, Command, execute, send};
use super::{complain, must_exist, open, say};
use crate::config::Settings;

/// How an answer looks.
#[derive(Args)]
pub(super) struct Format {
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
pub(super) enum ClientVerb {
    /// Make a client, and print its id alone
    Create {
        /// What to call it
        name: String,
        /// Ten letters and digits, so that existing URLs can be kept
        #[arg(long)]
        id: Option<ClientId>,
        /// A plan of the configuration [default: default]
        #[arg(long)]
        plan: Option<String>,
    },
    /// List the clients and what they use
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Give a client another plan of the configuration
    Plan {
        /// The client
        id: ClientId,
        /// The plan
        plan: String,
    },
    /// Stop all that would store more for a client
    Hold {
        /// The client
        id: ClientId,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Let a client on hold store again
    Release {
        /// The client
        id: ClientId,
    },
}

#[derive(Subcommand)]
pub(super) enum KeyVerb {
    /// Make a key, and print it alone. It is not shown again
    Create {
        /// The client
        #[arg(long)]
        client: ClientId,
        /// viewer, render, editor, manager or admin
        #[arg(long)]
        role: Role,
        /// What to call it
        #[arg(long, default_value = "")]
        name: String,
        /// Days until it ends [default: never]
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=DAYS_MAX))]
        expires: Option<u64>,
    },
    /// List a client's keys, without the keys themselves
    List {
        /// The client
        #[arg(long)]
        client: ClientId,
        #[command(flatten)]
        format: Format,
    },
    /// End a key: it fails at the next request
    Revoke {
        /// The client
        #[arg(long)]
        client: ClientId,
        /// The key's id, from `key list`
        id: KeyId,
    },
}

#[derive(Subcommand)]
pub(super) enum UserVerb {
    /// Make a link by which somebody joins a client in the panel, and print it alone
    Invite {
        /// The client
        #[arg(long)]
        client: ClientId,
        /// viewer, render, editor, manager or admin
        #[arg(long)]
        role: Role,
        /// Who is meant [default: whoever has the link says]
        #[arg(long)]
        email: Option<Email>,
    },
    /// List the people of a client
    List {
        /// The client
        #[arg(long)]
        client: ClientId,
        #[command(flatten)]
        format: Format,
    },
    /// Make a link by which somebody sets a new password, and print it alone
    Reset {
        /// The e-mail address
        email: Email,
    },
    /// Take somebody from a client
    Remove {
        /// The client
        #[arg(long)]
        client: ClientId,
        /// The e-mail address
        email: Email,
    },
}

/// A hundred years: whoever wants more wants a key without an end.
const DAYS_MAX: u64 = 36_500;
const SECONDS_OF_DAY: u64 = 24 * 60 * 60;

/// Carries out a verb of `client`.
pub(super) async fn client(settings: Settings, verb: ClientVerb) -> Result<ExitCode> {
    let (command, json) = match verb {
        ClientVerb::Create { name, id, plan } => (Command::CreateClient { name, id, plan }, false),
        ClientVerb::List { format } => (Command::ListClients, format.json),
        ClientVerb::Plan { id, plan } => (Command::SetPlan { client: id, plan }, false),
        ClientVerb::Hold { id, reason } => (Command::Hold { client: id, reason }, false),
        ClientVerb::Release { id } => (Command::Release { client: id }, false),
    };
    let columns = ["id", "name", "plan", "used_bytes", "reserved_bytes", "storage_limit", "blocked_at", "hold"];
    show(&carry_out(settings, command).await?, json, &columns)
}

/// Carries out a verb of `key`.
pub(super) async fn key(settings: Settings, verb: KeyVerb) -> Result<ExitCode> {
    let (command, json) = match verb {
        KeyVerb::Create { client, role, name, expires } => {
            let life_seconds = expires.map(|days| days.saturating_mul(SECONDS_OF_DAY));
            (Command::CreateKey { client, role, name, life_seconds }, false)
        }
        KeyVerb::List { client, format } => (Command::ListKeys { client }, format.json),
        KeyVerb::Revoke { client, id } => (Command::RevokeKey { client, key: id }, false),
    };
    let columns = ["id", "name", "role", "created_at", "expires_at", "last_used_at", "revoked_at"];
    show(&carry_out(settings, command).await?, json, &columns)
}

/// Carries out a verb of `user`.
pub(super) async fn user(settings: Settings, verb: UserVerb) -> Result<ExitCode> {
    let (command, json) = match verb {
        UserVerb::Invite { client, role, email } => (Command::InviteUser { client, role, email }, false),
        UserVerb::List { client, format } => (Command::ListUsers { client }, format.json),
        UserVerb::Reset { email } => (Command::ResetUser { email }, false),
        UserVerb::Remove { client, email } => (Command::RemoveUser { client, email }, false),
    };
    show(&carry_out(settings, command).await?, json, &["email", "name", "role", "joined_at", "id"])
}

/// Through the running server when there is one, on the database otherwise.
async fn carry_out(settings: Settings, command: Command) -> Result<Answer> {
    if let Some(answer) = send(&settings.server.data_dir, &command).await? {
        return Ok(answer);
    }
    if !matches!(command, Command::CreateClient { .. }) {
        must_exist(&settings)?;
    }
    let app = open(settings).await?;
    let answer = execute(&app, command).await;
    app.close().await;
    Ok(answer.map_err(|error| error.to_string()))
}

fn show(answer: &Answer, json: bool, columns: &[&str]) -> Result<ExitCode> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(refusal) => {
            complain(refusal);
            return Ok(ExitCode::FAILURE);
        }
    };
    match answer {
        Value::Null => {}
        Value::String(text) => say(text),
        answer if json => {
            let text = serde_json::to_string_pretty(answer);
            say(&text.map_err(|error| Error::internal("printing an answer", error))?);
        }
        Value::Array(rows) => table(rows, columns),
        other => say(&other.to_string()),
    }
    Ok(ExitCode::SUCCESS)
}

fn table(rows: &[Value], columns: &[&str]) {
    let cell = |row: &Value, column: &str| match &row[column] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let width = |column: &&str| {
        rows.iter().map(|row| cell(row, column).chars().count()).max().unwrap_or_default().max(column.len())
    };
    let widths: Vec<usize> = columns.iter().map(width).collect();
    let line = |cells: Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        say(padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    line(columns.iter().map(ToString::to_string).collect());
    for row in rows {
        line(columns.iter().map(|column| cell(row, column)).collect());
    }
}
