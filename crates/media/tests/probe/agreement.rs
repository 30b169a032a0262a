use std::collections::BTreeSet;
use std::fmt::Write as _;

use reelshelf_media::{Probe, inspected, probe, sniff};

use super::compare::{COMMON, DIFFERENCES, Difference, compared};
use super::counting::Counting;
use super::made::ffprobe;
use super::samples::SAMPLES;

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

/// Every sample, every field: either both say the same, or the difference is one that is known and explained.
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
        for Difference { field, ours, theirs, known } in compared(sample.name, &ours, &theirs).1 {
            match known {
                Some(index) => drop(met.insert(index)),
                None => writeln!(wrong, "{:<22} {field}: {ours:?}, ffprobe {theirs:?}", sample.name).unwrap(),
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
