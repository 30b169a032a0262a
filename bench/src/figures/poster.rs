//! The poster of a film whose keyframes are rare. The peer is ffmpeg, told to show the middle: it decodes all frames
//! from the keyframe on. Ours is the whole order, sandbox, scaling and thumbnails included.

use reelshelf_domain::MediaType;
use reelshelf_media::Order;

use crate::machine::said;
use crate::numbers::Rounds;
use crate::report::{Report, Row};
use crate::sandbox::{Sandbox, cpu_of_each, ffmpeg, ffmpeg_cpu};
use crate::server::command;
use crate::{Bench, Outcome};

/// How often each runs in a row.
const IN_A_ROW: u32 = 3;

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let folder = bench.empty("poster")?;
    let (film, still) = (folder.join("film.mp4"), folder.join("still.jpg"));
    let (film_path, still_path) = (film.to_string_lossy(), still.to_string_lossy());
    let seconds = bench.of(60, 32);
    Report::doing(&format!("making a film of {seconds} s"))?;
    let source = format!("testsrc2=size=1920x1080:rate=25:duration={seconds}");
    let rare = ["-g", "250", "-keyint_min", "250", "-sc_threshold", "0"];
    let codec = ["-f", "lavfi", "-i", &source, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"];
    ffmpeg(&[&codec[..], &rare, &[&film_path]].concat())?;

    let sandbox = Sandbox::start(bench)?;
    let metadata = sandbox.inspect(&film, MediaType::Mp4)?;
    let peer = ["-ss", "29.9", "-i", &film_path, "-frames:v", "1", &still_path];
    Report::doing("posters by turns")?;
    let [mut ours, mut theirs] = <[Rounds; 2]>::default();
    for _ in 0..bench.of(9, 1) {
        ours.push(cpu_of_each(IN_A_ROW, || sandbox.cpu(&film, &metadata, Order::Poster))? * 1e3);
        theirs.push(cpu_of_each(IN_A_ROW, || ffmpeg_cpu(&peer))? * 1e3);
    }
    let version = said(command("ffmpeg").arg("-version"))?;
    let version = version.split(" Copyright").next().unwrap_or_default();
    report.add(Row {
        what: format!(
            "poster of {seconds} s of 1080p25 H.264, a keyframe every 250 frames, CPU (peer: {version}, `-ss 29.9`)"
        ),
        ours: ours.show(0, "ms"),
        peer: theirs.show(0, "ms"),
        ratio: ours.over(&theirs).show(2, ""),
        wanted: "≤ 0.3",
    })
}
