//! Thumbnails of a photograph. The peers are `vipsthumbnail` and `sharp`, each started for one picture as we are: only
//! the decoding and what follows is measured, not the sandbox around it. CPU time is that of the child processes.

use std::path::{Path, PathBuf};

use crate::machine::{own_cpu_seconds, said};
use crate::numbers::{Rounds, mebibytes};
use crate::report::{Report, Row};
use crate::sandbox::ffmpeg;
use crate::server::command;
use crate::{Bench, Outcome};

/// How often a program runs in a row: the kernel counts its time in hundredths of a second.
const IN_A_ROW: u32 = 5;
const SHARP: &str = "require('sharp')(process.argv[1]).rotate().resize(640, 640, { fit: 'inside' }).webp({ quality: 78 }).toFile(process.argv[2])";

/// One way to make thumbnails.
struct Way<'a> {
    program: &'a Path,
    arguments: Vec<&'a str>,
    /// Where `sharp` is installed.
    modules: Option<PathBuf>,
}

impl Way<'_> {
    /// Seconds of CPU for one picture, and what was said.
    fn cpu(&self) -> Outcome<(f64, String)> {
        let [_, before] = own_cpu_seconds()?;
        let mut said = String::new();
        for _ in 0..IN_A_ROW {
            let mut command = command(self.program);
            command.args(&self.arguments);
            if let Some(modules) = &self.modules {
                command.env("NODE_PATH", modules);
            }
            let output = command.output()?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
            }
            said = String::from_utf8_lossy(&output.stdout).into_owned();
        }
        let [_, after] = own_cpu_seconds()?;
        Ok(((after - before) / f64::from(IN_A_ROW), said))
    }
}

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let folder = bench.empty("pictures")?;
    let release = bench.binary.parent().ok_or("the server lies in no folder")?;
    let ours = release.join("examples/thumbnail");
    let modules = release.parent().unwrap_or(release).join("peers/node_modules");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (photo, large, out, into) = (path("24.jpg"), path("50.jpg"), path("peer.webp"), folder.to_string_lossy());
    Report::doing("making photographs of 24 and 50 megapixels")?;
    photograph("mandelbrot=size=6000x4000", 12, &photo)?;
    photograph("gradients=size=8660x5774:seed=3", 12, &large)?;

    let us = |file, sides| Way { program: &ours, arguments: vec![file, &into, sides], modules: None };
    let (one, all, largest) = (us(&photo, "640"), us(&photo, "160,320,640,1280"), us(&photo, "1280"));
    let out_quality = format!("{out}[Q=78]");
    let [vips, node] = ["vipsthumbnail", "node"].map(Path::new);
    let vips = Way { program: vips, arguments: vec![&photo, "--size", "640", "-o", &out_quality], modules: None };
    let sharp = Way { program: node, arguments: vec!["-e", SHARP, &photo, &out], modules: Some(modules) };
    let vips_version = said(command(vips.program).arg("--vips-version"))?;
    let sharp_version = said(
        command(node)
            .args(["-p", "'sharp ' + require('sharp').versions.sharp"])
            .envs(sharp.modules.as_ref().map(|modules| ("NODE_PATH", modules))),
    )?;
    let [mut one_cpu, mut all_cpu, mut largest_cpu, mut vips_cpu, mut sharp_cpu] = <[Rounds; 5]>::default();
    Report::doing("thumbnails by turns")?;
    for _ in 0..bench.of(9, 1) {
        for (way, rounds) in [
            (&one, &mut one_cpu),
            (&vips, &mut vips_cpu),
            (&sharp, &mut sharp_cpu),
            (&largest, &mut largest_cpu),
            (&all, &mut all_cpu),
        ] {
            rounds.push(way.cpu()?.0 * 1e3);
        }
    }
    for (peer, name, wanted) in [(&vips_cpu, vips_version, "≤ 1.0"), (&sharp_cpu, sharp_version, "≤ 0.5")] {
        report.add(Row {
            what: format!("24-megapixel JPEG to WebP of 640 px, CPU (peer: {name})"),
            ours: one_cpu.show(0, "ms"),
            peer: peer.show(0, "ms"),
            ratio: one_cpu.over(peer).show(2, ""),
            wanted,
        })?;
    }
    report.add(Row {
        what: "all four sizes, CPU (peer: ours of 1,280 px alone)".to_owned(),
        ours: all_cpu.show(0, "ms"),
        peer: largest_cpu.show(0, "ms"),
        ratio: all_cpu.over(&largest_cpu).show(2, ""),
        wanted: "≤ 1.4",
    })?;
    let (_, said) = us(&large, "160,320,640,1280").cpu()?;
    report.add(Row {
        what: "peak memory, all four sizes of a 50-megapixel baseline JPEG".to_owned(),
        ours: format!("{:.1} MiB", peak(&said)?),
        peer: "–".to_owned(),
        ratio: "–".to_owned(),
        wanted: "≤ 64 MiB",
    })
}

/// A noisy picture that ffmpeg draws: as large a file as a camera makes.
pub(super) fn photograph(source: &str, noise: u32, file: &str) -> Outcome<()> {
    let filters = format!("noise=alls={noise}:allf=t,format=yuvj420p");
    ffmpeg(&["-f", "lavfi", "-i", source, "-frames:v", "1", "-vf", &filters, "-q:v", "3", file])
}

/// The peak of memory in MiB, as the program says it about itself.
fn peak(said: &str) -> Outcome<f64> {
    let line = said.lines().find_map(|line| line.strip_prefix("peak memory: ")).ok_or("no peak of memory")?;
    let kib: u64 = line.strip_suffix(" kB").ok_or("the peak is not in kB")?.trim().parse()?;
    Ok(mebibytes(kib * 1024))
}
