//! What the server says of itself, in logs, metrics, errors and tables, holds no secret; and each host serves its own.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use reelshelf::{http, library, telemetry};
use reelshelf_domain::Role;
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tower::ServiceExt;

use crate::support::{RawAnswer, TestApp, logs};

/// A name that nobody else needs to know.
const CONFIDENTIAL: &str = "Confidential-takeover-plan.png";

/// A session, and everything in it that must stay between client and server.
struct Session {
    app: TestApp,
    secrets: Vec<String>,
    /// What the server said when it refused.
    refusals: String,
}

impl Session {
    /// Sends, and keeps what is said if it is a refusal.
    async fn send(&mut self, request: RequestBuilder) -> (u16, String) {
        let response = request.send().await.unwrap();
        let (status, head) = (response.status().as_u16(), format!("{:?}", response.headers()));
        let body = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
        if status >= 400 {
            self.refusals.extend([head.as_str(), " ", &body, "\n"]);
        }
        (status, body)
    }

    async fn json(&mut self, key: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.app.request(method, path).header("x-api-key", key).json(&body);
        let (status, answer) = self.send(request).await;
        (status, serde_json::from_str(&answer).unwrap())
    }

    async fn key(&mut self, role: &str) -> String {
        let key = self.app.key(role).await;
        self.secrets.push(key.clone());
        key
    }

    /// Registers, and counts the URL's query and signature among the secrets.
    async fn register(&mut self, key: &str, name: &str) -> String {
        let form = json!({ "name": name, "contentType": "image/png", "size": 5 });
        let (status, answer) = self.json(key, Method::POST, "/v2/media/file", form).await;
        assert_eq!(status, 200, "{answer}");
        let url = answer["uploadUrl"].as_str().unwrap().to_owned();
        let (_, query) = url.split_once('?').unwrap();
        let (_, signature) = query.split_once("signature=").unwrap();
        self.secrets.extend([query.to_owned(), signature.to_owned()]);
        url
    }

    /// Uploads that work, and all that do not.
    async fn upload(&mut self, key: &str) {
        let url = self.register(key, CONFIDENTIAL).await;
        let put = |app: &TestApp, url: &str, content_type: &str, bytes: &'static str| {
            app.request(Method::PUT, url).header("content-type", content_type).body(bytes)
        };
        let (front, digit) = url.split_at(url.len() - 1);
        let forged = format!("{front}{}", if digit == "0" { "1" } else { "0" });
        self.secrets.push(forged.split_once("signature=").unwrap().1.to_owned());
        for (url, content_type, bytes, status) in [
            (&forged, "image/png", "bytes", 403),
            (&url, "image/jpeg", "bytes", 403),
            (&url, "image/png", "more bytes", 403),
            (&url, "image/png", "bytes", 200),
            (&url, "image/png", "bytes", 200),
            (&url, "image/png", "other", 403),
        ] {
            let request = put(&self.app, url, content_type, bytes);
            assert_eq!(self.send(request).await.0, status, "{content_type} {bytes}");
        }
        let late = self.register(key, "late.png").await;
        self.app.advance(Duration::from_mins(2));
        let request = put(&self.app, &late, "image/png", "bytes");
        assert_eq!(self.send(request).await.0, 403);
        let request = self.app.request(Method::GET, &late);
        assert_eq!(self.send(request).await.0, 405);
        let name = format!("/v2/media?name=raw-{CONFIDENTIAL}");
        let request = self.app.request(Method::POST, &name).header("x-api-key", key).body("bytes");
        assert_eq!(self.send(request).await.0, 200);
    }

    /// Keys that are none, and keys where they do not belong.
    async fn misuse(&mut self, key: &str) {
        let wrong = "wrongwrongwrongwrongwrongwrongwrongwrong".to_owned();
        self.secrets.push(wrong.clone());
        let life = Some(Duration::from_secs(1));
        let (client, named) = (self.app.client(), "k".to_owned());
        let (id, revoked) =
            library::create_key(self.app.app(), client, Role::Admin, named.clone(), None).await.unwrap();
        let (_, expired) = library::create_key(self.app.app(), client, Role::Admin, named, life).await.unwrap();
        library::revoke_key(self.app.app(), client, id).await.unwrap();
        self.app.advance(Duration::from_secs(1));
        for bad in [&wrong, revoked.expose_secret(), expired.expose_secret()] {
            self.secrets.push(bad.to_owned());
            assert_eq!(self.json(bad, Method::POST, "/v2/media/file", json!({})).await.0, 400);
        }
        for path in
            [format!("/v2/media?x-api-key={key}"), format!("/v2/{key}"), format!("/clients/{key}/x"), format!("/{key}")]
        {
            let request = self.app.request(Method::GET, &path).header("authorization", format!("Bearer {key}"));
            assert!(self.send(request).await.0 >= 400, "{path}");
        }
        let viewer = self.key("viewer").await;
        assert_eq!(self.json(&viewer, Method::DELETE, "/v2/media", json!({ "path": CONFIDENTIAL })).await.0, 403);
        for body in [json!({ "name": 5 }), json!({ "name": "..", "contentType": "a/b", "size": 1 }), json!([])] {
            assert_eq!(self.json(key, Method::POST, "/v2/media/file", body).await.0, 400);
        }
    }

    fn assert_nothing_in(&self, what: &str, text: &str) {
        for secret in &self.secrets {
            if let Some(at) = text.find(secret.as_str()) {
                let from = (0..=at.saturating_sub(80)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                panic!("{what} hold {secret}: …{}", &text[from..at + secret.len()]);
            }
        }
    }
}

