//! Registering an upload: its name, its place and its room are settled before a byte is sent.

use reelshelf_domain::{AssetHash, ByteSize, DisplayName, Error, MediaPath, Result, Thing};

use super::Caller;
use crate::app::App;
use crate::store::{Arrival, Asset, Known, Registered, Registration, UploadTicket};

/// The longest content type that is kept.
const CONTENT_TYPE_MAX: usize = 255;

/// A file to be.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Its place.
    pub path: MediaPath,
    /// The name the person gave.
    pub display_name: DisplayName,
    /// The declared type.
    pub content_type: String,
    /// The length, when it is known.
    pub size: Option<ByteSize>,
    /// The hash of its bytes, when no others are to be taken.
    pub sha256: Option<AssetHash>,
    /// Whether a file of this name is replaced.
    pub overwrite: bool,
}

impl NewFile {
    /// What is registered for it, once it is sure that it may be.
    pub(super) fn registration(&self, app: &App, caller: &Caller) -> Result<Registration> {
        let plan = app.settings.plans.get(&caller.plan)?;
        check_content_type(&self.content_type)?;
        if self.size.is_some_and(|size| size > plan.file) {
            return Err(Error::TooLarge { what: Thing::File, limit: plan.file });
        }
        let now = app.now();
        Ok(Registration {
            client: caller.client,
            path: self.path.clone(),
            display_name: self.display_name.clone(),
            content_type: self.content_type.clone(),
            size: self.size,
            expected: self.sha256,
            reserve: self.size.unwrap_or(app.settings.uploads.reserve_step),
            overwrite: self.overwrite,
            now,
            expires_at: now.plus(app.settings.uploads.url_life()),
            temp_limit: app.settings.uploads.temp_limit.to_column(),
            folder_limit: app.settings.limits.folders.into(),
            resumable: None,
        })
    }

    /// Its coming, to be rehearsed.
    pub(super) fn arrival(&self, app: &App, caller: &Caller) -> Result<Arrival> {
        let registration = self.registration(app, caller)?;
        let temp_expires_at = registration.now.plus(app.settings.uploads.temp_life());
        Arrival::file(registration, temp_expires_at, app.chance.as_ref())
    }
}

/// Registers an upload.
pub async fn register(app: &App, caller: &Caller, file: &NewFile) -> Result<UploadTicket> {
    let registration = file.registration(app, caller)?;
    app.blobs.check_disk().await?;
    let registered = app.store.register(registration, app.chance.as_ref()).await?;
    Ok(ticket(caller, file, registered))
}

/// What a registration came to whose client may have said which bytes it is for.
pub enum Registering {
    /// They are here already: this is the file.
    Here(Box<Asset>),
    /// They are to be sent.
    Awaited(UploadTicket),
}

/// Registers an upload. Bytes whose hash was said and that the client holds already become the file at once, as if they
/// had been sent; whether anybody else holds them makes no difference.
pub async fn register_known(app: &App, caller: &Caller, file: &NewFile) -> Result<Registering> {
    let Some(hash) = file.sha256 else { return register(app, caller, file).await.map(Registering::Awaited) };
    let registration = file.registration(app, caller)?;
    app.blobs.check_disk().await?;
    let temp_expires_at = registration.now.plus(app.settings.uploads.temp_life());
    let known = app.store.register_known(registration, hash, temp_expires_at, app.chance.as_ref()).await?;
    Ok(match known {
        Known::Made(asset, _) => Registering::Here(asset),
        Known::Awaited(registered) => {
            let ticket = ticket(caller, file, registered);
            Registering::Awaited(UploadTicket { expected: Some(hash), ..ticket })
        }
    })
}

pub(super) fn ticket(caller: &Caller, file: &NewFile, registered: Registered) -> UploadTicket {
    UploadTicket {
        id: registered.upload,
        client: caller.client,
        content_type: file.content_type.clone(),
        size: file.size,
        covers: registered.covers,
        expires_at: registered.expires_at,
        expected: file.sha256,
        done: None,
        on_hold: false,
        plan: caller.plan.clone(),
    }
}

/// A content type is stored, echoed and compared: it must be one line of printable ASCII with a slash in it.
pub(super) fn check_content_type(content_type: &str) -> Result<()> {
    if content_type.is_empty() {
        return Err(Error::Missing("contentType"));
    }
    let printable = content_type.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let shaped = content_type.split_once('/').is_some_and(|(family, name)| !family.is_empty() && !name.is_empty());
    if content_type.len() > CONTENT_TYPE_MAX || !printable || !shaped {
        return Err(Error::invalid("contentType", "must be a media type such as image/png"));
    }
    Ok(())
}
