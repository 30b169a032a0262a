use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use reelshelf_domain::MediaType;
use reelshelf_media::{Metadata, Probe, inspected, probe, sniff};
use serde_json::Value;

use super::counting::Counting;
use super::kept::ffprobe;
use super::samples::SAMPLES;

/// Where the two may differ: the beginning or end of a sample's name, the field, and why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
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

/// Those that must ask ffprobe, and why.
const ASKING: &[(&str, &str)] = &[
    ("fragments.mp4", "the index of a movie in fragments does not say how long they are"),
    ("live.webm", "what is streamed live does not say how long it is"),
    ("mpeg4.mkv", "Matroska does not tell the bit rate of MP3"),
    ("ac3.mkv", "nor that of AC-3"),
    ("wmv2.wmv", "ffmpeg writes no frame rate here; Windows does"),
    ("wmv1.wmv", "ffmpeg writes no frame rate here; Windows does"),
    ("tagged.wmv", "ffmpeg writes no frame rate here; Windows does"),
    ("mpeg1.mpg", "durations stand only in the streams"),
    ("mpeg2.mpg", "durations stand only in the streams"),
    ("h264.ts", "durations stand only in the streams"),
    ("mono-low.aac", "its sample rate may be doubled"),
    ("speex.ogg", "hardly used"),
];

/// The types that people mostly bring: the contract's own list.
const COMMON: &[MediaType] = &[
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
    let (mut known, mut asking) = (0, Vec::new());
    for sample in SAMPLES {
        let (bytes, path) = (sample.bytes(), sample.path());
        assert_eq!(sniff(&bytes), sample.media_type, "{}", sample.name);
        let file = Counting::new(&bytes);
        let length = bytes.len() as u64;
        let probed = probe(&file, length, sample.media_type).unwrap();
        let read = file.bytes_read();
        let Probe::Known(ours) = probed else {
            writeln!(table, "{:<22} {read:>7} {probed:?}", sample.name).unwrap();
            asking.push(sample.name);
            continue;
        };
        known += 1;
        let theirs = inspected(&ffprobe(&path, sample.media_type), sample.media_type, length).unwrap();
        writeln!(table, "{:<22} {read:>7} {}", sample.name, serde_json::to_string(&ours).unwrap()).unwrap();
        let (ours, theirs) = (fields(&ours), fields(&theirs));
        let names: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
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
    println!("{known} of {} known without a child", SAMPLES.len());
    assert_eq!(asking, ASKING.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

#[test]
fn of_common_files_few_need_a_child() {
    let common: Vec<_> = SAMPLES.iter().filter(|sample| COMMON.contains(&sample.media_type)).collect();
    let asking = common.iter().filter(|sample| ASKING.iter().any(|(name, _)| *name == sample.name)).count();
    assert!(asking * 20 <= common.len(), "{asking} of {}", common.len());
}
