//! Films and sounds whose headers claim what cannot be: real files with other numbers in them.

use super::forge::{bytes, deflated_zeros, iso_box, patched};
use super::{Hostile, Seed, hostile};

const ALL: [u8; 8] = [0xFF; 8];

/// Of which seed, a word for it, what is found in it, how far behind its beginning, and what is written there.
type Claim = (&'static str, &'static str, &'static [u8], usize, &'static [u8]);

const CLAIMS: &[Claim] = &[
    // 65,535 pixels square, in the box of the track and in that of the codec.
    ("h264.mp4", "side", b"avc1", 28, &[0xFF; 4]),
    ("h264.mp4", "track", b"tkhd", 80, &[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]),
    ("hevc.mp4", "side", b"hev1", 28, &[0xFF; 4]),
    ("av1.mp4", "side", b"av01", 28, &[0xFF; 4]),
    ("mpeg4.mov", "side", b"mp4v", 28, &[0xFF; 4]),
    ("h264.mp4", "length", b"mvhd", 20, &[0xFF; 4]),
    ("h264.mp4", "media-length", b"mdhd", 20, &[0xFF; 4]),
    ("h264.mp4", "sizes", b"stsz", 8, &ALL),
    ("h264.mp4", "times", b"stts", 8, &[0xFF; 12]),
    ("h264.mp4", "million", b"stsz", 8, &[0, 0, 0, 1, 0, 0x0F, 0x42, 0x40]),
    ("h264.mp4", "chunks", b"stco", 8, &ALL),
    ("h264.mp4", "elsewhere", b"url ", 4, &[0, 0, 0, 0]),
    ("still.avif", "most", b"ispe", 8, &[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]),
    ("still.avif", "short", b"ispe", 8, &[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]),
    // 95 pixels by 63 stand there as one byte each, whose element may be wider.
    ("vp8.webm", "side", b"\xB0\x81\x60\xBA\x81\x40", 0, b"\xB0\x84\x7F\xFF\xFF\xFF"),
    ("vp9.webm", "side", b"\xB0\x81\x60\xBA\x81\x40", 0, b"\xB0\x81\xFF\xBA\x81\xFF"),
    ("h264.mkv", "side", b"\xB0\x81\x60\xBA\x81\x40", 0, b"\xB0\x84\x7F\xFF\xFF\xFF"),
    ("h264.mkv", "length", b"\x44\x89\x88", 3, b"\x7F\xEF\xFF\xFF\xFF\xFF\xFF\xFF"),
    ("mpeg4.avi", "side", b"strf", 12, &[0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F]),
    ("mpeg4.avi", "short", b"avih", 40, &[0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0]),
    ("mpeg4.avi", "frames", b"avih", 24, &[0xFF; 4]),
    ("mpeg4.avi", "million", b"avih", 24, &[0x40, 0x42, 0x0F, 0]),
    ("wmv2.wmv", "side", b"\x60\0\0\0\x40\0\0\0", 0, &[0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F]),
    ("mpeg2.mpg", "side", b"\0\0\x01\xB3", 4, &[0xFF; 3]),
    ("theora.ogv", "side", b"\x80theora", 10, &[0xFF; 10]),
    ("theora.ogv", "words", b"\x81theora", 7, &[0xFF, 0xFF, 0xFF, 0x7F]),
    ("sound.wav", "data", b"data", 4, &[0xFF; 4]),
    ("sound.wav", "channels", b"fmt ", 10, &[0xFF, 0xFF]),
    ("sound.wav", "rate", b"fmt ", 12, &[0xFF, 0xFF, 0xFF, 0x7F]),
    ("sound.flac", "samples", b"fLaC", 18, &[0xFF; 8]),
    ("sound.flac", "picture", b"fLaC", 42, &[0x06, 0xFF, 0xFF, 0xFF]),
    ("sound.mp3", "tag", b"ID3", 6, &[0x7F; 4]),
    ("sound.mp3", "frames", b"Info", 8, &ALL),
    ("sound.m4a", "length", b"mvhd", 20, &[0xFF; 4]),
    ("sound.m4a", "channels", b"mp4a", 20, &[0xFF; 4]),
    ("sound.opus", "length", b"OggS", 6, &[0xFF; 7]),
    ("sound.opus", "words", b"OpusTags", 8, &[0xFF, 0xFF, 0xFF, 0x7F]),
    ("sound.ogg", "channels", b"\x01vorbis", 11, &[0xFF; 5]),
    ("sound.aac", "rate", b"\xFF\xF1", 2, &[0x7C]),
];

pub(super) fn all(seeds: &[Seed]) -> Vec<Hostile> {
    let mut files = Vec::new();
    for (of, word, found, behind, instead) in CLAIMS {
        for seed in seeds.iter().filter(|seed| seed.name == *of) {
            let file = patched(&seed.bytes, found, *behind, instead);
            // A claim that is not made tests nothing.
            assert!(file != seed.bytes, "{of} has nothing to say of {word}");
            files.push(hostile(format!("{word}-{of}"), file));
        }
    }
    files.extend(compressed());
    files
}

/// What stands beside films and sounds, and would be huge once it is unpacked.
fn compressed() -> Vec<Hostile> {
    let zeros = deflated_zeros(64);
    let moved = bytes!(iso_box(*b"dcom", b"zlib"), iso_box(*b"cmvd", &bytes!((64_u32 << 20).to_be_bytes(), zeros)));
    let movie = iso_box(*b"moov", &iso_box(*b"cmov", &moved));
    // A frame of a tag that says of itself that it is compressed.
    let size = u32::try_from(zeros.len()).unwrap_or_default();
    let frame = bytes!(b"TXXX", size.to_be_bytes(), [0, 0x80], (64_u32 << 20).to_be_bytes(), zeros);
    let seven = |shift: u32| u8::try_from(frame.len() >> shift & 0x7F).unwrap_or_default();
    let tag = bytes!(b"ID3\x03\0\0", [seven(21), seven(14), seven(7), seven(0)], frame);
    vec![
        hostile("index.mov", bytes!(iso_box(*b"ftyp", b"qt  \0\0\0\0qt  "), movie)),
        hostile("tag.mp3", bytes!(tag, b"\xFF\xFB\x90\x64", [0; 413]).repeat(2)),
    ]
}
