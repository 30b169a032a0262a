//! What is made of videos and sounds, in real children, on files that ffmpeg makes.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

mod support;

use std::fs::File;
use std::path::Path;

use reelshelf_domain::MediaType;
use reelshelf_media::{Derived, Made, Metadata, Order, Reason, Refusal};
use serde_json::Value;
use support::{World, names};

/// Two seconds of noise between silences.
const SPEECH: &str = "-f lavfi -i anoisesrc=d=2:a=0.5:r=44100 -af adelay=1000:all=1,apad=pad_dur=0.5";

async fn inspect(world: &World, path: &Path, media_type: MediaType) -> Metadata {
    world.processor.inspect(File::open(path).unwrap(), media_type).await.unwrap()
}

async fn derive(world: &World, path: &Path, media_type: MediaType, order: Order) -> Derived {
    let metadata = inspect(world, path, media_type).await;
    world.processor.derive(File::open(path).unwrap(), &metadata, order).await.unwrap()
}

fn made<'a>(derived: &'a Derived, name: &str) -> &'a Made {
    derived.made.iter().find(|made| made.name == name).unwrap()
}

/// The average colour of a picture, of its columns and rows as asked: by ffmpeg, and so by another decoder than ours.
async fn colour(world: &World, made: &Made, crop: &str) -> [u8; 3] {
    let path = world.folder.path().join(&made.name);
    std::fs::write(&path, &made.content).unwrap();
    let words = format!("-i {} -vf crop={crop},scale=1:1:flags=area -pix_fmt rgb24 -f rawvideo", path.display());
    let pixel = world.ffmpeg("colour.raw", &words).await;
    std::fs::read(pixel).unwrap().try_into().unwrap()
}

async fn size(world: &World, made: &Made) -> (u32, u32) {
    let path = world.folder.path().join(&made.name);
    std::fs::write(&path, &made.content).unwrap();
    let image = inspect(world, &path, MediaType::Webp).await.image.unwrap();
    (image.width, image.height)
}

#[tokio::test]
async fn sound_gets_its_waveform_its_loudness_and_its_silence() {
    let world = World::new().await;
    let sound = world.ffmpeg("in.mp3", &format!("{SPEECH} -ac 2 -b:a 192k")).await;
    let derived = derive(&world, &sound, MediaType::Mp3, Order::Waveform).await;
    assert_eq!(names(&derived), ["waveform.dat", "waveform.json", "waveform.webp"]);
    let json: Value = serde_json::from_slice(&made(&derived, "waveform.json").content).unwrap();
    let dat = &made(&derived, "waveform.dat").content;
    let length = json["length"].as_u64().unwrap();
    assert_eq!((json["sample_rate"].as_u64(), json["samples_per_pixel"].as_u64()), (Some(44_100), Some(256)));
    assert_eq!(dat.len() as u64, 24 + 2 * length);
    // 3.5 s, and what the encoder adds.
    assert!((603..=615).contains(&length), "{length}");
    // A second is silent, and then it is loud.
    let data: Vec<_> = json["data"].as_array().unwrap().iter().map(|value| value.as_i64().unwrap()).collect();
    assert!(data[..300].iter().all(|value| value.abs() <= 1), "{:?}", &data[..300]);
    assert!(data[400..900].chunks(2).all(|point| point[0] < -40 && point[1] > 40));
    let facts = derived.sound.unwrap();
    assert!(facts.leading_silence_ms.abs_diff(1000) <= 60, "{facts:?}");
    assert!(facts.trailing_silence_ms.abs_diff(500) <= 60, "{facts:?}");
    assert!((-12.0..-4.0).contains(&facts.loudness_lufs.unwrap()), "{facts:?}");
    assert_eq!(size(&world, made(&derived, "waveform.webp")).await, (1600, 240));
}

