//! Files of every codec and container that the ffmpeg of this machine can write. `examples/samples.rs` writes them too.

use std::path::Path;
use std::process::{Command, Stdio};

use reelshelf_domain::MediaType;

/// A name with the extension that chooses the container, and ffmpeg's arguments between source and output.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) media_type: MediaType,
    source: Source,
    arguments: &'static str,
}

#[derive(Clone, Copy)]
enum Source {
    /// Pictures alone, 25 a second.
    Film,
    /// Pictures and sound.
    Both,
    /// Stereo at 44,100 Hz.
    Sound,
    /// Sound with a picture attached.
    Song,
    /// One picture.
    Still,
    /// Ten pictures a second, for a second.
    Motion,
    /// Silence: the smallest for long files.
    Long,
}

impl Source {
    fn arguments(self) -> &'static str {
        match self {
            Self::Film => "-f lavfi -i testsrc2=size=160x120:rate=25:duration=1",
            Self::Both => {
                "-f lavfi -i testsrc2=size=160x120:rate=25:duration=1 -f lavfi -i sine=440:r=44100:duration=1 -ac 2"
            }
            Self::Sound => "-f lavfi -i sine=440:r=44100:duration=3 -ac 2",
            Self::Song => {
                "-f lavfi -i sine=440:r=44100:duration=3 -f lavfi -i testsrc2=size=64x64:rate=1:duration=1 -map 0 -map 1 -frames:v 1 -ac 2 -disposition:v attached_pic"
            }
            Self::Still => "-f lavfi -i testsrc2=size=322x242:rate=1:duration=1 -frames:v 1",
            Self::Motion => "-f lavfi -i testsrc2=size=64x48:rate=10:duration=1",
            Self::Long => "-f lavfi -i anullsrc=r=44100:cl=mono -t 600",
        }
    }
}

/// What a tagged file says of itself.
const TAGS: [(&str, &str); 10] = [
    ("title", "Ein schöner Titel"),
    ("artist", "Some One"),
    ("album", "Of Things"),
    ("album_artist", "Various"),
    ("composer", "Another"),
    ("genre", "Ambient"),
    ("date", "2021"),
    ("track", "3"),
    ("comment", "said so"),
    ("copyright", "nobody"),
];

macro_rules! samples {
    ($($name:literal $media_type:ident $source:ident $arguments:literal)+) => {
        pub(crate) const SAMPLES: &[Sample] = &[$(Sample {
            name: $name,
            media_type: MediaType::$media_type,
            source: Source::$source,
            arguments: $arguments,
        }),+];
    };
}

