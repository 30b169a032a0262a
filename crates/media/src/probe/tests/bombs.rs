use std::cell::Cell;
use std::io;

use reelshelf_domain::MediaType;

use super::forge::{bytes, mp4_box, png_chunk, png_head, riff_chunk, webp, webp_head};
use super::heif::{picture, size};
use crate::probe::source::{BUDGET, READS};
use crate::{Probe, ReadAt, probe};

const MOST: u32 = i32::MAX as u32;

/// A file of which only the beginning is written: what follows are zeros without end.
struct Endless {
    head: Vec<u8>,
    reads: Cell<u32>,
    read: Cell<u64>,
}

impl ReadAt for Endless {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        self.reads.set(self.reads.get() + 1);
        self.read.set(self.read.get() + buffer.len() as u64);
        let from = usize::try_from(at).unwrap_or(usize::MAX).min(self.head.len());
        let written = &self.head[from..self.head.len().min(from.saturating_add(buffer.len()))];
        buffer.fill(0);
        buffer[..written.len()].copy_from_slice(written);
        Ok(())
    }
}

/// Probes it twice, as long as it is, and as if it were huge, and holds both to the bounds.
fn probed(head: &[u8], media_type: MediaType) -> [Probe; 2] {
    [head.len() as u64, u64::MAX].map(|length| {
        let file = Endless { head: head.to_vec(), reads: Cell::new(0), read: Cell::new(0) };
        let probed = probe(&file, length, media_type).unwrap();
        assert!(file.read.get() <= BUDGET && file.reads.get() <= READS, "{media_type} of {length}");
        probed
    })
}

fn size_of(probed: &Probe) -> (u32, u32) {
    let Probe::Known(metadata) = probed else { panic!("{probed:?}") };
    let image = metadata.image.as_ref().unwrap();
    (image.width, image.height)
}

#[test]
fn huge_pictures_tell_their_true_size() {
    let tiff_field = |tag: u16, value: u32| bytes!(tag.to_le_bytes(), [4, 0, 1, 0, 0, 0], value.to_le_bytes());
    let tiff = bytes!(b"II*\0\x08\0\0\0\x02\0", tiff_field(0x100, MOST), tiff_field(0x101, MOST), [0; 4]);
    let bmp =
        bytes!(b"BM", [0; 12], 40_u32.to_le_bytes(), MOST.to_le_bytes(), MOST.to_le_bytes(), [1, 0, 24, 0], [0; 24]);
    let jpeg = b"\xFF\xD8\xFF\xC0\0\x11\x08\xFF\xFF\xFF\xFF\x03\x01\x11\0\x02\x11\0\x03\x11\0";
    let gif = b"GIF89a\xFF\xFF\xFF\xFF\0\0\0\x2C\0\0\0\0\xFF\xFF\xFF\xFF\0\x02\0\x3B";
    let png = bytes!(png_head(MOST, MOST), png_chunk(*b"IDAT", [0; 8]));
    for (head, media_type, side) in [
        (png, MediaType::Png, MOST),
        (jpeg.to_vec(), MediaType::Jpeg, 65_535),
        (gif.to_vec(), MediaType::Gif, 65_535),
        (bmp, MediaType::Bmp, MOST),
        (tiff, MediaType::Tiff, MOST),
        (webp(webp_head(0, 1 << 24, 1 << 24)), MediaType::Webp, 1 << 24),
        (picture(&[size(MOST, MOST)], *b"avif"), MediaType::Avif, MOST),
        (picture(&[size(MOST, MOST)], *b"heic"), MediaType::Heic, MOST),
    ] {
        let [short, _] = probed(&head, media_type);
        assert_eq!(size_of(&short), (side, side), "{media_type}");
    }
}

#[test]
fn a_million_frames_that_are_only_claimed_are_reported_as_claimed() {
    let head = bytes!(png_head(8, 8), png_chunk(*b"acTL", bytes!(1_000_000_u32.to_be_bytes(), [0; 4])));
    let [Probe::Known(metadata), _] = probed(&head, MediaType::Png) else { panic!() };
    assert_eq!(metadata.image.unwrap().frames, 1_000_000);
}

