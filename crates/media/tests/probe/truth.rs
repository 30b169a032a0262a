//! What ffprobe does not tell, or tells wrongly, against what is known of the samples.

use std::io;

use reelshelf_domain::{MediaKind, MediaType};
use reelshelf_media::{Broken, Metadata, Probe, ReadAt, fast_start, inspected, probe};

use super::made::ffprobe;
use super::matrix::with_matrix;
use super::samples::Sample;

fn known(bytes: &Vec<u8>, media_type: MediaType) -> Metadata {
    match probe(bytes, bytes.len() as u64, media_type).unwrap() {
        Probe::Known(metadata) => *metadata,
        other => panic!("{other:?}"),
    }
}

fn of(name: &str) -> Metadata {
    let sample = Sample::named(name);
    known(&sample.bytes(), sample.media_type)
}

#[test]
fn a_movie_starts_fast_when_its_index_stands_in_front() {
    for (name, expected) in [("h264.mp4", false), ("h264-fast.mp4", true), ("h264.mov", false), ("vp9.webm", true)] {
        assert_eq!(of(name).video.unwrap().fast_start, Some(expected), "{name}");
    }
    for (name, expected) in [("fragments.mp4", Some(true)), ("h264.ts", Some(true)), ("tagged.mp3", None)] {
        let sample = Sample::named(name);
        let bytes = sample.bytes();
        assert_eq!(fast_start(&bytes, bytes.len() as u64, sample.media_type).unwrap(), expected, "{name}");
    }
}

/// A frame of AAC has 1,024 samples; the encoder puts one frame in front and fills the last.
#[test]
fn the_length_of_adts_is_that_of_its_frames() {
    let exact = |seconds: u64| (seconds * 44_100).div_ceil(1024) * 1024 * 1000 / 44_100;
    for (name, seconds, part) in [("adts.aac", 3, 50), ("long.aac", 600, 100)] {
        let (ours, exact) = (of(name).duration_ms.unwrap(), exact(seconds));
        assert!(ours.abs_diff(exact) <= exact / part, "{name}: {ours} instead of {exact}");
    }
}

#[test]
fn a_length_is_what_is_heard() {
    for (name, expected) in [("sound.opus", 3000), ("mono.opus", 3000), ("vorbis.ogg", 3000), ("s16.flac", 3000)] {
        assert_eq!(of(name).duration_ms, Some(expected), "{name}");
    }
    let long = of("long.mp3").duration_ms.unwrap();
    assert!((600_000..600_100).contains(&long), "{long}");
}

#[test]
fn a_movie_with_sound_alone_is_sound() {
    let sound = of("sound.mp4");
    assert_eq!((sound.kind, sound.mime), (MediaKind::Audio, MediaType::M4a));
    assert_eq!(of("sound.webm").kind, MediaKind::Audio);
}

#[test]
fn animations_tell_their_frames_and_their_length() {
    for (name, frames, duration_ms) in [("motion.gif", 10, 1000), ("motion.png", 10, 1000)] {
        let metadata = of(name);
        assert_eq!(metadata.image.unwrap().frames, frames, "{name}");
        assert!(metadata.duration_ms.unwrap().abs_diff(duration_ms) <= 20, "{name}: {:?}", metadata.duration_ms);
    }
}

#[test]
fn a_turned_movie_is_seen_upright() {
    let upright = Sample::named("h264-anamorphic.mp4").bytes();
    let wide = (171, 120);
    for (matrix, rotation, size) in [
        ([1, 0, 0, 1], 0, wide),
        ([0, 1, -1, 0], 90, (120, 171)),
        ([-1, 0, 0, -1], 180, wide),
        ([0, -1, 1, 0], 270, (120, 171)),
    ] {
        let video = known(&with_matrix(&upright, matrix), MediaType::Mp4).video.unwrap();
        assert_eq!((video.rotation, (video.width, video.height)), (rotation, size));
    }
}

/// EXIF in front of a JPEG, as cameras write it, in both byte orders.
#[test]
fn the_eight_orientations_are_applied() {
    let plain = Sample::named("yuv420.jpg").bytes();
    for orientation in 1..=8 {
        let little = [&b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..], &[orientation, 0, 0, 0], &[0; 4]].concat();
        let big = [&b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01"[..], &[0, orientation, 0, 0], &[0; 4]].concat();
        for block in [little, big] {
            let size = u16::try_from(block.len() + 8).unwrap().to_be_bytes();
            let mut bytes = plain.clone();
            bytes.splice(2..2, [&b"\xFF\xE1"[..], &size, b"Exif\0\0", &block].concat());
            let image = known(&bytes, MediaType::Jpeg).image.unwrap();
            let size = if orientation <= 4 { (322, 242) } else { (242, 322) };
            assert_eq!((image.orientation, (image.width, image.height)), (orientation, size));
        }
    }
}

