use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

use reelshelf_domain::MediaType;
use reelshelf_media::{Metadata, Probe, ReadAt, inspected, probe, sniff};
use serde_json::Value;

use super::samples::{SAMPLES, Sample, ffprobe};

/// Where the two may differ: the beginning or end of a sample's name, the field, and why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("motion.png", "duration_ms", "ffprobe does not add up the frames of an APNG"),
    (".gif", "image.color", "it tells what its decoder makes of the indices"),
    (".gif", "image.alpha", "and that is never opaque"),
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

/// Those that must ask ffprobe, and why.
const ASKING: &[(&str, &str)] = &[];

/// What ffprobe says nothing of; truth.rs looks at it.
const UNSAID: &[&str] = &["image.orientation", "image.profile", "video.fast_start"];

/// How far two figures of a field may be apart, as a part of the larger one, and at least.
fn tolerance(field: &str) -> (f64, f64) {
    match field {
        // Rounded otherwise.
        "duration_ms" => (0.0, 1.0),
        "bit_rate" => (0.002, 8.0),
        "video.frame_rate" => (0.0, 0.001),
        "video.bit_rate" | "audio.bit_rate" => (0.002, 8.0),
        _ => (0.0, 0.0),
    }
}

/// Counts the bytes that are read.
pub(super) struct Counting<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) read: Cell<u64>,
}

impl ReadAt for Counting<'_> {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        self.read.set(self.read.get() + buffer.len() as u64);
        let from = usize::try_from(at).ok().and_then(|at| self.bytes.get(at..)?.get(..buffer.len()));
        buffer.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
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
    leaves(&serde_json::to_value(metadata).unwrap(), "", &mut fields);
    fields
}

fn is_same(field: &str, ours: Option<&Value>, theirs: Option<&Value>) -> bool {
    let (part, least) = tolerance(field);
    match (ours.and_then(Value::as_f64), theirs.and_then(Value::as_f64)) {
        (Some(ours), Some(theirs)) => (ours - theirs).abs() <= least.max(part * ours.max(theirs)),
        _ => ours == theirs,
    }
}

/// Every sample, every field: either both say the same, or the difference is one that is known and explained above.
#[test]
fn the_probe_says_of_every_sample_what_ffprobe_says() {
    let (mut table, mut wrong, mut met) = (String::new(), String::new(), BTreeSet::new());
    let (mut known, mut common) = (0, 0);
    for sample in SAMPLES {
        let (bytes, path) = (sample.bytes(), sample.path());
        assert_eq!(sniff(&bytes), sample.media_type, "{}", sample.name);
        let file = Counting { bytes: &bytes, read: Cell::new(0) };
        let length = bytes.len() as u64;
        let probed = probe(&file, length, sample.media_type).unwrap();
        let read = file.read.get();
        common += 1;
        let Probe::Known(ours) = probed else {
            writeln!(table, "{:<22} {read:>7} {probed:?}", sample.name).unwrap();
            continue;
        };
        known += 1;
        let theirs = inspected(&ffprobe(&path, sample.media_type), sample.media_type, length).unwrap();
        let (ours, theirs) = (fields(&ours), fields(&theirs));
        let names: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        writeln!(table, "{:<22} {read:>7} {} fields", sample.name, names.len()).unwrap();
        for field in names {
            let (ours, theirs) = (ours.get(field), theirs.get(field));
            if UNSAID.contains(&field.as_str()) || is_same(field, ours, theirs) {
                continue;
            }
            let explained = DIFFERENCES.iter().position(|(name, differing, _)| {
                (sample.name.ends_with(name) || sample.name.starts_with(name)) && differing == field
            });
            let line = format!("{:<22} {field}: {ours:?}, ffprobe {theirs:?}", sample.name);
            match explained {
                Some(index) => drop(met.insert(index)),
                None => writeln!(wrong, "{line}").unwrap(),
            }
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "\n{wrong}");
    for (index, difference) in DIFFERENCES.iter().enumerate() {
        assert!(met.contains(&index), "not met any more: {difference:?}");
    }
    println!("{known} of {common} known without a child");
}
