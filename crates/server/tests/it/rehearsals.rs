//! Dry runs: nothing is changed, and the call with the token does what was told, however many files it is about.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

/// Dry runs of one client.
struct Stage {
    app: TestApp,
    key: String,
}

impl Stage {
    async fn start() -> Self {
        let app = TestApp::start_configured(|settings| {
            settings.limits.rehearsal_items = 30;
            settings.limits.rehearsal_urls = 3;
            settings.limits.rehearsals = 5;
        })
        .await;
        let key = app.key("render").await;
        Self { app, key }
    }

    async fn call(&self, method: &Method, path: &str, body: &Value) -> (u16, Value) {
        self.app.call(&self.key, method.clone(), path, body.clone()).await
    }

    async fn rehearse(&self, method: &Method, path: &str, body: &Value) -> (u16, Value) {
        self.call(method, path, &with(body, "dry_run", &json!(true))).await
    }

    async fn perform(&self, method: &Method, path: &str, body: &Value, told: &Value) -> (u16, Value) {
        self.call(method, path, &with(body, "token", &told["token"])).await
    }

    async fn fill(&self, folder: &str, files: usize) {
        for number in 0..files {
            self.app.upload(&self.key, folder, &format!("{number:03}.png"), b"12345".to_vec()).await;
        }
    }

    /// All that can be seen of the library.
    async fn seen(&self) -> Vec<Value> {
        let mut seen = vec![self.app.storage(&self.key).await];
        let (_, tree) = self.app.get(&self.key, "/v2/media/folder?tree=true").await;
        for folder in tree["tree"].as_array().unwrap() {
            let path = format!("/v2/media/folder?page_size=1000&folder={}", folder["path"].as_str().unwrap());
            seen.push(self.app.get(&self.key, &path).await.1);
        }
        seen.push(tree);
        seen
    }
}

fn with(body: &Value, field: &str, value: &Value) -> Value {
    let mut body = body.clone();
    body[field] = value.clone();
    body
}

/// One of each call that can be rehearsed.
fn calls() -> Vec<(Method, &'static str, Value)> {
    vec![
        (Method::DELETE, "/v2/media", json!({ "path": "x/000.png" })),
        (Method::DELETE, "/v2/media", json!({ "paths": ["x/000.png", "x/001.png", "none"] })),
        (Method::DELETE, "/v2/media/file", json!({ "name": "000.png", "folder": "x" })),
        (Method::DELETE, "/v2/media/folder", json!({ "folder": "x", "recursive": true })),
        (Method::PUT, "/v2/media", json!({ "path": "x/000.png", "destination": "y", "overwrite": true })),
        (Method::PUT, "/v2/media", json!({ "path": "x/000.png", "new_name": "new.png", "destination": "new" })),
        (Method::PUT, "/v2/media", json!({ "paths": ["x/000.png", "y/001.png"], "destination": "temp/in" })),
        (Method::PUT, "/v2/media/file", json!({ "name": "000.png", "folder": "x", "destination": "new/er" })),
        (Method::PUT, "/v2/media/folder", json!({ "folder": "x", "destination": "y/deep/er", "new_name": "z" })),
    ]
}

#[tokio::test]
async fn a_rehearsal_changes_nothing_that_can_be_seen() {
    let stage = Stage::start().await;
    stage.fill("x", 3).await;
    stage.fill("y", 2).await;
    stage.app.upload_url(&stage.key, "x/sub", "pending.png", 7).await;
    let before = stage.seen().await;
    for (method, path, body) in calls() {
        let (status, told) = stage.rehearse(&method, path, &body).await;
        assert_eq!((status, &told["dry_run"]), (200, &json!(true)), "{method} {path} {body}: {told}");
        assert_eq!(stage.seen().await, before, "{method} {path} {body}");
    }
    let report = reelshelf::library::verify(stage.app.app()).await.unwrap();
    assert!(report.ok, "{report:?}");
    let (status, _) = stage.call(&Method::DELETE, "/v2/media", &json!({ "path": "x/sub/pending.png" })).await;
    assert_eq!(status, 200);
    stage.app.finish().await;
}

#[tokio::test]
async fn the_real_call_answers_what_its_rehearsal_did() {
    for (method, path, body) in calls() {
        let stage = Stage::start().await;
        stage.fill("x", 3).await;
        stage.fill("y", 2).await;
        let (status, told) = stage.rehearse(&method, path, &body).await;
        let (real_status, real) = stage.perform(&method, path, &body, &told).await;
        assert_eq!((status, &told["success"]), (real_status, &real["success"]), "{method} {path} {body}: {real}");
        if let Some(file) = real.get("file") {
            assert_eq!(&told["results"][0]["file"], file);
        }
        if let Some(results) = real.get("results") {
            assert_eq!(&told["results"], results);
        }
        if let Some(path) = real.get("path") {
            assert_eq!(&told["path"], path);
        }
        let urls = told["would"]["urls"].as_array().unwrap();
        for url in urls {
            let delivered = stage.app.request(Method::GET, url.as_str().unwrap()).send().await.unwrap();
            let replaced = told["would"]["replace"]["files"] != 0 && url.as_str().unwrap().contains("/y/");
            assert_eq!(delivered.status().as_u16(), if replaced { 200 } else { 404 }, "{method} {path} {body} {url}");
        }
        stage.app.finish().await;
    }
}

