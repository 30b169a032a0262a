//! No figure: a file of every kind goes through the server as its users' files do, and `docs/media-samples.md` and the
//! picture beside it show what became of each. It is run in the folder of the project.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::http::Connection;
use crate::machine::said;
use crate::report::Report;
use crate::server::{Server, command};
use crate::{Bench, Outcome};

const TABLE: &str = "docs/media-samples.md";
const SHEET: &str = "docs/media-samples.webp";
/// Where the samples go in the library.
const FOLDER: &str = "samples";
/// How long to wait between two looks at what is done.
const LOOK: Duration = Duration::from_millis(200);
/// Pictures beside each other in the sheet.
const COLUMNS: usize = 14;
/// A picture without its name, in pixels.
const CELL: (u32, u32) = (128, 96);

pub(crate) fn run(bench: &Bench, _: &mut Report) -> Outcome<()> {
    let (files, cells) = (bench.empty(FOLDER)?, bench.empty("cells")?);
    let maker = bench.binary.parent().ok_or("the server lies in no folder")?.join("examples/samples");
    Report::doing("making the samples")?;
    let unmade = done(command(maker).arg(&files))?;
    let server = Server::fresh(bench, &bench.empty("library")?)?;
    Report::doing("uploading them")?;
    let mut upload = command(&bench.binary);
    upload.args(["upload", "--quiet"]).arg(files.join("")).args(["--folder", FOLDER]);
    upload.env("REELSHELF_URL", format!("http://{}", server.address)).env("REELSHELF_KEY", server.key());
    done(&mut upload)?;
    Report::doing("waiting until each is done or has failed")?;
    let mut connection = server.connect()?;
    let mut files = processed(&mut connection)?;
    files.sort_by_key(|file| {
        (text(&file["name"]).rsplit('.').next().map(str::to_owned), text(&file["name"]).to_owned())
    });
    Report::doing("drawing what was made")?;
    for (number, file) in files.iter().enumerate() {
        draw(&mut connection, file, &cells, number)?;
    }
    server.stop()?;
    let rows = files.len().div_ceil(COLUMNS);
    let mut sheet = ffmpeg();
    sheet.arg("-i").arg(cells.join("%03d.png"));
    sheet.args(["-vf", &format!("tile={COLUMNS}x{rows}:color=white"), "-c:v", "libwebp", "-q:v", "60", SHEET]);
    done(&mut sheet)?;
    let versions = [said(command(&bench.binary).arg("--version"))?, said(command("ffmpeg").arg("-version"))?];
    Ok(fs::write(TABLE, table(&files, &unmade, &versions)?)?)
}

/// Runs a program to its end: what it said.
fn done(program: &mut Command) -> Outcome<String> {
    let output = program.output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("{program:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn ffmpeg() -> Command {
    let mut ffmpeg = command("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-y"]);
    ffmpeg
}

/// The files, as the server tells of them once it is done with all.
fn processed(connection: &mut Connection) -> Outcome<Vec<Value>> {
    loop {
        let answer = connection.get(&format!("/v2/media/folder?folder={FOLDER}&page_size=1000"))?.json()?;
        let files = answer["files"].as_array().ok_or("there are no files")?;
        if files.iter().all(|file| matches!(text(&file["processing"]), "done" | "failed")) {
            return Ok(files.clone());
        }
        std::thread::sleep(LOOK);
    }
}

/// Draws what is to be seen of a file, on a ground that shows where it is transparent, with its name below.
fn draw(connection: &mut Connection, file: &Value, cells: &Path, number: usize) -> Outcome<()> {
    let (width, height) = CELL;
    let ground = format!("color=size={width}x{height},geq=lum='170+50*mod(floor(X/8)+floor(Y/8),2)':cb=128:cr=128");
    let name = format!(
        "pad={}:{}:4:4:white,drawtext=text={}:x=4:y={}:fontsize=9,format=rgb24",
        width + 8,
        height + 20,
        text(&file["name"]),
        height + 7
    );
    let mut cell = ffmpeg();
    cell.args(["-f", "lavfi", "-i", &ground]);
    if let Some(url) = file["thumbnailUrl"].as_str() {
        let path = url.splitn(4, '/').nth(3).ok_or("a URL has no path")?;
        let picture = cells.join("picture.webp");
        fs::write(&picture, connection.get(&format!("/{path}"))?.body)?;
        // Waveforms are wide, and pictures are to be seen as they are.
        let fitting = if url.ends_with("waveform.webp") {
            format!("scale={width}:{height}")
        } else {
            format!("scale='min({width},iw)':'min({height},ih)':force_original_aspect_ratio=decrease")
        };
        let over = format!("[1]{fitting}[picture];[0][picture]overlay=(W-w)/2:(H-h)/2:format=gbrp,{name}");
        cell.arg("-i").arg(picture).args(["-filter_complex", &over]);
    } else {
        cell.args(["-vf", &format!("drawbox=color=white:t=fill,{name}")]);
    }
    done(cell.args(["-frames:v", "1"]).arg(cells.join(format!("{number:03}.png")))).map(|_| ())
}

