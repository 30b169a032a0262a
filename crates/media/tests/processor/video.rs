//! Posters and storyboards.

use std::fs::{self, File};

use reelshelf_domain::MediaType;
use reelshelf_media::{Metadata, Order, Reason, Refusal};

use crate::support::{World, colour, derive, inspect, made, names, size};

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
            fs::write(&list, &text).unwrap();
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
    fs::remove_file(&video).unwrap();
    let refused = world.processor.derive(input, &metadata, Order::Poster).await;
    assert!(matches!(refused, Err(Refusal::Passing(_))), "{refused:?}");
}