#[tokio::test]
async fn of_more_files_than_are_remembered_the_figures_are_told_and_every_change_is_still_noticed() {
    let stage = Stage::start().await;
    stage.fill("x/deep", 40).await;
    let (method, path, body) = (Method::DELETE, "/v2/media/folder", json!({ "folder": "x", "recursive": true }));
    let (_, told) = stage.rehearse(&method, path, &body).await;
    let would = &told["would"];
    assert_eq!(would["delete"], json!({ "files": 40, "folders": 2, "bytes": 200 }));
    assert_eq!((&would["total"], &would["truncated"]), (&json!(40), &json!(true)));
    let names: Vec<_> =
        would["urls"].as_array().unwrap().iter().map(|url| url.as_str().unwrap().rsplit_once('/').unwrap().1).collect();
    assert_eq!(names, ["000.png", "001.png", "002.png"], "the first by their names");
    let file = json!({ "path": "x/deep/017.png", "new_name": "017.PNG" });
    assert_eq!(stage.call(&Method::PUT, "/v2/media", &file).await.0, 200);
    let (status, refused) = stage.perform(&method, path, &body, &told).await;
    assert_eq!(status, 409, "{refused}");
    let same = json!({ "files": 40, "folders": 2, "bytes": 200 });
    assert_eq!(
        refused["changes"],
        json!({ "added": null, "gone": null, "changed": null, "before": same, "now": same })
    );
    let back = json!({ "path": "x/deep/017.PNG", "new_name": "017.png" });
    assert_eq!(stage.call(&Method::PUT, "/v2/media", &back).await.0, 200);
    let (status, done) = stage.perform(&method, path, &body, &told).await;
    assert_eq!(status, 200, "all is as it was told: {done}");
    assert_eq!(stage.app.storage(&stage.key).await["used_bytes"], 0);
    stage.app.finish().await;
}

#[tokio::test]
async fn many_changes_are_told_in_part_and_counted_as_a_whole() {
    let stage = Stage::start().await;
    stage.fill("x", 10).await;
    let (method, path, body) = (Method::DELETE, "/v2/media/folder", json!({ "folder": "x", "recursive": true }));
    let (_, told) = stage.rehearse(&method, path, &body).await;
    for number in 0..5 {
        let file = json!({ "path": format!("x/{number:03}.png"), "new_name": format!("new{number}.png") });
        assert_eq!(stage.call(&Method::PUT, "/v2/media", &file).await.0, 200);
    }
    let (status, refused) = stage.perform(&method, path, &body, &told).await;
    let changes = &refused["changes"];
    assert_eq!(
        (status, &changes["added"]["total"], &changes["gone"]["total"]),
        (409, &json!(5), &json!(5)),
        "{refused}"
    );
    assert_eq!(changes["gone"]["paths"], json!(["x/000.png", "x/001.png", "x/002.png"]));
    assert_eq!((&changes["gone"]["truncated"], &changes["changed"]["total"]), (&json!(true), &json!(0)));
    assert_eq!(stage.app.storage(&stage.key).await["used_bytes"], 50, "nothing was done");
    stage.app.finish().await;
}

#[tokio::test]
async fn the_oldest_rehearsals_give_way() {
    let stage = Stage::start().await;
    stage.fill("x", 1).await;
    let (method, path, body) = (Method::DELETE, "/v2/media", json!({ "path": "x/000.png" }));
    let mut told = Vec::new();
    for _ in 0..7 {
        told.push(stage.rehearse(&method, path, &body).await.1);
        stage.app.advance(std::time::Duration::from_secs(1));
    }
    assert_eq!(stage.perform(&method, path, &body, &told[1]).await.0, 400);
    assert_eq!(stage.perform(&method, path, &body, &told[2]).await.0, 200);
    stage.app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_while_the_real_call_begins_is_done_by_one_of_them() {
    let stage = Stage::start().await;
    for round in 0..10 {
        stage.fill("x", 2).await;
        let (method, path, body) = (Method::DELETE, "/v2/media/folder", json!({ "folder": "x", "recursive": true }));
        let (_, told) = stage.rehearse(&method, path, &body).await;
        let late = stage.app.upload(&stage.key, "x", "late.png", b"1".to_vec());
        let (real, _) = tokio::join!(stage.perform(&method, path, &body, &told), late);
        // Either the folder went, and the file came into a new one; or the file was seen.
        let (_, listed) = stage.app.get(&stage.key, "/v2/media/folder?folder=x").await;
        let files = listed["total_files"].as_u64().unwrap();
        assert_eq!(files, if real.0 == 200 { 1 } else { 3 }, "round {round}: {} {listed}", real.1);
        let (status, _) = stage.call(&method, path, &body).await;
        assert_eq!(status, 200);
    }
    stage.app.finish().await;
}
