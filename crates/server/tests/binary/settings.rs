//! The configuration, and the verbs that need no database.

use serde_json::Value;

use crate::program::Place;

async fn checked(place: &Place, toml: &str) -> Vec<String> {
    let file = place.folder().join("reelshelf.toml");
    std::fs::write(&file, toml).unwrap();
    let refusal = place.run(&["check-config", "--config", file.to_str().unwrap()]).await.refused();
    refusal.lines().map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn check_config_says_every_problem_at_once() {
    let place = Place::create().await;
    let problems = checked(
        &place,
        r#"
        [server]
        public_url = "nowhere"
        delivery_url = "http://127.0.0.1"
        idle_seconds = 0
        conections = 5

        [jobs]
        lease_seconds = "soon"
        collect_seconds = true
        attempts = 0

        [uploads]
        url_seconds = 10
        renew_seconds = 10

        [plans.gold]
        storage = "much"
        file = -1

        [plans.silver]
        storrage = 5

        [elsewhere]
        a = 1
        "#,
    )
    .await;
    for part in [
        "server.public_url: ",
        "server.idle_seconds: ",
        "server.conections: ",
        "jobs.lease_seconds: ",
        "jobs.collect_seconds: ",
        "jobs.attempts: ",
        "uploads.renew_seconds: ",
        "plans.gold.storage: ",
        "plans.gold.file: ",
        "plans.silver.storrage: ",
        "elsewhere: ",
    ] {
        let about = problems.iter().filter(|problem| problem.contains(part)).count();
        assert_eq!(about, 1, "of {part}: {problems:#?}");
    }
    assert_eq!(problems.len(), 11, "{problems:#?}");
    assert!(problems.iter().all(|problem| problem.starts_with("reelshelf: configuration: ")), "{problems:#?}");
    let server = place.start().await;
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn a_file_that_is_no_toml_is_one_problem_and_so_is_one_that_is_not_there() {
    let place = Place::create().await;
    let problems = checked(&place, "[server\nlisten = 5").await;
    let said = problems.join("\n");
    assert!(said.contains("reelshelf.toml"), "{said}");
    assert_eq!(said.matches("configuration: ").count(), 1, "{said}");
    let refusal = place.run(&["check-config", "--config", "nowhere.toml"]).await.refused();
    assert_eq!(refusal.matches("configuration: ").count(), 1, "{refusal}");
    assert!(refusal.contains("nowhere.toml"), "{refusal}");
    let server = place.start().await;
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn a_variable_that_is_wrong_is_named() {
    let mut place = Place::create().await;
    place.set("REELSHELF_JOBS__COLLECT_SECONDS", "often");
    let refusal = place.run(&["check-config"]).await.refused();
    assert!(refusal.contains("jobs.collect_seconds") && refusal.contains("REELSHELF_"), "{refusal}");
    place.set("REELSHELF_JOBS__COLLECT_SECONDS", "5");
    let checked = place.run(&["check-config"]).await.good();
    let (first, sandbox) = checked.split_once('\n').unwrap();
    assert_eq!(first, "The configuration is good.");
    // Which it is, the machine decides.
    assert!(
        sandbox.lines().count() > 0 && sandbox.lines().all(|line| line.starts_with("The sandbox is ")),
        "{checked}"
    );
    place.set("REELSHELF_PROCESSING__FFMPEG", "/nowhere/ffmpeg");
    let checked = place.run(&["check-config"]).await.good();
    assert!(checked.contains("The sandbox is not whole: ffmpeg does not run"), "{checked}");
    place.set("REELSHELF_PROCESSING__FFMPEG", "ffmpeg");
    let server = place.start().await;
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn openapi_prints_json_and_nothing_else() {
    let place = Place::create().await;
    let document: Value = serde_json::from_str(&place.run(&["openapi"]).await.good()).unwrap();
    assert!(document["paths"]["/v2/media"]["post"].is_object(), "{document}");
    assert!(std::fs::read_dir(place.data()).is_err(), "it needs no data folder and makes none");
    let server = place.start().await;
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn migrate_makes_the_schema_and_may_be_run_again() {
    let place = Place::create().await;
    assert_eq!(place.run(&["migrate"]).await.good(), "");
    assert_eq!(place.run(&["migrate"]).await.good(), "");
    place.tamper("SELECT * FROM clients".to_owned()).await;
    let server = place.start().await;
    assert_eq!(place.run(&["migrate"]).await.good(), "", "beside a running server");
    place.finish(server, &[]).await;
}

#[tokio::test]
async fn work_on_sqlite_is_refused_with_the_reason() {
    let place = Place::create().await;
    let refusal =
        place.run(&["work", "--database-url", "sqlite:other.db", "--blobs-url", "file:other"]).await.refused();
    assert!(refusal.contains("needs PostgreSQL and S3"), "{refusal}");
    let server = place.start().await;
    place.finish(server, &[]).await;
}
