//! The panel's own API: people sign in, and do with a session what programs do with a key.

use std::time::Duration;

use reelshelf::library;
use reelshelf_domain::Role;
use reqwest::{Method, RequestBuilder, Response};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::TestApp;

const PASSWORD: &str = "correct horse battery";

/// A browser at the panel: it keeps its cookie, and the token that its writes bring.
struct Browser<'a> {
    app: &'a TestApp,
    cookie: String,
    csrf: String,
}

/// The token of a link: what stands behind its `#`.
fn token(link: &str) -> String {
    link.rsplit_once("/dashboard/setup#").expect("a link to the panel").1.to_owned()
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

impl<'a> Browser<'a> {
    fn new(app: &'a TestApp) -> Self {
        Self { app, cookie: String::new(), csrf: String::new() }
    }

    /// One in which somebody new of this role at the first client is signed in.
    async fn of(app: &'a TestApp, name: &str, role: Role) -> Self {
        let mut browser = Self::new(app);
        let link = library::invite(app.app(), app.client(), role, None).await.unwrap();
        let email = format!("{name}@example.com");
        let (status, answer) = browser
            .begin(
                "/setup",
                json!({ "token": token(link.expose_secret()), "email": email, "name": name, "password": PASSWORD }),
            )
            .await;
        assert_eq!(status, 200, "{answer}");
        browser
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let path = if path.starts_with("http") { path.to_owned() } else { format!("/dashboard/api{path}") };
        self.app.request(method, &path).header("cookie", &self.cookie).header("x-csrf-token", &self.csrf)
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(method, path);
        read(if body.is_null() { request } else { request.json(&body) }.send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, Value::Null).await
    }

    /// Signs in, or sets up, and keeps what comes of it.
    async fn begin(&mut self, path: &str, body: Value) -> (u16, Value) {
        let response = self.request(Method::POST, path).json(&body).send().await.unwrap();
        if let Some(cookie) = response.headers().get("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            for part in ["HttpOnly", "SameSite=Strict", "Path=/dashboard"] {
                assert!(cookie.contains(part), "{cookie}");
            }
            cookie.split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        let (status, answer) = read(response).await;
        if let Some(csrf) = answer["csrf"].as_str() {
            csrf.clone_into(&mut self.csrf);
        }
        (status, answer)
    }

    async fn sign_in(&mut self, email: &str, password: &str) -> (u16, Value) {
        self.begin("/session", json!({ "email": email, "password": password })).await
    }

    fn at(&self, path: &str) -> String {
        format!("/clients/{}{path}", self.app.client_id())
    }
}

#[tokio::test]
async fn the_first_link_makes_an_admin_and_works_once() {
    let app = TestApp::start().await;
    let link = library::first_link(app.app()).await.unwrap().expect("nobody can sign in yet");
    let token = token(link.expose_secret());
    let mut browser = Browser::new(&app);
    assert_eq!(browser.get("/session").await.0, 401);

    let (status, look) = browser.call(Method::POST, "/setup/look", json!({ "token": token })).await;
    assert_eq!(
        (status, &look["kind"], &look["role"], &look["email"]),
        (200, &json!("first"), &json!("admin"), &Value::Null)
    );
    for (field, value) in [("password", "short"), ("password", "x ann@example.com x"), ("email", "ann"), ("name", "")] {
        let mut form = json!({ "token": token, "email": "ann@example.com", "name": "Ann", "password": PASSWORD });
        form[field] = json!(value);
        let (status, answer) = browser.begin("/setup", form).await;
        assert_eq!((status, &answer["error"]["field"]), (400, &json!(field)), "{answer}");
    }
    let form = json!({ "token": token, "email": "Ann@Example.com", "name": "Ann", "password": PASSWORD });
    let (status, answer) = browser.begin("/setup", form.clone()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["person"]["email"], "ann@example.com");
    assert_eq!(answer["clients"][0]["id"], app.client_id());
    assert_eq!(answer["clients"][0]["role"], "admin");
    assert_eq!(browser.get("/session").await.1["person"], answer["person"]);

    let (status, answer) = Browser::new(&app).begin("/setup", form).await;
    assert_eq!((status, &answer["error"]["code"]), (404, &json!("link_used")));
    assert!(library::first_link(app.app()).await.unwrap().is_none(), "somebody can sign in");
    app.finish().await;
}

#[tokio::test]
async fn a_session_does_what_a_key_does_and_no_other_clients_library_is_there() {
    let app = TestApp::start().await;
    let browser = Browser::of(&app, "rita", Role::Render).await;
    let (status, answer) =
        browser.call(Method::POST, &browser.at("/v2/media/folder"), json!({ "path": "logos" })).await;
    assert_eq!(status, 200, "{answer}");
    let key = app.key("render").await;
    app.upload(&key, "logos", "a.png", vec![1; 10]).await;
    let path = "/v2/media/folder?path=logos";
    assert_eq!(browser.get(&browser.at(path)).await, app.get(&key, path).await);

    let other = app.other_client().await;
    let (status, answer) = browser.get(&format!("/clients/{other}/v2/media")).await;
    assert_eq!((status, &answer["error"]["code"]), (404, &json!("not_found")));
    let (status, answer) = browser.get("/clients/0000000000/v2/media").await;
    assert_eq!((status, &answer["error"]["code"]), (404, &json!("not_found")), "as one that is another's");
    app.finish().await;
}

#[tokio::test]
async fn a_write_without_the_token_of_its_session_changes_nothing() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, "rita", Role::Admin).await;
    let right = std::mem::take(&mut browser.csrf);
    let folder = browser.at("/v2/media/folder");
    for csrf in [String::new(), "0".repeat(64), right[..63].to_owned()] {
        browser.csrf = csrf;
        let writes = [
            (Method::POST, folder.clone(), json!({ "path": "forged" })),
            (Method::POST, browser.at("/keys"), json!({ "name": "forged", "role": "admin" })),
            (Method::DELETE, "/session".to_owned(), Value::Null),
        ];
        for (method, path, body) in writes {
            let (status, answer) = browser.call(method, &path, body).await;
            assert_eq!((status, &answer["error"]["code"]), (403, &json!("csrf")), "{path}");
        }
    }
    let forms = "application/x-www-form-urlencoded";
    let form = browser.request(Method::POST, "/session").header("content-type", forms).body("email=a&password=b");
    assert_eq!(read(form.send().await.unwrap()).await.0, 400, "a form of another site signs nobody in");
    let foreign = browser.request(Method::POST, "/session").header("origin", "https://evil.example");
    let foreign = foreign.json(&json!({ "email": "rita@example.com", "password": PASSWORD }));
    assert_eq!(read(foreign.send().await.unwrap()).await.0, 403);

    browser.csrf = right;
    assert_eq!(browser.get(&folder).await.1["total_folders"], 1, "temp alone");
    assert_eq!(browser.get(&browser.at("/keys")).await.1["keys"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn guessing_gets_slower_and_locks_nobody_out() {
    let app = TestApp::start().await;
    Browser::of(&app, "ann", Role::Viewer).await;
    let mut browser = Browser::new(&app);
    for email in ["ann@example.com", "nobody@example.com"] {
        for _ in 0..5 {
            let (status, answer) = browser.sign_in(email, "not this one").await;
            assert_eq!((status, &answer["error"]["code"]), (401, &json!("wrong_credentials")));
        }
        for seconds in [1, 2, 4] {
            let (status, answer) = browser.sign_in(email, PASSWORD).await;
            assert_eq!((status, &answer["error"]["retry_after"]), (429, &json!(seconds)), "{email}: {answer}");
            app.advance(Duration::from_secs(seconds));
            assert_eq!(browser.sign_in(email, "nor this one").await.0, 401);
        }
    }
    app.advance(Duration::from_secs(8));
    assert_eq!(browser.sign_in("ANN@example.com", PASSWORD).await.0, 200);
    assert_eq!(browser.sign_in("ann@example.com", "a slip").await.0, 401);
    assert_eq!(browser.sign_in("ann@example.com", PASSWORD).await.0, 200, "who has signed in is forgiven");
    app.finish().await;
}

#[tokio::test]
async fn sessions_are_listed_end_and_run_out() {
    let app = TestApp::start().await;
    let first = Browser::of(&app, "ann", Role::Viewer).await;
    let mut second = Browser::new(&app);
    second.sign_in("ann@example.com", PASSWORD).await;
    let mut third = Browser::new(&app);
    third.sign_in("ann@example.com", PASSWORD).await;

    let (_, list) = first.get("/sessions").await;
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions.iter().filter(|session| session["current"] == true).count(), 1);
    assert_eq!(sessions[0]["address"], "127.0.0.1");
    let (_, mine) = second.get("/sessions").await;
    let mine = mine["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap().clone();
    let path = format!("/sessions/{}", mine["id"].as_str().unwrap());
    assert_eq!(first.call(Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(second.get("/session").await.0, 401, "another browser of the person ended it");
    let stranger = Browser::of(&app, "eve", Role::Admin).await;
    let (_, hers) = third.get("/sessions").await;
    let path = format!("/sessions/{}", hers["sessions"][0]["id"].as_str().unwrap());
    assert_eq!(stranger.call(Method::DELETE, &path, Value::Null).await.0, 404, "no other person may");

    let form = json!({ "old_password": "wrong", "new_password": "another long one" });
    let (status, answer) = first.call(Method::PUT, "/password", form).await;
    assert_eq!((status, &answer["error"]["field"]), (400, &json!("old_password")));
    let form = json!({ "old_password": PASSWORD, "new_password": "another long one" });
    assert_eq!(first.call(Method::PUT, "/password", form).await.0, 204);
    assert_eq!(third.get("/session").await.0, 401, "the others end with the old password");
    assert_eq!(second.sign_in("ann@example.com", PASSWORD).await.0, 401);
    assert_eq!(second.sign_in("ann@example.com", "another long one").await.0, 200);

    assert_eq!(first.call(Method::DELETE, "/session", Value::Null).await.0, 204);
    assert_eq!(first.get("/session").await.0, 401);
    app.advance(Duration::from_hours(29 * 24));
    assert_eq!(second.get("/session").await.0, 200, "use lets it live on");
    app.advance(Duration::from_hours(29 * 24));
    assert_eq!(second.get("/session").await.0, 200);
    app.advance(Duration::from_hours(31 * 24));
    assert_eq!(second.get("/session").await.0, 401);
    app.finish().await;
}

#[tokio::test]
async fn each_role_may_what_it_may_and_no_more() {
    let app = TestApp::start().await;
    let calls = [
        (Method::GET, "/v2/media", Value::Null, Role::Viewer),
        (Method::GET, "/v2/media/folder", Value::Null, Role::Viewer),
        (Method::POST, "/v2/media/zip", json!({ "paths": ["a.png"] }), Role::Viewer),
        (Method::POST, "/v2/media/folder", json!({ "path": "made" }), Role::Render),
        (Method::DELETE, "/v2/media/file", json!({ "path": "gone.png" }), Role::Render),
        (Method::GET, "/keys", Value::Null, Role::Manager),
        (Method::POST, "/keys", json!({ "name": "k", "role": "viewer" }), Role::Manager),
        (Method::GET, "/people", Value::Null, Role::Admin),
        (Method::POST, "/invitations", json!({ "email": "bob@example.com", "role": "viewer" }), Role::Admin),
    ];
    for role in Role::ALL {
        let browser = Browser::of(&app, role.as_str(), role).await;
        for (method, path, body, least) in &calls {
            let (status, answer) = browser.call(method.clone(), &browser.at(path), body.clone()).await;
            let refused = status == 403 && answer["error"]["code"] == "forbidden";
            assert_eq!(refused, role < *least, "{role}: {method} {path}: {status} {answer}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_shown_once_works_and_is_revoked() {
    let app = TestApp::start().await;
    let browser = Browser::of(&app, "max", Role::Manager).await;
    let keys = browser.at("/keys");
    let (status, _) = browser.call(Method::POST, &keys, json!({ "name": "mine", "role": "admin" })).await;
    assert_eq!(status, 403, "nobody makes a key that may do more than they");
    let (status, made) = browser.call(Method::POST, &keys, json!({ "name": "ci", "role": "render", "days": 30 })).await;
    assert_eq!(status, 200, "{made}");
    let key = made["key"].as_str().unwrap();
    assert_eq!(app.get(key, "/v2/media").await.0, 200);
    let (_, list) = browser.get(&keys).await;
    assert_eq!(list["keys"][0]["name"], "ci");
    assert!(!list.to_string().contains(key), "it is not shown again");
    let path = format!("{keys}/{}", made["id"].as_str().unwrap());
    assert_eq!(browser.call(Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(app.get(key, "/v2/media").await.0, 400);
    app.finish().await;
}

#[tokio::test]
async fn people_are_invited_change_and_leave_and_one_admin_stays() {
    let app = TestApp::start().await;
    let admin = Browser::of(&app, "ann", Role::Admin).await;
    let invitations = admin.at("/invitations");
    let invite = json!({ "email": "bob@example.com", "role": "editor" });
    let (_, made) = admin.call(Method::POST, &invitations, invite.clone()).await;
    let link = token(made["url"].as_str().unwrap());
    app.advance(Duration::from_secs(1));
    let (_, unused) = admin.call(Method::POST, &invitations, invite).await;
    let (_, people) = admin.get(&admin.at("/people")).await;
    assert_eq!(people["invitations"].as_array().unwrap().len(), 2);
    assert!(!people.to_string().contains(&link), "a link is not shown again");
    let path = format!("{invitations}/{}", people["invitations"][1]["id"].as_str().unwrap());
    assert_eq!(admin.call(Method::DELETE, &path, Value::Null).await.0, 204);
    let withdrawn = json!({ "token": token(unused["url"].as_str().unwrap()) });
    assert_eq!(admin.call(Method::POST, "/setup/look", withdrawn).await.0, 404);

    let mut bob = Browser::new(&app);
    let form = json!({ "token": link, "email": "eve@example.com", "name": "Bob", "password": PASSWORD });
    let (status, answer) = bob.begin("/setup", form).await;
    assert_eq!((status, &answer["person"]["email"]), (200, &json!("bob@example.com")), "who is meant, and nobody else");

    let (_, people) = admin.get(&admin.at("/people")).await;
    let id = |name: &str| {
        let people = people["people"].as_array().unwrap();
        people.iter().find(|person| person["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (ann, bobs) = (admin.at(&format!("/people/{}", id("ann"))), admin.at(&format!("/people/{}", id("Bob"))));
    for (method, body) in [(Method::PUT, json!({ "role": "viewer" })), (Method::DELETE, Value::Null)] {
        let (status, answer) = admin.call(method, &ann, body).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!("refused")), "the last admin stays: {answer}");
    }
    assert_eq!(admin.call(Method::PUT, &bobs, json!({ "role": "viewer" })).await.0, 204);
    let (status, _) = bob.call(Method::POST, &bob.at("/v2/media/folder"), json!({ "path": "x" })).await;
    assert_eq!(status, 403, "from the next request on");
    assert_eq!(admin.call(Method::DELETE, &bobs, Value::Null).await.0, 204);
    assert_eq!(bob.get(&bob.at("/v2/media")).await.0, 404);
    app.finish().await;
}

#[tokio::test]
async fn who_is_here_joins_another_client_by_their_password_and_a_reset_ends_every_session() {
    let app = TestApp::start().await;
    let mut ann = Browser::of(&app, "ann", Role::Admin).await;
    let other = app.other_client().await;
    let email = "ann@example.com".parse().unwrap();
    let link = library::invite(app.app(), other, Role::Viewer, Some(email)).await.unwrap();
    let form = |password| json!({ "token": token(link.expose_secret()), "password": password });
    assert_eq!(ann.begin("/setup", form("not hers at all")).await.0, 401);
    let (status, answer) = ann.begin("/setup", form(PASSWORD)).await;
    assert_eq!((status, answer["clients"].as_array().unwrap().len()), (200, 2), "{answer}");

    let link = library::reset_link(app.app(), &"ann@example.com".parse().unwrap()).await.unwrap();
    let mut anew = Browser::new(&app);
    let form = json!({ "token": token(link.expose_secret()), "password": "a new long one" });
    assert_eq!(anew.begin("/setup", form).await.0, 200);
    assert_eq!(ann.get("/session").await.0, 401);
    assert_eq!(ann.sign_in("ann@example.com", "a new long one").await.0, 200);
    let late = library::reset_link(app.app(), &"ann@example.com".parse().unwrap()).await.unwrap();
    app.advance(Duration::from_hours(73));
    let (status, _) = ann.call(Method::POST, "/setup/look", json!({ "token": token(late.expose_secret()) })).await;
    assert_eq!(status, 404, "a link does not hold for ever");
    app.finish().await;
}

/// The events of a stream until one of them satisfies.
async fn until(response: &mut Response, is_it: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    while !is_it(&text) {
        let piece = tokio::time::timeout(Duration::from_secs(20), response.chunk()).await.expect("nothing comes");
        text.push_str(std::str::from_utf8(&piece.unwrap().expect("the stream goes on")).unwrap());
    }
    text
}

#[tokio::test]
async fn a_browser_hears_of_what_others_change() {
    let app = TestApp::start().await;
    let browser = Browser::of(&app, "ann", Role::Viewer).await;
    let mut events = browser.request(Method::GET, &browser.at("/events")).send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let first = until(&mut events, |text| text.contains("\n\n")).await;
    assert!(first.contains("event: change"), "{first}");
    let key = app.key("render").await;
    app.upload(&key, "", "a.png", vec![1; 10]).await;
    let second = until(&mut events, |text| text.contains("event: change")).await;
    assert!(second.contains("revision"), "{second}");
    app.finish().await;
}

#[tokio::test]
async fn a_resumable_upload_of_the_panel_goes_on_where_the_panel_reaches_it() {
    let app = TestApp::start().await;
    let browser = Browser::of(&app, "rita", Role::Render).await;
    let tus = |method, path: &str| browser.request(method, path).header("tus-resumable", "1.0.0");
    let uploads = browser.at("/v2/media/uploads");
    let made = tus(Method::POST, &uploads).header("upload-length", "6");
    let made = made.header("upload-metadata", "filename YS5wbmc=,filetype aW1hZ2UvcG5n").send().await.unwrap();
    assert_eq!(made.status(), 201);
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with(&format!("{}/dashboard/api{uploads}/", app.base())), "{location}");
    for (offset, bytes) in [("0", "abc"), ("3", "def")] {
        let patch = tus(Method::PATCH, &location).header("upload-offset", offset).body(bytes);
        let sent = patch.header("content-type", "application/offset+octet-stream").send().await.unwrap();
        assert_eq!(sent.status(), 204);
    }
    let (_, file) = browser.get(&browser.at("/v2/media/file?path=a.png")).await;
    assert_eq!(file["file"]["status"], "uploaded", "{file}");
    app.finish().await;
}

#[tokio::test]
async fn a_write_of_the_panel_with_an_idempotency_key_is_done_once() {
    let app = TestApp::start().await;
    let browser = Browser::of(&app, "rita", Role::Render).await;
    let upload = || {
        let request = browser.request(Method::POST, &browser.at("/v2/media?name=a.png"));
        request.header("idempotency-key", "once").header("content-type", "image/png").body("bytes").send()
    };
    let (first, second) = (upload().await.unwrap(), upload().await.unwrap());
    assert_eq!((first.status(), second.status()), (reqwest::StatusCode::OK, reqwest::StatusCode::OK));
    assert_eq!(second.headers()["idempotency-replayed"], "true");
    app.finish().await;
}

/// Of the panel as it is built: `make test` builds it first.
#[tokio::test]
async fn the_page_is_served_with_a_policy_that_lets_only_its_own_scripts_run() {
    let app = TestApp::start().await;
    let get = async |path: &str, encoding: &str| {
        app.request(Method::GET, path).header("accept-encoding", encoding).send().await.unwrap()
    };
    for path in
        ["/dashboard", "/dashboard/", "/dashboard/media", "/dashboard/media/brand/2026?view=list", "/dashboard/setup"]
    {
        let page = get(path, "identity").await;
        assert_eq!(page.status(), 200, "{path}: `make panel` builds it");
        assert_eq!(page.headers()["content-type"], "text/html");
        assert_eq!(page.headers()["cache-control"], "no-cache");
        assert_eq!(page.headers()["x-frame-options"], "DENY");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'; script-src 'self';"), "{policy}");
    }
    let page = get("/dashboard/media", "identity").await.text().await.unwrap();
    let script = page.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    let plain = get(script, "identity").await;
    assert_eq!(plain.headers()["content-type"], "text/javascript");
    assert_eq!(plain.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(plain.headers()["x-content-type-options"], "nosniff");
    let etag = plain.headers()["etag"].to_str().unwrap().to_owned();
    let plain = plain.bytes().await.unwrap();
    for (encoding, named) in [("gzip, deflate, br", "br"), ("gzip", "gzip")] {
        let packed = get(script, encoding).await;
        assert_eq!(packed.headers()["content-encoding"], named);
        assert!(packed.bytes().await.unwrap().len() * 2 < plain.len());
    }
    let again = app.request(Method::GET, script).header("if-none-match", etag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(get("/dashboard/assets/of-an-older-build.js", "br").await.status(), 404, "no page in a script's place");
    assert_eq!(app.request(Method::POST, "/dashboard/media").send().await.unwrap().status(), 405);
    app.finish().await;
}
