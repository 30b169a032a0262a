//! What a client may store, to the byte: plans, reservations, holds, limits, and what gives room back.

use std::time::Duration;

use reelshelf::blobs::Room;
use reelshelf::config::Plan;
use reelshelf::library;
use reelshelf_domain::ByteSize;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::TestApp;

const BLOCKED: &str = "Storage is blocked. Add credits to continue uploading.";

/// Uploads in one request, with its length or without; gives status and answer.
async fn post(app: &TestApp, key: &str, query: &str, size: usize, with_length: bool) -> (u16, Value) {
    let request = app.request(Method::POST, &format!("/v2/media?{query}")).header("x-api-key", key);
    let bytes = vec![query.len().to_le_bytes()[0]; size];
    let body = if with_length {
        bytes.into()
    } else {
        let pieces: Vec<_> = bytes.chunks(50).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
        reqwest::Body::wrap_stream(futures::stream::iter(pieces))
    };
    let response = request.body(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// A small plan, and steps of reservation that fit it.
async fn start(storage: u64, step: u64) -> TestApp {
    TestApp::start_configured(|settings| {
        let plan = Plan { storage: Some(ByteSize::new(storage)), ..Plan::default() };
        settings.plans.set("default", plan);
        settings.uploads.reserve_step = ByteSize::new(step);
    })
    .await
}

#[track_caller]
fn assert_blocked((status, answer): &(u16, Value)) {
    assert_eq!((*status, &answer["message"]), (403, &json!(BLOCKED)), "{answer}");
}

#[tokio::test]
async fn the_plan_is_full_to_the_byte() {
    let app = start(1000, 100).await;
    let key = app.key("render").await;
    assert_blocked(&app.register(&key, "", "a.png", 1001).await);
    assert_blocked(&post(&app, &key, "name=a.png", 1001, true).await);
    assert_blocked(&post(&app, &key, "name=a.png", 1001, false).await);
    let url = app.upload_url(&key, "", "a.png", 999).await;
    let storage = app.storage(&key).await;
    assert_eq!((&storage["used_bytes"], &storage["reserved_bytes"]), (&json!(0), &json!(999)));
    assert_eq!((&storage["blocked"], &storage["limit_bytes"]), (&json!(false), &json!(1000)));
    assert_blocked(&app.register(&key, "", "b.png", 2).await);
    assert_eq!(app.put(&url, "image/png", vec![1; 999]).await.status(), 200);
    let storage = app.storage(&key).await;
    assert_eq!((&storage["used_bytes"], &storage["reserved_bytes"]), (&json!(999), &json!(0)));
    assert_eq!(storage["blocked"], false, "one byte fits");
    app.advance(Duration::from_secs(5));
    assert_eq!(post(&app, &key, "name=b.png", 1, true).await.0, 200);
    let storage = app.storage(&key).await;
    assert_eq!((&storage["used_bytes"], &storage["blocked"]), (&json!(1000), &json!(true)));
    assert_eq!(storage["blocked_at"], "2026-07-30T12:00:05.000Z");
    assert_blocked(&app.register(&key, "", "c.png", 1).await);
    // Temporary files are not counted; a delete makes room.
    assert_eq!(post(&app, &key, "name=c.png&folder=temp", 5000, true).await.0, 200);
    app.call(&key, Method::DELETE, "/v2/media", json!({ "path": "b.png" })).await;
    let storage = app.storage(&key).await;
    assert_eq!(
        (&storage["used_bytes"], &storage["blocked"], &storage["blocked_at"]),
        (&json!(999), &json!(false), &Value::Null)
    );
    assert_eq!(storage["temp_bytes"], 5000);
    app.finish().await;
}

#[tokio::test]
async fn unknown_lengths_fill_a_plan_beyond_its_last_whole_step() {
    let app = start(1000, 300).await;
    let key = app.key("render").await;
    assert_blocked(&post(&app, &key, "name=a.bin", 1001, false).await);
    let storage = app.storage(&key).await;
    assert_eq!((&storage["used_bytes"], &storage["reserved_bytes"]), (&json!(0), &json!(0)), "steps are given back");
    assert_eq!(post(&app, &key, "name=a.bin", 999, false).await.0, 200);
    assert_eq!(post(&app, &key, "name=b.bin", 1, false).await.0, 200);
    assert_blocked(&post(&app, &key, "name=c.bin", 1, false).await);
    let storage = app.storage(&key).await;
    assert_eq!((&storage["used_bytes"], &storage["reserved_bytes"]), (&json!(1000), &json!(0)));
    let (_, listed) = app.get(&key, "/v2/media").await;
    assert_eq!(listed["total_files"], 2, "the refused ones left nothing");
    app.finish().await;
}

#[tokio::test]
async fn a_full_plan_still_takes_what_makes_it_no_fuller() {
    let app = start(1000, 2000).await;
    let key = app.key("render").await;
    assert_eq!(post(&app, &key, "name=a.bin", 600, true).await.0, 200);
    assert_eq!(post(&app, &key, "name=b.bin", 400, true).await.0, 200);
    assert_eq!(app.storage(&key).await["blocked"], true);
    // Larger: refused whole, and the old bytes stay.
    assert_blocked(&post(&app, &key, "name=a.bin&overwrite=true", 601, true).await);
    let form = |size: usize| json!({ "name": "a.bin", "contentType": "image/png", "size": size, "overwrite": true });
    assert_blocked(&app.call(&key, Method::POST, "/v2/media/file", form(601)).await);
    // Equal, by each way in whose length is known.
    let (status, registered) = app.call(&key, Method::POST, "/v2/media/file", form(600)).await;
    assert_eq!((status, &app.storage(&key).await["reserved_bytes"]), (200, &json!(0)));
    let put = app.put(registered["uploadUrl"].as_str().unwrap(), "image/png", vec![9; 600]).await;
    assert_eq!(put.status(), 200);
    assert_eq!(post(&app, &key, "name=a.bin&overwrite=true", 600, true).await.0, 200);
    assert_eq!(app.storage(&key).await["used_bytes"], 1000);
    // Smaller makes room, to the byte.
    assert_eq!(post(&app, &key, "name=a.bin&overwrite=true", 599, true).await.0, 200);
    let storage = app.storage(&key).await;
    assert_eq!((&storage["used_bytes"], &storage["blocked"]), (&json!(999), &json!(false)));
    assert_eq!(post(&app, &key, "name=c.bin", 1, true).await.0, 200);
    app.finish().await;
}

/// What is reserved for a length that nobody knows may be more than there is room for; the file would still fit.
#[tokio::test]
async fn a_small_file_of_unknown_length_fits_where_a_whole_step_does_not() {
    let app = start(1000, 16 << 20).await;
    let key = app.key("render").await;
    assert_eq!(post(&app, &key, "name=a.bin", 600, false).await.0, 200);
    assert_eq!(post(&app, &key, "name=b.bin", 400, false).await.0, 200);
    assert_blocked(&post(&app, &key, "name=c.bin", 1, false).await);
    assert_eq!(post(&app, &key, "name=a.bin&overwrite=true", 600, false).await.0, 200, "the same size over it");
    assert_eq!(post(&app, &key, "name=a.bin&overwrite=true", 500, false).await.0, 200);
    assert_blocked(&post(&app, &key, "name=a.bin&overwrite=true", 601, false).await);
    let form = |size: usize| Form::new().part("file", Part::bytes(vec![4; size]).file_name("d.bin"));
    let send = |form: Form| app.request(Method::POST, "/v2/media").header("x-api-key", &key).multipart(form).send();
    assert_eq!(send(form(101)).await.unwrap().status(), 403);
    assert_eq!(send(form(100)).await.unwrap().status(), 200);
    let storage = app.storage(&key).await;
    assert_eq!((&storage["used_bytes"], &storage["reserved_bytes"]), (&json!(1000), &json!(0)));
    app.finish().await;
}

#[tokio::test]
async fn a_plan_lowered_below_what_is_used_blocks_from_then_on() {
    let app = TestApp::start_configured(|settings| {
        let plan = |storage| Plan { storage: Some(ByteSize::new(storage)), ..Plan::default() };
        settings.plans.set("default", plan(1000));
        settings.plans.set("small", plan(500));
    })
    .await;
    let key = app.key("render").await;
    assert_eq!(post(&app, &key, "name=a.bin", 600, true).await.0, 200);
    app.advance(Duration::from_secs(7));
    library::set_plan(app.app(), app.client(), "small".to_owned()).await.unwrap();
    let storage = app.storage(&key).await;
    assert_eq!((&storage["blocked"], &storage["blocked_at"]), (&json!(true), &json!("2026-07-30T12:00:07.000Z")));
    assert_eq!(storage["limit_bytes"], 500);
    assert_blocked(&app.register(&key, "", "b.png", 1).await);
    // What is there is there; less is always possible.
    assert_eq!(app.get(&key, "/v2/media/file?path=a.bin").await.0, 200);
    assert_eq!(post(&app, &key, "name=a.bin&overwrite=true", 550, true).await.0, 200);
    assert_eq!(
        app.call(&key, Method::PUT, "/v2/media", json!({ "path": "a.bin", "destination": "temp" })).await.0,
        200
    );
    let storage = app.storage(&key).await;
    assert_eq!(
        (&storage["used_bytes"], &storage["blocked"], &storage["temp_bytes"]),
        (&json!(0), &json!(false), &json!(550))
    );
    assert_blocked(&app.call(&key, Method::PUT, "/v2/media", json!({ "path": "temp/a.bin", "destination": "" })).await);
    library::set_plan(app.app(), app.client(), "default".to_owned()).await.unwrap();
    assert_eq!(
        app.call(&key, Method::PUT, "/v2/media", json!({ "path": "temp/a.bin", "destination": "" })).await.0,
        200
    );
    app.finish().await;
}

#[tokio::test]
async fn on_hold_nothing_is_uploaded_not_even_less_over_more() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    app.upload(&key, "", "a.png", vec![1; 600]).await;
    app.upload(&key, "temp", "t.png", vec![1; 600]).await;
    let url = app.upload_url(&key, "", "b.png", 5).await;
    app.advance(Duration::from_secs(3));
    app.hold().await;
    let storage = app.storage(&key).await;
    assert_eq!((&storage["blocked"], &storage["blocked_at"]), (&json!(true), &json!("2026-07-30T12:00:03.000Z")));
    for query in
        ["name=c.png", "name=c.png&folder=temp", "name=a.png&overwrite=true", "name=t.png&folder=temp&overwrite=true"]
    {
        for size in [1, 600] {
            assert_blocked(&post(&app, &key, query, size, true).await);
            assert_blocked(&post(&app, &key, query, size, false).await);
        }
    }
    let over = json!({ "name": "a.png", "contentType": "image/png", "size": 5, "overwrite": true });
    assert_blocked(&app.call(&key, Method::POST, "/v2/media/file", over).await);
    let put = app.put(&url, "image/png", vec![1; 5]).await;
    assert_eq!((put.status().as_u16(), put.text().await.unwrap().contains(BLOCKED)), (403, true));
    assert_blocked(&app.call(&key, Method::PUT, "/v2/media", json!({ "path": "temp/t.png", "destination": "" })).await);
    // Reading, moving, renaming and deleting go on.
    for body in [json!({ "path": "a.png", "destination": "x" }), json!({ "path": "x/a.png", "destination": "temp" })] {
        let (status, answer) = app.call(&key, Method::PUT, "/v2/media", body).await;
        assert_eq!(status, 200, "{answer}");
    }
    assert_eq!(app.call(&key, Method::DELETE, "/v2/media", json!({ "path": "temp/a.png" })).await.0, 200);
    library::release_client(app.app(), app.client()).await.unwrap();
    let storage = app.storage(&key).await;
    assert_eq!((&storage["blocked"], &storage["blocked_at"]), (&json!(false), &Value::Null));
    assert_eq!(app.put(&url, "image/png", vec![1; 5]).await.status(), 200);
    app.finish().await;
}

#[tokio::test]
async fn credits_count_what_is_beyond_the_allowance_and_no_temporary_files() {
    let app = TestApp::start_on(Plan { free_allowance: ByteSize::new(100), ..Plan::default() }).await;
    let key = app.key("render").await;
    for (query, size, credits) in
        [("name=a&folder=temp", 500, 0), ("name=a", 100, 0), ("name=b", 1, 1), ("name=c", 50, 1)]
    {
        assert_eq!(post(&app, &key, query, size, true).await.0, 200);
        let storage = app.storage(&key).await;
        assert_eq!(
            (&storage["free_allowance"], &storage["credits_per_week"]),
            (&json!(100), &json!(credits)),
            "{query}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn temporary_files_have_a_limit_of_their_own_with_its_figure() {
    let app = TestApp::start_configured(|settings| {
        settings.uploads.temp_limit = ByteSize::new(1000);
        settings.uploads.reserve_step = ByteSize::new(100);
    })
    .await;
    let key = app.key("render").await;
    let full = json!("The limit of 1000 bytes for temporary files is reached");
    let refused = app.register(&key, "temp", "a.png", 1001).await;
    assert_eq!((refused.0, &refused.1["message"]), (429, &full));
    let url = app.upload_url(&key, "temp", "a.png", 600).await;
    let refused = post(&app, &key, "name=b.png&folder=temp", 401, true).await;
    assert_eq!((refused.0, &refused.1["message"]), (429, &full), "reservations count");
    assert_eq!(app.put(&url, "image/png", vec![1; 600]).await.status(), 200);
    let refused = post(&app, &key, "name=b.png&folder=temp", 401, false).await;
    assert_eq!((refused.0, &refused.1["message"]), (429, &full));
    assert_eq!(post(&app, &key, "name=b.png&folder=temp", 400, false).await.0, 200);
    assert_eq!(post(&app, &key, "name=c.png", 1, true).await.0, 200, "the library is another matter");
    let into = json!({ "path": "c.png", "destination": "temp" });
    let refused = app.call(&key, Method::PUT, "/v2/media", into.clone()).await;
    assert_eq!((refused.0, &refused.1["message"]), (429, &full));
    app.call(&key, Method::DELETE, "/v2/media", json!({ "path": "temp/b.png" })).await;
    assert_eq!(app.call(&key, Method::PUT, "/v2/media", into).await.0, 200);
    let storage = app.storage(&key).await;
    assert_eq!((&storage["temp_bytes"], &storage["temp_limit_bytes"]), (&json!(601), &json!(1000)));
    app.finish().await;
}

#[tokio::test]
async fn folders_files_of_a_form_and_uploads_at_once_have_an_end() {
    let app = TestApp::start_configured(|settings| {
        settings.limits.folders = 5;
        settings.limits.files = 2;
        settings.uploads.at_once = 1;
    })
    .await;
    let key = app.key("render").await;
    // The root and temp are folders too.
    assert_eq!(app.call(&key, Method::POST, "/v2/media/folder", json!({ "folder": "a/b/c" })).await.0, 200);
    let said = json!("The limit of 5 for folders of a client is reached");
    let one_more = [
        (Method::POST, "/v2/media/folder", json!({ "folder": "d" })),
        (Method::POST, "/v2/media/file", json!({ "name": "x", "contentType": "a/b", "size": 1, "folder": "a/d" })),
        (Method::PUT, "/v2/media/folder", json!({ "folder": "a/b", "destination": "d" })),
    ];
    for (method, path, body) in one_more {
        let refused = app.call(&key, method.clone(), path, body).await;
        assert_eq!((refused.0, &refused.1["message"]), (429, &said), "{method} {path}");
    }
    app.call(&key, Method::DELETE, "/v2/media/folder", json!({ "folder": "a/b/c" })).await;
    assert_eq!(app.call(&key, Method::POST, "/v2/media/folder", json!({ "folder": "d" })).await.0, 200);
    let part = |name: &str| Part::bytes(b"bytes".to_vec()).file_name(name.to_owned());
    let send = async |form: Form| -> Value {
        let form = form.part("file", part("1")).part("file", part("2")).part("file", part("3"));
        let request = app.request(Method::POST, "/v2/media").header("x-api-key", &key).multipart(form);
        request.send().await.unwrap().json().await.unwrap()
    };
    // Of a form that has not said where to, nothing is stored when it goes wrong.
    let answer = send(Form::new()).await;
    assert!(answer["message"].as_str().unwrap().starts_with("file stands in the form more than 2 times"), "{answer}");
    assert_eq!(app.get(&key, "/v2/media").await.1["total_files"], 0);
    let answer = send(Form::new().text("folder", "")).await;
    let results: Vec<_> = answer["results"].as_array().unwrap().iter().map(|result| result["status"].clone()).collect();
    assert_eq!(results, [200, 200, 400], "{answer}");
    assert!(answer["results"][2]["message"].as_str().unwrap().starts_with("file stands in the form more than 2 times"));
    app.finish().await;
}

#[tokio::test]
async fn an_upload_too_many_is_refused_and_does_not_keep_its_name() {
    let app = TestApp::start_configured(|settings| settings.uploads.at_once = 1).await;
    let key = app.key("render").await;
    let mut stream = app.connect().await;
    let head = app.head(&key, "POST /v2/media?name=first.bin", "content-length: 600000\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![1; 300_000]).await.unwrap();
    while app.app().blobs.scratch_files().await.unwrap() == 0 {}
    let said = json!("The limit of 1 for uploads at once is reached");
    let refused = post(&app, &key, "name=second.bin", 5, true).await;
    assert_eq!((refused.0, &refused.1["message"]), (429, &said));
    let url = app.upload_url(&key, "", "third.png", 5).await;
    let put = app.put(&url, "image/png", b"bytes".to_vec()).await;
    assert_eq!((put.status().as_u16(), put.text().await.unwrap().contains("SlowDown")), (429, true));
    stream.write_all(&vec![1; 300_000]).await.unwrap();
    assert_eq!(crate::support::read_answer(&mut stream).await.unwrap().status, 200);
    // Coming back works, at once.
    let again = post(&app, &key, "name=second.bin", 5, true).await;
    assert_eq!(again.0, 200, "{}", again.1);
    assert_eq!(app.put(&url, "image/png", b"bytes".to_vec()).await.status(), 200);
    app.finish().await;
}

#[tokio::test]
async fn every_write_stops_while_the_disk_is_too_full() {
    let app = TestApp::start_configured(|settings| {
        settings.blobs.free_disk_floor = ByteSize::new(u64::MAX / 2);
    })
    .await;
    let key = app.key("render").await;
    app.expect_log("the free disk is below the floor");
    let full = json!("The server's disk is full. Nothing was changed.");
    let registered = app.register(&key, "", "a.png", 5).await;
    assert_eq!((registered.0, &registered.1["message"]), (507, &full));
    let form = Form::new().part("file", Part::bytes(b"bytes".to_vec()).file_name("c.png"));
    let form = app.request(Method::POST, "/v2/media").header("x-api-key", &key).multipart(form).send().await.unwrap();
    assert_eq!(form.status(), 507);
    for with_length in [true, false] {
        let stored = post(&app, &key, "name=b.png", 5, with_length).await;
        assert_eq!((stored.0, &stored.1["message"]), (507, &full));
    }
    let (status, listed) = app.get(&key, "/v2/media").await;
    assert_eq!((status, &listed["total_files"], &listed["storage"]["reserved_bytes"]), (200, &json!(0), &json!(0)));
    app.finish().await;
}

/// All of them stood in every answer, whatever was asked.
#[tokio::test]
async fn many_folders_are_listed_in_parts_and_once() {
    let app = TestApp::start_configured(|settings| settings.limits.listed_folders = 3).await;
    let key = app.key("render").await;
    for number in 1..=7 {
        let made = app.call(&key, Method::POST, "/v2/media/folder", json!({ "folder": format!("x/f{number}0") })).await;
        assert_eq!(made.0, 200);
    }
    for number in 0..3 {
        app.upload(&key, "x", &format!("{number}.png"), b"bytes".to_vec()).await;
    }
    let table = [
        ("", json!(["f10", "f20", "f30"])),
        ("&q=2.png", json!(["f10", "f20", "f30"])),
        ("&page_size=2", json!(["f10", "f20", "f30"])),
        ("&page_size=2&page=1", json!([])),
        ("&page_size=2&page=1&folders_page=1", json!(["f40", "f50", "f60"])),
        ("&folders_page=0", json!(["f10", "f20", "f30"])),
        ("&folders_page=2", json!(["f70"])),
        ("&folders_page=3", json!([])),
        ("&folders_page=18446744073709551615", json!([])),
    ];
    for (parameters, folders) in table {
        let (status, listed) = app.get(&key, &format!("/v2/media/folder?path=x{parameters}")).await;
        assert_eq!((status, &listed["folders"], &listed["total_folders"]), (200, &folders, &json!(7)), "{parameters}");
    }
    let (_, listed) = app.get(&key, "/v2/media/folder?path=x&page_size=2").await;
    let cursor = listed["next_cursor"].as_str().unwrap();
    let (_, listed) = app.get(&key, &format!("/v2/media/folder?path=x&page_size=2&cursor={cursor}")).await;
    assert_eq!((&listed["folders"], listed["files"].as_array().unwrap().len()), (&json!([]), 1));
    let (status, refused) = app.get(&key, "/v2/media/folder?path=x&folders_page=-1").await;
    assert_eq!((status, &refused["message"]), (400, &json!("folders_page must be a whole number, counted from 0")));
    app.finish().await;
}

#[tokio::test]
async fn one_client_leaves_room_for_the_uploads_and_downloads_of_others() {
    let app = TestApp::start_configured(|settings| {
        (settings.uploads.at_once, settings.uploads.at_once_per_client) = (3, 2);
        (settings.zip.downloads, settings.zip.downloads_per_client) = (3, 2);
    })
    .await;
    let key = app.key("render").await;
    let other = app.key_of(app.other_client().await, "render").await;
    for key in [&key, &other] {
        app.upload(key, "", "big.png", vec![7; 32 << 20]).await;
    }
    let mut streams = Vec::new();
    for number in 0..2 {
        let mut stream = app.connect().await;
        let head = app.head(&key, &format!("POST /v2/media?name={number}.bin"), "content-length: 600000\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![1; 300_000]).await.unwrap();
        while app.app().upload_slots.free() != 2 - number {
            tokio::task::yield_now().await;
        }
        streams.push(stream);
    }
    let refused = post(&app, &key, "name=third.bin", 5, true).await;
    let said = json!("The limit of 2 for uploads of one client at once is reached");
    assert_eq!((refused.0, &refused.1["message"]), (429, &said));
    assert_eq!(post(&app, &other, "name=third.bin", 5, true).await.0, 200);
    let zip = |key: &str| app.request(Method::GET, "/v2/media/zip?path=/").header("x-api-key", key).send();
    let (one, two) = (zip(&key).await.unwrap(), zip(&key).await.unwrap());
    assert_eq!((one.status().as_u16(), two.status().as_u16()), (200, 200));
    let refused: Value = zip(&key).await.unwrap().json().await.unwrap();
    assert_eq!(refused["message"], "The limit of 2 for ZIP downloads of one client at once is reached");
    assert_eq!(zip(&other).await.unwrap().status(), 200);
    drop((streams, one, two));
    while app.app().upload_slots.free() != 3 || app.app().zip_slots.free() != 3 {
        tokio::task::yield_now().await;
    }
    app.finish().await;
}

/// A folder for each job filled up what a client may have of folders.
#[tokio::test]
async fn an_empty_folder_in_temp_goes_when_its_time_is_over() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    for folder in ["temp/empty/deep", "temp/full", "kept"] {
        assert_eq!(app.call(&key, Method::POST, "/v2/media/folder", json!({ "folder": folder })).await.0, 200);
    }
    app.upload(&key, "temp/job", "a.png", b"bytes".to_vec()).await;
    let there = async || {
        let (_, tree) = app.get(&key, "/v2/media/folder?tree=true").await;
        let paths: Vec<_> = tree["tree"].as_array().unwrap().iter().map(|it| it["path"].clone()).collect();
        Value::from(paths)
    };
    app.advance(Duration::from_hours(71));
    app.run_jobs().await;
    app.upload(&key, "temp/full", "b.png", b"bytes".to_vec()).await;
    let all = json!(["/", "kept", "temp", "temp/empty", "temp/empty/deep", "temp/full", "temp/job"]);
    assert_eq!(there().await, all);
    app.advance(Duration::from_hours(2));
    app.run_jobs().await;
    assert_eq!(there().await, json!(["/", "kept", "temp", "temp/full"]));
    app.advance(Duration::from_hours(72));
    app.run_jobs().await;
    assert_eq!(there().await, json!(["/", "kept", "temp"]));
    app.finish().await;
}

/// Full in the middle of the bytes, long after the floor was asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_in_the_middle_of_an_upload_leaves_nothing_and_works_again_when_there_is_room() {
    const SIZE: usize = 2 << 20;
    let room = Room::default();
    let app = TestApp::start_configured(|settings| settings.blobs.room = room.clone()).await;
    let key = app.key("render").await;
    app.expect_log("a request failed");
    let url = app.upload_url(&key, "", "put.png", SIZE).await;
    let form = || {
        let form = Form::new().text("folder", "forms").part("file", Part::bytes(vec![3; SIZE]).file_name("form.png"));
        app.request(Method::POST, "/v2/media").header("x-api-key", &key).multipart(form).send()
    };
    for bytes in [0, 1, SIZE as u64 / 2, SIZE as u64 - 1] {
        room.set(bytes);
        assert_eq!(app.put(&url, "image/png", vec![1; SIZE]).await.status(), 507, "{bytes}");
        for with_length in [true, false] {
            assert_eq!(post(&app, &key, "name=raw.png", SIZE, with_length).await.0, 507, "{bytes}");
        }
        assert_eq!(form().await.unwrap().status(), 507, "{bytes}");
        assert_eq!((app.objects().await, app.app().blobs.scratch_files().await.unwrap()), (0, 0));
        let (_, listed) = app.get(&key, "/v2/media").await;
        assert_eq!((&listed["total_files"], &listed["storage"]["reserved_bytes"]), (&json!(1), &json!(SIZE)));
    }
    room.set(u64::MAX);
    assert_eq!(app.put(&url, "image/png", vec![1; SIZE]).await.status(), 200, "the registration had stayed");
    assert_eq!(post(&app, &key, "name=raw.png", SIZE, true).await.0, 200);
    assert_eq!(form().await.unwrap().status(), 200);
    assert_eq!(app.storage(&key).await["used_bytes"], 3 * SIZE);
    app.finish().await;
}
