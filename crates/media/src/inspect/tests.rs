use reelshelf_domain::{MediaKind, MediaType};

use super::{InspectProblem, inspect_arguments, inspected};
use crate::Color;

/// What ffprobe 5.1 wrote of a phone's film, less what nobody asks for.
const FILM: &str = r#"{
    "streams": [
        {"codec_type": "audio", "codec_name": "aac", "sample_rate": "48000", "channels": 2, "bit_rate": "96000"},
        {"codec_type": "video", "codec_name": "png", "width": 9, "height": 9, "disposition": {"attached_pic": 1}},
        {"codec_type": "video", "codec_name": "hevc", "width": 1920, "height": 1080, "sample_aspect_ratio": "4:3",
         "avg_frame_rate": "30000/1001", "bit_rate": "800000", "disposition": {"attached_pic": 0},
         "side_data_list": [{"side_data_type": "Display Matrix", "displaymatrix": "\n0", "rotation": -90}]}
    ],
    "format": {"duration": "12.345600", "tags": {"TITLE": "A film", "major_brand": "isom"}}
}"#;

#[test]
fn a_report_says_what_is_seen() {
    let film = inspected(FILM.as_bytes(), MediaType::Mp4, 1_543_200).unwrap();
    let video = film.video.unwrap();
    assert_eq!((video.width, video.height, video.rotation), (1080, 2560, 90));
    assert_eq!((video.codec.as_str(), video.frame_rate, video.bit_rate), ("hevc", Some(29.97), Some(800_000)));
    assert_eq!((film.kind, film.duration_ms, film.bit_rate), (MediaKind::Video, Some(12_346), Some(999_967)));
    assert!(film.cover);
    assert_eq!(film.tags.iter().collect::<Vec<_>>(), [("title", "A film")]);
}

#[test]
fn the_name_of_a_pixel_format_tells_depth_color_and_transparency() {
    for (name, color, alpha, bit_depth) in [
        ("yuv420p", Color::Rgb, false, 8),
        ("yuvj444p", Color::Rgb, false, 8),
        ("yuv420p10le", Color::Rgb, false, 10),
        ("yuva444p12be", Color::Rgb, true, 12),
        ("gbrap16le", Color::Rgb, true, 16),
        ("rgba64be", Color::Rgb, true, 16),
        ("bgr24", Color::Rgb, false, 8),
        ("rgb565le", Color::Rgb, false, 5),
        ("nv12", Color::Rgb, false, 8),
        ("gray", Color::Gray, false, 8),
        ("gray12le", Color::Gray, false, 12),
        ("ya8", Color::Gray, true, 8),
        ("ya16be", Color::Gray, true, 16),
        ("monob", Color::Gray, false, 1),
        ("pal8", Color::Palette, false, 8),
        ("", Color::Other, false, 8),
        ("yuv420p9999999999", Color::Rgb, false, 8),
    ] {
        let report =
            format!(r#"{{"streams": [{{"codec_type": "video", "width": 3, "height": 2, "pix_fmt": "{name}"}}]}}"#);
        let image = inspected(report.as_bytes(), MediaType::Png, 10).unwrap().image.unwrap();
        assert_eq!((image.color, image.alpha, image.bit_depth), (color, alpha, bit_depth), "{name}");
    }
}

#[test]
fn hostile_reports_are_refused_or_say_nothing() {
    let deep = "[".repeat(100_000);
    let long = format!("{{\"streams\": [{}]}}", "{},".repeat(1 << 20));
    for report in ["", "null", "7", "{\"streams\": 5}", "{\"streams\": [null]}", "\u{0}", &deep, &long] {
        assert_eq!(inspected(report.as_bytes(), MediaType::Mp4, 1), Err(InspectProblem::Unreadable));
    }
    let stream = |fields: &str| format!("{{\"streams\": [{{\"codec_type\": \"video\", {fields}}}]}}");
    for report in [
        "{}".to_owned(),
        stream(r#""codec_name": "h264""#),
        stream(r#""codec_name": "h264", "width": -1, "height": 5"#),
        stream(r#""codec_name": "h264", "width": 1e300, "height": 5"#),
        stream(r#""codec_name": [], "width": 5, "height": 5"#),
        stream(r#""codec_name": "unknown", "width": 5, "height": 5"#),
    ] {
        assert_eq!(inspected(report.as_bytes(), MediaType::Mp4, 1), Err(InspectProblem::Empty), "{report}");
    }
}

#[test]
fn figures_out_of_all_bounds_are_left_out() {
    let stream = r#""codec_type": "video", "codec_name": "h264", "width": 5, "height": 5"#;
    for (rate, shape, duration) in [
        ("1/0", "1:0", "inf"),
        ("0/0", "0:1", "-1"),
        ("99999999999/1", "99999999999:1", "NaN"),
        ("4294967295/1", "4294967295:1", "1e18"),
        ("x", "x", "N/A"),
    ] {
        let report = format!(
            r#"{{"streams": [{{{stream}, "avg_frame_rate": "{rate}", "sample_aspect_ratio": "{shape}"}}],
            "format": {{"duration": "{duration}"}}}}"#
        );
        let film = inspected(report.as_bytes(), MediaType::Mp4, u64::MAX).unwrap();
        let video = film.video.unwrap();
        assert_eq!((video.width, video.height, video.frame_rate), (5, 5, None), "{rate}");
        assert_eq!((film.duration_ms, film.bit_rate), (None, None), "{duration}");
    }
}

/// Whatever may be asked, nothing but the file itself and the formats of its type is allowed.
#[test]
fn every_type_is_asked_for_with_bounds() {
    for media_type in MediaType::ALL {
        let Some(arguments) = inspect_arguments(*media_type) else {
            assert_eq!(*media_type, MediaType::Other);
            continue;
        };
        let after =
            |option| arguments.iter().position(|argument| *argument == option).and_then(|at| arguments.get(at + 1));
        assert_eq!(after("-protocol_whitelist"), Some(&"file"), "{media_type}");
        let formats = after("-format_whitelist").unwrap();
        assert!(!["hls", "concat", "dash", "image2"].iter().any(|other| formats.contains(other)), "{media_type}");
        assert_eq!(arguments.last(), Some(&"-i"));
    }
}
