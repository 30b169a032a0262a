//! What can be seen without changing anything: listings, storage, and the files as everybody gets them.

use reelshelf_domain::UnixMillis;
use reqwest::Method;
use serde_json::{Value, json};

use super::actions::{Ask, Listing, Url};
use super::driver::{Difference, Remote, differ, same};
use super::expect::Context;
use super::reference::{File, Library};
use super::words::{Refusal, natural};

/// More pages than any listing here can have.
const PAGES: usize = 1000;

impl Remote {
    pub(super) async fn check_storage(&self, library: &Library) -> Result<(), Difference> {
        let (status, answer) = self.get("/v2/media", &[("page_size", "1")]).await;
        same(&(200, Context::storage(library)), &(status, answer["storage"].clone()))
            .map_err(|difference| format!("the storage afterwards\n{difference}"))
    }

    /// The tree, each folder with its files, and each file by its three URLs.
    pub(super) async fn check_everything(&self, library: &Library) -> Result<(), Difference> {
        self.check_storage(library).await?;
        same(&(200, Context::tree(library)), &self.get("/v2/media/folder", &[("tree", "true")]).await)?;
        for folder in &library.folders {
            let (at, folder) = ("/v2/media/folder", folder.clone());
            let (kind, text, sort, page_size) = (None, None, None, None);
            let listing = Listing { at, folder, kind, text, sort, page_size, by_cursor: false };
            self.check_listing(library, &listing).await?;
        }
        for file in library.files.values() {
            self.check_delivery(library, &Url::Stable(file.path()), Ask::Get).await?;
            self.check_delivery(library, &Url::Alias(file.path()), Ask::Head).await?;
            if let Some(content) = file.content {
                self.check_delivery(library, &Url::Immutable(content, file.name.clone()), Ask::Get).await?;
            }
        }
        Ok(())
    }

    /// Walks a listing from its first page to its end: every match once, in order, with the right figures on each page.
    pub(super) async fn check_listing(&self, library: &Library, listing: &Listing) -> Result<(), Difference> {
        let expected = Context::listing(library, &listing.folder);
        let mut expected_files = matches(library, listing);
        let size = listing.page_size.unwrap_or(100);
        let (mut files, mut cursor) = (Vec::new(), Value::Null);
        for page in 0..PAGES {
            let (status, mut answer) = self.page(listing, page, &cursor).await;
            let Some(object) = answer.as_object_mut() else { return Err(format!("{status} {answer}")) };
            if object.remove("storage").is_some() != (listing.at == "/v2/media" && status == 200) {
                return Err("the storage stands beside the wrong listing".to_owned());
            }
            let page_files = object.remove("files").unwrap_or_default();
            let next = object.remove("next_cursor").unwrap_or_default();
            let expected = match &expected {
                Ok(page_of) => {
                    let mut page_of = page_of.clone();
                    if page > 0 {
                        page_of.insert("folders".to_owned(), json!([]));
                    }
                    page_of.insert("total".to_owned(), expected_files.len().into());
                    page_of.insert("page".to_owned(), if cursor.is_null() { json!(page) } else { Value::Null });
                    page_of.insert("page_size".to_owned(), size.into());
                    (200, Value::Object(page_of))
                }
                Err(Refusal(status, sentence)) => (*status, json!({ "success": false, "message": sentence })),
            };
            same(&expected, &(status, answer)).map_err(|difference| format!("page {page}\n{difference}"))?;
            let Some(page_files) = page_files.as_array().filter(|_| status == 200) else { return Ok(()) };
            files.extend(page_files.iter().cloned());
            if next.is_string() != (page_files.len() == size) {
                return Err(format!("page {page} has {} files and next_cursor {next}", page_files.len()));
            }
            if page_files.len() < size {
                break;
            }
            if listing.by_cursor {
                cursor = next;
            }
        }
        self.check_files(library, &mut expected_files, &mut files, listing)
    }

