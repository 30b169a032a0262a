//! The command line: `serve` and what operators need beside it.

mod admin;
mod control;
mod private;
mod remote;
mod reprocess;
mod serve;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use reelshelf_domain::{Result, SystemChance, SystemClock};
use rustix::fs::Mode;

use crate::app::App;
use crate::config::{Overrides, Settings};
use crate::{http, library, store, telemetry};

pub use control::Command;

/// The self-hosted media library for automated video.
#[derive(Parser)]
#[command(name = "reelshelf", version, after_help = remote::OVERVIEW)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    verb: Verb,
}

/// Options of every verb.
#[derive(Args)]
struct Options {
    /// Configuration file (TOML). Also REELSHELF_CONFIG
    #[arg(long, global = true, value_name = "FILE", env = "REELSHELF_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:8080]. Also REELSHELF_LISTEN
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Folder for everything that is kept [default: data]. Also REELSHELF_DATA_DIR
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// sqlite:PATH or postgres://…. Also REELSHELF_DATABASE_URL
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// file:PATH or s3://BUCKET. Also REELSHELF_BLOBS_URL
    #[arg(long, global = true, value_name = "URL")]
    blobs_url: Option<String>,
    /// Where clients reach the API. Also REELSHELF_PUBLIC_URL
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// Where everybody reaches the files. Also REELSHELF_DELIVERY_URL
    #[arg(long, global = true, value_name = "URL")]
    delivery_url: Option<String>,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the API and the files, and run the jobs
    Serve,
    /// Run jobs only, beside servers that share PostgreSQL and S3
    Work,
    /// Bring the database's schema up to date, and nothing else
    Migrate,
    /// Recount everything and read every byte: JSON, exit 1 when something is wrong
    Verify,
    /// Look at files anew, and make anew what is made of them: thumbnails, posters, waveforms
    Reprocess(reprocess::ReprocessArgs),
    /// Say everything that is wrong with the configuration, and what this machine lacks for the sandbox
    CheckConfig,
    /// Print the OpenAPI document of the public API
    Openapi,
    /// Clients: who may store, how much, and whether
    #[command(subcommand)]
    Client(admin::ClientVerb),
    /// API keys
    #[command(subcommand)]
    Key(admin::KeyVerb),
    /// People who sign in to the panel
    #[command(subcommand)]
    User(admin::UserVerb),
    #[command(flatten)]
    Remote(remote::Verb),
}

/// Runs the program.
pub fn main() -> ExitCode {
    if let Some(code) = remote::main() {
        return code;
    }
    let cli = Cli::parse();
    if let Verb::Remote(verb) = cli.verb {
        return remote::run(verb);
    }
    let settings = match settings(&cli.options) {
        Ok(settings) => settings,
        Err(problems) => {
            for problem in problems {
                complain(&format!("configuration: {problem}"));
            }
            return ExitCode::FAILURE;
        }
    };
    telemetry::start_logging();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(settings.server.blocking_threads)
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(cli.verb, settings)),
        Err(error) => Err(reelshelf_domain::Error::internal("starting the runtime", error)),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn settings(options: &Options) -> Result<Settings, Vec<String>> {
    let overrides = Overrides {
        listen: options.listen.clone(),
        data_dir: options.data_dir.clone(),
        database_url: options.database_url.clone(),
        blobs_url: options.blobs_url.clone(),
        public_url: options.public_url.clone(),
        delivery_url: options.delivery_url.clone(),
    };
    Settings::load(options.config.as_deref(), &overrides)
}

async fn run(verb: Verb, settings: Settings) -> Result<ExitCode> {
    match verb {
        Verb::Serve => serve::serve(settings).await?,
        Verb::Work => serve::work(settings).await?,
        Verb::Migrate => {
            keep_private();
            store::migrate(&settings.store).await?;
        }
        Verb::Verify => return verify(settings).await,
        Verb::CheckConfig => check_config(settings).await?,
        Verb::Reprocess(args) => return reprocess::reprocess(settings, args).await,
        Verb::Openapi => match http::openapi().to_pretty_json() {
            Ok(document) => say(&document),
            Err(error) => return Err(reelshelf_domain::Error::internal("printing the document", error)),
        },
        Verb::Remote(verb) => return Ok(remote::run(verb)),
        Verb::Client(verb) => return admin::client(settings, verb).await,
        Verb::Key(verb) => return admin::key(settings, verb).await,
        Verb::User(verb) => return admin::user(settings, verb).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// The configuration was read: now what the machine makes of it.
async fn check_config(mut settings: Settings) -> Result<()> {
    say("The configuration is good.");
    settings.complete();
    let processor = crate::app::start_processor(&settings).await?;
    let missing = processor.abilities().missing();
    if missing.is_empty() {
        say("The sandbox is whole.");
    }
    for fault in missing {
        say(&format!("The sandbox is not whole: {fault}"));
    }
    Ok(())
}

/// What this process makes from now on, its user alone may read: the files of clients, and the hashes of their keys.
fn keep_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Only `serve`, `migrate` and `client create` make a database. To everybody else one that is missing is a misspelt
/// folder.
fn must_exist(settings: &Settings) -> Result<()> {
    let Some(file) = settings.store.sqlite_file() else { return Ok(()) };
    match std::fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let place = file.display();
            Err(reelshelf_domain::Error::invalid("no database", format!("at {place}; `serve` makes a new one")))
        }
        _ => Ok(()),
    }
}

/// Opens the product.
async fn open(settings: Settings) -> Result<App> {
    keep_private();
    // The object store's TLS takes the process's provider; a second start keeps the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    App::open(settings, Arc::new(SystemClock), Arc::new(SystemChance)).await
}

async fn verify(settings: Settings) -> Result<ExitCode> {
    must_exist(&settings)?;
    let app = open(settings).await?;
    let report = library::verify(&app).await?;
    app.close().await;
    match serde_json::to_string_pretty(&report) {
        Ok(text) => say(&text),
        Err(error) => return Err(reelshelf_domain::Error::internal("printing the report", error)),
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a verb answers.
fn say(text: &str) {
    // Whoever closed our output does not want it.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// What went wrong.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "reelshelf: {text}");
}
