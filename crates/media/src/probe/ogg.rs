//! Ogg (RFC 3533) with Opus (RFC 7845), Vorbis, FLAC and Theora.

mod pages;

use reelshelf_domain::MediaType;

use super::{Cut, Source, Stop, Streams, flac, frame_rate, scaled, vorbis};
use crate::metadata::displayed;
use crate::{AudioMetadata, Metadata, VideoMetadata};
use pages::{Page, Pages};

/// Codecs that are seen and heard too, but hardly used.
const OTHERS: [&[u8]; 8] =
    [b"Speex   ", b"CELT    ", b"PCM     ", b"fLaC", b"\x80daala", b"BBCD\0", b"OVP80", b"\x01video\0"];

/// A stream that is shown or heard, and how its pages count time.
struct Stream {
    serial: u32,
    clock: Clock,
    /// What stands in front of the comments in the second packet.
    comment_mark: &'static [u8],
    /// How many bytes stand between the two.
    between: usize,
}

#[derive(Clone, Copy)]
enum Clock {
    /// Samples, of which the first do not count.
    Samples { sample_rate: u32, skipped: u64 },
    /// Pictures since a key picture in the lower bits, and key pictures' numbers above them.
    Pictures { shift: u32, number: u32, per: u32 },
}

impl Clock {
    fn ms(self, position: u64) -> Option<u64> {
        match self {
            Self::Samples { sample_rate, skipped } => {
                scaled(position.saturating_sub(skipped), 1000, sample_rate.into())
            }
            Self::Pictures { shift, number, per } => {
                let pictures = (position >> shift).saturating_add(position & ((1 << shift) - 1));
                scaled(pictures.saturating_mul(per.into()), 1000, number.into())
            }
        }
    }
}

pub(super) fn read(source: &mut Source, media_type: MediaType) -> Result<Metadata, Stop> {
    let mut streams = Streams::default();
    let mut found = Vec::new();
    let mut pages = Pages::new(0);
    while let Some(page) = pages.next(source)?.filter(Page::begins_stream) {
        let packet = source.start_of(page.data, page.size, 256)?;
        found.extend(identified(&packet, page.serial, &mut streams)?);
        pages.after(&page);
    }
    for stream in &found {
        let packet = pages::second_packet(source, stream.serial, pages.at())?;
        if let Some(comments) = packet.strip_prefix(stream.comment_mark).and_then(|rest| rest.get(stream.between..)) {
            vorbis::comments(Cut(comments), &mut streams);
        }
    }
    let lasts = pages::last_positions(source)?;
    let ends = found.iter().filter_map(|stream| {
        let (_, position) = lasts.iter().find(|(serial, _)| *serial == stream.serial)?;
        stream.clock.ms(*position)
    });
    streams.duration_ms = ends.max();
    if streams.duration_ms.is_none() && (streams.video.is_some() || streams.audio.is_some()) {
        return Err(Stop::Ask);
    }
    let length = source.length();
    streams.describe(media_type, length)
}

/// What the first packet of a stream says; nothing when there is one of its kind already.
fn identified(packet: &[u8], serial: u32, streams: &mut Streams) -> Result<Option<Stream>, Stop> {
    let is_video = packet.starts_with(b"\x80theora");
    if (is_video && streams.video.is_some()) || (!is_video && streams.audio.is_some()) {
        return Ok(None);
    }
    let samples = |sample_rate, skipped| Clock::Samples { sample_rate, skipped };
    let mut header = Cut(packet);
    let (clock, comment_mark, between): (_, &'static [u8], _) = if is_video {
        let (video, clock) = theora(header)?;
        streams.video = Some(video);
        (clock, b"\x81theora", 0)
    } else if packet.starts_with(b"OpusHead") {
        header.skip(9)?;
        let (channels, skipped) = (u16::from(header.u8()?), u64::from(header.le16()?));
        streams.audio = Some(sound("opus", 48_000, channels, None)?);
        (samples(48_000, skipped), b"OpusTags", 0)
    } else if let Some((channels, sample_rate, bit_rate)) = vorbis::identification(packet) {
        streams.audio = Some(sound("vorbis", sample_rate, channels, bit_rate)?);
        (samples(sample_rate, 0), b"\x03vorbis", 0)
    } else if packet.starts_with(b"\x7FFLAC") {
        header.skip(17)?;
        let information = flac::Information::parse(header)?;
        streams.audio = Some(sound("flac", information.sample_rate, information.channels, None)?);
        // The second packet is a block of comments, whose kind and size come first.
        (samples(information.sample_rate, 0), b"", 4)
    } else if OTHERS.iter().any(|other| packet.starts_with(other)) {
        return Err(Stop::Ask);
    } else {
        return Ok(None);
    };
    Ok(Some(Stream { serial, clock, comment_mark, between }))
}

fn sound(codec: &str, sample_rate: u32, channels: u16, bit_rate: Option<u64>) -> Result<AudioMetadata, Stop> {
    if sample_rate == 0 || channels == 0 {
        return Err(Stop::DAMAGED);
    }
    Ok(AudioMetadata { codec: codec.to_owned(), sample_rate, channels, bit_rate })
}

/// Theora's identification header (specification, 6.2). The picture lies within a frame of whole blocks.
fn theora(mut header: Cut) -> Result<(VideoMetadata, Clock), Stop> {
    header.skip(14)?;
    let (width, height) = (header.be24()?, header.be24()?);
    header.skip(2)?;
    let (number, per) = (header.be32()?, header.be32()?);
    let shape = (header.be24()?, header.be24()?);
    header.skip(4)?;
    let shift = u32::from(header.be16()? >> 5 & 0x1F);
    if width == 0 || height == 0 || number == 0 || per == 0 {
        return Err(Stop::DAMAGED);
    }
    let (width, height) = displayed(width, height, shape, 0);
    let frame_rate = frame_rate(number.into(), 1, per.into());
    // The bit rate that the header names is one that was aimed at, if at all.
    let (codec, rotation, fast_start, bit_rate) = ("theora".to_owned(), 0, Some(true), None);
    let video = VideoMetadata { width, height, codec, frame_rate, bit_rate, rotation, fast_start };
    Ok((video, Clock::Pictures { shift, number, per }))
}
