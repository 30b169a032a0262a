//! Archives as no honest program writes them.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// A member, with everything that a forger may say of it.
#[derive(Clone)]
pub(crate) struct Forged {
    pub(crate) name: Vec<u8>,
    /// The name in its own header, if it is another.
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) packed: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) compressed: u64,
    pub(crate) crc32: u32,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) attributes: u32,
    pub(crate) extra: Vec<u8>,
    /// Where it says that it is, if elsewhere than where it is.
    pub(crate) at: Option<u32>,
}

impl Forged {
    /// A file that stands there as it is.
    pub(crate) fn stored(name: impl Into<Vec<u8>>, bytes: &[u8]) -> Self {
        let length = bytes.len() as u64;
        let (packed, crc32) = (bytes.to_vec(), crc32fast::hash(bytes));
        let (local_name, extra, at) = (None, Vec::new(), None);
        let name = name.into();
        Self {
            name,
            local_name,
            packed,
            size: length,
            compressed: length,
            crc32,
            method: 0,
            flags: 0,
            attributes: 0,
            extra,
            at,
        }
    }

    /// A file that is compressed.
    pub(crate) fn deflated(name: impl Into<Vec<u8>>, bytes: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        let packed = encoder.finish().unwrap();
        let compressed = packed.len() as u64;
        Self { packed, compressed, method: 8, ..Self::stored(name, bytes) }
    }

    fn fields(&self, name: &[u8]) -> Vec<u8> {
        let mut fields = Vec::new();
        fields.extend([self.flags, self.method, 0, 0].iter().flat_map(|field| field.to_le_bytes()));
        let short = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        fields.extend([self.crc32, short(self.compressed), short(self.size)].iter().flat_map(|it| it.to_le_bytes()));
        fields.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        fields
    }

    fn local(&self) -> Vec<u8> {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        [b"PK\x03\x04\x14\x00", self.fields(name).as_slice(), &[0, 0], name, &self.packed].concat()
    }

    fn central(&self, at: u32) -> Vec<u8> {
        let mut bytes = [b"PK\x01\x02\x14\x03\x14\x00", self.fields(&self.name).as_slice()].concat();
        bytes.extend(u16::try_from(self.extra.len()).unwrap().to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend(self.attributes.to_le_bytes());
        bytes.extend(self.at.unwrap_or(at).to_le_bytes());
        [bytes.as_slice(), &self.name, &self.extra].concat()
    }
}

/// The archive of these members.
pub(crate) fn forge(members: &[Forged]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        directory.extend(member.central(u32::try_from(archive.len()).unwrap()));
        // What points elsewhere has no bytes of its own.
        if member.at.is_none() {
            archive.extend(member.local());
        }
    }
    let start = archive.len();
    archive.extend(&directory);
    archive.extend(end(members.len(), directory.len(), start));
    archive
}

/// The record at the end.
pub(crate) fn end(members: usize, directory: usize, start: usize) -> Vec<u8> {
    let count = u16::try_from(members).unwrap_or(u16::MAX).to_le_bytes();
    let wide = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    [b"PK\x05\x06\x00\x00\x00\x00", &count[..], &count, &wide(directory), &wide(start), &[0, 0]].concat()
}
