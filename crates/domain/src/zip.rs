//! The layout of a ZIP whose files stand in it as they are: media does not get smaller. Sizes are known before the first
//! byte is sent, so the length of the whole is; checksums are not, so they follow each file in a data descriptor.
//! (APPNOTE 6.3.10; section numbers are its.)

mod names;

use time::OffsetDateTime;

use crate::{ByteSize, UnixMillis};

pub use names::ZipNames;

/// What a field of 32 bits cannot hold; it says instead that a ZIP64 field does.
const LARGE: u64 = 0xFFFF_FFFF;
/// The same of a field of 16 bits.
const MANY: u64 = 0xFFFF;
/// Names are UTF-8.
const UTF_8: u16 = 1 << 11;
/// A data descriptor follows the file.
const DESCRIBED: u16 = 1 << 3;
/// The specification that holds for all of it.
const VERSION: u16 = 45;
/// What a reader must know: folders and stored files; ZIP64.
const PLAIN: u16 = 20;
/// Attributes are those of Unix.
const UNIX: u16 = 3 << 8;
/// The time in seconds since 1970, beside the local time of a nameless place that the format has of old.
const TIMESTAMP: u16 = 0x5455;
const TIMESTAMP_LEN: u64 = 9;
const ZIP64: u16 = 0x0001;

/// A file or a folder in a ZIP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZipEntry {
    name: String,
    size: u64,
    modified: UnixMillis,
}

impl ZipEntry {
    /// A file: its path in the archive, with slashes between levels.
    pub const fn file(name: String, size: ByteSize, modified: UnixMillis) -> Self {
        Self { name, size: size.get(), modified }
    }

    /// A folder that nothing else in the archive speaks of: its path without a slash at the end.
    pub fn folder(mut name: String, modified: UnixMillis) -> Self {
        name.push('/');
        Self { name, size: 0, modified }
    }

    /// Its path in the archive; a folder's ends with a slash.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }

    const fn is_large(&self) -> bool {
        self.size >= LARGE
    }

    /// What stands before the bytes (4.3.7).
    pub fn local_header(&self) -> Vec<u8> {
        let mut field = Fields::of(0x0403_4b50);
        let needed = if self.is_large() { VERSION } else { PLAIN };
        field.u16(needed).u16(self.flags()).u16(0).u32(dos_time(self.modified));
        // The descriptor says them.
        let size = if self.is_large() { LARGE } else { 0 };
        field.u32(0).u32(low(size)).u32(low(size));
        let zip64 = if self.is_large() { 20 } else { 0 };
        field.u16(short(self.name.len() as u64)).u16(short(TIMESTAMP_LEN + zip64)).bytes(self.name.as_bytes());
        self.timestamp(&mut field);
        if self.is_large() {
            // That it is here makes the descriptor's sizes 64 bits wide (4.3.9.2).
            field.u16(ZIP64).u16(16).u64(0).u64(0);
        }
        field.0
    }

    /// What stands behind the bytes (4.3.9). A folder has none, and nothing behind them.
    pub fn descriptor(&self, crc32: u32) -> Vec<u8> {
        if self.is_folder() {
            return Vec::new();
        }
        let mut field = Fields::of(0x0807_4b50);
        field.u32(crc32);
        if self.is_large() {
            field.u64(self.size).u64(self.size);
        } else {
            field.u32(low(self.size)).u32(low(self.size));
        }
        field.0
    }

    /// What the directory says of it (4.3.12).
    pub fn directory_header(&self, at: u64, crc32: u32) -> Vec<u8> {
        let zip64 = self.directory_zip64(at);
        let needed = if zip64 > 0 { VERSION } else { PLAIN };
        let size = low(self.size.min(LARGE));
        let mut field = Fields::of(0x0201_4b50);
        field.u16(UNIX | VERSION).u16(needed).u16(self.flags()).u16(0).u32(dos_time(self.modified));
        field.u32(crc32).u32(size).u32(size);
        field.u16(short(self.name.len() as u64)).u16(short(TIMESTAMP_LEN + zip64));
        // No comment, the first disk, no internal attributes.
        field.u16(0).u16(0).u16(0);
        field.u32(if self.is_folder() { 0o40_755 << 16 | 0x10 } else { 0o100_644 << 16 });
        field.u32(low(at.min(LARGE))).bytes(self.name.as_bytes());
        self.timestamp(&mut field);
        if zip64 > 0 {
            field.u16(ZIP64).u16(short(zip64 - 4));
            if self.is_large() {
                field.u64(self.size).u64(self.size);
            }
            if at >= LARGE {
                field.u64(at);
            }
        }
        field.0
    }

