//! The guarded client and servers as they are: slow, lying, broken, or simply without the file.

use std::sync::Arc;
use std::time::Duration;

use reelshelf::config::FetchSettings;
use reelshelf::fetch::{Again, Failure, Fetcher, Outside, Source, Wanted};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::support::{Origin, Reply, SmallWorld, answer, redirect};

const WANTED: Wanted = Wanted { size: None, page: false };

struct Site {
    fetcher: Fetcher,
    origin: Origin,
    world: Arc<SmallWorld>,
}

impl Site {
    /// A server at `public.example`, and a client with little patience.
    async fn start(reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::of(Origin::start(reply).await)
    }

    fn of(origin: Origin) -> Self {
        let world = Arc::new(SmallWorld::default());
        world.add("public.example", "93.184.216.34", origin.address);
        let settings = FetchSettings {
            outside: Outside(Arc::clone(&world) as Arc<_>),
            header_seconds: 1,
            idle_seconds: 1,
            total_seconds: 4,
            rate_seconds: 1,
            least_rate: 1000,
            header_bytes: 8192,
            ..FetchSettings::default()
        };
        Self { fetcher: Fetcher::new(&settings), origin, world }
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.get_wanted(&format!("http://public.example{path}"), WANTED).await
    }

    async fn get_wanted(&self, url: &str, wanted: Wanted) -> Result<Vec<u8>, Failure> {
        let mut opened = self.fetcher.open(&Source::parse(url, 8192).unwrap(), &wanted).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = opened.body.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok(bytes)
    }
}