fn table(files: &[Value], unmade: &str, versions: &[String]) -> Outcome<String> {
    let failed = files.iter().filter(|file| text(&file["processing"]) == "failed").count();
    let mut page = format!(
        "# A file of every kind, and what became of it\n\n\
         Written by `make samples`: each file was made by ffmpeg or an encoder, uploaded to a new server, and looked up \
         when the server was done with it. [media.md](media.md) says what the words mean.\n\n\
         {}\n\n{} files: {} done, {failed} failed.\n\n\
         ![What is to be seen of each, on a chequered ground](media-samples.webp)\n\n\
         | file | what it holds | made of it | state |\n|---|---|---|---|\n",
        versions.join("; "),
        files.len(),
        files.len() - failed,
    );
    for file in files {
        let state = ["processing", "processingError", "notice"].map(|name| text(&file[name]));
        let state = state.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(". ");
        let (held, made) = (held(&file["metadata"]), made(&file["derived"]));
        writeln!(page, "| `{}` | {held} | {made} | {state} |", text(&file["name"]))?;
    }
    page.push_str("\nNot made here, and so untested:\n\n");
    for line in unmade.lines() {
        writeln!(page, "- {line}")?;
    }
    Ok(page)
}

/// Metadata in a few words.
fn held(metadata: &Value) -> String {
    let (image, video, audio) = (&metadata["image"], &metadata["video"], &metadata["audio"]);
    let (known, number) = (|value: &Value| !value.is_null(), |value: &Value| value.as_f64().unwrap_or_default());
    let with = |value: &Value, before: &str, behind: &str| format!("{before}{}{behind}", text_of(value));
    let words = [
        (known(&metadata["container"]), with(&metadata["container"], "", "")),
        (known(image), format!("{} × {}", image["width"], image["height"])),
        (known(image) && image["color"] != "rgb", with(&image["color"], "", "")),
        (known(image) && image["bit_depth"] != 8, with(&image["bit_depth"], "", " bits")),
        (image["alpha"] == true, "alpha".to_owned()),
        (number(&image["orientation"]) > 1.0, with(&image["orientation"], "orientation ", "")),
        (known(&image["profile"]), with(&image["profile"], "", "")),
        (number(&image["frames"]) > 1.0, with(&image["frames"], "", " frames")),
        (known(video), format!("{} {} × {}", text(&video["codec"]), video["width"], video["height"])),
        (known(&video["frame_rate"]), format!("{}/s", number(&video["frame_rate"]))),
        (number(&video["rotation"]) > 0.0, with(&video["rotation"], "turned by ", "°")),
        (video["fast_start"] == true, "fast start".to_owned()),
        (known(audio), format!("{} {} Hz × {}", text(&audio["codec"]), audio["sample_rate"], audio["channels"])),
        (known(&metadata["sound"]["loudness_lufs"]), with(&metadata["sound"]["loudness_lufs"], "", " LUFS")),
        (known(&metadata["duration_ms"]), format!("{:.2} s", number(&metadata["duration_ms"]) / 1000.0)),
        (known(&metadata["bit_rate"]), format!("{:.0} kbit/s", number(&metadata["bit_rate"]) / 1000.0)),
        (metadata["cover"] == true, "cover".to_owned()),
        (known(&metadata["tags"]), format!("tags: {}", metadata["tags"].as_object().map_or(0, serde_json::Map::len))),
    ];
    let words = words.into_iter().filter_map(|(is_said, word)| is_said.then_some(word)).collect::<Vec<_>>();
    words.join(", ")
}

/// The kinds of derived files.
fn made(derived: &Value) -> String {
    let names = derived.as_object().into_iter().flat_map(serde_json::Map::keys);
    let mut kinds = names.filter_map(|name| name.split(['-', '.']).next()).collect::<Vec<_>>();
    kinds.dedup();
    kinds.join(", ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A text without its quotation marks, a number as it is.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
