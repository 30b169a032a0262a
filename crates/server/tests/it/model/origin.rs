//! The server that files are imported from. What it does with a request stands in the URL, so that the model knows it too.

use std::collections::HashMap;
use std::sync::Mutex;

use futures::FutureExt;
use serde_json::json;
use tokio::sync::{mpsc, watch};

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

/// Where an answer stops while the gate is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stops {
    Never,
    /// Before anything of it.
    First,
    /// In the middle of the file.
    Midway,
}

impl Stops {
    const ALL: [Self; 3] = [Self::Never, Self::First, Self::Midway];
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
    pub(super) stops: Stops,
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
        let stops = place(Stops::ALL.iter().position(|it| *it == self.stops));
        let flavour = place(Flavour::ALL.iter().position(|it| *it == content.flavour));
        let said_type = place(SAID_TYPES.iter().position(|it| *it == self.said_type));
        let said_name = place(SAID_NAMES.iter().position(|it| *it == self.said_name));
        let (size, filler, last) = (content.size, char::from(content.filler), self.last.0);
        format!(
            "http://{HOST}/{tag}/{faults}/{wait}/{sends}/{stops}/{flavour}/{size}/{filler}/{said_type}/{said_name}/{last}"
        )
    }

    fn parse(target: &str) -> Option<Self> {
        let path = target.split('?').next()?;
        let parts: Vec<&str> = path.trim_start_matches("http://").split('/').skip(1).collect();
        let [tag, faults, wait, sends, stops, flavour, size, filler, said_type, said_name, last] = parts[..] else {
            return None;
        };
        let number = |text: &str| text.parse::<usize>().ok();
        Some(Self {
            tag: tag.parse().ok()?,
            faults: number(faults)?,
            wait: wait.parse().ok()?,
            sends: Sends::ALL[number(sends)?],
            stops: Stops::ALL[number(stops)?],
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

    /// How much of the file comes before an answer stops midway.
    pub(super) const fn half(&self) -> usize {
        self.content.size / 2
    }

    /// The answer, in two parts: it may stop between them.
    fn answer(&self, tries: usize) -> (Vec<u8>, Vec<u8>) {
        let said = |what: &str, of: String| if what.is_empty() { String::new() } else { of };
        let name = format!("content-disposition: attachment; filename=\"{}\"\r\n", self.said_name);
        let fields =
            said(self.said_type, format!("content-type: {}\r\n", self.said_type)) + &said(self.said_name, name);
        let wait = if self.wait > 0 { format!("retry-after: {}\r\n", self.wait) } else { String::new() };
        let (status, fields, length) = match self.sends {
            _ if tries < self.faults => (503, wait, Some(0)),
            Sends::File => (200, fields, Some(self.content.size)),
            Sends::Short => (200, fields, Some(self.content.size + 10)),
            Sends::Chunked => (200, fields, None),
            Sends::Missing => (404, fields, Some(0)),
            Sends::Page => (200, "content-type: text/html\r\n".to_owned(), Some(14)),
            Sends::Empty => (200, fields, Some(0)),
        };
        let framed = length.map(|length| format!("content-length: {length}\r\n"));
        let framed = framed.unwrap_or_else(|| "transfer-encoding: chunked\r\n".to_owned());
        let head = format!("HTTP/1.1 {status} X\r\n{framed}{fields}\r\n").into_bytes();
        let bytes = self.content.bytes();
        let (first, second) = bytes.split_at(self.half());
        match (self.sends, length) {
            (Sends::Page, Some(14)) => ([&head[..], b"<p>Sign in</p>"].concat(), Vec::new()),
            (_, Some(0)) => (head, Vec::new()),
            (_, Some(_)) => ([&head[..], first].concat(), second.to_vec()),
            (_, None) => {
                let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
                let first = if first.is_empty() { Vec::new() } else { chunk(first) };
                ([head, first].concat(), [chunk(second), b"0\r\n\r\n".to_vec()].concat())
            }
        }
    }
}

/// The server, and the gate before which its answers may stop.
pub(super) struct Server {
    origin: Origin,
    gate: watch::Sender<bool>,
    stopped: mpsc::UnboundedReceiver<u32>,
}

impl Server {
    /// Starts it in the world outside.
    pub(super) async fn start(world: &SmallWorld) -> Self {
        let tries: Mutex<HashMap<u32, usize>> = Mutex::default();
        let (gate, open) = watch::channel(true);
        let (stops, stopped) = mpsc::unbounded_channel();
        let origin = Origin::start(move |target, _| {
            let Some(source) = Source::parse(target) else { return answer(400, "", b"") };
            let mut tries = tries.lock().unwrap();
            let before = tries.entry(source.tag).or_default();
            *before += 1;
            let (first, second) = source.answer(*before - 1);
            let mut open = open.clone();
            if *open.borrow() || source.stops == Stops::Never {
                return Reply::Whole([first, second].concat());
            }
            let _ = stops.send(source.tag);
            let (first, second) = match source.stops {
                Stops::Midway => (first, second),
                _ => (Vec::new(), [first, second].concat()),
            };
            let opened = async move {
                let _ = open.wait_for(|open| *open).await;
                second
            };
            Reply::Then(first, opened.boxed())
        })
        .await;
        world.add(HOST, PUBLIC, origin.address);
        Self { origin, gate, stopped }
    }

    /// The numbers of the imports that were asked for since the last time, in their order.
    pub(super) fn asked(&self) -> Vec<u32> {
        let heads = std::mem::take(&mut *self.origin.heads.lock().unwrap());
        heads.iter().filter_map(|head| Some(Source::parse(head.split(' ').nth(1)?)?.tag)).collect()
    }

    pub(super) fn close(&self) {
        self.gate.send_replace(false);
    }

    pub(super) fn open(&self) {
        self.gate.send_replace(true);
    }

    /// Waits until an answer has stopped at the closed gate.
    pub(super) async fn stopped(&mut self) -> u32 {
        self.stopped.recv().await.unwrap()
    }
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
            stops: self.pick(&[Stops::Never, Stops::Never, Stops::First, Stops::Midway]),
            content,
            said_type: self.pick(&SAID_TYPES),
            said_name: self.pick(&SAID_NAMES),
            last: self.pick(&LAST),
        };
        // Of one byte there is no half.
        let stops = if source.half() == 0 && source.stops == Stops::Midway { Stops::First } else { source.stops };
        let source = Source { stops, ..source };
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
