use reelshelf_domain::ByteSize;
use secrecy::SecretString;
use serde::Deserialize;

use crate::blobs::Room;

/// `[blobs]`: where the bytes are.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlobSettings {
    /// `file:PATH` or `s3://BUCKET[/PREFIX]`, with the usual `AWS_…` variables. Default: `blobs` in the data folder.
    pub url: String,
    /// Every write stops while less than this is free on the disk of the data folder.
    pub free_disk_floor: ByteSize,
    /// S3: the address of a store that is not Amazon's. Also AWS_ENDPOINT_URL.
    pub s3_endpoint: Option<String>,
    /// S3: the region. Also AWS_REGION.
    pub s3_region: Option<String>,
    /// S3: the key's identifier. Also AWS_ACCESS_KEY_ID.
    pub s3_access_key_id: Option<String>,
    /// S3: the key. Also AWS_SECRET_ACCESS_KEY, which is the better place for it.
    pub s3_secret_access_key: Option<SecretString>,
    /// S3: most parts under way at once, in all. Each takes `s3_part_size` of memory.
    pub s3_parts: usize,
    /// S3: the size of a part; S3 takes no smaller ones than 5 MiB.
    pub s3_part_size: ByteSize,
    /// S3: seconds that the store may be silent before a request is given up. However long the whole of it takes.
    pub s3_timeout_seconds: u64,
    /// What the disk takes. Tests have a smaller one.
    #[serde(skip)]
    pub room: Room,
}

impl Default for BlobSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            free_disk_floor: ByteSize::mib(512),
            s3_endpoint: None,
            s3_region: None,
            s3_access_key_id: None,
            s3_secret_access_key: None,
            s3_parts: 8,
            s3_part_size: ByteSize::mib(8),
            s3_timeout_seconds: 60,
            room: Room::default(),
        }
    }
}

impl BlobSettings {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        let local = self.url.strip_prefix("file:").is_some_and(|path| !path.is_empty());
        let bucket = self.url.strip_prefix("s3://").is_some_and(|bucket| !bucket.is_empty());
        if !local && !bucket {
            problems.push("blobs.url: must be file:PATH or s3://BUCKET".to_owned());
        }
        if self.s3_part_size < ByteSize::mib(5) {
            problems.push("blobs.s3_part_size: must be at least 5242880, the least that S3 takes".to_owned());
        }
        super::positive("blobs.s3_parts", self.s3_parts as u64, problems);
        super::positive("blobs.s3_timeout_seconds", self.s3_timeout_seconds, problems);
    }
}