/// Every row of every table, as text.
async fn dump(app: &TestApp) -> String {
    let url = &app.app().settings.store.database_url;
    if let Some(path) = url.strip_prefix("sqlite:") {
        let files = ["", "-wal"].map(|end| std::fs::read(format!("{path}{end}")).unwrap_or_default());
        return files.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
    }
    let mut connection = PgConnection::connect(url).await.unwrap();
    let tables = "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()";
    let tables: Vec<(String,)> = sqlx::query_as(tables).fetch_all(&mut connection).await.unwrap();
    let mut text = String::new();
    for (table,) in tables {
        let rows = AssertSqlSafe(format!("SELECT CAST(rows AS TEXT) FROM {table} rows"));
        let rows: Vec<(String,)> = sqlx::query_as(rows).fetch_all(&mut connection).await.unwrap();
        text.extend(rows.into_iter().map(|(row,)| row));
    }
    text
}

/// `/metrics`, of a router that has the metrics of this process.
async fn metrics(app: &TestApp, handle: metrics_exporter_prometheus::PrometheusHandle) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let answer = http::router(app.app(), handle).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The text format of Prometheus: comments, and lines of name, labels and number, each of a declared type.
fn assert_prometheus(text: &str) {
    let name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let mut declared = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (metric, kind) = kind.split_once(' ').unwrap();
            assert!(name(metric) && ["counter", "gauge", "histogram", "summary"].contains(&kind), "{line}");
            declared.push(metric.to_owned());
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let metric = series.split_once('{').map_or(series, |(metric, labels)| {
            let labels = labels.strip_suffix('}').unwrap();
            for label in labels.split(',').filter(|label| !label.is_empty()) {
                let (key, value) = label.split_once('=').unwrap();
                assert!(name(key) && value.len() >= 2 && value.starts_with('"') && value.ends_with('"'), "{line}");
            }
            metric
        });
        assert!(name(metric) && declared.iter().any(|of| metric.starts_with(of.as_str())), "{line}");
    }
    assert!(declared.len() > 1, "{text}");
}

