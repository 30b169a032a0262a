use reelshelf_domain::MediaType::{Flac, Mkv, Mp3, Wmv};

use super::forge::{bytes, known, probed};
use crate::{Metadata, Probe};

/// A tag in front, of one of the three versions, around these frames.
fn tag(version: u8, flags: u8, frames: &[u8]) -> Vec<u8> {
    let size = u32::try_from(frames.len()).unwrap();
    let size = [size >> 21, size >> 14, size >> 7, size].map(|part| (part & 0x7F) as u8);
    bytes!(b"ID3", [version, 0, flags], size, frames)
}

/// Frames of 128 kbit/s, 44,100 Hz and two channels: 417 bytes each.
fn sound(frames: usize) -> Vec<u8> {
    bytes!(b"\xFF\xFB\x90\0", [0; 413]).repeat(frames)
}

fn tagged(version: u8, flags: u8, frames: &[u8]) -> Metadata {
    known(&bytes!(tag(version, flags, frames), sound(8)), Mp3)
}

#[test]
fn the_texts_of_all_three_versions_and_four_writings_are_read() {
    for (version, flags, frame) in [
        (2, 0, &b"TT2\0\0\x05\0B\xF6se"[..]),
        (3, 0, b"TIT2\0\0\0\x05\0\0\0B\xF6se"),
        (3, 0, b"TIT2\0\0\0\x0B\0\0\x01\xFF\xFEB\0\xF6\0s\0e\0"),
        (4, 0, b"TIT2\0\0\0\x09\0\0\x02\0B\0\xF6\0s\0e"),
        (4, 0, b"TIT2\0\0\0\x06\0\0\x03B\xC3\xB6se"),
        // All bytes of ones are followed by a zero that does not count.
        (3, 0x80, b"TIT2\0\0\0\x0B\0\0\x01\xFF\0\xFEB\0\xF6\0s\0e\0"),
        (4, 0, b"TIT2\0\0\0\x0C\0\x02\x01\xFF\0\xFEB\0\xF6\0s\0e\0"),
        // How long it is stands in front of it.
        (4, 0, b"TIT2\0\0\0\x0A\0\x01\0\0\0\x06\x03B\xC3\xB6se"),
        // So does a header of no more than its own size.
        (3, 0x40, b"\0\0\0\x06\0\0\0\0\0\0TIT2\0\0\0\x05\0\0\0B\xF6se"),
        (4, 0x40, b"\0\0\0\x06\x01\0TIT2\0\0\0\x05\0\0\0B\xF6se"),
    ] {
        assert_eq!(tagged(version, flags, frame).tags.get("title"), Some("Böse"), "{frame:?}");
    }
}

#[test]
fn numbered_genres_have_names() {
    for (text, expected) in [(&b"(17)"[..], "Rock"), (b"17", "Rock"), (b"(17)Hard", "Rock"), (b"Own", "Own")] {
        let size = u8::try_from(text.len() + 1).unwrap();
        let frame = bytes!(b"TCON\0\0\0", [size, 0, 0, 0], text);
        assert_eq!(tagged(3, 0, &frame).tags.get("genre"), Some(expected));
    }
}

#[test]
fn texts_are_cut_and_cleaned() {
    let text = "\u{7}ä\n".repeat(1000);
    let size = u32::try_from(text.len() + 1).unwrap().to_be_bytes();
    let metadata = tagged(3, 0, &bytes!(b"TIT2", size, [0, 0, 3], text));
    let title = metadata.tags.get("title").unwrap();
    assert!(title.len() <= 512 && title.len() > 500, "{}", title.len());
    assert!(!title.contains(char::is_control));
}

/// Two halves with other bit rates, which no frame in front announces.
#[test]
fn uncounted_frames_of_changing_size_are_estimated() {
    let loud = bytes!(b"\xFF\xFB\xE0\0", [0; 1040]);
    let metadata = known(&bytes!(sound(1000), loud.repeat(1000)), Mp3);
    let exact = 2000 * 1152 * 1000 / 44_100_u64;
    assert!(metadata.duration_ms.unwrap().abs_diff(exact) < exact / 50, "{:?}", metadata.duration_ms);
}

#[test]
fn what_follows_a_long_tag_decides() {
    let cover = bytes!(b"APIC\0\0\x20\0\0\0", [0; 8192]);
    let bits = (44_100_u64 << 44) + 441_000;
    let flac = bytes!(b"fLaC\x80\0\0\x22", [0; 10], bits.to_be_bytes(), [0; 16]);
    let metadata = known(&bytes!(tag(3, 0, &cover), flac), Mp3);
    assert_eq!((metadata.mime, metadata.duration_ms), (Flac, Some(10_000)));
}

/// Windows' own encoder says how long each picture is seen; the one at hand for tests does not.
#[test]
fn windows_media_tells_its_frame_rate() {
    let object = |guid: &[u8], data: &[u8]| bytes!(guid, (data.len() as u64 + 24).to_le_bytes(), data);
    let file = bytes!([0; 40], 53_000_000_u64.to_le_bytes(), [0; 8], 3000_u64.to_le_bytes(), [0; 20]);
    let file = object(b"\xA1\xDC\xAB\x8C\x47\xA9\xCF\x11\x8E\xE4\0\xC0\x0C\x20\x53\x65", &file);
    let format = bytes!([0; 4], [0; 12], b"WMV3");
    let video = bytes!(320_u32.to_le_bytes(), 240_u32.to_le_bytes(), [0; 3], format, [0; 20]);
    let size = u32::try_from(video.len()).unwrap().to_le_bytes();
    let kind = b"\xC0\xEF\x19\xBC\x4D\x5B\xCF\x11\xA8\xFD\0\x80\x5F\x5C\x44\x2B";
    let stream = bytes!(kind, [0; 24], size, [0; 4], [1, 0], [0; 4], video);
    let stream = object(b"\x91\x07\xDC\xB7\xB7\xA9\xCF\x11\x8E\xE6\0\xC0\x0C\x20\x53\x65", &stream);
    let more = bytes!([0; 48], [1, 0, 0, 0], 333_667_u64.to_le_bytes(), [0; 4]);
    let more = object(b"\xCB\xA5\xE6\x14\x72\xC6\x32\x43\x83\x99\xA9\x69\x52\x06\x5B\x5A", &more);
    let extension = bytes!([0; 18], u32::try_from(more.len()).unwrap().to_le_bytes(), more);
    let extension = object(b"\xB5\x03\xBF\x5F\x2E\xA9\xCF\x11\x8E\xE3\0\xC0\x0C\x20\x53\x65", &extension);
    let objects = bytes!(file, stream, extension);
    let size = objects.len() as u64 + 30;
    let bytes =
        bytes!(b"\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\0\xAA\0\x62\xCE\x6C", size.to_le_bytes(), [0; 6], objects);
    let metadata = known(&bytes, Wmv);
    let video = metadata.video.unwrap();
    assert_eq!((video.codec.as_str(), video.width, video.height), ("wmv3", 320, 240));
    assert_eq!((video.frame_rate, metadata.duration_ms), (Some(29.97), Some(2300)));
}

/// A file that is cut off within its first cluster still has its headers; one within its headers has none.
#[test]
fn matroska_without_a_segment_is_not_known() {
    for bytes in [&b"\x1A\x45\xDF\xA3\x80"[..], b"\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\x80"] {
        assert!(!matches!(probed(bytes, Mkv), Probe::Known(_)));
    }
}
