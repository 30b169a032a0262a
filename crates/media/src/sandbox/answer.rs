//! What a child answers: a line of JSON for each thing it made, its bytes behind it, and a last line that says that this
//! was all. The reader believes none of it.

use std::io::{self, Write};

use reelshelf_domain::MediaType;
use serde::{Deserialize, Serialize};

use crate::processor::{Derived, Made, Reason, SoundFacts};
use crate::sniff;

/// The most things made in one go.
const MOST: usize = 16;

/// The longest line.
const LINE_BYTES: usize = 1024;

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Made { name: String, bytes: usize },
    Sound(SoundFacts),
    Refused(Reason),
    Done,
}

/// An answer while it is written.
pub(crate) struct Answer<W>(W);

impl<W: Write> Answer<W> {
    pub(crate) fn new(to: W) -> Self {
        Self(to)
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, line)?;
        self.0.write_all(b"\n")
    }

    pub(crate) fn made(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.line(&Line::Made { name: name.to_owned(), bytes: content.len() })?;
        self.0.write_all(content)
    }

    pub(crate) fn sound(&mut self, sound: SoundFacts) -> io::Result<()> {
        self.line(&Line::Sound(sound))
    }

    /// Nothing comes of it, for this reason.
    pub(crate) fn refused(mut self, reason: Reason) -> io::Result<()> {
        self.line(&Line::Refused(reason))?;
        self.0.flush()
    }

    /// This was all.
    pub(crate) fn done(mut self) -> io::Result<()> {
        self.line(&Line::Done)?;
        self.0.flush()
    }
}

/// A child that says what none of ours would has been taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nonsense;

/// What a child answered.
pub(crate) fn parse(mut rest: &[u8]) -> Result<Result<Derived, Reason>, Nonsense> {
    let mut derived = Derived::default();
    loop {
        let end = rest.iter().take(LINE_BYTES).position(|byte| *byte == b'\n').ok_or(Nonsense)?;
        let line = serde_json::from_slice(&rest[..end]).map_err(|_| Nonsense)?;
        rest = &rest[end + 1..];
        match line {
            Line::Made { name, bytes } if derived.made.len() < MOST => {
                let (content, behind) = rest.split_at_checked(bytes).ok_or(Nonsense)?;
                let media_type = media_type(&name, content).ok_or(Nonsense)?;
                derived.made.push(Made { name, media_type, content: content.to_vec() });
                rest = behind;
            }
            Line::Sound(sound) if derived.sound.is_none() => derived.sound = Some(sound),
            Line::Refused(Reason::Told(text)) if rest.is_empty() => return Ok(Err(Reason::told(&text))),
            Line::Refused(reason) if rest.is_empty() => return Ok(Err(reason)),
            Line::Done if rest.is_empty() => return Ok(Ok(derived)),
            _ => return Err(Nonsense),
        }
    }
}

/// What something made is delivered as, if it is what its name says.
fn media_type(name: &str, content: &[u8]) -> Option<&'static str> {
    let (stem, extension) = name.split_once('.')?;
    let clean = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if stem.is_empty() || stem.len() > 32 || !stem.bytes().all(clean) {
        return None;
    }
    let picture = |wanted: MediaType| (sniff(content) == wanted).then(|| wanted.mime());
    match extension {
        "webp" => picture(MediaType::Webp),
        "avif" => picture(MediaType::Avif),
        "jpg" => picture(MediaType::Jpeg),
        "png" => picture(MediaType::Png),
        "vtt" => content.starts_with(b"WEBVTT").then_some("text/vtt"),
        "json" => content.starts_with(b"{").then_some("application/json"),
        "dat" => Some("application/octet-stream"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VTT: &[u8] = b"WEBVTT\n";

    fn answered(write: impl FnOnce(&mut Answer<&mut Vec<u8>>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut Answer::new(&mut bytes));
        bytes
    }

    fn whole() -> Vec<u8> {
        let mut bytes = answered(|answer| {
            answer.made("storyboard.vtt", VTT).unwrap();
            answer.made("waveform.dat", &[b'\n'; 9]).unwrap();
            answer.sound(SoundFacts { loudness_lufs: None, leading_silence_ms: 1, trailing_silence_ms: 2 }).unwrap();
        });
        Answer::new(&mut bytes).done().unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let derived = parse(&whole()).unwrap().unwrap();
        let names: Vec<_> = derived.made.iter().map(|made| (made.name.as_str(), made.media_type)).collect();
        assert_eq!(names, [("storyboard.vtt", "text/vtt"), ("waveform.dat", "application/octet-stream")]);
        assert_eq!((derived.made[0].content.as_slice(), derived.made[1].content.len()), (VTT, 9));
        assert_eq!(derived.sound.unwrap().trailing_silence_ms, 2);
    }

    #[test]
    fn a_refusal_is_read() {
        let mut bytes = Vec::new();
        Answer::new(&mut bytes).refused(Reason::NoSound).unwrap();
        assert_eq!(parse(&bytes), Ok(Err(Reason::NoSound)));
    }

    #[test]
    fn a_decoders_words_are_words_and_few() {
        let mut bytes = Vec::new();
        Answer::new(&mut bytes).refused(Reason::Told(format!("\u{1b}[31mred\n{}", "x".repeat(500)))).unwrap();
        let Ok(Err(Reason::Told(text))) = parse(&bytes) else { panic!("{bytes:?}") };
        assert!(text.starts_with("[31mred x") && text.len() < 410, "{text}");
    }

    #[test]
    fn an_answer_that_is_cut_anywhere_is_nonsense() {
        let whole = whole();
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]), Err(Nonsense), "{end}");
        }
        let mut more = whole;
        more.push(b'\n');
        assert_eq!(parse(&more), Err(Nonsense));
    }

    #[test]
    fn names_and_contents_that_none_of_ours_gives_are_nonsense() {
        for (name, content) in [
            ("../storyboard.vtt", VTT),
            ("a/b.vtt", VTT),
            (".vtt", VTT),
            ("storyboard.html", VTT),
            ("storyboard.vtt.vtt", VTT),
            ("storyboard.vtt", b"<html>"),
            ("poster.webp", b"<html>"),
            ("waveform.json", b"[]"),
        ] {
            let mut bytes = answered(|answer| answer.made(name, content).unwrap());
            Answer::new(&mut bytes).done().unwrap();
            assert_eq!(parse(&bytes), Err(Nonsense), "{name}");
        }
        let mut many = answered(|answer| (0..=MOST).for_each(|_| answer.made("a.vtt", VTT).unwrap()));
        Answer::new(&mut many).done().unwrap();
        assert_eq!(parse(&many), Err(Nonsense));
    }

    #[test]
    fn lengths_that_are_not_there_are_nonsense() {
        for line in [
            "{\"made\":{\"name\":\"a.vtt\",\"bytes\":18446744073709551615}}\nWEBVTT",
            "{\"made\":{\"name\":\"a.vtt\",\"bytes\":-1}}\nWEBVTT",
            "{\"refused\":\"<script>\"}\n",
            "\n",
            "",
        ] {
            assert_eq!(parse(line.as_bytes()), Err(Nonsense), "{line}");
        }
    }
}
