//! A bucket of any S3 store.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path as ObjectPath;
use object_store::{ClientOptions, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use reelshelf_domain::{ByteRange, Error, Result, UnixMillis};
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;

use super::{BlobKey, ByteStream, Filled, Listed, MARK, blocking};
use crate::config::BlobSettings;

#[derive(Clone)]
pub(super) struct Remote {
    pub(super) store: Arc<dyn ObjectStore>,
    prefix: String,
    /// One permit for each part in memory, over all uploads.
    parts: Arc<Semaphore>,
    part_size: usize,
}

impl Remote {
    pub(super) fn open(settings: &BlobSettings) -> Result<Self> {
        let address = settings.url.strip_prefix("s3://").unwrap_or_default();
        let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
        // How long the store may be silent, and not how long an answer may take: a large file on its way to a slow reader,
        // or put together by the store, takes as long as it takes.
        let silence = Duration::from_secs(settings.s3_timeout_seconds);
        let options = ClientOptions::new().with_timeout_disabled().with_read_timeout(silence).with_allow_http(true);
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_client_options(options);
        if let Some(endpoint) = &settings.s3_endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &settings.s3_region {
            builder = builder.with_region(region);
        }
        if let Some(id) = &settings.s3_access_key_id {
            builder = builder.with_access_key_id(id);
        }
        if let Some(key) = &settings.s3_secret_access_key {
            builder = builder.with_secret_access_key(key.expose_secret());
        }
        let store = builder.build().map_err(|error| Error::internal("opening the bucket", error))?;
        let prefix = prefix.trim_matches('/');
        Ok(Self {
            store: Arc::new(store),
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
            parts: Arc::new(Semaphore::new(settings.s3_parts)),
            part_size: usize::try_from(settings.s3_part_size.get()).unwrap_or(usize::MAX),
        })
    }

    fn place(&self, key: BlobKey) -> ObjectPath {
        ObjectPath::from(format!("{}{}", self.prefix, key.name()))
    }

    /// Whose the place is: of the one who asked first, as far as the store can tell who was.
    pub(super) async fn mark(&self, installation: &str) -> Result<String> {
        let mark = ObjectPath::from(format!("{}{MARK}", self.prefix));
        if let Some(found) = self.text(&mark).await? {
            return Ok(found);
        }
        self.store.put(&mark, PutPayload::from(installation.to_owned())).await.map_err(failed)?;
        Ok(self.text(&mark).await?.unwrap_or_default())
    }

    async fn text(&self, place: &ObjectPath) -> Result<Option<String>> {
        let bytes = match self.store.get(place).await {
            Ok(found) => found.bytes().await.map_err(failed)?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub(super) async fn commit(&self, key: BlobKey, filled: Filled) -> Result<()> {
        let doing = "writing an object";
        let path = filled.path().to_owned();
        let file = Arc::new(blocking("reading a scratch file", move || File::open(path)).await?);
        let size = usize::try_from(filled.size.get()).unwrap_or(usize::MAX);
        if size <= self.part_size {
            let _permit = self.parts.acquire().await.map_err(|error| Error::internal(doing, error))?;
            let bytes = read_part(&file, 0, size).await?;
            self.store.put(&self.place(key), PutPayload::from(bytes)).await.map_err(failed)?;
            return Ok(());
        }
        let mut upload = self.store.put_multipart(&self.place(key)).await.map_err(failed)?;
        match self.send_parts(upload.as_mut(), &file, size).await {
            Ok(()) => Ok(()),
            Err(error) => {
                // What was sent costs money until it is taken back.
                if let Err(abort) = upload.abort().await {
                    tracing::warn!(error = %abort, "a multipart upload could not be aborted");
                }
                Err(error)
            }
        }
    }

    pub(super) async fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        file: &Arc<File>,
        size: usize,
    ) -> Result<()> {
        let mut at = 0;
        while at < size {
            let _permit = self.parts.acquire().await.map_err(|error| Error::internal("writing an object", error))?;
            let part = read_part(file, at, self.part_size.min(size - at)).await?;
            at += part.len();
            upload.put_part(PutPayload::from(part)).await.map_err(failed)?;
        }
        upload.complete().await.map(|_| ()).map_err(failed)
    }

    pub(super) async fn read(&self, key: BlobKey, range: ByteRange) -> Result<Option<ByteStream>> {
        let options = object_store::GetOptions::new().with_range(Some(range.start()..range.end() + 1));
        match self.store.get_opts(&self.place(key), options).await {
            Ok(found) => Ok(Some(found.into_stream().map_err(std::io::Error::other).boxed())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    pub(super) async fn size(&self, key: BlobKey) -> Result<Option<u64>> {
        match self.store.head(&self.place(key)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    pub(super) async fn list(&self, shard: u8) -> Result<(Vec<Listed>, Vec<String>)> {
        let (mut objects, mut strangers) = (Vec::new(), Vec::new());
        for folder in BlobKey::folders(shard) {
            let prefix = ObjectPath::from(format!("{}{folder}", self.prefix));
            let mut listing = self.store.list(Some(&prefix));
            while let Some(object) = listing.try_next().await.map_err(failed)? {
                let name = object.location.to_string();
                let name = name.strip_prefix(&self.prefix).unwrap_or(&name);
                match BlobKey::parse(name) {
                    Some(key) => {
                        let modified = UnixMillis::new(object.last_modified.timestamp_millis());
                        objects.push(Listed { key, modified });
                    }
                    None => strangers.push(name.to_owned()),
                }
            }
        }
        Ok((objects, strangers))
    }

    pub(super) async fn ping(&self) -> Result<()> {
        let probe = ObjectPath::from(format!("{}originals/ping", self.prefix));
        match self.store.head(&probe).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    pub(super) async fn delete(&self, key: BlobKey) -> Result<()> {
        match self.store.delete(&self.place(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Straight into the part: uploads that wait for their next one hold no buffer of a file.
async fn read_part(file: &Arc<File>, at: usize, size: usize) -> Result<Bytes> {
    let file = Arc::clone(file);
    let read = blocking("reading a scratch file", move || {
        let mut part = vec![0; size];
        file.read_exact_at(&mut part, at as u64)?;
        Ok(part)
    });
    read.await.map(Bytes::from)
}

fn failed(error: object_store::Error) -> Error {
    Error::internal("talking to the object store", error)
}