#[test]
fn a_million_frames_that_are_there_are_not_all_counted() {
    let frame = riff_chunk(*b"ANMF", [0; 16]);
    let head = webp(bytes!(webp_head(2, 8, 8), frame.repeat(1_000_000)));
    let [probed, _] = probed(&head, MediaType::Webp);
    assert_eq!(probed, Probe::Broken(crate::Broken::TooMany));
    let frame = b"\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
    let head = bytes!(b"GIF89a\x0A\0\x14\0\0\0\0", frame.repeat(1_000_000));
    assert_eq!(self::probed(&head, MediaType::Gif)[0], Probe::Ask);
}

/// Tables that claim as many entries as can be, boxes within boxes, and parts of no size at all.
#[test]
fn claims_cost_nothing() {
    let table = |name| mp4_box(name, bytes!([0; 8], u32::MAX.to_be_bytes()));
    let stbl = mp4_box(*b"stbl", bytes!(table(*b"stsz"), table(*b"stts"), mp4_box(*b"stsd", [0xFF; 200])));
    let header = mp4_box(*b"mdhd", bytes!([0; 12], 1000_u32.to_be_bytes(), u32::MAX.to_be_bytes(), [0; 4]));
    let handler = mp4_box(*b"hdlr", bytes!([0; 8], b"vide", [0; 13]));
    let trak = mp4_box(*b"trak", mp4_box(*b"mdia", bytes!(header, handler, mp4_box(*b"minf", stbl))));
    let mvhd = mp4_box(*b"mvhd", bytes!([0; 12], 1000_u32.to_be_bytes(), u32::MAX.to_be_bytes(), [0; 80]));
    let movie = mp4_box(*b"moov", bytes!(mvhd, trak.repeat(1000)));
    let nested = (0..2000).fold(Vec::new(), |inner, _| mp4_box(*b"moov", inner));
    let ebml = b"\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
    let sound = b"ID3\x04\0\0\x7F\x7F\x7F\x7FTIT2\x7F\x7F\x7F\x7F\0\0";
    for (head, media_type) in [
        (movie, MediaType::Mp4),
        (nested, MediaType::Mov),
        (b"\0\0\0\x08free".repeat(100_000), MediaType::Mp4),
        (ebml.to_vec(), MediaType::Mkv),
        (bytes!(ebml, b"\xEC\x80".repeat(100_000)), MediaType::Webm),
        (bytes!(b"OggS\0\x02", [0; 20], [255], [255; 255]).repeat(2000), MediaType::Ogg),
        (sound.to_vec(), MediaType::Mp3),
        (sound.repeat(1000), MediaType::Aac),
        (bytes!(b"fLaC", b"\x04\xFF\xFF\xFF".repeat(1000)), MediaType::Flac),
        (riff_chunk(*b"RIFF", bytes!(b"WAVE", riff_chunk(*b"LIST", b"").repeat(100_000))), MediaType::Wav),
        (riff_chunk(*b"RIFF", bytes!(b"AVI ", riff_chunk(*b"LIST", b"hdrl").repeat(100_000))), MediaType::Avi),
        (bytes!(b"\x30\x26\xB2\x75", [0x11; 12], [0xFF; 8], [0xFF; 100]), MediaType::Wmv),
        (bytes!(b"II+\0\x08\0\0\0", [0xFF; 64]), MediaType::Tiff),
    ] {
        for probed in probed(&head, media_type) {
            assert!(!matches!(probed, Probe::Known(_)), "{media_type}: {probed:?}");
        }
    }
}

#[test]
fn every_type_survives_nothing_but_zeros_ones_and_no_bytes_at_all() {
    for media_type in MediaType::ALL {
        for head in [vec![], vec![0; 100], vec![0xFF; 100], vec![0xFF; 100_000]] {
            for probed in probed(&head, *media_type) {
                assert!(!matches!(probed, Probe::Known(_)), "{media_type}: {probed:?}");
            }
        }
    }
}
