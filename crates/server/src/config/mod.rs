//! The configuration: defaults are a working server, one TOML file overrides them, `REELSHELF_…` variables and flags
//! override the file. One file per section.

mod blobs;
mod fetch;
mod jobs;
mod limits;
mod panel;
mod plans;
mod processing;
mod server;
mod store;
mod uploads;
mod zip;

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use blobs::BlobSettings;
pub use fetch::FetchSettings;
pub use jobs::JobSettings;
pub use limits::LimitSettings;
pub use panel::PanelSettings;
pub use plans::{Plan, Plans};
pub use processing::ProcessingSettings;
pub use server::ServerSettings;
pub use store::StoreSettings;
pub use uploads::UploadSettings;
pub use zip::ZipSettings;

/// Everything that can be set.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Addresses, URLs and connections.
    pub server: ServerSettings,
    /// The database.
    pub store: StoreSettings,
    /// Where the bytes are.
    pub blobs: BlobSettings,
    /// Uploads and temporary files.
    pub uploads: UploadSettings,
    /// What is limited and is no plan's business.
    pub limits: LimitSettings,
    /// Archives on their way out and in.
    pub zip: ZipSettings,
    /// Jobs and the collector.
    pub jobs: JobSettings,
    /// Imports from other servers.
    pub fetch: FetchSettings,
    /// Understanding files, and what is made of them.
    pub processing: ProcessingSettings,
    /// People, and how they sign in.
    pub panel: PanelSettings,
    /// Plans by name.
    pub plans: Plans,
}

/// What the command line may override, and nothing else has a short name for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Overrides {
    /// Address to listen on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// Folder for everything that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// `sqlite:…` or `postgres://…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
    /// `file:…` or `s3://bucket`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blobs_url: Option<String>,
    /// Where clients reach the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Where everybody reaches the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_url: Option<String>,
}

/// The variables with short names, and the place in the file that each sets.
const SHORT_NAMES: [(&str, &str); 6] = [
    ("listen", "server.listen"),
    ("data_dir", "server.data_dir"),
    ("database_url", "store.database_url"),
    ("blobs_url", "blobs.url"),
    ("public_url", "server.public_url"),
    ("delivery_url", "server.delivery_url"),
];

impl Settings {
    /// Reads the configuration, or says everything that is wrong with it, one problem a line.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, Vec<String>> {
        let figment = sources(file, overrides);
        let mut problems = Vec::new();
        let mut settings = Self {
            server: section(&figment, "server", &mut problems),
            store: section(&figment, "store", &mut problems),
            blobs: section(&figment, "blobs", &mut problems),
            uploads: section(&figment, "uploads", &mut problems),
            limits: section(&figment, "limits", &mut problems),
            zip: section(&figment, "zip", &mut problems),
            jobs: section(&figment, "jobs", &mut problems),
            fetch: section(&figment, "fetch", &mut problems),
            processing: section(&figment, "processing", &mut problems),
            panel: section(&figment, "panel", &mut problems),
            plans: section(&figment, "plans", &mut problems),
        };
        unknown_sections(&figment, &mut problems);
        settings.complete();
        settings.server.check(&mut problems);
        settings.store.check(&mut problems);
        settings.blobs.check(&mut problems);
        settings.uploads.check(&mut problems);
        settings.limits.check(&mut problems);
        settings.zip.check(&mut problems);
        settings.jobs.check(&mut problems);
        settings.fetch.check(&mut problems);
        settings.processing.check(&mut problems);
        settings.panel.check(&mut problems);
        settings.plans.check(&mut problems);
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    /// What follows from other settings when it is not set itself.
    pub fn complete(&mut self) {
        self.processing.complete();
        let data = &self.server.data_dir;
        if self.store.database_url.is_empty() {
            self.store.database_url = format!("sqlite:{}", data.join("reelshelf.db").display());
        }
        if self.blobs.url.is_empty() {
            self.blobs.url = format!("file:{}", data.join("blobs").display());
        }
        if self.server.public_url.is_empty() {
            self.server.public_url = format!("http://{}", self.server.listen);
        }
        if self.server.delivery_url.is_empty() {
            self.server.delivery_url.clone_from(&self.server.public_url);
        }
        for url in [&mut self.server.public_url, &mut self.server.delivery_url] {
            url.truncate(url.trim_end_matches('/').len());
        }
    }
}

fn sources(file: Option<&Path>, overrides: &Overrides) -> Figment {
    let mut figment = Figment::new();
    if let Some(file) = file {
        figment = figment.merge(Toml::file_exact(file));
    }
    // REELSHELF_JOBS__COLLECT_SECONDS sets jobs.collect_seconds; the six short names set theirs.
    let variables = Env::prefixed("REELSHELF_").ignore(&["config", "log", "log_format", "url", "key"]).map(|name| {
        let name = name.as_str().to_ascii_lowercase();
        let short = SHORT_NAMES.iter().find(|(short, _)| *short == name);
        short.map_or_else(|| name.replace("__", "."), |(_, long)| (*long).to_owned()).into()
    });
    figment = figment.merge(variables);
    let flags = Value::serialize(overrides).ok();
    let flags = flags.as_ref().and_then(Value::as_dict).cloned().unwrap_or_default();
    for (short, long) in SHORT_NAMES {
        if let Some(value) = flags.get(short) {
            figment = figment.merge(Serialized::global(long, value.clone()));
        }
    }
    figment
}

/// One section, without what is wrong in it, and a line about each thing that is.
fn section<T: DeserializeOwned + Default>(figment: &Figment, name: &str, problems: &mut Vec<String>) -> T {
    // A source that cannot be read at all is one problem, and `unknown_sections` says it.
    let Ok(mut section) = figment.find_value(name) else { return T::default() };
    loop {
        // It stops at the first problem: what that is about is taken out, and the rest is read again.
        let error = match section.deserialize() {
            Ok(section) => return section,
            Err(error) => error,
        };
        let key = [&[name.to_owned()], error.path.as_slice()].concat().join(".");
        let source = figment.find_metadata(&key).map(|data| match &data.source {
            Some(source) => format!(" in {source}"),
            None => format!(" in {}", data.name),
        });
        problems.push(format!("{key}: {}{}", error.kind, source.unwrap_or_default()));
        if !take_out(&mut section, &error.path) {
            return T::default();
        }
    }
}

/// Takes a key out of a section; false when it is not there.
fn take_out(section: &mut Value, path: &[String]) -> bool {
    match (section, path) {
        (Value::Dict(_, keys), [key]) => keys.remove(key).is_some(),
        (Value::Dict(_, keys), [key, rest @ ..]) => keys.get_mut(key).is_some_and(|inner| take_out(inner, rest)),
        _ => false,
    }
}

fn unknown_sections(figment: &Figment, problems: &mut Vec<String>) {
    const KNOWN: [&str; 11] =
        ["server", "store", "blobs", "uploads", "limits", "zip", "jobs", "fetch", "processing", "panel", "plans"];
    match figment.extract::<Dict>() {
        Ok(sections) => {
            for name in sections.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
                problems.push(format!("{name}: there is no such section or variable"));
            }
        }
        Err(error) => problems.extend(error.into_iter().map(|error| error.to_string())),
    }
}

/// A line about a value that must not be zero.
fn positive(name: &str, value: u64, problems: &mut Vec<String>) {
    if value == 0 {
        problems.push(format!("{name}: must be greater than 0"));
    }
}