    fn flags(&self) -> u16 {
        if self.is_folder() { UTF_8 } else { UTF_8 | DESCRIBED }
    }

    fn timestamp(&self, field: &mut Fields) {
        let seconds = self.modified.seconds().clamp(0, i32::MAX.into());
        field.u16(TIMESTAMP).u16(5).bytes(&[1]).u32(low(seconds.unsigned_abs()));
    }

    /// How long the ZIP64 field of its directory header is.
    const fn directory_zip64(&self, at: u64) -> u64 {
        let sizes = if self.is_large() { 16 } else { 0 };
        let place = if at >= LARGE { 8 } else { 0 };
        if sizes + place > 0 { 4 + sizes + place } else { 0 }
    }

    /// How much of the archive it takes, its place in the directory apart.
    fn len(&self) -> u64 {
        let (zip64, descriptor) = if self.is_large() { (20, 24) } else { (0, 16) };
        let descriptor = if self.is_folder() { 0 } else { descriptor };
        30 + self.name.len() as u64 + TIMESTAMP_LEN + zip64 + self.size + descriptor
    }

    const fn directory_len(&self, at: u64) -> u64 {
        46 + self.name.len() as u64 + TIMESTAMP_LEN + self.directory_zip64(at)
    }
}

/// Where everything stands, entry after entry.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZipLayout {
    entries: u64,
    files: u64,
    directory: u64,
}

impl ZipLayout {
    /// The next entry. Answers where its local header begins.
    pub fn push(&mut self, entry: &ZipEntry) -> u64 {
        let at = self.files;
        self.files += entry.len();
        self.directory += entry.directory_len(at);
        self.entries += 1;
        at
    }

    /// How long the whole archive is.
    pub const fn len(&self) -> u64 {
        self.files + self.directory + 22 + if self.is_zip64() { 76 } else { 0 }
    }

    /// Whether nothing is in it.
    pub const fn is_empty(&self) -> bool {
        self.entries == 0
    }

    const fn is_zip64(&self) -> bool {
        self.entries >= MANY || self.directory >= LARGE || self.files >= LARGE
    }

    /// What stands behind the directory (4.3.14 to 4.3.16).
    pub fn end(&self) -> Vec<u8> {
        let mut field = Fields(Vec::new());
        if self.is_zip64() {
            field.u32(0x0606_4b50).u64(44).u16(UNIX | VERSION).u16(VERSION).u32(0).u32(0);
            field.u64(self.entries).u64(self.entries).u64(self.directory).u64(self.files);
            field.u32(0x0706_4b50).u32(0).u64(self.files + self.directory).u32(1);
        }
        let entries = short(self.entries.min(MANY));
        field.u32(0x0605_4b50).u16(0).u16(0).u16(entries).u16(entries);
        field.u32(low(self.directory.min(LARGE))).u32(low(self.files.min(LARGE))).u16(0);
        field.0
    }
}

/// Numbers in the format's byte order.
struct Fields(Vec<u8>);

impl Fields {
    fn of(signature: u32) -> Self {
        Self(signature.to_le_bytes().to_vec())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }
}

/// A value that is known to fit, or that the caller has cut.
fn low(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn short(value: u64) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

/// Date and time as MS-DOS had them: from 1980 to 2107, in steps of two seconds, here in UTC. The date is the upper half.
fn dos_time(at: UnixMillis) -> u32 {
    let time = OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let Some(year) = u32::try_from(time.year() - 1980).ok().filter(|year| *year <= 127) else {
        // The first day the format knows.
        return 1 << 21 | 1 << 16;
    };
    let date = year << 9 | u32::from(u8::from(time.month())) << 5 | u32::from(time.day());
    let clock = u32::from(time.hour()) << 11 | u32::from(time.minute()) << 5 | u32::from(time.second() / 2);
    date << 16 | clock
}

#[cfg(test)]
mod tests;
