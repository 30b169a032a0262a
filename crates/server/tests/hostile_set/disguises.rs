//! Files that are not what they seem: playlists with a film's beginning, names that lie, two formats in one.

use super::forge::{bytes, iso_box, riff_chunk};
use super::{Hostile, Seed, hostile};

/// Each would have a player open something else.
const PLAYLISTS: &[(&str, &str)] = &[
    ("m3u", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"),
    ("m3u-far", "#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/secret\n#EXT-X-ENDLIST\n"),
    ("concat", "ffconcat version 1.0\nfile /etc/passwd\nfile http://127.0.0.1:9/secret\n"),
    ("mpd", "<?xml version='1.0'?><MPD><Period><BaseURL>file:///etc/passwd</BaseURL></Period></MPD>"),
    ("sdp", "v=0\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n"),
    ("pls", "[playlist]\nFile1=file:///etc/passwd\nNumberOfEntries=1\n"),
    ("svg", "<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"),
];

pub(super) fn all(seeds: &[Seed]) -> Vec<Hostile> {
    let mut files = playlists();
    let names = seeds.iter().map(|seed| seed.name).cycle().skip(seeds.len() / 2 + 1);
    for (seed, other) in seeds.iter().zip(names) {
        let extension = other.rsplit('.').next().unwrap_or("bin");
        let lie = format!("no-{extension}-{}.{extension}", seed.name.replace('.', "-"));
        // Other bytes than the seed's own: equal ones are processed once.
        files.push(hostile(lie, bytes!(seed.bytes, b"x")));
    }
    files.extend(polyglots(seeds));
    files
}

fn playlists() -> Vec<Hostile> {
    let mut files = Vec::new();
    for (word, text) in PLAYLISTS {
        let text = text.as_bytes();
        let avi = riff_chunk(*b"RIFF", &bytes!(b"AVI ", riff_chunk(*b"LIST", text)));
        let mp4 = bytes!(iso_box(*b"ftyp", b"isom\0\0\0\0isom"), text);
        files.extend([
            hostile(format!("{word}-bare.avi"), bytes!(text, b"\n")),
            hostile(format!("{word}-bare.mp4"), bytes!(text, b"\n\n")),
            hostile(format!("{word}.avi"), avi),
            hostile(format!("{word}.mp4"), bytes!(mp4, iso_box(*b"mdat", text))),
            hostile(format!("{word}.mkv"), bytes!(b"\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\x80", text)),
            hostile(format!("{word}.mp3"), bytes!(b"ID3\x04\0\0\0\0\0\0", text)),
        ]);
    }
    files
}

fn polyglots(seeds: &[Seed]) -> Vec<Hostile> {
    let of = |name: &str| seeds.iter().find(|seed| seed.name == name).map_or(&[][..], |seed| &seed.bytes);
    let page = b"<html><script>fetch('/v2/media')</script></html>";
    let archive = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let comment = bytes!(b"\xFF\xD8\xFF\xFE", (2_u16 + 48).to_be_bytes(), page, &of("still.jpg")[2..]);
    let script = b"GIF89a/*\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0*/=1;alert(1)";
    let riff = bytes!(b"WEBP", &of("mpeg4.avi").get(12..).unwrap_or_default());
    vec![
        hostile("picture-and-archive.jpg", bytes!(of("still.jpg"), archive)),
        hostile("picture-and-page.png", bytes!(of("still.png"), page)),
        hostile("page-in-picture.jpg", comment),
        hostile("script.gif", script.to_vec()),
        hostile("document.pdf", bytes!(b"%PDF-1.4\n", of("still.jpg"))),
        hostile("program.exe", bytes!(b"MZ\x90\0", of("h264.mp4"))),
        hostile("shell.png", bytes!(b"#!/bin/sh\nrm -rf /\n", of("still.png"))),
        hostile("film-or-picture.webp", riff_chunk(*b"RIFF", &riff)),
        hostile("picture-then-film.png", bytes!(of("still.png"), of("h264.mp4"))),
        hostile("film-then-film.mp4", bytes!(of("h264.mp4"), of("vp8.webm"))),
        hostile("sound-in-sound.wav", riff_chunk(*b"RIFF", &bytes!(b"WAVE", riff_chunk(*b"data", of("sound.mp3"))))),
        hostile("tag-then-picture.mp3", bytes!(b"ID3\x04\0\0\0\0\0\0", of("still.png"))),
        hostile("nothing.mp4", vec![0]),
        hostile("zeros.avi", vec![0; 100_000]),
        hostile("ones.mkv", vec![0xFF; 100_000]),
    ]
}