    async fn page(&self, listing: &Listing, page: usize, cursor: &Value) -> (u16, Value) {
        let (page, size) = (page.to_string(), listing.page_size.map(|size| size.to_string()));
        let mut parameters = vec![("path", listing.folder.as_str())];
        parameters.extend(listing.kind.map(|kind| ("type", kind)));
        parameters.extend(listing.text.map(|text| ("q", text)));
        parameters.extend(listing.sort.map(|sort| ("sort", sort)));
        parameters.extend(size.as_deref().map(|size| ("page_size", size)));
        match cursor.as_str() {
            Some(cursor) => parameters.push(("cursor", cursor)),
            None => parameters.push(("page", &page)),
        }
        self.get(listing.at, &parameters).await
    }

    /// The server's files in its order, against the model's. Files of the same size or time may stand either way round.
    fn check_files(
        &self,
        library: &Library,
        expected: &mut [&File],
        got: &mut [Value],
        listing: &Listing,
    ) -> Result<(), Difference> {
        let sort = listing.sort.unwrap_or("name");
        let (field, down) = sort.strip_prefix('-').map_or((sort, false), |field| (field, true));
        expected.sort_by(|a, b| {
            let by_name = natural(&a.name).cmp(&natural(&b.name));
            let order = match field {
                "name" => by_name,
                "date" => a.created.cmp(&b.created).then(by_name),
                _ => a.size().cmp(&b.size()).then(by_name),
            };
            if down { order.reverse() } else { order }
        });
        let key = |file: &Value| match field {
            "date" => file["created_at"].clone(),
            "size" => file["size"].clone(),
            _ => Value::Null,
        };
        let name = |file: &Value| natural(file["name"].as_str().unwrap_or_default());
        for ties in got.chunk_by_mut(|a, b| field != "name" && key(a) == key(b)) {
            if field != "name" {
                ties.sort_by(|a, b| if down { name(b).cmp(&name(a)) } else { name(a).cmp(&name(b)) });
            }
        }
        let expected: Vec<Value> = expected.iter().map(|file| self.context.file(library, file)).collect();
        let mut lines = Vec::new();
        differ("/files", &expected.into(), &got.to_vec().into(), &mut lines);
        if lines.is_empty() { Ok(()) } else { Err(format!("{listing:?}\n{}", lines.join("\n"))) }
    }

    pub(super) async fn check_delivery(&self, library: &Library, url: &Url, ask: Ask) -> Result<(), Difference> {
        let now = self.context.now;
        let (address, files) = match url {
            Url::Stable(path) => (self.context.stable(path), library.delivered(now, path)),
            Url::Alias(path) => (self.context.alias(path), library.delivered(now, path)),
            Url::Immutable(content, name) => {
                (self.context.immutable(*content, name), library.delivered_immutable(now, *content, name))
            }
        };
        let got = self.deliver(&address, &files, ask).await;
        // Several files may have these bytes and this name: any of them will do.
        let expected: Vec<Value> = files.iter().map(|file| delivery(file, ask, now)).collect();
        let expected = if expected.is_empty() { vec![missing()] } else { expected };
        if expected.contains(&got) {
            return Ok(());
        }
        let mut lines = vec![format!("{ask:?} {address}")];
        differ("", &expected[0], &got, &mut lines);
        Err(lines.join("\n"))
    }

