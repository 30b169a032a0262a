//! The header fields of tus, read and written.

use std::time::{Duration, SystemTime};

use axum::http::header::{CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use reelshelf_domain::{
    AssetHash, ByteSize, DisplayName, Error, FileName, FolderPath, MediaPath, Result, Resumption, UnixMillis,
};

use crate::http::body::content_length;
use crate::http::v2::{flag, sha256};
use crate::library::{Checksum, Incoming, NewFile, Progress};

pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
pub(super) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const UPLOAD_CONCAT: HeaderName = HeaderName::from_static("upload-concat");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// The type under which bytes come.
const OFFSET_STREAM: &str = "application/offset+octet-stream";
/// The type of a file whose client declares none.
const UNDECLARED: &str = "application/octet-stream";
/// The longest metadata that is kept.
const METADATA_MAX: usize = 8 * 1024;
/// Base 64, with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The one value of a field, as text.
fn field<'a>(headers: &'a HeaderMap, name: &HeaderName, shown: &'static str) -> Result<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(HeaderValue::to_str).transpose();
    let value = value.map_err(|_| Error::invalid(shown, "must be ASCII"))?;
    if values.next().is_some() {
        return Err(Error::invalid(shown, "stands more than once"));
    }
    Ok(value.map(str::trim))
}

/// A number of bytes: digits and nothing else.
fn number(text: &str, shown: &'static str) -> Result<ByteSize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok().map(ByteSize::new) } else { None };
    number.filter(|size| *size <= ByteSize::MAX).ok_or_else(|| Error::invalid(shown, "must be a whole number of bytes"))
}

/// How long an upload to be is; `None` when that is to be said later.
pub(super) fn upload_length(headers: &HeaderMap) -> Result<Option<ByteSize>> {
    let length = field(headers, &UPLOAD_LENGTH, "Upload-Length")?;
    let defer = field(headers, &UPLOAD_DEFER_LENGTH, "Upload-Defer-Length")?;
    match (length, defer) {
        (Some(_), Some(_)) => Err(Error::invalid("Upload-Defer-Length", "stands beside Upload-Length")),
        (None, None) => Err(Error::Missing("Upload-Length")),
        (None, Some("1")) => Ok(None),
        (None, Some(_)) => Err(Error::invalid("Upload-Defer-Length", "must be 1")),
        (Some(length), None) => match number(length, "Upload-Length")? {
            ByteSize::ZERO => Err(Error::invalid("Upload-Length", "is 0; a file has at least one byte")),
            size => Ok(Some(size)),
        },
    }
}

/// Refuses a part of a file: clients that send several at once do not all ask before whether they may, and each part would
/// become a file.
pub(super) fn refuse_concatenation(headers: &HeaderMap) -> Result<()> {
    if headers.contains_key(UPLOAD_CONCAT) {
        return Err(Error::invalid("Upload-Concat", "is not offered; send the file as one upload"));
    }
    Ok(())
}

/// Where the bytes of a request begin.
pub(super) fn upload_offset(headers: &HeaderMap) -> Result<ByteSize> {
    number(field(headers, &UPLOAD_OFFSET, "Upload-Offset")?.ok_or(Error::Missing("Upload-Offset"))?, "Upload-Offset")
}

/// Whether the body is of the protocol's type.
pub(super) fn is_offset_stream(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(OFFSET_STREAM))
}

/// Whether the request that makes an upload brings its first bytes too.
pub(super) fn brings_bytes(headers: &HeaderMap) -> Result<bool> {
    if is_offset_stream(headers) {
        return Ok(true);
    }
    let more = content_length(headers).is_some_and(|length| length > 0) || headers.contains_key(TRANSFER_ENCODING);
    if more { Err(Error::Resumption(Resumption::MediaType)) } else { Ok(false) }
}

