use proptest::prelude::*;
use reelshelf_domain::MediaType;

use super::{HEAD_BYTES, contradicts, sniff};

/// Parts one after the other.
macro_rules! bytes {
    ($($part:expr),+ $(,)?) => { [$(AsRef::<[u8]>::as_ref(&$part)),+].concat() };
}

/// A name for the message, the head, and what it is. Those marked "ffmpeg" are the first bytes of files it wrote.
type Case = (&'static str, Vec<u8>, MediaType);

fn cases() -> Vec<Case> {
    [pictures(), films(), brands(), ogg(), sound(), nothing()].concat()
}

fn pictures() -> Vec<Case> {
    use MediaType::{Bmp, Gif, Jpeg, Png, Tiff, Webp};
    let bmp = b"BM6\x24\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x40\0\0\0\x30\0\0\0\x01\0\x18\0";
    let bmp_of_os2 = b"BM\x1A\0\0\0\0\0\0\0\x1A\0\0\0\x0C\0\0\0\x01\0\x01\0\x01\0\x18\0";
    vec![
        ("png, ffmpeg", bytes!(b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\x40"), Png),
        ("jpeg, ffmpeg", bytes!(b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01"), Jpeg),
        ("jpeg with exif first", bytes!(b"\xFF\xD8\xFF\xE1\x4B\x9CExif\0\0"), Jpeg),
        ("gif, ffmpeg", bytes!(b"GIF89a\x40\0\x30\0\xF7\x1F"), Gif),
        ("gif of 1987", bytes!(b"GIF87a\x40\0\x30\0\xF7\x1F"), Gif),
        ("bmp, ffmpeg", bytes!(bmp), Bmp),
        ("bmp of OS/2", bytes!(bmp_of_os2), Bmp),
        ("tiff, ffmpeg", bytes!(b"II*\0\x75\x1D\0\0\xE9\0"), Tiff),
        ("tiff, big-endian", bytes!(b"MM\0*\0\0\0\x08\0\x0F"), Tiff),
        ("BigTIFF", bytes!(b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"), Tiff),
        ("BigTIFF, big-endian", bytes!(b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10"), Tiff),
        ("webp, ffmpeg", bytes!(b"RIFF\xB0\x02\0\0WEBPVP8 "), Webp),
        ("webp in motion, ffmpeg", bytes!(b"RIFF\x68\x11\0\0WEBPVP8X"), Webp),
    ]
}

fn films() -> Vec<Case> {
    use MediaType::{Avi, Mkv, Mov, Mpeg, MpegTs, Webm, Wmv};
    let ebml = b"\x1A\x45\xDF\xA3";
    let versions = b"\x42\x86\x81\x01\x42\xF7\x81\x01\x42\xF2\x81\x04\x42\xF3\x81\x08";
    let void = b"\xEC\x40\x05\0\0\0\0\0";
    let sequence = b"\0\0\x01\xB3\x04\0\x30\x23\xFF\xFF\xE0\x18";
    vec![
        ("webm, ffmpeg", bytes!(ebml, b"\x9F", versions, b"\x42\x82\x84webm\x42\x87\x81\x04\x42\x85\x81\x02"), Webm),
        ("webm padded with zeros", bytes!(ebml, b"\x8B\x42\x82\x88webm\0\0\0\0"), Webm),
        ("mkv, ffmpeg", bytes!(ebml, b"\xA3", versions, b"\x42\x82\x88matroska\x42\x87\x81\x04\x42\x85\x81\x02"), Mkv),
        ("mkv with long sizes", bytes!(ebml, b"\x01\0\0\0\0\0\0\x13", void, b"\x42\x82\x88matroska"), Mkv),
        ("mkv of unknown size", bytes!(ebml, b"\xFF\x42\x82\x10\0\0\x08matroska"), Mkv),
        ("avi, ffmpeg", bytes!(b"RIFF\xF6\x8E\0\0AVI LIST"), Avi),
        ("wmv, ffmpeg", asf(&[b"\xC0\xEF\x19\xBC", b"\x40\x9E\x69\xF8"], 0), Wmv),
        ("wmv with a header beyond the head", asf(&[b"\x40\x9E\x69\xF8"], 1 << 20), Wmv),
        ("vob, ffmpeg", bytes!(b"\0\0\x01\xBA\x44\0\x04\0\x04\x01\x43\x43\x5B\xF8"), Mpeg),
        ("mpg, ffmpeg", bytes!(b"\0\0\x01\xBA\x21\0\x01\0\x01\x80\x1B\x91\0\0\x01\xBB"), Mpeg),
        ("mpeg-2 video, ffmpeg", bytes!(sequence), Mpeg),
        ("ts, ffmpeg", packets(0, 188, 3), MpegTs),
        ("m2ts, ffmpeg", packets(4, 192, 21), MpegTs),
        ("mov without brand", bytes!(b"\0\0\x0B\x6Cmoov\0\0\0\x6Cmvhd\0\0\0\0"), Mov),
        ("mov with its data first", bytes!(b"\0\0\x4F\x3Amdat\0\0\x02\xAD\x06\x05\xFF\xFF"), Mov),
        ("mov with a lot of data first", bytes!(b"\0\0\0\x01mdat\0\0\0\x02\0\0\0\0"), Mov),
        ("mov with room for a long size", bytes!(b"\0\0\0\x08wide\0\x01\x2E\x89mdat\0\0\x0F\x0Ficpf"), Mov),
        ("mov with a preview", bytes!(b"\0\0\0\x14pnot\0\0\0\0\0\0PICT\0\x01\0\0\0\x08mdat"), Mov),
        ("mov with much padding", bytes!(b"\0\x01\0\0free\0\0\0\0", [0; 5000]), Mov),
    ]
}

fn brands() -> Vec<Case> {
    use MediaType::{Avif, Heic, M4a, Mov, Mp4, Other};
    vec![
        ("mp4, ffmpeg", ftyp("isomisomiso2avc1mp41"), Mp4),
        ("mp4 in fragments, ffmpeg", ftyp("isomisomiso6iso2avc1mp41"), Mp4),
        ("dash, ffmpeg", ftyp("iso5iso5iso6mp41"), Mp4),
        ("smooth streaming, ffmpeg", ftyp("ismlismlpiff"), Mp4),
        ("m4v, ffmpeg", ftyp("M4V M4V isomiso2avc1"), Mp4),
        ("3gp, ffmpeg", ftyp("3gp63gp6isomiso2avc1"), Mp4),
        ("3g2, ffmpeg", ftyp("3g2b3g2bisomiso2avc1"), Mp4),
        ("mp4 of a camera", ftyp("XAVCXAVCmp42iso2"), Mp4),
        ("mp4 of an unknown camera", ftyp("WHATnonemp42"), Mp4),
        ("mp4 without further brands", ftyp("mp42"), Mp4),
        ("mp4 behind padding", bytes!(b"\0\0\0\x09free!", ftyp("mp42isom")), Mp4),
        ("mov, ffmpeg", ftyp("qt  qt  "), Mov),
        ("mov of a camera", ftyp("caqvqt  caqv"), Mov),
        ("m4a, ffmpeg", ftyp("M4A M4A isomiso2"), M4a),
        ("m4b", ftyp("M4B M4A mp42isom"), M4a),
        ("avif, ffmpeg", ftyp("avifavifmif1miafMA1A"), Avif),
        ("avif in motion, ffmpeg", ftyp("avisavisavifmsf1iso8mif1miafMA1A"), Avif),
        ("avif by its further brands", ftyp("mif1mif1miafavif"), Avif),
        ("avif in motion by its further brands", ftyp("msf1iso8mif1avis"), Avif),
        ("heic of a phone", ftyp("heicmif1MiHBMiHEMiPrmiafheictmap"), Heic),
        ("heic, 10 bits", ftyp("heixmif1heix"), Heic),
        ("heic by its further brands", ftyp("mif1mif1heic"), Heic),
        ("heif of an unknown codec", ftyp("mif1mif1"), Heic),
        ("heic in motion", ftyp("hevcmsf1iso8hevc"), Heic),
        ("raw photograph", ftyp("crx crx isom"), Other),
        ("JPEG 2000, ffmpeg", bytes!(b"\0\0\0\x0CjP  \r\n\x87\n", ftyp("jp2 jp2 ")), Other),
        ("JPEG XL", bytes!(b"\0\0\0\x0CJXL \r\n\x87\n", ftyp("jxl jxl ")), Other),
        ("no brand we know", ftyp("WHATnone"), Other),
        ("a segment, ffmpeg", bytes!(b"\0\0\0\x18stypmsdh\0\0\0\0msdhmsix"), Other),
    ]
}

fn ogg() -> Vec<Case> {
    use MediaType::{Ogg, Ogv, Opus, Other};
    let theora = page(2, b"\x80theora\x03\x02\x01\0\x04\0\x03");
    let vorbis = page(2, b"\x01vorbis\0\0\0\0\x01\x44\xAC\0\0");
    let opus = page(2, b"OpusHead\x01\x01\x38\x01\x80\xBB\0\0\0\0\0");
    let skeleton = page(2, &bytes!(b"fishead\0\x04\0", [0; 70]));
    let packets = page(0, b"\x80theora\x81");
    vec![
        ("opus, ffmpeg", bytes!(opus, page(0, b"OpusTags")), Opus),
        ("ogg, ffmpeg", bytes!(vorbis, page(0, b"\x03vorbis")), Ogg),
        ("speex, ffmpeg", page(2, b"Speex   1.2.1\0\0\0"), Ogg),
        ("flac in ogg, ffmpeg", page(2, b"\x7FFLAC\x01\0\0\x01fLaC\0\0\0\x22"), Ogg),
        ("ogv, ffmpeg", bytes!(theora, vorbis), Ogv),
        ("ogv with its sound first", bytes!(vorbis, opus, theora), Ogv),
        ("ogv with a skeleton", bytes!(skeleton, theora, vorbis), Ogv),
        ("opus with a skeleton", bytes!(skeleton, opus), Opus),
        ("vp8 in ogg", page(2, b"OVP80\x01\x01"), Ogv),
        ("a first packet in two pieces", page(2, &bytes!(b"OpusHead", [7; 250])), Opus),
        ("ogg of what we do not know", page(2, b"CMML\0\0\0\0"), Other),
        ("pages that begin no stream", bytes!(skeleton, packets), Other),
    ]
}

fn sound() -> Vec<Case> {
    use MediaType::{Aac, Flac, Mp3, Wav};
    // 64 kbit/s at 44.1 kHz: 208 bytes a frame. With an index of frames first, as ffmpeg writes it.
    let mp3 = bytes!(b"\xFF\xFB\x50\xC4", [0; 204], b"\xFF\xFB\x52\xC4", [0; 205], b"\xFF\xFB\x50\xC4");
    let slow = bytes!(b"\xFF\xF3\x70\xC0", [0; 182 - 4], b"\xFF\xF3\x50\xC0", [0; 8]);
    let layer_2 = bytes!(b"\xFF\xFD\xE0\xC4", [0; 1253 - 4], b"\xFF\xFD\xE0\xC4", [0; 8]);
    let aac = bytes!(b"\xFF\xF1\x50\x40\x21\x3F\xFC", [0; 265 - 7], b"\xFF\xF1\x50\x40\x17\x5F\xFC", [0; 30]);
    let flac = b"fLaC\0\0\0\x22\x12\0\x12\0\0\x01\x31";
    vec![
        ("mp3, ffmpeg", bytes!(tag(35), mp3), Mp3),
        ("mp3 without tag, ffmpeg", mp3.clone(), Mp3),
        ("mp3 at 22.05 kHz, ffmpeg", slow, Mp3),
        ("mp2, ffmpeg", layer_2, Mp3),
        ("mp3 with two tags", bytes!(tag(35), tag(1), mp3), Mp3),
        ("mp3 with a picture larger than the head", tag(200_000), Mp3),
        ("mp3 with a gap behind the tag", bytes!(tag(3), [0; 100], mp3), Mp3),
        ("mp3 that ends within its first frame", mp3[..100].to_vec(), Mp3),
        ("aac, ffmpeg", aac.clone(), Aac),
        ("aac behind a tag, ffmpeg", bytes!(tag(35), aac), Aac),
        ("flac, ffmpeg", bytes!(flac), Flac),
        ("flac behind a tag", bytes!(tag(500), flac), Flac),
        ("flac behind a tag with a footer", bytes!(b"ID3\x04\0\x10\0\0\0\x02xx3DI\x04\0\x10\0\0\0\x02", flac), Flac),
        ("wav, ffmpeg", bytes!(b"RIFF\x56\xB1\x02\0WAVEfmt "), Wav),
        ("large wav, ffmpeg", bytes!(b"RF64\xFF\xFF\xFF\xFFWAVEds64"), Wav),
        ("large wav of broadcasters", bytes!(b"BW64\xFF\xFF\xFF\xFFWAVEds64"), Wav),
    ]
}

fn nothing() -> Vec<Case> {
    let text: &[&str] = &[
        "",
        "\n",
        "<!DOCTYPE html><html><script>alert(1)</script>",
        "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "#!/bin/sh\nrm -rf /\n",
        "#EXTM3U\n#EXT-X-VERSION:3\nhttp://10.0.0.1/a.ts\n",
        "ffconcat version 1.0\nfile '/etc/passwd'\n",
        "%PDF-1.7\n",
        "BMW builds cars, and this is a text that is longer than a header.",
        "GIFs are pictures",
        "ID3 is a tag",
        "fLaC is a mark that is followed by binary data",
        "I'm free to go, and free to stay",
        "The mdat box, the moov box",
        "A   ftypisom and so on",
        "RIFF is a container, WAVE is in it",
        "OggS and a text that is longer than the header of a page",
        "II* and MM",
        "Gutenberg\u{FEFF}",
    ];
    let mut cases: Vec<Case> = text.iter().map(|text| ("text", bytes!(text), MediaType::Other)).collect();
    cases.extend([
        ("lines that begin with G", format!("G{}\n", "a".repeat(186)).repeat(20).into_bytes(), MediaType::Other),
        ("text in UTF-16", "A text".encode_utf16().fold(b"\xFF\xFE".to_vec(), utf16), MediaType::Other),
        ("zip", bytes!(b"PK\x03\x04\x14\0\0\0\x08\0"), MediaType::Other),
        ("program", bytes!(b"\x7FELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3E\0"), MediaType::Other),
        ("zeros", vec![0; HEAD_BYTES], MediaType::Other),
        ("ones", vec![0xFF; HEAD_BYTES], MediaType::Other),
        ("wma, ffmpeg", asf(&[b"\x40\x9E\x69\xF8"], 0), MediaType::Other),
        ("w64, ffmpeg", bytes!(b"riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\0\0"), MediaType::Other),
        ("aiff, ffmpeg", bytes!(b"FORM\0\x02\xB1\x3EAIFFCOMM"), MediaType::Other),
        ("flv, ffmpeg", bytes!(b"FLV\x01\x05\0\0\0\x09"), MediaType::Other),
        ("h264, ffmpeg", bytes!(b"\0\0\0\x01\x67\xF4\0\x0A\x91\x9B"), MediaType::Other),
        ("mpeg-4 video, ffmpeg", bytes!(b"\0\0\x01\xB0\x01\0\0\x01\xB5\x89\x13"), MediaType::Other),
        ("icon, ffmpeg", bytes!(b"\0\0\x01\0\x01\0\x40\x30"), MediaType::Other),
        (
            "a frame of ADTS longer than all there is",
            bytes!(b"\xFF\xF0\x28\x36\xFF\x12\x34", [7; 500]),
            MediaType::Other,
        ),
        ("one frame and then none", bytes!(b"\xFF\xFB\x50\xC4", [1; 4000]), MediaType::Other),
        ("frames of two kinds", bytes!(b"\xFF\xFB\x50\xC4", [0; 204], b"\xFF\xF3\x50\xC4", [0; 9]), MediaType::Other),
        ("aac and then no more", bytes!(b"\xFF\xF1\x50\x40\x21\x3F\xFC", [1; 4000]), MediaType::Other),
        ("two packets", packets(0, 188, 2), MediaType::Other),
        ("ebml that is something else", bytes!(b"\x1A\x45\xDF\xA3\x87\x42\x82\x84what"), MediaType::Other),
        ("ebml without document type", bytes!(b"\x1A\x45\xDF\xA3\x84\x42\x86\x81\x01webm"), MediaType::Other),
        ("picture of no size", bytes!(b"\0\0\x01\xB3\0\0\0\x13"), MediaType::Other),
    ]);
    cases
}

fn utf16(mut bytes: Vec<u8>, unit: u16) -> Vec<u8> {
    bytes.extend(unit.to_le_bytes());
    bytes
}

/// A box of brands: the major one, no version, and the compatible ones.
fn ftyp(brands: &str) -> Vec<u8> {
    let (major, compatible) = brands.split_at(4);
    let size = u32::try_from(16 + compatible.len()).unwrap().to_be_bytes();
    bytes!(size, b"ftyp", major, [0, 0, 2, 0], compatible)
}

/// An Ogg page with one packet.
fn page(flags: u8, packet: &[u8]) -> Vec<u8> {
    let mut lacing = vec![255; packet.len() / 255];
    lacing.push(u8::try_from(packet.len() % 255).unwrap());
    bytes!(b"OggS\0", [flags], [0; 20], [u8::try_from(lacing.len()).unwrap()], lacing, packet)
}

/// An ID3v2 tag.
fn tag(size: usize) -> Vec<u8> {
    let sevens = [size >> 21, size >> 14, size >> 7, size].map(|bits| u8::try_from(bits & 0x7F).unwrap());
    bytes!(b"ID3\x04\0\0", sevens, vec![b'x'; size])
}

/// Packets of a transport stream, with a sync byte at `start` of each.
fn packets(start: usize, step: usize, count: usize) -> Vec<u8> {
    (0..step * count).map(|at| if at % step == start { 0x47 } else { 0x11 }).collect()
}

/// An ASF header that declares these streams, and claims to be longer than it is.
fn asf(streams: &[&[u8; 4]], longer: u64) -> Vec<u8> {
    let streams = streams.iter().flat_map(|kind| {
        let properties = b"\x91\x07\xDC\xB7\xB7\xA9\xCF\x11\x8E\xE6\0\xC0\x0C\x20\x53\x65\x28\0\0\0\0\0\0\0";
        bytes!(properties, kind, b"\x4D\x5B\xCF\x11\xA8\xFD\0\x80\x5F\x5C\x44\x2B")
    });
    let streams: Vec<u8> = streams.collect();
    let size = 30 + u64::try_from(streams.len()).unwrap() + longer;
    let id = b"\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\0\xAA\0\x62\xCE\x6C";
    bytes!(id, size.to_le_bytes(), b"\x02\0\0\0\x01\x02", streams)
}

#[test]
fn every_head_is_known_for_what_it_is() {
    let wrong: Vec<_> = cases().into_iter().filter(|(_, head, expected)| sniff(head) != *expected).collect();
    let wrong: Vec<_> = wrong.iter().map(|(name, head, expected)| (name, sniff(head), expected)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_type_has_a_case() {
    let cases = cases();
    // That there are no pictures in them, the first bytes do not tell.
    for known in MediaType::ALL.iter().filter(|known| !matches!(known, MediaType::Weba | MediaType::Mka)) {
        assert!(cases.iter().any(|(_, _, expected)| expected == known), "{known:?}");
    }
}

#[test]
fn what_follows_the_head_does_not_count() {
    for (name, mut head, expected) in cases() {
        head.resize(HEAD_BYTES, 0);
        let alone = sniff(&head);
        head.extend(packets(0, 188, 30));
        assert_eq!(sniff(&head), alone, "{name}, {expected:?}");
    }
}

/// Cut heads become nothing, or the coarser type that they are up to there; never another kind of thing.
#[test]
fn no_cut_changes_the_kind() {
    for (name, head, expected) in cases() {
        for end in 0..head.len() {
            let cut = sniff(&head[..end]);
            let coarser = matches!(
                (cut, expected),
                (MediaType::Heic, MediaType::Avif)
                    | (MediaType::Mp3, MediaType::Aac | MediaType::Flac)
                    | (MediaType::Ogg | MediaType::Opus, MediaType::Ogv)
                    | (MediaType::Mov, MediaType::Mp4)
                    | (MediaType::Mp3 | MediaType::Aac | MediaType::Wmv, MediaType::Other)
            );
            assert!(cut == MediaType::Other || cut == expected || coarser, "{name} cut at {end}: {cut:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_have_a_type(head: Vec<u8>) {
        sniff(&head);
    }

    #[test]
    fn any_bytes_behind_a_known_beginning_have_a_type(
        case in proptest::sample::select(cases()),
        keep in any::<proptest::sample::Index>(),
        tail: Vec<u8>,
    ) {
        let (_, head, _) = case;
        sniff(&bytes!(head[..keep.index(head.len() + 1)], tail));
    }

    #[test]
    fn known_heads_with_a_few_bytes_changed_have_a_type(
        case in proptest::sample::select(cases()),
        changes: Vec<(proptest::sample::Index, u8)>,
    ) {
        let (_, mut head, _) = case;
        for (at, byte) in changes {
            if !head.is_empty() {
                let at = at.index(head.len());
                head[at] = byte;
            }
        }
        sniff(&head);
    }
}

#[test]
fn every_type_keeps_the_promise_of_its_own_extension_and_of_no_other_kind() {
    for found in MediaType::ALL.iter().copied().filter(|found| *found != MediaType::Other) {
        let name = format!("Some.File.{}", found.extension().to_uppercase());
        assert!(!contradicts(&name, found), "{name}");
        assert!(contradicts(&name, MediaType::Other) || found == MediaType::MpegTs, "{name}");
        let elsewhere = if found.kind() == MediaType::Png.kind() { MediaType::Mp3 } else { MediaType::Png };
        assert!(contradicts(&name, elsewhere), "{name}");
    }
}

#[test]
fn a_name_that_promises_nothing_is_no_contradiction() {
    for name in ["", "png", "notes.txt", "archive.", ".hidden"] {
        assert!(!contradicts(name, MediaType::Png), "{name}");
    }
    assert!(!contradicts("program.ts", MediaType::Other));
    assert!(!contradicts("song.ogg", MediaType::Opus));
    assert!(contradicts("picture.png", MediaType::Jpeg));
}