#[tokio::test]
async fn loudness_is_what_ffmpeg_measures() {
    let world = World::new().await;
    let words = "-f lavfi -i sine=f=440:d=4 -f lavfi -i anoisesrc=d=6:a=0.1 -filter_complex concat=n=2:v=0:a=1";
    let sound = world.ffmpeg("in.flac", words).await;
    let measured = world.ffmpeg_says(&sound, "-af ebur128 -f null").await;
    let theirs = measured.rsplit("I:").next().and_then(|text| text.split_whitespace().next()).unwrap();
    let theirs: f64 = theirs.parse().unwrap();
    let ours = derive(&world, &sound, MediaType::Flac, Order::Waveform).await.sound.unwrap().loudness_lufs.unwrap();
    assert!((ours - theirs).abs() <= 0.1, "{ours} and {theirs}");
}

#[tokio::test]
async fn every_sound_that_is_taken_can_be_heard() {
    let world = World::new().await;
    for (name, codec, media_type) in [
        ("in.wav", "pcm_s24le", MediaType::Wav),
        ("in.aac", "aac", MediaType::Aac),
        ("in.m4a", "aac", MediaType::M4a),
        ("in.opus", "libopus", MediaType::Opus),
        ("in.ogg", "libvorbis", MediaType::Ogg),
        ("in.mkv", "flac", MediaType::Mkv),
    ] {
        let sound = world.ffmpeg(name, &format!("-f lavfi -i sine=d=3 -c:a {codec}")).await;
        let derived = derive(&world, &sound, media_type, Order::Waveform).await;
        let json: Value = serde_json::from_slice(&made(&derived, "waveform.json").content).unwrap();
        let ms = json["length"].as_u64().unwrap() * 256_000 / json["sample_rate"].as_u64().unwrap();
        assert!(ms.abs_diff(3000) < 120, "{name}: {ms}");
    }
}

#[tokio::test]
async fn long_sound_has_several_resolutions() {
    let world = World::new().await;
    let sound = world.ffmpeg("in.flac", "-f lavfi -i sine=d=300:r=44100").await;
    let derived = derive(&world, &sound, MediaType::Flac, Order::Waveform).await;
    let sizes: Vec<_> = derived.made.iter().map(|made| (made.name.as_str(), made.content.len())).collect();
    let points = (300 * 44_100usize).div_ceil(256);
    let dat = |factor: usize| 24 + 2 * points.div_ceil(factor);
    assert_eq!(sizes[0], ("waveform.dat", dat(1)));
    assert_eq!(
        sizes[2..5],
        [("waveform-x4.dat", dat(4)), ("waveform-x16.dat", dat(16)), ("waveform-x64.dat", dat(64)),]
    );
    let json: Value = serde_json::from_slice(&made(&derived, "waveform.json").content).unwrap();
    assert_eq!(json["samples_per_pixel"], 1024);
}

#[tokio::test]
async fn the_sound_of_a_video_is_heard_and_a_silent_one_is_told() {
    let world = World::new().await;
    let video = world.ffmpeg("in.mp4", "-f lavfi -i testsrc2=d=2 -f lavfi -i sine=d=2 -shortest").await;
    assert!(derive(&world, &video, MediaType::Mp4, Order::Waveform).await.sound.is_some());
    let mute = world.ffmpeg("mute.mp4", "-f lavfi -i testsrc2=d=2").await;
    let mut metadata = inspect(&world, &mute, MediaType::Mp4).await;
    let refused = world.processor.derive(File::open(&mute).unwrap(), &metadata, Order::Waveform).await;
    assert!(matches!(refused, Err(Refusal::Lasting(Reason::NoSound))), "{refused:?}");
    // The metadata may be wrong: then ffmpeg tells.
    metadata.audio = inspect(&world, &video, MediaType::Mp4).await.audio;
    let refused = world.processor.derive(File::open(&mute).unwrap(), &metadata, Order::Waveform).await;
    assert!(matches!(refused, Err(Refusal::Lasting(Reason::NoSound))), "{refused:?}");
}