/// What a request says of its bytes.
pub(super) fn incoming(headers: &HeaderMap, offset: ByteSize) -> Result<Incoming> {
    let total = field(headers, &UPLOAD_LENGTH, "Upload-Length")?;
    Ok(Incoming {
        offset,
        total: total.map(|total| number(total, "Upload-Length")).transpose()?,
        length: content_length(headers),
        checksum: field(headers, &UPLOAD_CHECKSUM, "Upload-Checksum")?.map(checksum).transpose()?,
    })
}

fn checksum(text: &str) -> Result<Checksum> {
    let wrong = || Error::invalid("Upload-Checksum", "must be an algorithm, a space and a sum in Base64");
    let (algorithm, sum) = text.split_once(' ').ok_or_else(wrong)?;
    Checksum::new(algorithm, BASE64.decode(sum.trim()).map_err(|_| wrong())?)
}

/// The file to be, and the metadata as it came.
pub(super) fn new_file(headers: &HeaderMap, size: Option<ByteSize>) -> Result<(NewFile, String)> {
    let raw = field(headers, &UPLOAD_METADATA, "Upload-Metadata")?.unwrap_or_default();
    if raw.len() > METADATA_MAX {
        return Err(Error::invalid("Upload-Metadata", format!("is longer than {METADATA_MAX} bytes")));
    }
    let metadata = Metadata::parse(raw)?;
    let name =
        metadata.text("filename")?.or(metadata.text("name")?).ok_or(Error::Missing("filename in Upload-Metadata"))?;
    let declared = metadata.text("filetype")?.or(metadata.text("type")?);
    let file = NewFile {
        path: MediaPath::new(
            FolderPath::sanitise(metadata.text("folder")?.as_deref().unwrap_or_default())?,
            FileName::sanitise(&name).map_err(as_metadata)?,
        ),
        display_name: DisplayName::of(&name),
        content_type: declared.unwrap_or_else(|| UNDECLARED.to_owned()),
        size,
        sha256: None,
        overwrite: metadata.flag("overwrite")?,
    };
    Ok((file, raw.to_owned()))
}

/// The hash that the bytes will have, when the client knows it.
pub(super) fn hash(metadata: &str) -> Result<Option<AssetHash>> {
    Metadata::parse(metadata)?.text("sha256")?.as_deref().map(sha256).transpose()
}

/// What is wrong with a file, by the names that the metadata has for it.
pub(super) fn as_metadata(error: Error) -> Error {
    match error {
        Error::Invalid { field, reason } if field == "name" => Error::invalid("filename", reason),
        Error::Invalid { field, reason } if field == "contentType" => Error::invalid("filetype", reason),
        error => error,
    }
}

/// What a client says of an upload: keys, each with bytes.
struct Metadata<'a>(Vec<(&'a str, Vec<u8>)>);

impl<'a> Metadata<'a> {
    fn parse(raw: &'a str) -> Result<Self> {
        let wrong = |reason: &'static str| Error::invalid("Upload-Metadata", reason);
        let mut pairs: Vec<(&str, Vec<u8>)> = Vec::new();
        for pair in raw.split(',').map(str::trim).filter(|pair| !pair.is_empty() || raw.contains(',')) {
            let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
            if key.is_empty() {
                return Err(wrong("has a pair without a key"));
            }
            if pairs.iter().any(|(other, _)| *other == key) {
                return Err(wrong("has a key twice"));
            }
            let value = BASE64.decode(value.trim()).map_err(|_| wrong("has a value that is not Base64"))?;
            pairs.push((key, value));
        }
        Ok(Self(pairs))
    }

    /// The text of a key. An empty one is as good as none.
    fn text(&self, key: &'static str) -> Result<Option<String>> {
        let Some((_, value)) = self.0.iter().find(|(other, value)| *other == key && !value.is_empty()) else {
            return Ok(None);
        };
        let text = String::from_utf8(value.clone());
        text.map(Some).map_err(|_| Error::invalid(key, "in Upload-Metadata is not UTF-8"))
    }

