//! One track of Matroska.

use super::super::ebml::{self, elements};
use super::super::{Cut, Stop, Streams, frame_rate, rounded, wave_format};
use crate::metadata::displayed;
use crate::{AudioMetadata, VideoMetadata};

/// What stands beside the parts for pictures and sound.
#[derive(Default)]
struct Track<'a> {
    kind: u64,
    codec: String,
    private: &'a [u8],
    frame_ns: u64,
    video: &'a [u8],
    audio: &'a [u8],
}

pub(super) fn read(entry: &[u8], streams: &mut Streams) -> Result<(), Stop> {
    let mut track = Track::default();
    for (id, data) in elements(entry) {
        match id {
            0x83 => track.kind = ebml::unsigned(data),
            0x86 => track.codec = ebml::text(data),
            0x63A2 => track.private = data,
            0x0023_E383 => track.frame_ns = ebml::unsigned(data),
            0xE0 => track.video = data,
            0xE1 => track.audio = data,
            _ => {}
        }
    }
    match track.kind {
        1 if streams.video.is_none() => streams.video = Some(video(&track)?),
        2 if streams.audio.is_none() => streams.audio = Some(audio(&track)?),
        _ => {}
    }
    Ok(())
}

fn video(track: &Track) -> Result<VideoMetadata, Stop> {
    let codec = video_codec(track).ok_or(Stop::Ask)?.to_owned();
    let (mut width, mut height, mut seen, mut unit) = (0, 0, (0, 0), 0);
    let number = |data| u32::try_from(ebml::unsigned(data)).unwrap_or(u32::MAX);
    for (id, data) in elements(track.video) {
        match id {
            0xB0 => width = number(data),
            0xBA => height = number(data),
            0x54B0 => seen.0 = number(data),
            0x54BA => seen.1 = number(data),
            0x54B2 => unit = ebml::unsigned(data),
            // Sides that are cut off.
            0x54AA | 0x54BB | 0x54CC | 0x54DD if ebml::unsigned(data) > 0 => return Err(Stop::Ask),
            _ => {}
        }
    }
    if width == 0 || height == 0 {
        return Err(Stop::DAMAGED);
    }
    let (width, height) = match unit {
        // Pixels, centimetres, inches and ratios all tell the shape.
        0..=3 if seen.0 > 0 && seen.1 > 0 => displayed(width, height, shape(width, height, seen), 0),
        _ => (width, height),
    };
    // Only the pictures themselves tell it then.
    let frame_rate = Some(frame_rate(1, 1_000_000_000, track.frame_ns).ok_or(Stop::Ask)?);
    let (bit_rate, rotation, fast_start) = (None, 0, Some(true));
    Ok(VideoMetadata { width, height, codec, frame_rate, bit_rate, rotation, fast_start })
}

/// Of one pixel, when all of them are seen at this size.
fn shape(width: u32, height: u32, (wide, high): (u32, u32)) -> (u32, u32) {
    let (across, down) = (u64::from(wide) * u64::from(height), u64::from(high) * u64::from(width));
    // Both in 32 bits; what is lost is far below a pixel.
    let shift = 32_u32.saturating_sub(across.max(down).leading_zeros());
    let part = |whole: u64| u32::try_from(whole >> shift).unwrap_or(u32::MAX);
    (part(across), part(down))
}

fn video_codec(track: &Track) -> Option<&'static str> {
    Some(match track.codec.as_str() {
        "V_MPEG4/ISO/AVC" => "h264",
        "V_MPEGH/ISO/HEVC" => "hevc",
        "V_AV1" => "av1",
        "V_VP8" => "vp8",
        "V_VP9" => "vp9",
        "V_THEORA" => "theora",
        "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/AP" => "mpeg4",
        "V_MPEG4/MS/V3" => "msmpeg4v3",
        "V_MPEG1" => "mpeg1video",
        "V_MPEG2" => "mpeg2video",
        "V_MJPEG" => "mjpeg",
        "V_PRORES" => "prores",
        "V_FFV1" => "ffv1",
        "V_MS/VFW/FOURCC" => wave_format::video(*track.private.get(16..20)?.first_chunk()?)?,
        _ => return None,
    })
}

fn audio(track: &Track) -> Result<AudioMetadata, Stop> {
    let (mut sample_rate, mut output, mut channels, mut bits) = (8000.0, None, 1, 0);
    for (id, data) in elements(track.audio) {
        match id {
            0xB5 => sample_rate = ebml::float(data),
            0x78B5 => output = Some(ebml::float(data)),
            0x9F => channels = u16::try_from(ebml::unsigned(data)).map_err(|_| Stop::DAMAGED)?,
            0x6264 => bits = ebml::unsigned(data),
            _ => {}
        }
    }
    let codec = audio_codec(track, bits).ok_or(Stop::Ask)?.to_owned();
    let sample_rate = rounded(output.unwrap_or(sample_rate)).and_then(|rate| u32::try_from(rate).ok());
    let mut sample_rate = sample_rate.ok_or(Stop::DAMAGED)?;
    let bit_rate = match codec.as_str() {
        plain if plain.starts_with("pcm_") => Some(bits * u64::from(channels) * u64::from(sample_rate)),
        // Told by each frame, not by the header.
        "mp3" | "mp2" | "ac3" | "eac3" | "dts" => return Err(Stop::Ask),
        "opus" => {
            sample_rate = 48_000;
            None
        }
        _ => None,
    };
    if sample_rate == 0 || channels == 0 {
        return Err(Stop::DAMAGED);
    }
    Ok(AudioMetadata { codec, sample_rate, channels, bit_rate })
}

fn audio_codec(track: &Track, bits: u64) -> Option<&'static str> {
    Some(match (track.codec.as_str(), bits) {
        ("A_OPUS", _) => "opus",
        ("A_VORBIS", _) => "vorbis",
        ("A_FLAC", _) => "flac",
        ("A_ALAC", _) => "alac",
        ("A_TRUEHD", _) => "truehd",
        ("A_MPEG/L3", _) => "mp3",
        ("A_MPEG/L2", _) => "mp2",
        ("A_AC3", _) => "ac3",
        ("A_EAC3", _) => "eac3",
        ("A_DTS", _) => "dts",
        (aac, _) if aac.starts_with("A_AAC") => "aac",
        ("A_PCM/INT/LIT", 8) => "pcm_u8",
        ("A_PCM/INT/LIT", 16) => "pcm_s16le",
        ("A_PCM/INT/LIT", 24) => "pcm_s24le",
        ("A_PCM/INT/LIT", 32) => "pcm_s32le",
        ("A_PCM/INT/BIG", 16) => "pcm_s16be",
        ("A_PCM/INT/BIG", 24) => "pcm_s24be",
        ("A_PCM/FLOAT/IEEE", 32) => "pcm_f32le",
        ("A_PCM/FLOAT/IEEE", 64) => "pcm_f64le",
        ("A_MS/ACM", _) => {
            let mut format = Cut(track.private);
            let tag = format.le16().ok()?;
            format.skip(12).ok()?;
            wave_format::audio(tag, format.le16().ok()?)?
        }
        _ => return None,
    })
}