    async fn deliver(&self, address: &str, files: &[&File], ask: Ask) -> Value {
        let method = if matches!(ask, Ask::Head) { Method::HEAD } else { Method::GET };
        let request = self.http.request(method, address);
        let request = match ask {
            Ask::Get | Ask::Head => request,
            Ask::IfOther { same } => {
                let tag = files.first().filter(|_| same).map_or("other".to_owned(), |file| hash(file));
                request.header("if-none-match", format!("\"{tag}\""))
            }
            Ask::IfSince(ago) => {
                let since = UnixMillis::new(self.context.now - ago).to_system_time();
                request.header("if-modified-since", httpdate::fmt_http_date(since))
            }
            Ask::Range(start, end) => request.header("range", format!("bytes={start}-{end}")),
        };
        let response = request.send().await.unwrap();
        let field = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let mut got = json!({
            "status": response.status().as_u16(),
            "cache-control": field("cache-control"),
            "etag": field("etag"),
            "last-modified": field("last-modified"),
            "content-disposition": field("content-disposition"),
            "content-range": field("content-range"),
        });
        if [200, 206].contains(&response.status().as_u16()) {
            got["content-type"] = field("content-type").into();
            got["content-length"] = field("content-length").into();
        }
        if response.status().as_u16() != 404 {
            got["bytes"] = hex::encode(response.bytes().await.unwrap()).into();
        }
        // The immutable URL may be kept, the stable one must be asked about; the rest is the same.
        let immutable = address.contains("/immutable/");
        let kept = if immutable { "public, max-age=31536000, immutable" } else { "public, no-cache" };
        if got["cache-control"] == kept {
            got["cache-control"] = "as it must be".into();
        }
        got
    }
}

/// The files that a listing asks for, in no order.
fn matches<'a>(library: &'a Library, listing: &Listing) -> Vec<&'a File> {
    let folder = super::words::folder_path(&listing.folder);
    let text = listing.text.map(str::to_lowercase);
    let wanted = |file: &&File| {
        folder.as_deref() == Ok(file.folder.as_str())
            && listing.kind.is_none_or(|kind| file.kind() == kind)
            && text.as_ref().is_none_or(|text| file.name.to_lowercase().contains(text))
    };
    library.files.values().filter(wanted).collect()
}

fn hash(file: &File) -> String {
    file.content.unwrap().sha256()
}

fn missing() -> Value {
    json!({
        "status": 404, "cache-control": "no-store", "etag": null, "last-modified": null,
        "content-disposition": null, "content-range": null,
    })
}

/// What is delivered of a file that is there.
fn delivery(file: &File, ask: Ask, now: i64) -> Value {
    let content = file.content.unwrap();
    let (bytes, (kind, media_type)) = (content.bytes(), content.media());
    let (size, seconds) = (bytes.len(), |at: i64| at.div_euclid(1000));
    let (status, part, range) = match ask {
        Ask::Get | Ask::Head | Ask::IfOther { same: false } => (200, &bytes[..], None),
        Ask::IfSince(ago) if seconds(file.modified) != seconds(now - ago) => (200, &bytes[..], None),
        Ask::IfOther { same: true } | Ask::IfSince(_) => (304, &[][..], None),
        Ask::Range(start, _) if start >= size => (416, &[][..], Some(format!("bytes */{size}"))),
        Ask::Range(start, end) => {
            let end = end.min(size - 1);
            (206, &bytes[start..=end], Some(format!("bytes {start}-{end}/{size}")))
        }
    };
    let mut expected = json!({
        "status": status,
        "cache-control": "as it must be",
        "etag": format!("\"{}\"", content.sha256()),
        "last-modified": httpdate::fmt_http_date(UnixMillis::new(file.modified).to_system_time()),
        "content-disposition": disposition(kind, &file.display),
        "content-range": range,
        "bytes": if matches!(ask, Ask::Head) { String::new() } else { hex::encode(part) },
    });
    if [200, 206].contains(&status) {
        expected["content-type"] = media_type.into();
        expected["content-length"] = part.len().to_string().into();
    }
    expected
}

/// Shown where it may be, offered for download where not; the name is the one the person gave.
fn disposition(kind: &str, display: &str) -> String {
    let kind = if kind == "other" { "attachment" } else { "inline" };
    if display.is_ascii() {
        return format!("{kind}; filename=\"{display}\"");
    }
    // The one name here that is not ASCII.
    assert_eq!(display, "h\u{e9}llo.txt");
    format!("{kind}; filename=\"h_llo.txt\"; filename*=UTF-8''h%C3%A9llo.txt")
}