#[tokio::test]
async fn no_key_and_no_signature_is_ever_said_or_kept() {
    logs::listen();
    let handle = telemetry::start_metrics().unwrap();
    let mut session = Session { app: TestApp::start().await, secrets: Vec::new(), refusals: String::new() };
    let signer = session.app.app().store.setting("upload_secret", "none".to_owned()).await.unwrap();
    let key = session.key("admin").await;
    session.upload(&key).await;
    session.misuse(&key).await;
    for (method, path) in [("BREW", "/v2/media"), ("STEEP", "/v2/media"), ("GET", "/metrics")] {
        let request = session.app.request(method.parse().unwrap(), path);
        session.send(request).await;
    }
    session.app.run_jobs().await;
    library::write_down_key_use(session.app.app()).await.unwrap();

    let kept = dump(&session.app).await;
    assert!(kept.contains(CONFIDENTIAL) && kept.contains(&signer), "the dump is one");
    session.assert_nothing_in("the tables", &kept);
    session.secrets.push(signer);
    assert!(session.refusals.lines().count() > 15, "{}", session.refusals);
    session.assert_nothing_in("refusals", &session.refusals.clone());

    // Names of files are nobody else's business either.
    session.secrets.push(CONFIDENTIAL.to_owned());
    let said = metrics(&session.app, handle).await;
    assert_prometheus(&said);
    session.assert_nothing_in("metrics", &said);
    for label in ["route=\"/uploads/{id}\"", "route=\"/clients/{*path}\"", "route=\"unknown\"", "method=\"other\""] {
        assert!(said.contains(label), "{label}: {said}");
    }
    assert!(!said.contains("BREW"), "an invented method is a label");
    for metric in [
        "reelshelf_clients 1",
        "reelshelf_used_bytes 10",
        "reelshelf_reserved_bytes ",
        "reelshelf_temp_bytes 0",
        "reelshelf_free_disk_bytes ",
        "reelshelf_uploads_under_way 0",
        "reelshelf_received_bytes_total ",
    ] {
        assert!(said.contains(&format!("\n{metric}")), "{metric}: {said}");
    }
    let heard = logs::heard();
    let named = format!("client={:?}", session.app.client_id());
    assert!(heard.iter().any(|line| line.contains(&named)), "no request says whose it is");
    let answered = heard.iter().filter(|line| line.contains("answered")).count();
    assert!(answered > 20, "{answered} of {}", heard.len());
    // What the tests' own client says is its own affair.
    let servers = heard.iter().filter(|line| !line.starts_with("reqwest") && !line.starts_with("hyper_util"));
    session.assert_nothing_in("logs", &servers.fold(String::new(), |text, line| text + line + "\n"));
    session.app.finish().await;
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let app = TestApp::start().await;
    let key = app.key("render").await;
    let mut ids = Vec::new();
    for path in
        ["/v2/media", "/v2/media/file", "/nothing", "/clients/x/y", "/uploads/x", "/health/live", "/metrics", "/docs/"]
    {
        let answer = app.request(Method::GET, path).header("x-api-key", &key).send().await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{path}: {id}");
        assert!(!ids.contains(&id), "{path}: {id} twice");
        ids.push(id);
    }
    app.finish().await;
}

#[tokio::test]
async fn health_says_what_is_missing_and_nothing_more() {
    let mut app = TestApp::start().await;
    let key = app.key("render").await;
    let ask = async |app: &TestApp, path: &str| {
        let answer = app.request(Method::GET, path).header("x-api-key", &key).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ask(&app, "/health/live").await, (200, "live\n".to_owned()));
    assert_eq!(ask(&app, "/health/ready").await, (200, "ready\n".to_owned()));
    // Without its database it lives, and says that it is not ready; an error is ours, and its text stays here.
    for part in ["not ready", "a request failed", "a delivery failed", "the metrics are incomplete"] {
        app.expect_log(part);
    }
    app.app().store.close().await;
    assert_eq!(ask(&app, "/health/live").await, (200, "live\n".to_owned()));
    assert_eq!(ask(&app, "/health/ready").await, (503, "not ready: database\n".to_owned()));
    assert_eq!(ask(&app, "/metrics").await.0, 200);
    for path in ["/v2/media", "/v2/media/file?path=a.png"] {
        let (status, answer) = ask(&app, path).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let message = answer["message"].as_str().unwrap();
        assert!(
            status >= 500 && (message == "Internal error" || message.starts_with("Try again: ")),
            "{status} {message}"
        );
    }
    let url = format!("/clients/{}/a.png", app.client_id());
    assert_eq!(ask(&app, &url).await, (503, String::new()));
    app.restart().await;
    assert_eq!(ask(&app, "/health/ready").await.0, 200);
    app.finish().await;
}