#[test]
fn a_cover_is_seen_whatever_holds_it() {
    for name in ["tagged.mp3", "tagged-v3.mp3", "tagged.flac", "tagged.m4a"] {
        assert!(of(name).cover, "{name}");
    }
    for name in ["tagged-v1.mp3", "tagged.opus", "h264.mp4"] {
        assert!(!of(name).cover, "{name}");
    }
}

/// What the headers do not tell, ffprobe does.
#[test]
fn those_who_must_ask_are_answered() {
    for (name, video, audio) in [
        ("mpeg1.mpg", Some("mpeg1video"), Some("mp2")),
        ("mpeg2.mpg", Some("mpeg2video"), Some("mp2")),
        ("h264.ts", Some("h264"), Some("aac")),
        ("fragments.mp4", Some("mpeg4"), Some("aac")),
        ("wmv2.wmv", Some("wmv2"), Some("wmav2")),
        ("mpeg4.mkv", Some("mpeg4"), Some("mp3")),
        ("live.webm", Some("vp8"), None),
        ("speex.ogg", None, Some("speex")),
    ] {
        let sample = Sample::named(name);
        let length = sample.bytes().len() as u64;
        let metadata = inspected(&ffprobe(&sample.path(), sample.media_type), sample.media_type, length).unwrap();
        assert_eq!(metadata.audio.map(|audio| audio.codec).as_deref(), audio, "{name}");
        assert_eq!(metadata.video.as_ref().map(|video| video.codec.as_str()), video, "{name}");
        if let Some(video) = metadata.video {
            assert_eq!((video.width, video.height), (160, 120), "{name}");
            // Over a movie in fragments it averages a little beside the truth.
            assert!(video.frame_rate.is_some_and(|rate| (24.0..=25.0).contains(&rate)), "{name}");
        }
        if name != "live.webm" {
            assert!(metadata.duration_ms.is_some_and(|ms| (900..3200).contains(&ms)), "{name}");
        }
    }
}

/// A file with nothing written where its pictures are.
struct Hollow {
    front: Vec<u8>,
    hole: u64,
    back: Vec<u8>,
}

impl ReadAt for Hollow {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        for (at, byte) in (at..).zip(buffer) {
            let behind = at.checked_sub(self.front.len() as u64 + self.hole);
            let found = match behind {
                Some(behind) => self.back.get(usize::try_from(behind).unwrap()),
                None => Some(self.front.get(usize::try_from(at).unwrap()).unwrap_or(&0)),
            };
            *byte = *found.ok_or(io::ErrorKind::UnexpectedEof)?;
        }
        Ok(())
    }
}

/// Twelve gigabytes, whose size only fits the long form of a header, with the index behind them; and without it.
#[test]
fn a_huge_movie_is_known_and_an_unfinished_one_is_told_apart() {
    let small = Sample::named("h264.mp4").bytes();
    let index = small.windows(4).position(|name| name == b"moov").unwrap() - 4;
    let hole = 12 << 30;
    let front = [&b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x01mdat"[..], &(hole + 16_u64).to_be_bytes()].concat();
    let huge = Hollow { front, hole, back: small[index..].to_vec() };
    let length = 32 + hole + huge.back.len() as u64;
    let Probe::Known(metadata) = probe(&huge, length, MediaType::Mp4).unwrap() else { panic!() };
    assert_eq!(metadata.video.unwrap().fast_start, Some(false));
    let unfinished = probe(&huge, 32 + hole, MediaType::Mp4).unwrap();
    assert_eq!(unfinished, Probe::Broken(Broken::Unfinished));
}

#[test]
fn odd_words_about_a_file_do_not_keep_it_from_being_known() {
    let mut movie = Sample::named("tagged.m4a").bytes();
    let list = movie.windows(4).position(|name| name == b"ilst").unwrap();
    movie[list + 4..list + 8].copy_from_slice(&3_u32.to_be_bytes());
    assert_eq!(known(&movie, MediaType::M4a).audio.unwrap().codec, "aac");
}
