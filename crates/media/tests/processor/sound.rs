//! Waveforms, loudness and silence.

use std::fs::{self, File};

use reelshelf_domain::MediaType;
use reelshelf_media::{Order, Reason, Refusal};
use serde_json::Value;

use crate::support::{World, derive, inspect, made, names, size};

/// Two seconds of noise between silences.
const SPEECH: &str = "-f lavfi -i anoisesrc=d=2:a=0.5:r=44100:seed=7 -af adelay=1000:all=1,apad=pad_dur=0.5";

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
    assert!(data[400..900].chunks(2).all(|point| point[0] < -25 && point[1] > 25));
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
async fn a_rate_that_no_sound_has_is_refused_before_memory_is_taken_for_it() {
    let world = World::new().await;
    let sound = world.ffmpeg("in.wav", "-f lavfi -i sine=d=1 -bitexact").await;
    let mut bytes = fs::read(&sound).unwrap();
    let rate = bytes.windows(4).position(|name| name == b"fmt ").unwrap() + 12;
    for claimed in [0, 1_000_001, i32::MAX as u32, u32::MAX] {
        bytes[rate..rate + 4].copy_from_slice(&claimed.to_le_bytes());
        fs::write(&sound, &bytes).unwrap();
        let mut metadata =
            inspect(&world, &world.ffmpeg("good.wav", "-f lavfi -i sine=d=1").await, MediaType::Wav).await;
        metadata.duration_ms = Some(0);
        let refused = world.processor.derive(File::open(&sound).unwrap(), &metadata, Order::Waveform).await;
        assert!(matches!(refused, Err(Refusal::Lasting(Reason::NoSound))), "{claimed}: {refused:?}");
    }
}
