//! Imports that the server does itself, from a URL that it can reach; here it is only asked how far it is.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::super::api::Api;
use super::super::failure::Failure;
use super::super::objects::RemoteFile;
use super::super::parcel::Overwrite;
use super::super::send::Sent;
use super::super::words::line;
use super::items::Item;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(1);

/// Has the server fetch a URL, and waits until it has.
pub(super) async fn import(api: &Api, item: &Item, url: &Url, overwrite: Overwrite) -> Result<Sent, Failure> {
    let before = api.file(&item.target).await?;
    // A pending file is one that nobody has: an import that failed, or an upload that was never ended.
    let free = before.is_none_or(|file| !file.is_uploaded());
    let body = json!({
        "src": url.as_str(),
        "name": item.name,
        "folder": item.target.folder,
        "overwrite": free || overwrite != Overwrite::Never,
    });
    let answer: Value = api.write(Method::POST, "/v2/media", &body).await?;
    if answer["file"].is_null() {
        return Err(Failure::Local("the server does not import from URLs".to_owned()));
    }
    loop {
        let gone = || Failure::Local("the server has given it up".to_owned());
        let file = api.file(&item.target).await?.ok_or_else(gone)?;
        match state(&file) {
            Some("failed") => return Err(Failure::Local(format!("the server could not fetch it: {}", why(&file)))),
            None if file.is_uploaded() => return Ok(Sent { file, moved: 0, was_there: false }),
            _ => tokio::time::sleep(EVERY).await,
        }
    }
}

/// How far the server is; nothing when it has the bytes.
fn state(file: &RemoteFile) -> Option<&str> {
    file.rest.get("import")?["state"].as_str()
}

/// Why an import has failed.
fn why(file: &RemoteFile) -> String {
    let message = file.rest.get("import").and_then(|import| import["message"].as_str());
    line(message.unwrap_or("no reason given"))
}