samples! {
    "rgb.png" Png Still "-pix_fmt rgb24"
    "rgba.png" Png Still "-pix_fmt rgba"
    "gray.png" Png Still "-pix_fmt gray"
    "gray-alpha.png" Png Still "-pix_fmt ya8"
    "palette.png" Png Still "-vf palettegen,scale=16:16 -pix_fmt pal8"
    "rgb16.png" Png Still "-pix_fmt rgb48be"
    "rgba16.png" Png Still "-pix_fmt rgba64be"
    "bilevel.png" Png Still "-pix_fmt monob"
    "motion.png" Png Motion "-f apng"
    "yuv420.jpg" Jpeg Still "-pix_fmt yuvj420p"
    "yuv444.jpg" Jpeg Still "-pix_fmt yuvj444p"
    "gray.jpg" Jpeg Still "-pix_fmt gray -c:v mjpeg -strict unofficial"
    "still.gif" Gif Still ""
    "motion.gif" Gif Motion ""
    "slow.gif" Gif Motion "-r 3"
    "rgb.bmp" Bmp Still "-pix_fmt bgr24"
    "rgba.bmp" Bmp Still "-pix_fmt bgra"
    "gray.bmp" Bmp Still "-pix_fmt gray"
    "rgb565.bmp" Bmp Still "-pix_fmt rgb565le"
    "rgb.tiff" Tiff Still "-pix_fmt rgb24"
    "rgba.tiff" Tiff Still "-pix_fmt rgba"
    "gray16.tiff" Tiff Still "-pix_fmt gray16le"
    "rgb16.tiff" Tiff Still "-pix_fmt rgb48le"
    "deflated.tiff" Tiff Still "-pix_fmt rgb24 -compression_algo deflate"
    "lossy.webp" Webp Still "-c:v libwebp -pix_fmt yuv420p"
    "lossless.webp" Webp Still "-c:v libwebp -lossless 1"
    "lossy-alpha.webp" Webp Still "-c:v libwebp -pix_fmt yuva420p"
    "still.avif" Avif Still "-c:v libaom-av1 -cpu-used 8 -still-picture 1"
    "h264.mp4" Mp4 Both "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac"
    "h264-fast.mp4" Mp4 Both "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -movflags +faststart"
    "h264-b-frames.mp4" Mp4 Film "-c:v libx264 -bf 2"
    "h264-ntsc.mp4" Mp4 Film "-r 30000/1001 -c:v libx264 -preset ultrafast"
    "h264-anamorphic.mp4" Mp4 Film "-vf setsar=16/15 -c:v libx264 -preset ultrafast"
    "h264-odd.mp4" Mp4 Film "-vf scale=162:92 -c:v libx264 -preset ultrafast"
    "h264-variable.mp4" Mp4 Film "-vf select='not(mod(n\\,3))+not(mod(n\\,7))' -vsync vfr -c:v libx264 -preset ultrafast"
    "h264-cut.mp4" Mp4 Both "-ss 0.5 -c:v libx264 -preset ultrafast -c:a aac"
    "hevc.mp4" Mp4 Film "-c:v libx265 -preset ultrafast -x265-params log-level=none"
    "hvc1.mp4" Mp4 Film "-c:v libx265 -preset ultrafast -tag:v hvc1 -x265-params log-level=none"
    "av1.mp4" Mp4 Film "-c:v libaom-av1 -cpu-used 8 -t 0.4"
    "vp9.mp4" Mp4 Film "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime"
    "mpeg4.mp4" Mp4 Both "-c:v mpeg4 -c:a aac"
    "mpeg2.mp4" Mp4 Film "-c:v mpeg2video"
    "mp3.mp4" Mp4 Both "-c:v mpeg4 -c:a libmp3lame"
    "opus.mp4" Mp4 Both "-c:v mpeg4 -c:a libopus"
    "flac.mp4" Mp4 Both "-c:v mpeg4 -c:a flac -strict -2"
    "ac3.mp4" Mp4 Both "-c:v mpeg4 -c:a ac3"
    "fragments.mp4" Mp4 Both "-c:v mpeg4 -c:a aac -movflags frag_keyframe+empty_moov"
    "sound.mp4" Mp4 Sound "-c:a aac"
    "h264.mov" Mov Both "-c:v libx264 -preset ultrafast -c:a aac"
    "prores.mov" Mov Film "-c:v prores_ks"
    "mjpeg.mov" Mov Film "-c:v mjpeg"
    "rle.mov" Mov Film "-c:v qtrle"
    "png.mov" Mov Film "-c:v png -t 0.2"
    "pcm.mov" Mov Both "-c:v mpeg4 -c:a pcm_s16le"
    "pcm24.mov" Mov Both "-c:v mpeg4 -c:a pcm_s24le"
    "pcm-float.mov" Mov Both "-c:v mpeg4 -c:a pcm_f32le"
    "alac.mov" Mov Both "-c:v mpeg4 -c:a alac"
    "tagged.mov" Mov Both "-c:v mpeg4 -c:a aac TAGS"
    "vp8.webm" Webm Both "-c:v libvpx -deadline realtime -c:a libvorbis"
    "vp9.webm" Webm Both "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime -c:a libopus"
    "av1.webm" Webm Film "-c:v libaom-av1 -cpu-used 8 -t 0.4"
    "anamorphic.webm" Webm Film "-vf setsar=4/3 -c:v libvpx -deadline realtime"
    "sound.webm" Webm Sound "-c:a libopus"
    "live.webm" Webm Film "-c:v libvpx -deadline realtime -live 1"
    "h264.mkv" Mkv Both "-c:v libx264 -preset ultrafast -c:a aac"
    "hevc.mkv" Mkv Film "-c:v libx265 -preset ultrafast -x265-params log-level=none"
    "mpeg4.mkv" Mkv Both "-c:v mpeg4 -c:a libmp3lame"
    "mpeg2.mkv" Mkv Film "-c:v mpeg2video"
    "wmv2.mkv" Mkv Film "-c:v wmv2"
    "ffv1.mkv" Mkv Film "-c:v ffv1"
    "theora.mkv" Mkv Film "-c:v libtheora"
    "flac.mkv" Mkv Both "-c:v mpeg4 -c:a flac"
    "pcm.mkv" Mkv Both "-c:v mpeg4 -c:a pcm_s16le"
    "vorbis.mkv" Mkv Both "-c:v mpeg4 -c:a libvorbis"
    "ac3.mkv" Mkv Both "-c:v mpeg4 -c:a ac3"
    "tagged.mkv" Mkv Both "-c:v mpeg4 -c:a aac TAGS"
    "mpeg4.avi" Avi Both "-c:v mpeg4 -c:a libmp3lame"
    "h264.avi" Avi Film "-c:v libx264 -preset ultrafast"
    "xvid.avi" Avi Film "-c:v libxvid"
    "mjpeg.avi" Avi Both "-c:v mjpeg -c:a pcm_s16le"
    "msmpeg4.avi" Avi Film "-c:v msmpeg4"
    "anamorphic.avi" Avi Film "-vf setsar=16/15 -c:v mpeg4"
    "tagged.avi" Avi Both "-c:v mpeg4 -c:a ac3 TAGS"
    "wmv2.wmv" Wmv Both "-c:v wmv2 -c:a wmav2"
    "wmv1.wmv" Wmv Both "-c:v wmv1 -c:a wmav1"
    "tagged.wmv" Wmv Both "-c:v wmv2 -c:a wmav2 TAGS"
    "mpeg1.mpg" Mpeg Both "-c:v mpeg1video -c:a mp2"
    "mpeg2.mpg" Mpeg Both "-f vob -c:v mpeg2video -c:a mp2"
    "h264.ts" MpegTs Both "-c:v libx264 -preset ultrafast -c:a aac"
    "theora.ogv" Ogv Both "-c:v libtheora -c:a libvorbis"
    "theora-alone.ogv" Ogv Film "-c:v libtheora"
    "constant.mp3" Mp3 Sound "-c:a libmp3lame -b:a 128k"
    "variable.mp3" Mp3 Sound "-c:a libmp3lame -q:a 4"
    "mono-low.mp3" Mp3 Sound "-c:a libmp3lame -ac 1 -ar 22050"
    "uncounted.mp3" Mp3 Sound "-c:a libmp3lame -b:a 128k -write_xing 0"
    "long.mp3" Mp3 Long "-c:a libmp3lame -b:a 64k"
    "tagged.mp3" Mp3 Song "-c:a libmp3lame -c:v mjpeg TAGS"
    "tagged-v3.mp3" Mp3 Song "-c:a libmp3lame -c:v png -id3v2_version 3 TAGS"
    "tagged-v1.mp3" Mp3 Sound "-c:a libmp3lame -id3v2_version 0 -write_id3v1 1 TAGS"
    "layer2.mp3" Mp3 Sound "-c:a mp2 -f mp2"
    "s16.wav" Wav Sound "-c:a pcm_s16le"
    "u8.wav" Wav Sound "-c:a pcm_u8"
    "s24.wav" Wav Sound "-c:a pcm_s24le"
    "f32.wav" Wav Sound "-c:a pcm_f32le"
    "alaw.wav" Wav Sound "-c:a pcm_alaw"
    "adpcm.wav" Wav Sound "-c:a adpcm_ms"
    "surround.wav" Wav Sound "-ac 6 -c:a pcm_s16le"
    "rf64.wav" Wav Sound "-rf64 always -c:a pcm_s16le"
    "tagged.wav" Wav Sound "TAGS"
    "s16.flac" Flac Sound "-c:a flac"
    "s24.flac" Flac Sound "-c:a flac -sample_fmt s32 -ar 96000"
    "tagged.flac" Flac Song "-c:a flac -c:v png TAGS"
    "adts.aac" Aac Sound "-c:a aac"
    "long.aac" Aac Long "-c:a aac"
    "mono-low.aac" Aac Sound "-c:a aac -ac 1 -ar 16000"
    "aac.m4a" M4a Sound "-c:a aac"
    "alac.m4a" M4a Sound "-c:a alac"
    "tagged.m4a" M4a Song "-c:a aac -c:v mjpeg TAGS"
    "sound.opus" Opus Sound "-c:a libopus"
    "tagged.opus" Opus Sound "-c:a libopus TAGS"
    "mono.opus" Opus Sound "-c:a libopus -ac 1"
    "vorbis.ogg" Ogg Sound "-c:a libvorbis"
    "tagged.ogg" Ogg Sound "-c:a libvorbis TAGS"
    "flac.ogg" Ogg Sound "-c:a flac TAGS"
    "speex.ogg" Ogg Sound "-c:a libspeex -ar 16000 -ac 1"
}

impl Sample {
    /// Makes the file.
    pub(crate) fn make(&self, output: &Path) {
        ffmpeg(&self.command(), output);
    }

    /// ffmpeg's arguments before the output.
    pub(crate) fn command(&self) -> String {
        format!("{} {}", self.source.arguments(), self.arguments)
    }
}

#[expect(clippy::disallowed_methods, reason = "tests make their samples with the real ffmpeg")]
fn ffmpeg(arguments: &str, output: &Path) {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y", "-bitexact"]);
    for argument in arguments.split_whitespace() {
        if argument == "TAGS" {
            command.args(TAGS.iter().flat_map(|(name, text)| ["-metadata".to_owned(), format!("{name}={text}")]));
        } else {
            command.arg(argument);
        }
    }
    let made = command.arg(output).stderr(Stdio::piped()).output().unwrap();
    assert!(made.status.success(), "{}: {}", output.display(), String::from_utf8_lossy(&made.stderr));
}
