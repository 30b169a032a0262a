//! Uploads that may be resumed, over the wire: tus 1.0.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reelshelf_domain::UnixMillis;
use reqwest::{Body, RequestBuilder, Response};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::actions::Action;
use super::content::Content;
use super::driver::{Remote, read};
use super::expect::Answer;
use super::operations::{Generator, TYPES};
use super::reference::{Library, NewFile};

/// Stands for an upload's address, which nobody can predict.
pub(super) const LOCATION: &str = "the upload";

#[derive(Clone, Debug)]
pub(super) enum Tus {
    /// Registers, perhaps with the hash of the bytes or with the first of them.
    Begin {
        tag: u32,
        new: NewFile,
        content: Content,
        hash: Option<String>,
        first: Option<Piece>,
    },
    Patch(Patch),
    Head {
        tag: u32,
    },
    Terminate {
        tag: u32,
    },
}

/// Some of an upload's bytes.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    pub(super) tag: u32,
    pub(super) content: Content,
    /// Where they begin.
    pub(super) at: u64,
    /// How long the upload is in all, when it is said only now.
    pub(super) total: Option<u64>,
    pub(super) piece: Piece,
}

#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) length: u64,
    pub(super) sum: Sum,
    /// Whether the length is told before.
    pub(super) tells_length: bool,
}

/// The checksum that is sent with some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    None,
    Right,
    Wrong,
}

impl Tus {
    pub(super) const fn tag(&self) -> u32 {
        match self {
            Self::Patch(Patch { tag, .. }) | Self::Begin { tag, .. } | Self::Head { tag } | Self::Terminate { tag } => {
                *tag
            }
        }
    }

    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Begin { .. } => "POST uploads",
            Self::Patch(_) => "PATCH uploads",
            Self::Head { .. } => "HEAD uploads",
            Self::Terminate { .. } => "DELETE uploads",
        }
    }
}

pub(super) fn metadata(new: &NewFile, hash: Option<&str>) -> String {
    let pairs = [("filename", new.name.as_str()), ("filetype", &new.content_type), ("folder", &new.folder)];
    let pairs = pairs.into_iter().chain(hash.map(|hash| ("sha256", hash)));
    let pairs = pairs.map(|(key, value)| format!("{key} {}", BASE64_STANDARD.encode(value)));
    let mut all = pairs.collect::<Vec<_>>().join(",");
    if new.overwrite {
        let _ = write!(all, ",overwrite");
    }
    all
}

/// As header fields have times.
pub(super) fn http_date(at: i64) -> String {
    httpdate::fmt_http_date(UnixMillis::new(at).to_system_time())
}

impl Generator {
    /// Something with an upload, mostly one that is under way; or a new one.
    pub(super) fn tus(&mut self, library: &Library) -> Action {
        let uploads = library.uploads.iter().filter(|(_, upload)| upload.resumable.is_some());
        let (done, open): (Vec<_>, Vec<_>) = uploads.partition(|(_, upload)| upload.done.is_some());
        let [done, open] = [done, open].map(|all| all.into_iter().map(|(tag, _)| *tag).collect::<Vec<u32>>());
        let from = if open.is_empty() || self.chance(10) { done } else { open };
        if from.is_empty() || self.chance(30) {
            return Action::Tus(self.begin(library));
        }
        let tag = if self.chance(2) { self.next_tag + 1000 } else { self.pick(&from) };
        Action::Tus(match self.pick(&[0, 0, 0, 0, 0, 0, 1, 1, 2]) {
            0 => self.patch(library, tag),
            1 => Tus::Head { tag },
            _ => Tus::Terminate { tag },
        })
    }

    fn begin(&mut self, library: &Library) -> Tus {
        self.next_tag += 1;
        let mut content = self.content();
        let there: Vec<Content> = library.files.values().filter_map(|file| file.content).collect();
        let mut hash = None;
        if self.chance(20) {
            if !there.is_empty() && self.chance(80) {
                content = self.pick(&there);
            }
            hash = Some(if self.chance(4) { "nonsense".to_owned() } else { content.sha256() });
        }
        let size = if self.chance(3) { self.pick(&[0, 24]) } else { content.len() };
        let new = NewFile {
            name: self.name(),
            folder: self.folder(),
            content_type: if self.chance(2) { "nonsense".to_owned() } else { self.pick(&TYPES).to_owned() },
            size: self.chance(70).then_some(size),
            overwrite: self.chance(40),
        };
        let most = new.size.unwrap_or(content.len());
        let first = self.chance(30).then(|| self.piece(most));
        // What comes is as long as it says.
        let content = Content::new(content.flavour, usize::try_from(most.max(1)).unwrap(), content.filler);
        Tus::Begin { tag: self.next_tag, new, content, hash, first }
    }

