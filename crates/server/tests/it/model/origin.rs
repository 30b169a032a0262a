//! The server that files are imported from. What it does with a request stands in the URL, so that the model knows it too.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::json;

use super::actions::Action;
use super::content::{Content, Flavour};
use super::operations::{Generator, TYPES};
use super::reference::Library;
use crate::support::{Origin, Reply, SmallWorld, answer};

const HOST: &str = "origin.example";
const PUBLIC: &str = "93.184.216.40";

/// The last parts of URLs, and the names that they are.
const LAST: [(&str, &str); 5] = [
    ("a.png", "a.png"),
    ("b%20c.mp4", "b c.mp4"),
    ("song.mp3", "song.mp3"),
    ("h%C3%A9llo.txt", "h\u{e9}llo.txt"),
    ("", ""),
];
/// What the server says of a file; nothing, or something that is no help.
const SAID_TYPES: [&str; 4] = ["", "image/png", "audio/mpeg", "application/octet-stream"];
const SAID_NAMES: [&str; 3] = ["", "a.png", "said by them.png"];

/// What is sent in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sends {
    File,
    /// The file, and not how long it is.
    Chunked,
    /// Ten bytes less than announced.
    Short,
    Missing,
    Page,
    Empty,
}

impl Sends {
    const ALL: [Self; 6] = [Self::File, Self::Chunked, Self::Short, Self::Missing, Self::Page, Self::Empty];
}

/// A URL, and what comes from there.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The number of the import.
    pub(super) tag: u32,
    /// How many requests are answered with a fault, and how many seconds then to wait.
    pub(super) faults: usize,
    pub(super) wait: u64,
    pub(super) sends: Sends,
    pub(super) content: Content,
    pub(super) said_type: &'static str,
    pub(super) said_name: &'static str,
    last: (&'static str, &'static str),
}

impl Source {
    /// The URL without its query.
    pub(super) fn shown(&self) -> String {
        let Self { tag, faults, wait, content, .. } = self;
        let place = |found: Option<usize>| found.unwrap();
        let sends = place(Sends::ALL.iter().position(|it| *it == self.sends));
        let flavour = place(Flavour::ALL.iter().position(|it| *it == content.flavour));
        let said_type = place(SAID_TYPES.iter().position(|it| *it == self.said_type));
        let said_name = place(SAID_NAMES.iter().position(|it| *it == self.said_name));
        let (size, filler, last) = (content.size, char::from(content.filler), self.last.0);
        format!("http://{HOST}/{tag}/{faults}/{wait}/{sends}/{flavour}/{size}/{filler}/{said_type}/{said_name}/{last}")
    }

    fn parse(target: &str) -> Option<Self> {
        let path = target.split('?').next()?;
        let parts: Vec<&str> = path.trim_start_matches("http://").split('/').skip(1).collect();
        let [tag, faults, wait, sends, flavour, size, filler, said_type, said_name, last] = parts[..] else {
            return None;
        };
        let number = |text: &str| text.parse::<usize>().ok();
        Some(Self {
            tag: tag.parse().ok()?,
            faults: number(faults)?,
            wait: wait.parse().ok()?,
            sends: Sends::ALL[number(sends)?],
            content: Content::new(Flavour::ALL[number(flavour)?], number(size)?, *filler.as_bytes().first()?),
            said_type: SAID_TYPES[number(said_type)?],
            said_name: SAID_NAMES[number(said_name)?],
            last: LAST.into_iter().find(|(part, _)| *part == last)?,
        })
    }

    /// Where a body says that its file is; `None` for an address that nothing is fetched from.
    pub(super) fn of(src: &str) -> Option<Self> {
        src.strip_prefix("http://").filter(|rest| rest.starts_with(HOST)).and_then(Self::parse)
    }

