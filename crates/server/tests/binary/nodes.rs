//! What a command changes without the running server's socket, as on another machine: it holds there within 2 seconds.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::api::Api;
use crate::program::Place;

/// Within which a change must hold on every node.
const EVERYWHERE: Duration = Duration::from_secs(2);

/// Runs a command on the same database and bytes from another data folder, where no socket is.
async fn elsewhere(place: &Place, arguments: &[&str]) -> String {
    let folder = place.folder().join("elsewhere");
    let (database, blobs) = (place.database_url(), place.blobs_url());
    let same = ["--data-dir", folder.to_str().unwrap(), "--database-url", &database, "--blobs-url", &blobs];
    place.run(&[arguments, &same].concat()).await.good()
}

async fn key_elsewhere(place: &Place, client: &str, name: &str) -> (Api, String) {
    let made = ["key", "create", "--client", client, "--role", "render", "--name", name];
    let api = place.api(elsewhere(place, &made).await.trim());
    let listed = elsewhere(place, &["key", "list", "--client", client, "--json"]).await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let row = listed.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
    (api, row["id"].as_str().unwrap().to_owned())
}

async fn refused_after(api: &Api, started: Instant) -> Duration {
    loop {
        let (status, answer) = api.get("/v2/media").await;
        if status == 400 {
            assert_eq!(answer["message"], "Error: Invalid API Key");
            return started.elapsed();
        }
        assert!(started.elapsed() < EVERYWHERE, "a revoked key still opens after {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_key_revoked_without_the_socket_is_refused_by_a_running_server() {
    let place = Place::create().await;
    let (server, _) = place.first_start().await;
    let client = server.greeted("client").to_owned();
    for round in 0..3 {
        let (api, id) = key_elsewhere(&place, &client, &format!("key {round}")).await;
        // Often enough for the server to remember it.
        for _ in 0..20 {
            assert_eq!(api.get("/v2/media").await.0, 200);
        }
        elsewhere(&place, &["key", "revoke", "--client", &client, &id]).await;
        let started = Instant::now();
        if place.is_large() {
            refused_after(&api, started).await;
        } else {
            assert_eq!(api.get("/v2/media").await.0, 400, "on one machine the very next request is refused");
        }
    }
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn a_server_that_hears_no_notifications_does_not_trust_what_it_remembers() {
    let mut place = Place::create().await;
    if !place.is_large() {
        // SQLite has no notifications: every request asks the database itself, as the test above shows.
        let server = place.start().await;
        return place.finish(server, &[]).await;
    }
    let schema = place.database_url().rsplit_once('=').unwrap().1.to_owned();
    // Other tests listen in the same database.
    place.set("REELSHELF_DATABASE_URL", &format!("{}&application_name={schema}", place.database_url()));
    let listener = format!("application_name = '{schema}' AND query LIKE 'LISTEN%'");
    let (server, _) = place.first_start().await;
    let client = server.greeted("client").to_owned();
    for round in 0..5 {
        let (api, id) = key_elsewhere(&place, &client, &format!("key {round}")).await;
        for _ in 0..20 {
            assert_eq!(api.get("/v2/media").await.0, 200);
        }
        // The listener's connection dies, and the notification of what follows finds nobody.
        place.tamper(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {listener}")).await;
        let revoke = format!("UPDATE keys SET revoked_at = 1 WHERE id = '{id}'");
        place.tamper(revoke).await;
        let started = Instant::now();
        refused_after(&api, started).await;
    }
    place.finish(server, &["are not heard", "listen"]).await;
}
