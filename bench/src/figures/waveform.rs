//! The waveform of a long MP3, its loudness and its silences. The peer is ffmpeg, which only decodes. Memory is that of
//! the children, looked at again and again while they run.

use std::fs::File;
use std::io::{Seek as _, copy};
use std::path::Path;

use reelshelf_domain::MediaType;
use reelshelf_media::Order;

use crate::hostile_set::{Peaks, Watch};
use crate::machine::said;
use crate::numbers::{Rounds, mebibytes};
use crate::report::{Report, Row};
use crate::sandbox::{Sandbox, cpu_of_each, ffmpeg, ffmpeg_cpu};
use crate::server::command;
use crate::{Bench, Outcome};

/// How often half an hour is in a day.
const OF_A_DAY: u32 = 48;

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let folder = bench.empty("waveform")?;
    let (short, long) = (folder.join("short.mp3"), folder.join("long.mp3"));
    let path = short.to_string_lossy();
    let minutes = bench.of(30, 3);
    Report::doing(&format!("making {minutes} minutes of MP3"))?;
    // Two tones and noise, louder and softer: nothing that is easier to decode than music.
    let source = format!(
        "aevalsrc=exprs='0.4*sin(440*2*PI*t)*sin(t/7)+0.1*random(0)|0.4*sin(660*2*PI*t)*cos(t/5)+0.1*random(1)':\
         s=44100:d={}",
        minutes * 60
    );
    let codec = ["-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0"];
    ffmpeg(&[&["-f", "lavfi", "-i", &source], &codec[..], &[&path]].concat())?;

    let sandbox = Sandbox::start(bench)?;
    let metadata = sandbox.inspect(&short, MediaType::Mp3)?;
    Report::doing("waveforms by turns")?;
    let [mut ours, mut theirs] = <[Rounds; 2]>::default();
    let decode = ["-i", &path, "-f", "null", "-"];
    for _ in 0..bench.of(7, 1) {
        ours.push(cpu_of_each(1, || sandbox.cpu(&short, &metadata, Order::Waveform))?);
        theirs.push(cpu_of_each(1, || ffmpeg_cpu(&decode))?);
    }
    let version = said(command("ffmpeg").arg("-version"))?;
    let version = version.split(" Copyright").next().unwrap_or_default();
    report.add(Row {
        what: format!("waveform of {minutes} minutes of MP3, CPU (peer: {version}, which only decodes)"),
        ours: ours.show(2, "s"),
        peer: theirs.show(2, "s"),
        ratio: ours.over(&theirs).show(2, ""),
        wanted: "≤ 1.3",
    })?;
    memory(&sandbox, &short, &format!("{minutes} minutes"), report)?;
    repeat(&short, &long, bench.of(OF_A_DAY, 2))?;
    let hours = f64::from(minutes * bench.of(OF_A_DAY, 2)) / 60.0;
    memory(&sandbox, &long, &format!("{hours:.1} hours"), report)?;
    Ok(std::fs::remove_file(long)?)
}

fn memory(sandbox: &Sandbox, file: &Path, length: &str, report: &mut Report) -> Outcome<()> {
    Report::doing(&format!("memory of a waveform of {length}"))?;
    let metadata = sandbox.inspect(file, MediaType::Mp3)?;
    let watch = Watch::start(std::process::id());
    sandbox.derive(file, &metadata, Order::Waveform)?;
    let Peaks { child, children, .. } = watch.peaks();
    report.add(Row {
        what: format!("peak memory of the waveform of {length} of MP3"),
        ours: format!("{:.1} MiB; with its supervisor {:.1} MiB", mebibytes(child), mebibytes(children)),
        peer: "–".to_owned(),
        ratio: "–".to_owned(),
        wanted: "≤ 32 MiB",
    })
}

/// The same file so many times: frames of MP3 follow each other.
fn repeat(file: &Path, into: &Path, times: u32) -> Outcome<()> {
    let (mut file, mut into) = (File::open(file)?, File::create(into)?);
    for _ in 0..times {
        file.rewind()?;
        copy(&mut file, &mut into)?;
    }
    Ok(())
}
