//! Requests with an `Idempotency-Key`, killed at each step: whatever was done by then, the same request again is answered
//! as one that was done once.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use reqwest::{Method, RequestBuilder, Result};
use serde_json::{Value, json};

use crate::api::{Api, bytes, sha256};
use crate::steps::{EVERYTHING, STEPS_MAX, Trap, leftovers_go, quiet_place, traces};

/// The status, the body, and whether that was said before.
type Answer = (u16, Value, bool);

async fn read(request: RequestBuilder) -> Result<Answer> {
    let response = request.send().await?;
    let again = response.headers().contains_key("idempotency-replayed");
    Ok((response.status().as_u16(), response.json().await?, again))
}

/// A request that is sent again and again.
trait Retried {
    fn request(&self, api: &Api) -> RequestBuilder;
    /// The same under the same key, but for its body.
    fn other(&self, api: &Api) -> RequestBuilder;
    /// What must be so when it was done.
    async fn check(&self, api: &Api, answer: &Value);
}

struct Upload {
    name: String,
    content: Vec<u8>,
}

impl Upload {
    fn of(&self, api: &Api, content: Vec<u8>) -> RequestBuilder {
        let path = format!("/v2/media?name={}&folder=film", self.name);
        api.request(Method::POST, &path).header("idempotency-key", &self.name).body(content)
    }
}

impl Retried for Upload {
    fn request(&self, api: &Api) -> RequestBuilder {
        self.of(api, self.content.clone())
    }

    fn other(&self, api: &Api) -> RequestBuilder {
        let mut content = self.content.clone();
        content[49_999] ^= 1;
        self.of(api, content)
    }

    async fn check(&self, api: &Api, answer: &Value) {
        let url = answer["file"]["url"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(api.delivered(url).await, (200, sha256(&self.content)));
    }
}

struct Removal {
    names: Vec<String>,
}

impl Removal {
    fn of(&self, api: &Api, names: &[String]) -> RequestBuilder {
        let paths: Vec<_> = names.iter().map(|name| format!("film/{name}")).collect();
        let request = api.request(Method::DELETE, "/v2/media").header("idempotency-key", &self.names[0]);
        request.json(&json!({ "paths": paths }))
    }
}

impl Retried for Removal {
    fn request(&self, api: &Api) -> RequestBuilder {
        self.of(api, &self.names)
    }

    fn other(&self, api: &Api) -> RequestBuilder {
        self.of(api, &self.names[1..])
    }

    async fn check(&self, api: &Api, answer: &Value) {
        // A second try without the journal would not find what the first has deleted.
        assert_eq!(answer["success"], true, "{answer}");
        let (_, listed) = api.get("/v2/media/folder?folder=film&page_size=1000").await;
        let there = |name: &String| listed["files"].as_array().unwrap().iter().any(|file| file["name"] == **name);
        assert!(!self.names.iter().any(there), "{listed}");
    }
}

/// Sends requests that are killed one step later each time: right then, and a random moment after it.
async fn every_step<R: Retried>(make: impl AsyncFn(&Api, &str, u64) -> R) {
    let place = quiet_place().await;
    let mut random = StdRng::seed_from_u64(11);
    let (mut server, api) = place.first_start().await;
    api.upload("film", "base.png", bytes(0, 50_000)).await;
    let (mut step, mut goes_on, mut killed_at_all) = (1, true, false);
    while goes_on {
        assert!(step < STEPS_MAX, "a request that never comes to its end");
        for wait in [Duration::ZERO, Duration::from_micros(random.random_range(1..4000))] {
            let retried = make(&api, &format!("{step}-{}", wait.as_micros()), random.next_u64()).await;
            let trap = Trap::set(&place, server.pid(), &traces(&place), EVERYTHING, (step, wait));
            let told = read(retried.request(&api)).await;
            let killed = trap.lift();
            if killed {
                let _ = server.ended().await;
                server = place.start().await;
            }
            let (status, answer, _) = read(retried.request(&api)).await.unwrap();
            assert_eq!(status, 200, "killed at step {step}: {answer}");
            retried.check(&api, &answer).await;
            if let Ok(told) = told {
                assert_eq!((told.0, told.1), (status, answer.clone()), "killed at step {step}");
            }
            assert_eq!(read(retried.request(&api)).await.unwrap(), (200, answer, true));
            assert_eq!(read(retried.other(&api)).await.unwrap().0, 422);
            let (ok, report) = place.verify().await;
            assert!(ok, "killed at step {step}: {report:#}");
            killed_at_all |= killed;
            goes_on &= killed || wait > Duration::ZERO;
        }
        step += 1;
    }
    assert!(killed_at_all || place.is_large(), "no kill hit anything");
    server.stop().await;
    leftovers_go(place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_killed_at_any_step_is_one_file_when_it_is_sent_again() {
    every_step(async |_, name, seed| Upload { name: format!("{name}.png"), content: bytes(seed, 50_000) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_killed_at_any_step_are_all_done_when_they_are_sent_again() {
    every_step(async |api, name, seed| {
        let names: Vec<_> = (0..3).map(|number| format!("{name}-{number}.png")).collect();
        for (number, name) in names.iter().enumerate() {
            api.upload("film", name, bytes(seed + number as u64, 1000)).await;
        }
        Removal { names }
    })
    .await;
}