    /// The name with which the URL ends.
    pub(super) fn name(&self) -> Option<&'static str> {
        Some(self.last.1).filter(|name| !name.is_empty())
    }

    fn reply(&self, tries: usize) -> Reply {
        if tries < self.faults {
            let wait = if self.wait > 0 { format!("retry-after: {}\r\n", self.wait) } else { String::new() };
            return answer(503, &wait, b"");
        }
        let bytes = self.content.bytes();
        let mut fields = String::new();
        if !self.said_type.is_empty() {
            fields += &format!("content-type: {}\r\n", self.said_type);
        }
        if !self.said_name.is_empty() {
            fields += &format!("content-disposition: attachment; filename=\"{}\"\r\n", self.said_name);
        }
        let head = "HTTP/1.1 200 OK\r\n";
        match self.sends {
            Sends::File => answer(200, &fields, &bytes),
            Sends::Chunked => {
                let head = format!("{head}transfer-encoding: chunked\r\n{fields}\r\n{:x}\r\n", bytes.len());
                Reply::Whole([head.as_bytes(), &bytes, b"\r\n0\r\n\r\n"].concat())
            }
            Sends::Short => {
                let head = format!("{head}content-length: {}\r\n{fields}\r\n", bytes.len() + 10);
                Reply::Whole([head.as_bytes(), &bytes].concat())
            }
            Sends::Missing => answer(404, "", b""),
            Sends::Page => answer(200, "content-type: text/html\r\n", b"<p>Sign in</p>"),
            Sends::Empty => answer(200, &fields, b""),
        }
    }
}

/// Starts the server in the world outside.
pub(super) async fn start(world: &SmallWorld) -> Origin {
    let tries: Mutex<HashMap<u32, usize>> = Mutex::default();
    let origin = Origin::start(move |target, _| {
        let Some(source) = Source::parse(target) else { return answer(400, "", b"") };
        let mut tries = tries.lock().unwrap();
        let before = tries.entry(source.tag).or_default();
        *before += 1;
        source.reply(*before - 1)
    })
    .await;
    world.add(HOST, PUBLIC, origin.address);
    origin
}

/// The numbers of the imports that were asked for since the last time, in their order.
pub(super) fn asked(origin: &Origin) -> Vec<u32> {
    let heads = std::mem::take(&mut *origin.heads.lock().unwrap());
    heads.iter().filter_map(|head| Some(Source::parse(head.split(' ').nth(1)?)?.tag)).collect()
}

impl Generator {
    pub(super) fn import(&mut self, library: &Library) -> Action {
        let content = self.content();
        let source = Source {
            tag: self.next_tag + 1,
            faults: self.pick(&[0, 0, 0, 0, 0, 1, 2, 9]),
            wait: self.pick(&[0, 0, 7, 100, 5000]),
            sends: match self.pick(&[0, 0, 0, 0, 0, 0, 1, 1, 1, 2]) {
                0 => Sends::File,
                1 => Sends::Chunked,
                _ => self.pick(&Sends::ALL),
            },
            content,
            said_type: self.pick(&SAID_TYPES),
            said_name: self.pick(&SAID_NAMES),
            last: self.pick(&LAST),
        };
        let mut body = json!({ "src": format!("{}?token=secret", source.shown()), "folder": self.folder() });
        if self.chance(40) {
            body["name"] = self.name().into();
        } else if self.chance(10) {
            body["path"] = format!("{}/{}", self.folder(), self.name()).into();
        }
        if self.chance(30) {
            body["contentType"] = self.pick(&TYPES).into();
        }
        if self.chance(35) {
            body["size"] = if self.chance(85) { content.len().into() } else { self.pick(&[0, 24, 65, 301]).into() };
        }
        if self.chance(40) {
            body["overwrite"] = true.into();
        }
        if self.chance(15) {
            let there: Vec<Content> = library.files.values().filter_map(|file| file.content).collect();
            let other = if there.is_empty() { self.content() } else { self.pick(&there) };
            body["sha256"] = if self.chance(60) { content.sha256().into() } else { other.sha256().into() };
        }
        if self.chance(4) {
            let (field, wrong) = self.pick(&[
                ("src", "http://127.0.0.1/a.png"),
                ("src", "ftp://origin.example/a.png"),
                ("sha256", "nonsense"),
                ("contentType", "nonsense"),
            ]);
            body[field] = wrong.into();
        }
        self.call("POST", "/v2/media", body)
    }
}
