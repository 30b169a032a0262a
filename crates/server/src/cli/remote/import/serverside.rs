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
use super::items::Item;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(1);

/// Has the server fetch a URL, and waits until it has.
pub(super) async fn import(api: &Api, item: &Item, url: &Url, overwrite: Overwrite) -> Result<Sent, Failure> {
    let body = json!({
        "src": url.as_str(),
        "name": item.name,
        "folder": item.target.folder,
        "overwrite": overwrite != Overwrite::Never,
    });
    let before = api.file(&item.target).await?;
    let answer: Value = api.write(Method::POST, "/v2/media", &body).await?;
    if answer["file"].is_null() {
        return Err(Failure::Local("the server does not import from URLs".to_owned()));
    }
    loop {
        let gone = || Failure::Local("the server has given it up".to_owned());
        let file = api.file(&item.target).await?.ok_or_else(gone)?;
        if let Some(why) = refused(&file) {
            return Err(Failure::Local(format!("the server could not fetch it: {why}")));
        }
        if file.is_uploaded() && !is_under_way(&file) && changed(before.as_ref(), &file) {
            return Ok(Sent { file, moved: 0, was_there: false });
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn state(file: &RemoteFile) -> Option<&str> {
    let import = file.rest.get("import")?;
    import["status"].as_str().or(import["state"].as_str())
}

/// Why an import has failed.
fn refused(file: &RemoteFile) -> Option<String> {
    let over = matches!(state(file), Some("failed" | "error" | "cancelled"));
    let import = &file.rest.get("import").filter(|_| over)?;
    let why = import["message"].as_str().or(import["error"].as_str()).unwrap_or("no reason given");
    Some(super::super::words::line(why))
}

fn is_under_way(file: &RemoteFile) -> bool {
    !matches!(state(file), None | Some("done" | "finished" | "uploaded"))
}

/// Whether it is another file than before, or as good as one.
fn changed(before: Option<&RemoteFile>, now: &RemoteFile) -> bool {
    before.is_none_or(|before| {
        !before.is_uploaded()
            || before.text("modified_at") != now.text("modified_at")
            || now.rest.contains_key("import")
    })
}