    /// Some bytes, of which so many are missing.
    fn piece(&mut self, missing: u64) -> Piece {
        let length = match self.pick(&[0, 0, 1, 1, 1, 2, 3]) {
            0 => missing,
            1 => missing / 2 + 1,
            2 => 1,
            _ => self.pick(&[0, missing + 1, missing + 300]),
        };
        let sum = self.pick(&[Sum::None, Sum::None, Sum::None, Sum::Right, Sum::Wrong, Sum::Wrong]);
        // Nothing has a sum too, but then it is all one whether it is sent.
        Piece { length, sum: if length == 0 { Sum::None } else { sum }, tells_length: self.chance(70) }
    }

    fn patch(&mut self, library: &Library, tag: u32) -> Tus {
        let known = library.uploads.get(&tag).and_then(|upload| Some((upload.size, upload.resumable.as_ref()?)));
        let content = known.map_or_else(|| self.content(), |(_, resumable)| resumable.content);
        let (size, received) = known.map_or((None, 0), |(size, resumable)| (size, resumable.received));
        let total = match size {
            None if self.chance(50) => Some(content.len().max(received)),
            None | Some(_) if self.chance(5) => Some(self.pick(&[0, 1, 65, 301])),
            _ => None,
        };
        let missing = size.or(total).unwrap_or(content.len()).saturating_sub(received);
        let at = if self.chance(8) { self.pick(&[0, 1, received + 1]) } else { received };
        Tus::Patch(Patch { tag, content, at, total, piece: self.piece(missing) })
    }
}

impl Remote {
    pub(super) async fn tus(&mut self, tus: &Tus) -> Answer {
        let Some(request) = self.tus_request(tus) else { return (404, missing(tus)) };
        let answer = read_tus(request.send().await.unwrap()).await;
        self.keep_location(tus.tag(), answer)
    }

    /// The request; `None` for an upload of which there is no address, since it was never made.
    pub(super) fn tus_request(&self, tus: &Tus) -> Option<RequestBuilder> {
        let made = self.urls.get(&tus.tag()).map(String::as_str);
        let request = match tus {
            Tus::Begin { new, content, hash, first, .. } => {
                let request = self.http.post(format!("{}/v2/media/uploads", self.context.base));
                let request = request.header("upload-metadata", metadata(new, hash.as_deref()));
                let request = match new.size {
                    Some(size) => request.header("upload-length", size),
                    None => request.header("upload-defer-length", "1"),
                };
                match first {
                    Some(first) => first.send(request, *content, 0),
                    None => request,
                }
            }
            Tus::Patch(Patch { content, at, total, piece, .. }) => {
                let request = self.http.patch(made?).header("upload-offset", *at);
                let request = total.iter().fold(request, |request, total| request.header("upload-length", *total));
                piece.send(request, *content, *at)
            }
            Tus::Head { .. } => self.http.head(made?),
            Tus::Terminate { .. } => self.http.delete(made?),
        };
        Some(request.header("tus-resumable", "1.0.0").header("x-api-key", &self.key))
    }

    pub(super) fn keep_location(&mut self, tag: u32, (status, mut answer): Answer) -> Answer {
        if let Some(url) = answer["location"].as_str().filter(|url| url.starts_with(&self.context.base)) {
            self.urls.insert(tag, url.to_owned());
            answer["location"] = LOCATION.into();
        }
        (status, answer)
    }
}

impl Piece {
    fn send(&self, request: RequestBuilder, content: Content, at: u64) -> RequestBuilder {
        let bytes = content.piece(at, self.length);
        let request = request.header("content-type", "application/offset+octet-stream");
        let request = match self.sum {
            Sum::None => request,
            Sum::Right => request.header("upload-checksum", sum(&bytes)),
            Sum::Wrong => request.header("upload-checksum", sum(b"other bytes")),
        };
        if self.tells_length {
            return request.body(bytes);
        }
        let pieces = Some(bytes).filter(|bytes| !bytes.is_empty());
        request.body(Body::wrap_stream(futures::stream::iter(pieces.map(Ok::<_, std::io::Error>))))
    }
}

fn sum(bytes: &[u8]) -> String {
    format!("sha256 {}", BASE64_STANDARD.encode(Sha256::digest(bytes)))
}

fn missing(tus: &Tus) -> Value {
    match tus {
        Tus::Head { .. } => json!(""),
        _ => json!({ "success": false, "message": "Upload not found" }),
    }
}

/// What the header fields say, or why it was refused.
pub(super) async fn read_tus(response: Response) -> Answer {
    let mut said = Map::new();
    for (name, field) in [
        ("offset", "upload-offset"),
        ("length", "upload-length"),
        ("defer", "upload-defer-length"),
        ("expires", "upload-expires"),
        ("metadata", "upload-metadata"),
        ("location", "location"),
        ("file", "file-url"),
    ] {
        if let Some(value) = response.headers().get(field) {
            said.insert(name.to_owned(), value.to_str().unwrap().into());
        }
    }
    match read(response).await {
        (status, _) if status < 300 => (status, said.into()),
        refused => refused,
    }
}
