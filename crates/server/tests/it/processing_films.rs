//! Films and sounds that the library understands: what it says of them, and what it makes of them.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::TestApp;

/// What ffmpeg makes of these arguments, in a file of this name.
#[expect(clippy::disallowed_methods, reason = "the test makes its films with the real tool")]
fn made(name: &str, arguments: &[&str]) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join(name);
    let quiet = ["-hide_banner", "-loglevel", "error", "-y"];
    let mut ffmpeg = std::process::Command::new("ffmpeg");
    let ended = ffmpeg.args(quiet).args(arguments).arg(Path::new(&file)).status().unwrap();
    assert!(ended.success(), "{arguments:?}");
    std::fs::read(file).unwrap()
}

fn film() -> Vec<u8> {
    let picture = "testsrc2=size=320x180:rate=25:duration=4";
    let sound = "sine=frequency=440:duration=4";
    made(
        "x.mp4",
        &[
            "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a",
            "aac",
        ],
    )
}

async fn processed(app: &TestApp, key: &str, name: &str, bytes: Vec<u8>) -> Value {
    app.upload(key, "", name, bytes).await;
    app.run_jobs().await;
    let (status, answer) = app.get(key, &format!("/v2/media/file?path={name}")).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["file"]["processing"], "done", "{answer}");
    answer["file"].clone()
}

async fn fetch(app: &TestApp, file: &Value, name: &str) -> (String, Vec<u8>) {
    let url = file["derived"][name].as_str().unwrap_or_else(|| panic!("no {name}: {file}"));
    let answer = app.request(Method::GET, url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{name}");
    let mime = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (mime, answer.bytes().await.unwrap().to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_has_a_poster_a_storyboard_and_the_waveform_of_its_sound() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let file = processed(&app, &key, "x.mp4", film()).await;
    let (video, audio) = (&file["metadata"]["video"], &file["metadata"]["audio"]);
    assert_eq!(
        (&video["width"], &video["height"], &video["codec"]),
        (&json!(320), &json!(180), &json!("h264")),
        "{file}"
    );
    assert_eq!(audio["codec"], "aac", "{file}");
    let duration = file["metadata"]["duration_ms"].as_u64().unwrap();
    assert!((3900..=4200).contains(&duration), "{duration}");
    for (name, mime) in [
        ("poster.webp", "image/webp"),
        ("storyboard.webp", "image/webp"),
        ("storyboard.vtt", "text/vtt"),
        ("waveform.json", "application/json"),
    ] {
        assert_eq!(fetch(&app, &file, name).await.0, mime, "{name}");
    }
    let (_, index) = fetch(&app, &file, "storyboard.vtt").await;
    assert!(index.starts_with(b"WEBVTT"), "{}", String::from_utf8_lossy(&index));
    assert!(file["thumbnailUrl"].is_string(), "{file}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_has_a_waveform_that_players_read_and_its_loudness_is_known() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=5", "-ac", "2"];
    let file = processed(&app, &key, "x.wav", made("x.wav", &sound)).await;
    assert_eq!((&file["type"], &file["metadata"]["audio"]["channels"]), (&json!("audio"), &json!(2)), "{file}");
    assert!(file["metadata"]["sound"]["loudness_lufs"].as_f64().is_some_and(|loudness| loudness < 0.0), "{file}");
    let (mime, data) = fetch(&app, &file, "waveform.dat").await;
    assert_eq!((mime.as_str(), &data[..4]), ("application/octet-stream", &2_i32.to_le_bytes()[..]), "version 2");
    let (_, text) = fetch(&app, &file, "waveform.json").await;
    let peaks: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(peaks["version"], 2, "{peaks}");
    assert_eq!(
        peaks["data"].as_array().unwrap().len() as u64,
        2 * peaks["length"].as_u64().unwrap() * peaks["channels"].as_u64().unwrap()
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_voice_is_sound_although_its_first_bytes_are_those_of_a_film() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2", "-c:a", "libopus"];
    for (name, mime) in [("voice.webm", "audio/webm"), ("voice.mkv", "audio/x-matroska"), ("voice.mp4", "audio/mp4")] {
        let file = processed(&app, &key, name, made(name, &sound)).await;
        assert_eq!((&file["type"], &file["metadata"]["mime"]), (&json!("audio"), &json!(mime)), "{file}");
        let original = app.request(Method::GET, file["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(original.headers()["content-type"], mime);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_tools_a_server_does_what_it_can_and_says_of_the_rest_what_is_missing() {
    let app = TestApp::start_configured(|settings| {
        settings.processing.ffmpeg = "/nowhere/ffmpeg".into();
        settings.processing.ffprobe = "/nowhere/ffprobe".into();
    })
    .await;
    app.expect_log("a media tool does not run");
    let key = app.key("render").await;
    let sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1"];
    let picture =
        ["-f", "lavfi", "-i", "testsrc2=size=64x64", "-frames:v", "1", "-c:v", "libaom-av1", "-still-picture", "1"];
    let stream = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1", "-c:v", "mpeg2video"];
    assert!(processed(&app, &key, "x.wav", made("x.wav", &sound)).await["derived"]["waveform.dat"].is_string());
    for (name, bytes, tool) in [
        ("x.mp4", film(), "no ffmpeg"),
        ("x.avif", made("x.avif", &picture), "no ffmpeg"),
        ("x.mpg", made("x.mpg", &stream), "no ffprobe"),
    ] {
        app.upload(&key, "", name, bytes).await;
        app.run_jobs().await;
        let (_, answer) = app.get(&key, &format!("/v2/media/file?path={name}")).await;
        let file = &answer["file"];
        assert_eq!(file["processing"], "failed", "{file}");
        assert!(file["processingError"].as_str().is_some_and(|reason| reason.contains(tool)), "{file}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_of_which_nothing_can_be_shown_is_not_done() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let mut damaged = film();
    let index = damaged.windows(4).position(|name| name == b"moov").unwrap();
    damaged[64..index - 4].fill(0);
    app.upload(&key, "", "x.mp4", damaged).await;
    app.run_jobs().await;
    let (_, answer) = app.get(&key, "/v2/media/file?path=x.mp4").await;
    let file = &answer["file"];
    assert_eq!((&file["processing"], &file["metadata"]["video"]["width"]), (&json!("failed"), &json!(320)), "{file}");
    assert!(file["processingError"].as_str().is_some_and(|reason| reason.contains("no pictures")), "{file}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_that_is_torn_or_none_at_all_fails_with_a_reason_and_is_served() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let whole = film();
    let playlist = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n".to_vec();
    let disguised = [b"RIFF\x40\x00\x00\x00AVI LIST".to_vec(), playlist].concat();
    for (name, bytes) in [("torn.mp4", whole[..whole.len() / 2].to_vec()), ("list.avi", disguised)] {
        app.upload(&key, "", name, bytes.clone()).await;
        app.run_jobs().await;
        let (_, answer) = app.get(&key, &format!("/v2/media/file?path={name}")).await;
        let file = &answer["file"];
        assert_eq!(file["processing"], "failed", "{file}");
        assert!(file["processingError"].as_str().is_some_and(|reason| reason.len() > 10), "{file}");
        let original = app.request(Method::GET, file["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!((original.status().as_u16(), original.bytes().await.unwrap().to_vec()), (200, bytes));
    }
    app.finish().await;
}
