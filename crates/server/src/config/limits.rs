use reelshelf_domain::ByteSize;
use serde::{Deserialize, Serialize};

use super::positive;

/// `[limits]`: what is limited and is no plan's business.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// The largest JSON body.
    pub json_body: ByteSize,
    /// Most folders of a client.
    pub folders: u32,
    /// Most entries of one page of a listing.
    pub page_size: u32,
    /// Entries of a page when the client does not say.
    pub default_page_size: u32,
    /// Most paths in one call.
    pub paths: usize,
    /// Most files in one multipart upload.
    pub files: usize,
    /// Keys whose holders are remembered between requests.
    pub cached_keys: u64,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            json_body: ByteSize::mib(1),
            folders: 100_000,
            page_size: 1000,
            default_page_size: 100,
            paths: 1000,
            files: 1000,
            cached_keys: 10_000,
        }
    }
}

impl LimitSettings {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        positive("limits.json_body", self.json_body.get(), problems);
        positive("limits.folders", self.folders.into(), problems);
        positive("limits.page_size", self.page_size.into(), problems);
        positive("limits.paths", self.paths as u64, problems);
        positive("limits.files", self.files as u64, problems);
        if self.default_page_size == 0 || self.default_page_size > self.page_size {
            problems.push("limits.default_page_size: must be between 1 and limits.page_size".to_owned());
        }
    }
}
