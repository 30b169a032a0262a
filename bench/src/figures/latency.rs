//! From the last byte of an upload to a thumbnail that can be fetched: what a person waits for. The client asks for the
//! file until it says where its thumbnail is, and fetches it.

use std::io::Write as _;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::pictures::photograph;
use crate::http::Connection;
use crate::numbers::{Rounds, float, mebibytes};
use crate::report::{Report, Row};
use crate::sandbox::ffmpeg;
use crate::server::Server;
use crate::{Bench, Outcome};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(2);
/// Between two questions whether all is over.
const REST: Duration = Duration::from_millis(100);
/// How noisy a photograph of twelve megapixels is that takes five megabytes.
const NOISE: u32 = 20;
/// Whatever takes longer never comes.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let folder = bench.empty("latency")?;
    let (photo, film) = (folder.join("photo.jpg"), folder.join("film.mp4"));
    Report::doing("making a photograph and a film")?;
    photograph("mandelbrot=size=4000x3000", NOISE, &photo.to_string_lossy())?;
    make_film(&film.to_string_lossy(), bench.of("9", "1"))?;
    let data = bench.empty("latency-data")?;
    let server = Server::fresh(bench, &data)?;
    let mut connection = server.connect()?;
    // The first of all finds out what the sandbox can do here.
    rounds(&mut connection, &std::fs::read(&photo)?, "first.jpg", 1)?;
    Report::doing("uploads, one after the other")?;
    for (file, name, count, wanted) in
        [(&photo, "photo.jpg", bench.of(25, 2), "≤ 200 ms"), (&film, "film.mp4", bench.of(9, 1), "≤ 1,000 ms")]
    {
        let bytes = std::fs::read(file)?;
        let measured = rounds(&mut connection, &bytes, name, count)?;
        report.add(Row {
            what: format!("last byte of {name} ({:.1} MB) to its thumbnail", float(bytes.len() as u64) / 1e6),
            ours: measured.show(0, "ms"),
            peer: format!("best quartile: {:.0} ms", measured.quantile(0.25)),
            ratio: "–".to_owned(),
            wanted,
        })?;
    }
    report.note(&format!("Peak memory of the server meanwhile: {:.0} MiB.", mebibytes(server.memory("VmHWM")?)))?;
    server.stop()?;
    Ok(std::fs::remove_dir_all(&data)?)
}

/// A hundred megabytes of 1080p, when it is played ten times.
fn make_film(film: &str, times: &str) -> Outcome<()> {
    let piece = format!("{film}.piece.mp4");
    let source = "testsrc2=size=1920x1080:rate=25:duration=5,noise=alls=20:allf=t";
    let codec = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "13M", "-g", "50", "-pix_fmt", "yuv420p"];
    ffmpeg(&[&["-f", "lavfi", "-i", source], &codec[..], &[&piece]].concat())?;
    ffmpeg(&["-stream_loop", times, "-i", &piece, "-c", "copy", "-movflags", "+faststart", film])
}

/// Milliseconds of each upload. Bytes are never the same twice: equal ones have their thumbnails already.
fn rounds(connection: &mut Connection, bytes: &[u8], name: &str, count: u32) -> Outcome<Rounds> {
    let mut rounds = Rounds::default();
    for round in 0..count {
        let name = format!("{round}-{name}");
        // Behind the end of a JPEG nobody looks; in an MP4 it is a box of free space.
        let length = u32::try_from(name.len() + 8)?;
        let mark = [&length.to_be_bytes()[..], b"free", name.as_bytes()].concat();
        let head = connection.upload_head(&name, (bytes.len() + mark.len()) as u64);
        connection.sink().write_all(head.as_bytes())?;
        connection.sink().write_all(bytes)?;
        connection.sink().write_all(&mark)?;
        let sent = Instant::now();
        connection.answer()?.json()?;
        rounds.push(wait(connection, &name, sent)?.as_secs_f64() * 1e3);
        // What is made of a film after its poster is nothing that the next one should wait for.
        while matches!(look(connection, &name)?["processing"].as_str(), Some("queued" | "running")) {
            std::thread::sleep(REST);
        }
    }
    Ok(rounds)
}

fn look(connection: &mut Connection, name: &str) -> Outcome<Value> {
    Ok(connection.get(&format!("/v2/media/file?path=bench/{name}"))?.json()?["file"].take())
}

fn wait(connection: &mut Connection, name: &str, sent: Instant) -> Outcome<Duration> {
    loop {
        let file = look(connection, name)?;
        if let Some(url) = file["thumbnailUrl"].as_str() {
            let path = url.splitn(4, '/').nth(3).ok_or("a URL without a path")?;
            let status = connection.get(&format!("/{path}"))?.status;
            let waited = sent.elapsed();
            return if status == 200 { Ok(waited) } else { Err(format!("the thumbnail answers {status}").into()) };
        }
        if file["processing"] == "failed" || sent.elapsed() > PATIENCE {
            return Err(format!("no thumbnail comes: {file}").into());
        }
        std::thread::sleep(PAUSE);
    }
}
