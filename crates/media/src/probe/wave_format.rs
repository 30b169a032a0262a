//! The numbers and letters by which Microsoft's containers (WAV, AVI, ASF) name codecs, and WAVEFORMATEX.

use super::{Cut, Stop};

/// How sound is written.
pub(super) struct WaveFormat {
    pub(super) codec: &'static str,
    pub(super) channels: u16,
    pub(super) sample_rate: u32,
    pub(super) bytes_per_second: u32,
    pub(super) block_bytes: u16,
}

impl WaveFormat {
    pub(super) fn parse(mut data: Cut) -> Result<Self, Stop> {
        const EXTENSIBLE: u16 = 0xFFFE;
        let (mut tag, channels, sample_rate) = (data.le16()?, data.le16()?, data.le32()?);
        let (bytes_per_second, block_bytes) = (data.le32()?, data.le16()?);
        let bits = data.le16().unwrap_or(8);
        if tag == EXTENSIBLE {
            data.skip(8)?;
            tag = data.le16()?;
        }
        let codec = audio(tag, bits).ok_or(Stop::Ask)?;
        if channels == 0 || sample_rate == 0 {
            return Err(Stop::DAMAGED);
        }
        Ok(Self { codec, channels, sample_rate, bytes_per_second, block_bytes })
    }
}

/// The short name of an audio codec.
pub(super) fn audio(tag: u16, bits: u16) -> Option<&'static str> {
    Some(match (tag, bits) {
        (0x0001, 1..=8) => "pcm_u8",
        (0x0001, 9..=16) => "pcm_s16le",
        (0x0001, 17..=24) => "pcm_s24le",
        (0x0001, 25..=32) => "pcm_s32le",
        (0x0003, 32) => "pcm_f32le",
        (0x0003, 64) => "pcm_f64le",
        (0x0002, _) => "adpcm_ms",
        (0x0006, _) => "pcm_alaw",
        (0x0007, _) => "pcm_mulaw",
        (0x0011, _) => "adpcm_ima_wav",
        (0x0031, _) => "gsm_ms",
        (0x0050, _) => "mp2",
        (0x0055, _) => "mp3",
        (0x00FF | 0x1610, _) => "aac",
        (0x0160, _) => "wmav1",
        (0x0161, _) => "wmav2",
        (0x0162, _) => "wmapro",
        (0x0163, _) => "wmalossless",
        (0x2000, _) => "ac3",
        (0x2001, _) => "dts",
        (0x566F | 0x674F | 0x6750 | 0x6751 | 0x676F | 0x6770 | 0x6771, _) => "vorbis",
        (0xF1AC, _) => "flac",
        (0x704F, _) => "opus",
        _ => return None,
    })
}

/// The short name of a video codec, by its four letters in any case.
pub(super) fn video(letters: [u8; 4]) -> Option<&'static str> {
    Some(match &letters.map(|letter| letter.to_ascii_uppercase()) {
        b"H264" | b"X264" | b"AVC1" | b"DAVC" | b"VSSH" => "h264",
        b"HEVC" | b"H265" | b"HVC1" | b"X265" => "hevc",
        b"FMP4" | b"XVID" | b"DIVX" | b"DX50" | b"MP4V" | b"MP4S" | b"M4S2" | b"3IV2" | b"RMP4" => "mpeg4",
        b"MJPG" => "mjpeg",
        b"DIV3" | b"DIV4" | b"DIV5" | b"DIV6" | b"MP43" | b"MPG3" | b"COL1" | b"AP41" => "msmpeg4v3",
        b"MP42" | b"DIV2" => "msmpeg4v2",
        b"MPG1" | b"PIM1" => "mpeg1video",
        b"MPG2" | b"MPEG" | b"PIM2" => "mpeg2video",
        b"VP80" => "vp8",
        b"VP90" => "vp9",
        b"AV01" => "av1",
        b"WMV1" => "wmv1",
        b"WMV2" => "wmv2",
        b"WMV3" => "wmv3",
        b"WVC1" | b"WMVA" => "vc1",
        b"THEO" => "theora",
        b"FFV1" => "ffv1",
        b"HFYU" => "huffyuv",
        b"CVID" => "cinepak",
        b"DVSD" | b"DVHD" | b"DVSL" | b"DV25" | b"DV50" => "dvvideo",
        [0, 0, 0, 0] | b"DIB " | b"I420" | b"YV12" | b"YUY2" | b"UYVY" => "rawvideo",
        _ => return None,
    })
}