/// A request that names its host.
async fn at(app: &TestApp, host: &str, line: &str, key: &str) -> RawAnswer {
    let host = if host.is_empty() { String::new() } else { format!("host: {host}\r\n") };
    let request = format!("{line} HTTP/1.1\r\n{host}x-api-key: {key}\r\nconnection: close\r\n\r\n");
    app.raw(request.as_bytes()).await.expect("an answer")
}

#[tokio::test]
async fn files_and_keys_never_share_a_host() {
    let files = "files.localhost";
    let app = TestApp::start_configured(|settings| settings.server.delivery_url = format!("http://{files}/")).await;
    let key = app.key("render").await;
    let public = app.address().to_owned();
    let file = app.upload(&key, "", "a.png", b"bytes".to_vec()).await;
    let id = app.client_id();
    assert_eq!(file["url"], format!("http://{files}/clients/{id}/a.png"));
    let immutable = file["immutableUrl"].as_str().unwrap().strip_prefix(&format!("http://{files}")).unwrap();
    let upload = app.upload_url(&key, "", "b.png", 5).await;
    assert!(upload.starts_with(app.base()), "bytes go in at the public host: {upload}");
    let deliveries = [format!("/clients/{id}/a.png"), format!("/{id}/files/a.png"), immutable.to_owned()];
    let upload = upload.strip_prefix(app.base()).unwrap();
    let upper = files.to_uppercase();
    for host in [files, &*upper, "files.localhost:80", "files.localhost:443"] {
        for path in &deliveries {
            let answer = at(&app, host, &format!("GET {path}"), "").await;
            assert_eq!((answer.status, answer.body.as_slice()), (200, b"bytes".as_slice()), "{host} {path}");
        }
        for line in [
            "GET /v2/media",
            "POST /v2/media/file",
            "GET /docs/",
            "GET /openapi.json",
            "GET /metrics",
            "GET /",
            &format!("PUT {upload}"),
        ] {
            assert_eq!(at(&app, host, line, &key).await.status, 404, "{host} {line}");
        }
    }
    for path in &deliveries {
        for host in
            [&*public, "", "example.com", "files.localhost.example.com", "xfiles.localhost", "files.localhost:8080"]
        {
            let answer = at(&app, host, &format!("GET {path}"), "").await;
            assert_eq!((answer.status, answer.header("cache-control")), (404, Some("no-store")), "{host} {path}");
        }
    }
    for host in ["", "example.com", "localhost", "127.0.0.1"] {
        assert_eq!(at(&app, host, "GET /v2/media", &key).await.status, 404, "{host}");
    }
    assert_eq!(at(&app, &public, "GET /v2/media", &key).await.status, 200);
    assert_eq!(at(&app, &public, "GET /docs/", "").await.status, 200);
    assert_eq!(at(&app, &public, "GET /metrics", "").await.status, 200);
    // The target's own host counts, whatever the field says.
    let whole = format!("GET http://{files}/clients/{id}/a.png");
    assert_eq!(at(&app, &public, &whole, "").await.status, 200);
    assert_eq!(at(&app, files, &format!("GET http://{public}/v2/media"), &key).await.status, 200);
    for host in [&*public, files, "example.com"] {
        assert_eq!(at(&app, host, "GET /health/live", "").await.status, 200, "whoever asks, by whatever name");
    }
    app.finish().await;
}
