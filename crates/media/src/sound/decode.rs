use std::fs::File;
use std::io::{self, Seek as _};

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::default::{get_codecs, get_probe};

use super::listen::{Heard, listen};
use super::{Format, Samples};

/// Of what a decoder gives, 1 is full scale.
const SCALE: f32 = 32_768.0;

/// Places to seek to are noted so far apart, in milliseconds: nobody seeks here.
const INDEX_MS: u16 = 60_000;

/// Hears an MP3, FLAC or WAV. `None` when it is none of them, or there is no sound in it.
pub(crate) fn hear(mut input: File) -> io::Result<Option<Heard>> {
    input.rewind()?;
    let Some(mut track) = Track::open(input) else { return Ok(None) };
    // What a header says may not be what is decoded.
    let Some(format) = track.next()? else { return Ok(None) };
    listen(track, format)
}

/// The first sound of a file.
struct Track {
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    id: u32,
    format: Option<Format>,
    /// Samples that were decoded, and how many of them were given.
    samples: Vec<f32>,
    given: usize,
}

impl Track {
    fn open(input: File) -> Option<Self> {
        let stream = MediaSourceStream::new(Box::new(input), MediaSourceStreamOptions::default());
        let mut options = FormatOptions::default();
        options.seek_index_fill_period_ms = INDEX_MS;
        let reader = get_probe().probe(&Hint::new(), stream, options, MetadataOptions::default()).ok()?;
        let track = reader.default_track(TrackType::Audio)?;
        let parameters = track.codec_params.as_ref()?.audio()?;
        let decoder = get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default()).ok()?;
        let id = track.id;
        Some(Self { reader, decoder, id, format: None, samples: Vec::new(), given: 0 })
    }

    /// Decodes the next samples; `None` after the last. Sound that changes its channels or its rate ends there.
    fn next(&mut self) -> io::Result<Option<Format>> {
        loop {
            let packet = match self.reader.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.id => packet,
                Ok(Some(_)) => continue,
                Err(Error::IoError(error)) if !is_of_the_bytes(&error) => return Err(error),
                // As much of it as is whole was heard.
                Ok(None) | Err(_) => return Ok(None),
            };
            // What is damaged is passed over, as players do.
            let Ok(decoded) = self.decoder.decode(&packet) else { continue };
            if decoded.frames() == 0 {
                continue;
            }
            let format = format_of(&decoded);
            if self.format.get_or_insert(format) != &format {
                return Ok(None);
            }
            decoded.copy_to_vec_interleaved(&mut self.samples);
            self.given = 0;
            return Ok(Some(format));
        }
    }
}

/// Whether a read fails for what is read, and not for how it is read.
fn is_of_the_bytes(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof)
}

fn format_of(decoded: &GenericAudioBufferRef<'_>) -> Format {
    Format { channels: decoded.spec().channels().count(), rate: decoded.spec().rate() }
}

impl Samples for Track {
    fn read(&mut self, samples: &mut [f32]) -> io::Result<usize> {
        while self.given == self.samples.len() {
            if self.next()?.is_none() {
                return Ok(0);
            }
        }
        let left = &self.samples[self.given..];
        for (sample, decoded) in samples.iter_mut().zip(left) {
            *sample = decoded * SCALE;
        }
        let count = samples.len().min(left.len());
        self.given += count;
        Ok(count)
    }
}
