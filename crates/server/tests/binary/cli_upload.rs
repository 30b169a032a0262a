//! `upload`: files and folders under whatever names people give them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::api::bytes;
use crate::cli_import::serve;
use crate::desk::Desk;
use crate::program::PATIENCE;

#[tokio::test]
async fn odd_names_arrive_and_names_that_would_meet_are_told() {
    let desk = Desk::new().await;
    for name in [
        "mi vídeo (final).png",
        "-rf",
        "a\nb.png",
        "🎬.mp4",
        "sub folder/x.png",
        ".hidden.png",
        "same name.png",
        "same_name.png",
    ] {
        desk.write(&format!("odd/{name}"), name);
    }
    desk.write("odd/empty.png", "");
    std::os::unix::fs::symlink("/etc/hostname", desk.path("odd/link.png")).unwrap();
    let said = desk.run(&["upload", "odd/", "--folder", "in"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("skip       odd/empty.png: is empty\n"), "{said:?}");
    assert!(said.out.contains("skip       odd/link.png: is a link that leads out of the folder\n"), "{said:?}");
    assert!(said.err.contains("odd/same name.png and odd/same_name.png would all be in/same_name.png"), "{said:?}");
    assert!(said.out.ends_with("5 uploaded, 3 skipped, 2 failed; 55 B sent\n"), "{said:?}");
    let library = desk.library().await;
    let names: Vec<_> = library.keys().map(String::as_str).collect();
    assert_eq!(names, ["in/-rf", "in/_.mp4", "in/a_b.png", "in/mi_v_deo__final_.png", "in/subfolder/x.png"]);
    assert_eq!(library["in/a_b.png"], desk.hash("odd/a\nb.png"));
    let (_, file) = desk.api.get("/v2/media/file?path=in/mi_v_deo__final_.png").await;
    assert_eq!(file["file"]["displayName"], "mi vídeo (final).png");
    // One that begins like an option, as it is told from one everywhere.
    let dashed = desk.run(&["upload", "--", "odd/-rf"]).await.good();
    assert!(dashed.starts_with("upload     -rf  http"), "{dashed}");
    desk.finish().await;
}

#[tokio::test]
async fn what_is_there_is_not_sent_again_and_replaced_only_when_told() {
    let desk = Desk::new().await;
    desk.write("one.png", "one");
    let (entries, summary, code) = desk.lines(&["upload", "one.png", "-f", "brand"]).await;
    assert_eq!((code, &summary["bytes_sent"]), (Some(0), &3.into()));
    let hash = desk.hash("one.png");
    let url = entries[0]["url"].as_str().unwrap();
    let expected = json!({ "action": "upload", "path": "brand/one.png", "source": "one.png", "size": 3, "sha256": hash,
        "url": url, "reason": null });
    assert_eq!(entries, [expected]);
    assert_eq!(desk.api.delivered(url).await, (200, hash));
    let fields: Vec<_> = summary.as_object().unwrap().keys().map(String::as_str).collect();
    let known = [
        "bytes_sent",
        "deleted",
        "dry_run",
        "error",
        "failed",
        "hashed",
        "imported",
        "interrupted",
        "replaced",
        "skipped",
        "token",
        "unchanged",
        "uploaded",
    ];
    assert_eq!(fields.iter().copied().collect::<std::collections::BTreeSet<_>>(), known.into());

    let (entries, summary, code) = desk.lines(&["upload", "one.png", "-f", "brand", "-v"]).await;
    assert_eq!((code, &entries[0]["action"], &summary["bytes_sent"]), (Some(0), &json!("unchanged"), &0.into()));
    desk.write("one.png", "two");
    let said = desk.run(&["upload", "one.png", "-f", "brand"]).await;
    assert!(said.code == Some(1) && said.err.contains("--overwrite replaces it"), "{said:?}");
    let (entries, _, code) = desk.lines(&["upload", "one.png", "-f", "brand", "--overwrite"]).await;
    assert_eq!((code, &entries[0]["action"]), (Some(0), &json!("replace")));
    assert_eq!(desk.library().await["brand/one.png"], desk.hash("one.png"));
    desk.finish().await;
}

#[tokio::test]
async fn files_of_every_size_take_their_way() {
    let desk = Desk::new().await;
    for (name, size) in [("small.mp4", 1), ("edge.mp4", 8 * 1024 * 1024), ("middle.mp4", 9_000_000)] {
        desk.write(&format!("sizes/{name}"), bytes(size as u64, size));
    }
    let (entries, summary, code) = desk.lines(&["upload", "sizes"]).await;
    assert_eq!((code, entries.len(), &summary["failed"]), (Some(0), 3, &0.into()), "{entries:?}");
    let library = desk.library().await;
    for name in ["small.mp4", "edge.mp4", "middle.mp4"] {
        assert_eq!(library[&format!("sizes/{name}")], desk.hash(&format!("sizes/{name}")), "{name}");
    }
    let left: Vec<_> = std::fs::read_dir(desk.path("state/reelshelf/uploads")).into_iter().flatten().collect();
    assert!(left.is_empty(), "nothing is left to be continued: {left:?}");
    desk.finish().await;
}

#[tokio::test]
async fn watching_uploads_what_comes_until_it_is_stopped() {
    let desk = Desk::new().await;
    desk.write("watched/before.png", "before");
    let mut client = desk.place.begin(&["upload", "watched/", "-f", "in", "--watch", "--overwrite", "--json"]);
    let mut said = BufReader::new(client.stdout.take().unwrap()).lines();
    // What the client says is there has been answered: a signal after that interrupts nothing.
    let mut next = async || -> Value {
        let line = tokio::time::timeout(PATIENCE, said.next_line()).await.expect("nothing is uploaded").unwrap();
        serde_json::from_str(&line.expect("another line")).unwrap()
    };
    let sent = |line: Value| (line["action"].clone(), line["path"].clone());
    assert_eq!(sent(next().await), ("upload".into(), "in/before.png".into()));
    desk.write("watched/sub/after.png", "after");
    assert_eq!(sent(next().await), ("upload".into(), "in/sub/after.png".into()));
    desk.write("watched/before.png", "changed");
    assert_eq!(sent(next().await), ("replace".into(), "in/before.png".into()));
    kill_process(Pid::from_raw(client.id().unwrap().try_into().unwrap()).unwrap(), Signal::INT).unwrap();
    let last = next().await;
    assert_eq!((&last["summary"]["uploaded"], &last["summary"]["replaced"]), (&2.into(), &1.into()), "{last}");
    let output = client.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let library = desk.library().await;
    for (name, local) in [("in/before.png", "watched/before.png"), ("in/sub/after.png", "watched/sub/after.png")] {
        assert_eq!(library[name], desk.hash(local), "{name}");
    }
    desk.finish().await;
}

/// A server that holds every byte there is, and knows no other way in than a registration.
async fn all_knowing(body: &'static [u8]) -> String {
    let file = move |State(made): State<Arc<AtomicBool>>| async move {
        let file = json!({ "name": "a.mp4", "folder": "", "size": body.len(), "url": "http://held/a.mp4",
            "status": "uploaded", "sha256": crate::api::sha256(body) });
        let unknown = Json(json!({ "success": false, "message": "File not found" }));
        if made.load(Ordering::Relaxed) {
            Ok(Json(json!({ "file": file })))
        } else {
            Err((axum::http::StatusCode::BAD_REQUEST, unknown))
        }
    };
    let register = move |State(made): State<Arc<AtomicBool>>, form: String| async move {
        let form: Value = serde_json::from_str(&form).unwrap();
        assert_eq!(form["sha256"], crate::api::sha256(body));
        made.store(true, Ordering::Relaxed);
        Json(json!({ "success": true, "exists": true, "uploadUrl": null, "fileUrl": "http://held/a.mp4" }))
    };
    serve(Router::new().route("/v2/media/file", get(file).merge(post(register))).with_state(Arc::default())).await
}

#[tokio::test]
async fn bytes_that_the_server_holds_are_not_sent() {
    let held: &'static [u8] = bytes(1, 9_000_000).leak();
    let mut desk = Desk::new().await;
    let there = all_knowing(held).await;
    desk.place.set("REELSHELF_URL", &format!("{there}/v2/"));
    desk.write("a.mp4", held);
    let (entries, summary, code) = desk.lines(&["upload", "a.mp4"]).await;
    assert_eq!((code, &entries[0]["action"]), (Some(0), &json!("upload")), "{entries:?}");
    assert_eq!((&entries[0]["url"], &summary["bytes_sent"]), (&json!("http://held/a.mp4"), &0.into()));
    desk.finish().await;
}
