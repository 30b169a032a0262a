//! Untrusted media.
//!
//! [`sniff()`] says what a file is by its first bytes: pure, and it never fails. [`probe()`] says by its headers what it
//! holds, as [`Metadata`]. [`run()`] is the one door through which
//! Reelshelf starts another program: with limits on time, output and number, and with nothing left behind.
//! [`Archive`] reads ZIPs: pure but for the reading, and it gives nothing that was not checked.
//! [`render()`] makes small pictures of an untrusted one, for a child that is sandboxed.
//! The crate knows no HTTP, no SQL and no blob store.
#![warn(missing_docs)]

mod inspect;
mod metadata;
mod probe;
mod picture;
mod process;
mod sniff;
mod unzip;

pub use inspect::{InspectProblem, inspect_arguments, inspected};
pub use metadata::{AudioMetadata, Color, ImageMetadata, Metadata, Tags, VideoMetadata};
pub use probe::{Broken, PROBE_BYTES, Probe, fast_start, probe};
pub use picture::{
    Fit, Layout, MadePicture, Out, PictureFormat, PictureKind, PictureLimits, PictureOrder, PictureProblem, Pixels,
    Rendered, Size, THUMBNAIL_SIDES, encode, encode_webp, render, render_raw, sprite,
};
pub use process::{Command, Limits, Output, ProcessError, Slots, run};
pub use sniff::{HEAD_BYTES, contradicts, sniff};
pub use unzip::{Archive, ArchiveProblem, Member, MemberProblem, MemberReader, ReadAt, UnzipLimits};
