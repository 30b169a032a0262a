use std::fmt;
use std::str::FromStr;

use crate::{Error, Result, serde_as_text};

/// What a file is to the people who use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// A still or animated picture.
    Image,
    /// Moving pictures.
    Video,
    /// Sound alone.
    Audio,
    /// Anything else. Kept, and never served as active content.
    Other,
}

impl MediaKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Image, Self::Video, Self::Audio, Self::Other];

    /// As text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Other => "other",
        }
    }

    /// What a declared content type promises: the part before the slash.
    pub fn declared(content_type: &str) -> Self {
        let (family, _) = content_type.split_once('/').unwrap_or((content_type, ""));
        let family = family.trim();
        let known = [Self::Image, Self::Video, Self::Audio].into_iter();
        known.into_iter().find(|kind| family.eq_ignore_ascii_case(kind.as_str())).unwrap_or(Self::Other)
    }
}

impl FromStr for MediaKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| Error::invalid("type", "must be image, video, audio or other"))
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

serde_as_text!(MediaKind);

/// Declares the table of known types: variant, MIME type, kind, usual extension.
macro_rules! media_types {
    ($($(#[$doc:meta])* $variant:ident $mime:literal $kind:ident $extension:literal)+) => {
        /// A type decided by the bytes of a file, never by its name or by what a client says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum MediaType {
            $($(#[$doc])* $variant,)+
        }

        impl MediaType {
            /// Every known type.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its registered name (IANA, or the name in common use where there is none).
            pub const fn mime(self) -> &'static str {
                match self { $(Self::$variant => $mime),+ }
            }

            /// What it is to people.
            pub const fn kind(self) -> MediaKind {
                match self { $(Self::$variant => MediaKind::$kind),+ }
            }

            /// The extension its files usually have, without the dot.
            pub const fn extension(self) -> &'static str {
                match self { $(Self::$variant => $extension),+ }
            }
        }
    };
}

media_types! {
    /// Portable Network Graphics.
    Png "image/png" Image "png"
    /// JPEG.
    Jpeg "image/jpeg" Image "jpg"
    /// Graphics Interchange Format.
    Gif "image/gif" Image "gif"
    /// Windows bitmap.
    Bmp "image/bmp" Image "bmp"
    /// Tagged Image File Format.
    Tiff "image/tiff" Image "tiff"
    /// WebP.
    Webp "image/webp" Image "webp"
    /// AV1 image.
    Avif "image/avif" Image "avif"
    /// HEVC image.
    Heic "image/heic" Image "heic"
    /// MPEG-4.
    Mp4 "video/mp4" Video "mp4"
    /// QuickTime.
    Mov "video/quicktime" Video "mov"
    /// WebM.
    Webm "video/webm" Video "webm"
    /// Matroska.
    Mkv "video/x-matroska" Video "mkv"
    /// Audio Video Interleave.
    Avi "video/x-msvideo" Video "avi"
    /// Advanced Systems Format with pictures.
    Wmv "video/x-ms-wmv" Video "wmv"
    /// MPEG program stream.
    Mpeg "video/mpeg" Video "mpg"
    /// MPEG transport stream.
    MpegTs "video/mp2t" Video "ts"
    /// Ogg with pictures.
    Ogv "video/ogg" Video "ogv"
    /// MPEG audio layer III.
    Mp3 "audio/mpeg" Audio "mp3"
    /// Waveform audio.
    Wav "audio/wav" Audio "wav"
    /// Free Lossless Audio Codec.
    Flac "audio/flac" Audio "flac"
    /// Advanced Audio Coding in ADTS frames.
    Aac "audio/aac" Audio "aac"
    /// Advanced Audio Coding in MPEG-4.
    M4a "audio/mp4" Audio "m4a"
    /// WebM without pictures, as browsers record voices.
    Weba "audio/webm" Audio "weba"
    /// Matroska without pictures.
    Mka "audio/x-matroska" Audio "mka"
    /// Opus in Ogg.
    Opus "audio/opus" Audio "opus"
    /// Vorbis or other sound in Ogg.
    Ogg "audio/ogg" Audio "ogg"
    /// None of the above.
    Other "application/octet-stream" Other "bin"
}

impl FromStr for MediaType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Self::ALL.iter().copied().find(|known| known.mime() == text);
        known.ok_or_else(|| Error::invalid("media type", "is not a known type"))
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.mime())
    }
}

serde_as_text!(MediaType);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_again_by_its_name() {
        for known in MediaType::ALL {
            assert_eq!(known.mime().parse::<MediaType>().unwrap(), *known);
        }
    }

    #[test]
    fn a_declared_type_counts_by_its_family() {
        assert_eq!(MediaKind::declared("image/svg+xml"), MediaKind::Image);
        assert_eq!(MediaKind::declared("VIDEO/mp4; codecs=avc1"), MediaKind::Video);
        assert_eq!(MediaKind::declared("imagery"), MediaKind::Other);
        assert_eq!(MediaKind::declared("application/octet-stream"), MediaKind::Other);
    }
}
