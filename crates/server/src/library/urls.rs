//! The URLs of files, computed from the configuration and never stored. Names need no escaping: all their characters
//! stand for themselves in a URL.

use reelshelf_domain::{AssetHash, ClientId, FileName, MediaPath};

use super::SignedUpload;
use crate::config::ServerSettings;

/// Where a file is served under its name, whatever its bytes become.
pub fn stable_url(server: &ServerSettings, client: ClientId, path: &MediaPath) -> String {
    format!("{}/clients/{client}/{path}", server.delivery_url)
}

/// Where these very bytes are served, for as long as the file has them.
pub fn immutable_url(server: &ServerSettings, client: ClientId, hash: AssetHash, name: &FileName) -> String {
    format!("{}/immutable/{client}/{hash}/{name}", server.delivery_url)
}

/// Where what was made of these bytes is served: by a URL that names its bytes too, since they may be made anew.
pub fn derived_url(
    server: &ServerSettings,
    (client, source): (ClientId, AssetHash),
    (name, made): (&str, AssetHash),
) -> String {
    format!("{}/derived/{client}/{source}/{name}?v={}", server.delivery_url, version(made))
}

/// What tells these bytes from all others that are ever made under the same name.
pub(super) fn version(made: AssetHash) -> String {
    made.to_string().chars().take(16).collect()
}

/// Where the bytes of a registered upload go.
pub fn upload_url(server: &ServerSettings, signed: &SignedUpload) -> String {
    let SignedUpload { upload, expires_at, signature } = signed;
    format!("{}/uploads/{upload}?expires={}&signature={signature}", server.public_url, expires_at.get())
}
