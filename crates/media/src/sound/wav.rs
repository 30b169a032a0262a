use std::io::{self, Read};

use super::listen::{Heard, listen};
use super::{Format, Samples};

/// How much is read at once, in bytes: what a pipe holds.
const READ_BYTES: usize = 1 << 16;

/// Hears a WAV of 16-bit samples, as ffmpeg writes it to a pipe. `None` when there is no sound in it.
pub(crate) fn hear_wav(mut pcm: impl Read) -> io::Result<Option<Heard>> {
    match header(&mut pcm)? {
        Some(format) => listen(Pcm { pipe: pcm, bytes: vec![0; READ_BYTES], held: 0 }, format),
        None => Ok(None),
    }
}

/// Little-endian 16-bit samples.
struct Pcm<R> {
    pipe: R,
    bytes: Vec<u8>,
    /// How many bytes stand in front that are no whole sample yet.
    held: usize,
}

impl<R: Read> Samples for Pcm<R> {
    fn read(&mut self, samples: &mut [f32]) -> io::Result<usize> {
        let most = self.bytes.len().min(samples.len() * 2);
        loop {
            let count = match self.pipe.read(&mut self.bytes[self.held..most]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            let (whole, rest) = self.bytes[..self.held + count].as_chunks();
            for (sample, bytes) in samples.iter_mut().zip(whole) {
                *sample = f32::from(i16::from_le_bytes(*bytes));
            }
            let (filled, held) = (whole.len(), rest.len());
            self.bytes.copy_within(filled * 2..filled * 2 + held, 0);
            self.held = held;
            if filled > 0 || count == 0 {
                return Ok(filled);
            }
        }
    }
}

/// The longest chunk that may stand before the samples: ffmpeg writes none that is larger.
const CHUNK_BYTES: u64 = 4096;

/// Most chunks before the samples.
const CHUNKS: usize = 16;

/// Reads the header of a WAV of 16-bit samples up to where they begin, as ffmpeg writes it to a pipe: the lengths of the
/// file and of the samples are not known yet, and not read. `None` when there is nothing at all.
fn header(pcm: &mut impl Read) -> io::Result<Option<Format>> {
    let mut riff = [0; 12];
    if pcm.read(&mut riff[..1])? == 0 {
        return Ok(None);
    }
    pcm.read_exact(&mut riff[1..])?;
    if !(riff.starts_with(b"RIFF") && riff.ends_with(b"WAVE")) {
        return Err(wrong());
    }
    let mut format = None;
    for _ in 0..CHUNKS {
        let mut head = [0; 8];
        pcm.read_exact(&mut head)?;
        let (name, length) = head.split_at(4);
        if name == b"data" {
            return format.map(Some).ok_or_else(wrong);
        }
        let length = u64::from(u32::from_le_bytes(length.try_into().map_err(|_| wrong())?));
        if length > CHUNK_BYTES {
            return Err(wrong());
        }
        let mut chunk = Vec::new();
        // Chunks begin at even places.
        pcm.take(length.next_multiple_of(2)).read_to_end(&mut chunk)?;
        if name == b"fmt " {
            format = Some(format_of(&chunk).ok_or_else(wrong)?);
        }
    }
    Err(wrong())
}

fn format_of(chunk: &[u8]) -> Option<Format> {
    let short = |at: usize| Some(u16::from_le_bytes(chunk.get(at..at + 2)?.try_into().ok()?));
    let rate = u32::from_le_bytes(chunk.get(4..8)?.try_into().ok()?);
    let format = Format::checked(short(2)?.into(), rate)?;
    (short(14) == Some(16)).then_some(format)
}

fn wrong() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the samples have no header that can be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav() -> Vec<u8> {
        let mut bytes = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x02\0\x44\xac\0\0\0\0\0\0\x04\0\x10\0".to_vec();
        bytes.extend(b"LIST\x03\0\0\0abc\0data\xff\xff\xff\xffsamples");
        bytes
    }

    #[test]
    fn the_samples_begin_behind_the_header() {
        let wav = wav();
        let mut rest = wav.as_slice();
        assert_eq!(header(&mut rest).unwrap(), Some(Format { channels: 2, rate: 44_100 }));
        assert_eq!(rest, b"samples");
        assert_eq!(header(&mut [].as_slice()).unwrap(), None);
    }

    #[test]
    fn a_header_that_is_cut_or_wrong_is_an_error() {
        let wav = wav();
        for end in 1..wav.len() - "samples".len() {
            header(&mut &wav[..end]).unwrap_err();
        }
        for (at, byte) in [(0, b'X'), (22, 0), (22, 65), (34, 24), (27, 1), (42, 1)] {
            let mut wrong = wav.clone();
            wrong[at] = byte;
            assert!(header(&mut wrong.as_slice()).is_err(), "{at}");
        }
    }
}
