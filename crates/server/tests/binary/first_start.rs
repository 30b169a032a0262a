//! The first start shows a client, a key and a line to try; nothing ever shows the key again.

use std::path::Path;

use serde_json::Value;

use crate::api::bytes;
use crate::program::Place;

/// The files below a folder whose bytes hold the text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files_with(&entry.path(), text));
        } else if kind.is_file() {
            let content = std::fs::read(entry.path()).unwrap();
            if content.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(entry.path().display().to_string());
            }
        }
    }
    found
}

#[tokio::test]
async fn the_first_start_shows_a_client_a_key_and_a_line_that_works_and_the_second_does_not() {
    let place = Place::create().await;
    let server = place.start().await;
    let (client, key) = (server.greeted("client").to_owned(), server.greeted("key").to_owned());
    assert!(client.len() == 10 && client.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{client}");
    let greeting = server.greeting();
    assert!(greeting.contains(place.base()), "{greeting}");
    let line = greeting.lines().find(|line| line.trim_start().starts_with("curl ")).unwrap();
    let answer: Value = serde_json::from_str(&place.any("sh", &["-c", line]).await.good()).unwrap();
    assert_eq!(answer["storage"]["used_bytes"], 0, "{answer}");
    let listed: Value = serde_json::from_str(&place.run(&["client", "list", "--json"]).await.good()).unwrap();
    assert_eq!(listed[0]["id"], client.as_str());
    server.stop().await;

    let server = place.start().await;
    let greeting = server.greeting();
    assert!(!greeting.contains("Welcome") && !greeting.contains("x-api-key"), "{greeting}");
    assert_eq!(place.api(&key).get("/v2/media").await.0, 200, "the key of the first start");
    // As long as nobody can sign in, a link is shown.
    let (_, token) = greeting.lines().find_map(|line| line.trim().split_once("/dashboard/setup#")).expect("a link");
    let form =
        serde_json::json!({ "token": token, "email": "ann@example.com", "name": "Ann", "password": "long enough" });
    let (status, answer) = place.api("").call(reqwest::Method::POST, "/dashboard/api/setup", form).await.unwrap();
    assert_eq!((status, &answer["clients"][0]["role"]), (200, &Value::from("admin")), "{answer}");
    server.stop().await;

    let server = place.start().await;
    assert_eq!(server.greeting().lines().count(), 1, "{}", server.greeting());
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn no_key_and_no_signature_is_in_any_log_or_in_the_database() {
    let mut place = Place::create().await;
    // As much as can be logged, of the libraries too.
    place.set("REELSHELF_LOG", "trace");
    let (server, api) = place.first_start().await;
    assert_eq!(api.get("/v2/media").await.0, 200);
    assert_eq!(place.api("aWrongKeyThatIsNobodysBusinessEither1234").get("/v2/media").await.0, 400);
    let body = serde_json::json!({ "name": "a.png", "contentType": "image/png", "size": 1000 });
    let (status, registered) = api.call(reqwest::Method::POST, "/v2/media/file", body).await.unwrap();
    assert_eq!(status, 200, "{registered}");
    let url = registered["uploadUrl"].as_str().unwrap();
    let (_, signature) = url.split_once("signature=").unwrap();
    let put = api.request(reqwest::Method::PUT, url).header("content-type", "image/png").body(bytes(1, 1000));
    assert_eq!(put.send().await.unwrap().status(), 200);
    let made = place.run(&["key", "create", "--client", server.greeted("client"), "--role", "viewer"]).await.good();
    assert_eq!(place.api(made.trim()).get("/v2/movies").await.0, 200);
    server.stop().await;
    assert!(place.log().contains("ready"), "nothing was logged");
    for secret in [api.key(), made.trim(), signature, "aWrongKeyThatIsNobodysBusinessEither1234"] {
        assert_eq!(files_with(place.data(), secret), [""; 0]);
        assert_eq!(files_with(place.folder(), secret), [""; 0]);
    }
    place.set("REELSHELF_LOG", "warn");
    let server = place.start().await;
    place.finish(server, &[]).await;
}
