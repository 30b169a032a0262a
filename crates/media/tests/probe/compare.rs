//! What the probe says of a file beside what ffprobe says of it, for tests and for the benchmarks.

use std::collections::{BTreeMap, BTreeSet};

use reelshelf_domain::MediaType;
use reelshelf_media::Metadata;
use serde_json::Value;

/// Where the two may differ: the beginning or end of a sample's name, the field, and why.
pub(crate) const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("motion.png", "duration_ms", "ffprobe does not add up the frames of an APNG"),
    (".gif", "image.alpha", "it tells what its decoder makes of the indices, which is never opaque"),
    ("rgba.bmp", "image.alpha", "a bitmap of 32 bits is only transparent when a mask of its header says so"),
    ("lossless.webp", "image.alpha", "it tells what its decoder makes, not what the header says"),
    ("tagged.mov", "tags.description", "it does not read QuickTime's description"),
    (".avi", "video.bit_rate", "it leaves the last picture's time out"),
    ("tagged.avi", "tags.album", "it does not read this one in AVI"),
    ("theora-alone.ogv", "video.frame_rate", "it averages too few pictures, and then says nothing"),
    (".opus", "duration_ms", "it counts the samples that players skip at the beginning"),
    (".opus", "bit_rate", "from that duration"),
    (".aac", "duration_ms", "both estimate; truth.rs holds ours against the number of frames"),
    (".aac", "bit_rate", "from that duration"),
    (".aac", "audio.bit_rate", "from that duration"),
];

/// The types that people mostly bring: the contract's own list.
pub(crate) const COMMON: &[MediaType] = &[
    MediaType::Png,
    MediaType::Jpeg,
    MediaType::Gif,
    MediaType::Bmp,
    MediaType::Tiff,
    MediaType::Webp,
    MediaType::Mp4,
    MediaType::Mov,
    MediaType::Webm,
    MediaType::Mp3,
    MediaType::Wav,
    MediaType::Flac,
    MediaType::Aac,
    MediaType::Opus,
    MediaType::Ogg,
    MediaType::M4a,
];

/// What ffprobe says nothing of; truth.rs looks at it.
const UNSAID: &[&str] = &["image.orientation", "image.profile", "video.fast_start"];

/// How far two figures of a field may be apart, as a part of the larger one, and at least.
fn tolerance(field: &str) -> (f64, f64) {
    match field {
        // Rounded otherwise.
        "duration_ms" => (0.0, 1.0),
        "video.frame_rate" => (0.0, 0.001),
        "bit_rate" | "video.bit_rate" | "audio.bit_rate" => (0.002, 8.0),
        _ => (0.0, 0.0),
    }
}

/// The leaves of a document by their paths.
fn leaves(value: &Value, path: &str, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(field, &path, into);
            }
        }
        leaf => drop(into.insert(path.to_owned(), leaf.clone())),
    }
}

fn fields(metadata: &Metadata) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    leaves(&serde_json::to_value(metadata).unwrap_or_default(), "", &mut fields);
    fields
}

fn is_same(field: &str, ours: Option<&Value>, theirs: Option<&Value>) -> bool {
    let (part, least) = tolerance(field);
    match (ours.and_then(Value::as_f64), theirs.and_then(Value::as_f64)) {
        (Some(ours), Some(theirs)) => (ours - theirs).abs() <= least.max(part * ours.max(theirs)),
        _ => ours == theirs,
    }
}

/// A field of which the two do not say the same.
pub(crate) struct Difference {
    pub(crate) field: String,
    pub(crate) ours: Option<Value>,
    pub(crate) theirs: Option<Value>,
    /// Which of [`DIFFERENCES`] explains it.
    pub(crate) known: Option<usize>,
}

/// How many fields there are, and those that differ.
pub(crate) fn compared(name: &str, ours: &Metadata, theirs: &Metadata) -> (usize, Vec<Difference>) {
    let (ours, theirs) = (fields(ours), fields(theirs));
    let names: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let names: Vec<_> = names.into_iter().filter(|field| !UNSAID.contains(&field.as_str())).collect();
    let mut differences = Vec::new();
    for field in &names {
        let (ours, theirs) = (ours.get(*field).cloned(), theirs.get(*field).cloned());
        if is_same(field, ours.as_ref(), theirs.as_ref()) {
            continue;
        }
        let known = DIFFERENCES
            .iter()
            .position(|(of, differing, _)| (name.ends_with(of) || name.starts_with(of)) && differing == field);
        differences.push(Difference { field: (*field).clone(), ours, theirs, known });
    }
    (names.len(), differences)
}