    /// A key that is there without a value says yes.
    fn flag(&self, key: &'static str) -> Result<bool> {
        match self.0.iter().find(|(other, _)| *other == key) {
            None => Ok(false),
            Some((_, value)) if value.is_empty() => Ok(true),
            Some(_) => flag(key, &self.text(key)?.unwrap_or_default()),
        }
    }
}

/// How far the upload is, and until when it waits.
pub(super) fn say_offset(headers: &mut HeaderMap, progress: &Progress) -> Result<()> {
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(progress.offset.get()));
    if let Some(at) = progress.expires_at {
        headers.insert(UPLOAD_EXPIRES, super::text(httpdate::fmt_http_date(system_time(at)))?);
    }
    Ok(())
}

/// All that is known of the upload.
pub(super) fn say_all(headers: &mut HeaderMap, progress: &Progress) -> Result<()> {
    say_offset(headers, progress)?;
    match progress.size {
        Some(size) => headers.insert(UPLOAD_LENGTH, HeaderValue::from(size.get())),
        None => headers.insert(UPLOAD_DEFER_LENGTH, HeaderValue::from_static("1")),
    };
    if !progress.metadata.is_empty() {
        headers.insert(UPLOAD_METADATA, super::text(progress.metadata.clone())?);
    }
    Ok(())
}

fn system_time(at: UnixMillis) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.seconds()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(metadata: &'static str) -> Result<NewFile> {
        let mut headers = HeaderMap::new();
        headers.insert(UPLOAD_METADATA, HeaderValue::from_static(metadata));
        new_file(&headers, None).map(|(file, _)| file)
    }

    #[test]
    fn metadata_names_the_file() {
        let file = file("filename YSBiLnBuZw==, filetype aW1hZ2UvcG5n,folder eC95,overwrite,other AP8=").unwrap();
        assert_eq!(file.path.to_string(), "x/y/a_b.png");
        assert_eq!(file.display_name.as_str(), "a b.png");
        assert_eq!((file.content_type.as_str(), file.overwrite), ("image/png", true));
    }

    #[test]
    fn metadata_without_the_rest_is_a_file_in_the_root() {
        let file = file("name YQ,type ,overwrite ZmFsc2U=").unwrap();
        assert_eq!(
            (file.path.to_string().as_str(), file.content_type.as_str(), file.overwrite),
            ("a", UNDECLARED, false)
        );
    }

    #[test]
    fn flags_are_spelt_as_everywhere() {
        // true, True, 1; false, False, 0.
        for (flag, meant) in
            [("dHJ1ZQ", true), ("VHJ1ZQ", true), ("MQ", true), ("ZmFsc2U", false), ("RmFsc2U", false), ("MA", false)]
        {
            let headers = HeaderValue::try_from(format!("filename YQ,overwrite {flag}")).unwrap();
            let headers = HeaderMap::from_iter([(UPLOAD_METADATA, headers)]);
            assert_eq!(new_file(&headers, None).unwrap().0.overwrite, meant, "{flag}");
        }
    }

    #[test]
    fn metadata_that_breaks_the_rules_is_refused() {
        for wrong in [
            "",
            "filetype aW1hZ2UvcG5n",
            "filename",
            "filename YQ==,filename Yg==",
            "filename !!!",
            ",filename YQ==",
            "filename YQ==,",
            "filename /w==",
            "filename YQ==,overwrite bm8=",
            "filename YQ== YQ==",
        ] {
            assert!(file(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn numbers_are_digits() {
        for wrong in ["", "-1", "+1", "1.0", "0x1", " 1", "99999999999999999999", "9223372036854775808"] {
            assert!(number(wrong, "Upload-Length").is_err(), "{wrong:?}");
        }
        assert_eq!(number("9223372036854775807", "Upload-Length").unwrap(), ByteSize::MAX);
    }
}
