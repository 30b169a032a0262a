//! Upload URLs: signed by us, so that the transfer itself needs no key.

use hmac::{Hmac, KeyInit, Mac};
use reelshelf_domain::{ByteSize, Chance, Denial, Error, Result, UnixMillis, UploadId};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

use crate::store::Store;

/// What an upload URL says, and its signature covers with the registered type and length.
#[derive(Clone, Debug)]
pub struct SignedUpload {
    /// The upload.
    pub upload: UploadId,
    /// Until when the URL is valid.
    pub expires_at: UnixMillis,
    /// 64 hexadecimal digits.
    pub signature: String,
}

/// Signs upload URLs with a secret that all processes of one database share.
pub struct Signer(SecretBox<[u8; 32]>);

impl Signer {
    /// Reads the secret, or makes it at the first start.
    pub async fn open(store: &Store, chance: &dyn Chance) -> Result<Self> {
        let mut fresh = [0; 32];
        chance.fill(&mut fresh)?;
        let kept = store.setting("upload_secret", hex::encode(fresh)).await?;
        let mut secret = [0; 32];
        hex::decode_to_slice(kept, &mut secret).map_err(|error| Error::internal("reading the upload secret", error))?;
        Ok(Self(SecretBox::new(Box::new(secret))))
    }

    /// Signs the right to send the bytes of an upload.
    pub fn sign(
        &self,
        upload: UploadId,
        expires_at: UnixMillis,
        content_type: &str,
        size: Option<ByteSize>,
    ) -> Result<SignedUpload> {
        let mac = self.mac(upload, expires_at, content_type, size)?;
        Ok(SignedUpload { upload, expires_at, signature: hex::encode(mac.finalize().into_bytes()) })
    }

    /// Whether a signature is ours and covers this type and length. The comparison takes constant time.
    pub fn check(&self, signed: &SignedUpload, content_type: &str, size: Option<ByteSize>) -> Result<()> {
        let signature = hex::decode(&signed.signature).map_err(|_| Error::Denied(Denial::Signature))?;
        let mac = self.mac(signed.upload, signed.expires_at, content_type, size)?;
        mac.verify_slice(&signature).map_err(|_| Error::Denied(Denial::Signature))
    }

    fn mac(
        &self,
        upload: UploadId,
        expires_at: UnixMillis,
        content_type: &str,
        size: Option<ByteSize>,
    ) -> Result<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret())
            .map_err(|error| Error::internal("signing an upload URL", error))?;
        let size = size.map_or_else(|| "-".to_owned(), |size| size.get().to_string());
        // The content type comes last: it is the only part that could hold a line break.
        mac.update(format!("PUT\n{upload}\n{}\n{size}\n{content_type}", expires_at.get()).as_bytes());
        Ok(mac)
    }
}
