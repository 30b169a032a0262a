//! What four letters, and the numbers of MPEG-4 objects, stand for (MP4 registration authority, QuickTime).

/// The short name of a video codec.
pub(super) fn video(name: [u8; 4], object: Option<u8>) -> Option<&'static str> {
    Some(match &name {
        b"avc1" | b"avc3" | b"dva1" | b"dvav" => "h264",
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => "hevc",
        b"av01" => "av1",
        b"vp08" => "vp8",
        b"vp09" => "vp9",
        b"mp4v" => match object? {
            0x20 => "mpeg4",
            0x21 => "h264",
            0x23 => "hevc",
            0x60..=0x65 => "mpeg2video",
            0x6A => "mpeg1video",
            0x6C => "mjpeg",
            0x6D => "png",
            _ => return None,
        },
        b"xvid" | b"XVID" | b"DIVX" | b"fmp4" | b"FMP4" | b"3IV2" => "mpeg4",
        b"apcn" | b"apch" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "prores",
        b"AVdn" | b"AVdh" => "dnxhd",
        b"jpeg" | b"mjpa" | b"mjpb" | b"AVDJ" => "mjpeg",
        b"png " | b"MNG " => "png",
        b"s263" | b"h263" => "h263",
        b"mp1v" | b"m1v " => "mpeg1video",
        b"mp2v" | b"m2v1" | b"mpeg" | b"hdv1" | b"hdv2" | b"hdv3" | b"xdvc" | b"xd5b" => "mpeg2video",
        b"rle " => "qtrle",
        b"dvc " | b"dvcp" | b"dvpp" | b"dv5n" | b"dv5p" | b"dvh5" | b"dvh6" => "dvvideo",
        b"cvid" => "cinepak",
        b"SVQ3" => "svq3",
        b"vc-1" => "vc1",
        _ => return None,
    })
}

/// How plain samples are written.
#[derive(Clone, Copy)]
pub(super) struct Plain {
    pub(super) bits: u32,
    /// QuickTime's: 1 floating, 2 big-endian, 4 signed. Zero where only the byte order was said, little-endian.
    pub(super) flags: Option<u32>,
}

/// The short name of an audio codec.
pub(super) fn audio(name: [u8; 4], object: Option<u8>, plain: Plain) -> Option<&'static str> {
    let is_little = plain.flags == Some(0);
    Some(match &name {
        b"mp4a" => match object? {
            0x40 | 0x66..=0x68 => "aac",
            0x69 | 0x6B => "mp3",
            0xA5 => "ac3",
            0xA6 => "eac3",
            0xA9 => "dts",
            0xAD => "opus",
            0xDD => "vorbis",
            _ => return None,
        },
        b".mp3" | [b'm', b's', 0, 0x55] => "mp3",
        b"Opus" => "opus",
        b"fLaC" => "flac",
        b"alac" => "alac",
        b"ac-3" => "ac3",
        b"ec-3" => "eac3",
        b"dtsc" | b"dtsh" | b"dtsl" | b"dtse" => "dts",
        b"samr" => "amr_nb",
        b"sawb" => "amr_wb",
        b"ulaw" => "pcm_mulaw",
        b"alaw" => "pcm_alaw",
        b"sowt" if plain.bits == 16 => "pcm_s16le",
        b"twos" if plain.bits == 16 => "pcm_s16be",
        b"sowt" | b"twos" if plain.bits == 8 => "pcm_s8",
        b"raw " if plain.bits <= 8 => "pcm_u8",
        b"in24" => {
            if is_little {
                "pcm_s24le"
            } else {
                "pcm_s24be"
            }
        }
        b"in32" => {
            if is_little {
                "pcm_s32le"
            } else {
                "pcm_s32be"
            }
        }
        b"fl32" => {
            if is_little {
                "pcm_f32le"
            } else {
                "pcm_f32be"
            }
        }
        b"fl64" => {
            if is_little {
                "pcm_f64le"
            } else {
                "pcm_f64be"
            }
        }
        b"lpcm" => described(plain)?,
        _ => return None,
    })
}

fn described(plain: Plain) -> Option<&'static str> {
    let flags = plain.flags?;
    Some(match (plain.bits, flags & 1 == 1, flags & 2 == 2) {
        (8, false, _) => {
            if flags & 4 == 4 {
                "pcm_s8"
            } else {
                "pcm_u8"
            }
        }
        (16, false, false) => "pcm_s16le",
        (16, false, true) => "pcm_s16be",
        (24, false, false) => "pcm_s24le",
        (24, false, true) => "pcm_s24be",
        (32, false, false) => "pcm_s32le",
        (32, false, true) => "pcm_s32be",
        (32, true, false) => "pcm_f32le",
        (32, true, true) => "pcm_f32be",
        (64, true, false) => "pcm_f64le",
        (64, true, true) => "pcm_f64be",
        _ => return None,
    })
}

/// How many bytes one plain sample has.
pub(super) fn plain_bytes(codec: &str) -> Option<u64> {
    match codec {
        "pcm_mulaw" | "pcm_alaw" => return Some(1),
        _ => {}
    }
    let digits = codec.strip_prefix("pcm_")?.get(1..)?;
    let bits: u64 = digits.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()?;
    Some(bits / 8)
}

/// Sample rate and channels of AAC, by its configuration (ISO/IEC 14496-3, 1.6.2.1). With spectral band replication,
/// those that come out.
pub(super) fn aac(specific: &[u8]) -> Option<(u32, u16)> {
    let mut bits = Bits { bytes: specific, at: 0 };
    let object = bits.object()?;
    let sample_rate = bits.sample_rate()?;
    let channels = match bits.take(4)? {
        channels @ 1..=6 => u16::try_from(channels).ok()?,
        7 | 12 | 14 => 8,
        11 => 7,
        _ => return None,
    };
    Some(match object {
        5 => (bits.sample_rate()?, channels),
        29 => (bits.sample_rate()?, channels.max(2)),
        // It may be doubled by a replication that is not announced: only the frames tell.
        2 if sample_rate <= 24_000 => return None,
        _ => (sample_rate, channels),
    })
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    fn object(&mut self) -> Option<u32> {
        match self.take(5)? {
            31 => Some(32 + self.take(6)?),
            object => Some(object),
        }
    }

    fn sample_rate(&mut self) -> Option<u32> {
        match self.take(4)? {
            15 => self.take(24),
            index => crate::sniff::audio::ADTS_RATES.get(index as usize).copied(),
        }
    }
}