fn whole(text: &str) -> Reply {
    Reply::Whole(text.as_bytes().to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_comes_whole_and_the_request_gives_nothing_away() {
    let site = Site::start(|target, _| match target.split('?').next().unwrap() {
        "/chunked" => {
            whole("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nt: 1\r\n\r\n")
        }
        "/identity" => answer(200, "content-encoding: identity\r\n", b"abc"),
        "/early" => {
            whole("HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc")
        }
        "/kept" => Reply::Hold(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc".to_vec()),
        "/away" => answer(303, "location: /plain?a=b#c\r\nset-cookie: a=b\r\n", b""),
        _ => answer(200, "content-type: image/png\r\n", &vec![7; 100_000]),
    })
    .await;
    assert_eq!(site.get("/plain").await.unwrap(), vec![7; 100_000]);
    assert_eq!(site.get("/chunked").await.unwrap(), b"abcdefg");
    for path in ["/identity", "/early", "/kept"] {
        assert_eq!(site.get(path).await.unwrap(), b"abc", "{path}");
    }
    assert_eq!(site.get("/away?secret=1").await.unwrap().len(), 100_000);
    let heads = site.origin.heads.lock().unwrap().clone();
    let last = heads.last().unwrap().to_lowercase();
    assert!(last.starts_with("get /plain?a=b http/1.1\r\n"), "{last}");
    let names: Vec<_> = last.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0)).collect();
    assert_eq!(names, ["host", "user-agent", "accept", "accept-encoding", "connection"]);
    assert!(last.contains("host: public.example\r\n") && last.contains("accept-encoding: identity\r\n"), "{last}");
}

/// What each server sends, what is said of it, and whether another try is worth it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_whole_file_is_refused_with_the_reason() {
    let ok = |fields: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n{body}");
    let many_fields = "x: y\r\n".repeat(200);
    let table: Vec<(&str, String, &str, Again)> = vec![
        ("shorter", ok("content-length: 10", "abc"), "ended before the length", Again::Soon),
        ("longer", ok("content-length: 3", "abcdef"), "more than the length", Again::Never),
        ("missing", ok("content-type: image/png", "abcdef"), "does not say how long", Again::Never),
        ("two", ok("content-length: 3\r\ncontent-length: 4", "abc"), "not HTTP as it should be", Again::Never),
        ("negative", ok("content-length: -3", "abc"), "not HTTP as it should be", Again::Never),
        ("empty", ok("content-length: 0", ""), "is empty", Again::Never),
        ("chunks", ok("transfer-encoding: chunked", "3\r\nabc\r\n4\r\nde"), "ended before the length", Again::Soon),
        ("badchunk", ok("transfer-encoding: chunked", "3\r\nabc\r\nzz\r\n"), "connection broke", Again::Soon),
        (
            "afterchunks",
            ok("transfer-encoding: chunked", "1\r\na\r\n0\r\n\r\nmore"),
            "more than the length",
            Again::Never,
        ),
        ("gzip", ok("content-encoding: gzip\r\ncontent-length: 3", "abc"), "compressed", Again::Never),
        ("tegzip", ok("transfer-encoding: gzip, chunked", "3\r\nabc\r\n0\r\n\r\n"), "not asked for", Again::Never),
        ("page", ok("content-type: text/html; charset=utf-8\r\ncontent-length: 3", "<p>"), "web page", Again::Never),
        ("xhtml", ok("content-type: Application/XHTML+xml\r\ncontent-length: 3", "<p>"), "web page", Again::Never),
        (
            "404",
            "HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "no file at this address (404)",
            Again::Never,
        ),
        ("401", "HTTP/1.1 401 X\r\ncontent-length: 0\r\n\r\n".to_owned(), "to everybody (401)", Again::Never),
        ("206", "HTTP/1.1 206 X\r\ncontent-length: 1\r\n\r\na".to_owned(), "answered 206", Again::Never),
        ("204", "HTTP/1.1 204 X\r\n\r\n".to_owned(), "answered 204", Again::Never),
        ("304", "HTTP/1.1 304 X\r\n\r\n".to_owned(), "answered 304", Again::Never),
        ("500", "HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n".to_owned(), "fault of its own (500)", Again::Soon),
        (
            "503",
            "HTTP/1.1 503 X\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "fault of its own (503)",
            Again::After(Duration::from_mins(2)),
        ),
        (
            "429",
            "HTTP/1.1 429 X\r\ndate: Thu, 30 Jul 2026 12:00:00 GMT\r\nretry-after: Thu, 30 Jul 2026 12:00:30 GMT\r\n\
             content-length: 0\r\n\r\n"
                .to_owned(),
            "come back later (429)",
            Again::After(Duration::from_secs(30)),
        ),
        ("nowhere", "HTTP/1.1 302 X\r\ncontent-length: 0\r\n\r\n".to_owned(), "without saying where to", Again::Never),
        ("nothing", String::new(), "without an answer", Again::Soon),
        ("garbage", "SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned(), "not HTTP as it should be", Again::Never),
        ("http09", "<html>".to_owned(), "not HTTP as it should be", Again::Never),
        ("fields", ok(&format!("{many_fields}content-length: 1"), "a"), "header is too large", Again::Never),
        ("bigfield", ok(&format!("x: {}", "y".repeat(100_000)), "a"), "header is too large", Again::Never),
        ("half", "HTTP/1.1 200 OK\r\ncontent-le".to_owned(), "without an answer", Again::Soon),
    ];
    let served: Vec<(String, Vec<u8>)> =
        table.iter().map(|(name, bytes, ..)| (format!("/{name}"), bytes.clone().into_bytes())).collect();
    let site =
        Site::start(move |target, _| Reply::Whole(served.iter().find(|(name, _)| name == target).unwrap().1.clone()))
            .await;
    for (name, _, said, again) in table {
        let failure = site.get(&format!("/{name}")).await.expect_err(name);
        assert!(failure.to_string().contains(said), "{name}: {failure}");
        assert_eq!(failure.again(), again, "{name}: {failure}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_us_waiting_is_left() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n".to_vec();
    let site = Site::start(move |target, _| match target {
        "/silent" => Reply::Hold(Vec::new()),
        "/headers" => Reply::Drip(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x: y\r\n".to_vec(), Duration::from_millis(20)),
        "/hints" => Reply::Drip(Vec::new(), b"HTTP/1.1 103 X\r\n\r\n".to_vec(), Duration::from_millis(20)),
        "/stopped" => Reply::Hold([&head[..], b"abc"].concat()),
        "/drip" => Reply::Drip(head.clone(), b"a".to_vec(), Duration::from_millis(100)),
        _ => Reply::Drip(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
            [&b"1000\r\n"[..], &[7; 4096], b"\r\n"].concat(),
            Duration::from_millis(10),
        ),
    })
    .await;
    let table = [
        ("/silent", "did not answer in time", Again::Soon),
        ("/headers", "in time", Again::Soon),
        ("/hints", "in time", Again::Soon),
        ("/stopped", "stopped sending", Again::Soon),
        ("/drip", "too slowly", Again::Soon),
        ("/endless", "longer than a file may take", Again::Never),
    ];
    let all = table.map(|(path, said, again)| {
        let site = &site;
        async move {
            let failure = site.get(path).await.expect_err(path);
            assert!(failure.to_string().contains(said), "{path}: {failure}");
            assert_eq!(failure.again(), again, "{path}");
        }
    });
    futures::future::join_all(all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_are_few_and_never_downwards() {
    let site = Site::start(|target, _| match target.trim_start_matches('/').parse::<u32>() {
        Ok(0) => answer(200, "", b"here"),
        Ok(left) => redirect(&format!("/{}", left - 1)),
        Err(_) => redirect("/loop"),
    })
    .await;
    assert_eq!(site.get("/5").await.unwrap(), b"here");
    for path in ["/6", "/loop"] {
        assert!(site.get(path).await.unwrap_err().to_string().contains("more than 5 times"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_length_says_where_a_body_ends() {
    let site = Site::start(|_, _| whole("HTTP/1.1 200 OK\r\n\r\nabcdef")).await;
    let sized = |size| site.get_wanted("http://public.example/", Wanted { size: Some(size), page: false });
    assert_eq!(sized(6).await.unwrap(), b"abcdef", "whoever said the length counts");
    let site = Site::start(|_, _| answer(200, "", b"abcdef")).await;
    let other = site.get_wanted("http://public.example/", Wanted { size: Some(7), page: false }).await;
    assert_eq!(other.unwrap_err().to_string(), "The file has 6 bytes, and not 7 as was said");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_counts_for_its_host_alone() {
    let made = rcgen::generate_simple_self_signed(["public.example".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let reply = |target: &str, _| match target {
        "/down" => redirect("http://public.example/"),
        "/open" => whole("HTTP/1.1 200 OK\r\n\r\nabcdef"),
        _ => answer(200, "", b"secret"),
    };
    let stranger = Site::of(Origin::start_with(Some(acceptor.clone()), reply).await);
    let failure = stranger.get_wanted("https://public.example/", WANTED).await.unwrap_err();
    assert_eq!(failure, Failure::lasting("The server's certificate is not valid for this address"));

    let site = Site::of(Origin::start_with(Some(acceptor), reply).await);
    site.world.trust(certificate);
    site.world.add("other.example", "93.184.216.35", site.origin.address);
    assert_eq!(site.get_wanted("https://public.example/", WANTED).await.unwrap(), b"secret");
    let failure = site.get_wanted("https://other.example/", WANTED).await.unwrap_err();
    assert_eq!(failure, Failure::lasting("The server's certificate is not valid for this address"));
    let down = site.get_wanted("https://public.example/down", WANTED).await.unwrap_err();
    assert!(down.to_string().contains("from https to http"), "{down}");
    assert_eq!(
        site.get_wanted("https://public.example/open", WANTED).await.unwrap(),
        b"abcdef",
        "TLS says where it ends"
    );
    let plain = Site::start(|_, _| answer(200, "", b"x")).await;
    let failure = plain.get_wanted("https://public.example/", WANTED).await.unwrap_err();
    assert_eq!(failure.again(), Again::Soon, "{failure}");
}