#[tokio::test]
async fn a_poster_is_the_keyframe_nearest_to_a_fifth() {
    let world = World::new().await;
    // Five colours of two seconds each, a keyframe each second, with something to see on them.
    let colours =
        ["red", "blue", "lime", "white", "gray"].map(|colour| format!("-f lavfi -i color={colour}:s=640x360:d=2"));
    let words = format!(
        "{} -filter_complex concat=n=5,drawbox=x=0:y=0:w=200:h=360:color=black:t=fill -g 25 -r 25 -pix_fmt yuv420p",
        colours.join(" ")
    );
    let video = world.ffmpeg("in.mp4", &words).await;
    let derived = derive(&world, &video, MediaType::Mp4, Order::Poster).await;
    assert_eq!(names(&derived), ["poster.webp", "thumb-640.webp", "thumb-320.webp", "thumb-160.webp"]);
    let poster = made(&derived, "poster.webp");
    assert_eq!(size(&world, poster).await, (640, 360));
    let [red, green, blue] = colour(&world, poster, "100:100:400:100").await;
    assert!(blue > 200 && red < 60 && green < 60, "{red} {green} {blue}");
    assert_eq!(size(&world, made(&derived, "thumb-160.webp")).await, (160, 90));
}

#[tokio::test]
async fn a_poster_is_neither_black_nor_flat_where_there_is_another_frame() {
    let world = World::new().await;
    // Black over its first half, then gray without anything on it, and at the end something to see.
    let words = "-f lavfi -i color=black:s=320x240:d=6 -f lavfi -i color=gray:s=320x240:d=2 \
                 -f lavfi -i testsrc2=s=320x240:d=2 -filter_complex concat=n=3 -g 25 -r 25 -pix_fmt yuv420p";
    let video = world.ffmpeg("in.mp4", &words.split_whitespace().collect::<Vec<_>>().join(" ")).await;
    let derived = derive(&world, &video, MediaType::Mp4, Order::Poster).await;
    let poster = made(&derived, "poster.webp");
    let (left, right) = (colour(&world, poster, "40:40:20:100").await, colour(&world, poster, "40:40:260:100").await);
    assert!(left.iter().zip(right).any(|(left, right)| left.abs_diff(right) > 40), "{left:?} {right:?}");
}

#[tokio::test]
async fn a_black_video_has_a_black_poster() {
    let world = World::new().await;
    let video = world.ffmpeg("in.mp4", "-f lavfi -i color=black:s=320x240:d=2 -pix_fmt yuv420p").await;
    let derived = derive(&world, &video, MediaType::Mp4, Order::Poster).await;
    assert_eq!(size(&world, made(&derived, "poster.webp")).await, (320, 240));
}

#[tokio::test]
async fn a_poster_stands_upright_in_its_own_shape() {
    let world = World::new().await;
    // Anamorphic, and then turned: 360x576 stored with pixels twice as wide is 720x576, which stands as 576x720.
    let flat = world.ffmpeg("flat.mp4", "-f lavfi -i testsrc2=s=360x576:d=2 -vf setsar=2 -pix_fmt yuv420p").await;
    let words = format!("-i {} -c copy -metadata:s:v:0 rotate=90", flat.display());
    let video = world.ffmpeg("in.mov", &words).await;
    let derived = derive(&world, &video, MediaType::Mov, Order::Poster).await;
    assert_eq!(size(&world, made(&derived, "poster.webp")).await, (576, 720));
}

#[tokio::test]
async fn every_video_that_is_taken_has_a_poster() {
    let world = World::new().await;
    for (name, codec, media_type) in [
        ("in.webm", "libvpx", MediaType::Webm),
        ("in.mkv", "libx265 -x265-params log-level=none", MediaType::Mkv),
        ("in.avi", "mpeg4", MediaType::Avi),
        ("in.wmv", "wmv2", MediaType::Wmv),
        ("in.mpg", "mpeg2video", MediaType::Mpeg),
        ("in.ts", "libx264", MediaType::MpegTs),
        ("in.ogv", "libtheora", MediaType::Ogv),
    ] {
        let words = format!("-f lavfi -i testsrc2=s=320x240:d=3:r=25 -pix_fmt yuv420p -c:v {codec}");
        let video = world.ffmpeg(name, &words).await;
        let derived = derive(&world, &video, media_type, Order::Poster).await;
        assert_eq!(size(&world, made(&derived, "poster.webp")).await, (320, 240), "{name}");
        let board = derive(&world, &video, media_type, Order::Storyboard).await;
        assert!(made(&board, "storyboard.vtt").content.starts_with(b"WEBVTT\n\n00:00:00.000 --> "), "{name}");
    }
}

