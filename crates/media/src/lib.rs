//! Untrusted media.
//!
//! [`sniff()`] says what a file is by its first bytes: pure, and it never fails. [`probe()`] says by its headers what it
//! holds, as [`Metadata`]. [`run()`] is the one door through which
//! Reelshelf starts another program: with limits on time, output and number, and with nothing left behind.
//! [`Processor`] is what the server asks of media: it decodes in children that can do nothing else ([`child_main`]).
//! [`Archive`] reads ZIPs: pure but for the reading, and it gives nothing that was not checked.
//! [`render()`] makes small pictures of an untrusted one, for a child that is sandboxed.
//! The crate knows no HTTP, no SQL and no blob store.
#![warn(missing_docs)]

mod inspect;
mod metadata;
mod picture;
mod probe;
mod process;
mod processor;
mod sandbox;
mod sniff;
mod sound;
mod unzip;
mod video;

pub use inspect::{InspectProblem, inspect_arguments, inspected};
pub use metadata::{AudioMetadata, Color, ImageMetadata, Metadata, Tags, VideoMetadata};
pub use picture::{
    Fit, Layout, MadePicture, Out, PictureFormat, PictureKind, PictureLimits, PictureOrder, PictureProblem, Pixels,
    Rendered, Size, THUMBNAIL_SIDES, encode, render, render_pixels, sprite,
};
pub use probe::{Broken, PROBE_BYTES, Probe, fast_start, probe};
pub use process::{Command, Limits, Output, ProcessError, Slots, run};
pub use processor::{
    Death, Derived, Made, Order, Processor, ProcessorLimits, ProcessorSettings, Reason, Refusal, Resize, SoundFacts,
};
#[doc(hidden)]
pub use sandbox::child_main_with;
pub use sandbox::{Abilities, child_main};
pub use sniff::{HEAD_BYTES, contradicts, sniff};
pub use unzip::{Archive, ArchiveProblem, Member, MemberProblem, MemberReader, ReadAt, UnzipLimits};