#[tokio::test]
async fn a_storyboard_shows_what_is_to_be_seen_at_each_time() {
    let world = World::new().await;
    let words = "-f lavfi -i color=red:s=320x180:d=10 -f lavfi -i color=blue:s=320x180:d=10 -filter_complex concat=n=2 \
                 -g 250 -r 25 -pix_fmt yuv420p";
    let video = world.ffmpeg("in.mp4", &words.split_whitespace().collect::<Vec<_>>().join(" ")).await;
    let derived = derive(&world, &video, MediaType::Mp4, Order::Storyboard).await;
    assert_eq!(names(&derived), ["storyboard.webp", "storyboard.vtt"]);
    let text = String::from_utf8(made(&derived, "storyboard.vtt").content.clone()).unwrap();
    let cues: Vec<_> = text.split("\n\n").skip(1).collect();
    // One each half second.
    assert!((38..=40).contains(&cues.len()), "{}", cues.len());
    assert!(cues.last().unwrap().contains("--> 00:00:20.0"), "{text}");
    let picture = made(&derived, "storyboard.webp");
    assert_eq!(size(&world, picture).await, (1600, 360));
    for (cue, is_blue) in [(18, false), (22, true)] {
        let place = cues[cue].trim().rsplit('=').next().unwrap();
        let numbers: Vec<u32> = place.split(',').map(|number| number.parse().unwrap()).collect();
        let [x, y, width, height] = numbers.try_into().unwrap();
        let [red, _, blue] = colour(&world, picture, &format!("{width}:{height}:{x}:{y}")).await;
        assert_eq!(blue > red, is_blue, "{}", cues[cue]);
    }
}

#[tokio::test]
async fn a_long_video_has_a_hundred_frames_of_its_keyframes() {
    let world = World::new().await;
    let words = "-f lavfi -i testsrc=s=160x90:d=300:r=5 -g 10 -pix_fmt yuv420p -preset ultrafast";
    let video = world.ffmpeg("in.mp4", words).await;
    let derived = derive(&world, &video, MediaType::Mp4, Order::Storyboard).await;
    let text = String::from_utf8(made(&derived, "storyboard.vtt").content.clone()).unwrap();
    let cues = text.matches(" --> ").count();
    assert!((70..=100).contains(&cues), "{cues}");
}

#[tokio::test]
async fn a_playlist_is_no_video_whatever_it_says() {
    let world = World::new().await;
    let secret = world.ffmpeg("secret.mp4", "-f lavfi -i testsrc2=d=2").await;
    let metadata = inspect(&world, &secret, MediaType::Mp4).await;
    let path = secret.display();
    for text in [
        format!("ffconcat version 1.0\nfile '{path}'\n"),
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{path}\n#EXT-X-ENDLIST\n"),
        format!("<MPD><Period><BaseURL>file://{path}</BaseURL></Period></MPD>"),
        format!("v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=control:file://{path}\n"),
    ] {
        for (name, media_type) in
            [("list.avi", MediaType::Avi), ("list.mp4", MediaType::Mp4), ("list.ts", MediaType::MpegTs)]
        {
            let list = world.folder.path().join(name);
            std::fs::write(&list, &text).unwrap();
            let metadata = Metadata { mime: media_type, ..metadata.clone() };
            let refused = world.processor.derive(File::open(&list).unwrap(), &metadata, Order::Poster).await;
            assert!(matches!(refused, Err(Refusal::Lasting(Reason::NoPicture))), "{name}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn a_video_that_was_removed_meanwhile_is_nobodys_fault() {
    let world = World::new().await;
    let video = world.ffmpeg("in.mp4", "-f lavfi -i testsrc2=d=2").await;
    let metadata = inspect(&world, &video, MediaType::Mp4).await;
    let input = File::open(&video).unwrap();
    std::fs::remove_file(&video).unwrap();
    let refused = world.processor.derive(input, &metadata, Order::Poster).await;
    assert!(matches!(refused, Err(Refusal::Passing(_))), "{refused:?}");
}
