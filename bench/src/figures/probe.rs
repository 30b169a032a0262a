//! What a file holds, by its headers alone: how many files it takes no child for, what it costs beside ffprobe, and
//! where the two do not agree. The files are those of the tests: every codec and container that ffmpeg can write here.

#[path = "../../../crates/media/tests/probe/compare.rs"]
mod compare;
#[expect(clippy::unwrap_used, reason = "tests have it too, and fail by panicking")]
#[path = "../../../crates/media/tests/probe/made.rs"]
mod made;
#[expect(clippy::unwrap_used, reason = "tests have it too, and fail by panicking")]
#[path = "../../../crates/media/tests/probe/samples.rs"]
mod samples;

use std::fs::File;

use reelshelf_media::{Metadata, Probe, inspected, probe};

use crate::machine::{own_cpu_seconds, said, thread_cpu};
use crate::numbers::{Rounds, float};
use crate::report::{Report, Row};
use crate::server::command;
use crate::{Bench, Outcome};

use compare::{COMMON, DIFFERENCES, Difference, compared};
use made::ffprobe;
use samples::{SAMPLES, Sample};

/// How often a file is probed in a row.
const IN_A_ROW: u32 = 50;

/// All that was found.
#[derive(Default)]
struct Found {
    common: u64,
    common_known: u64,
    known: u64,
    fields: usize,
    /// The same as lines for people.
    differing: Vec<String>,
    ours: Rounds,
    theirs: Rounds,
}

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Outcome<()> {
    let folder = bench.empty("probe")?;
    Report::doing(&format!("making {} files, and probing them by turns", SAMPLES.len()))?;
    let mut found = Found::default();
    for sample in SAMPLES.iter().step_by(bench.of(1, 8)) {
        let path = sample.path_in(&folder);
        look(sample, &path, &mut found)?;
    }
    let version = said(command("ffprobe").arg("-version"))?;
    let version = version.split(" Copyright").next().unwrap_or_default();
    let files = SAMPLES.len();
    report.add(Row {
        what: format!(
            "common files known without a child (of {}; all kinds: {} of {files})",
            found.common, found.known
        ),
        ours: format!("{:.1} %", float(found.common_known) / float(found.common) * 100.0),
        peer: "–".to_owned(),
        ratio: "–".to_owned(),
        wanted: "≥ 95 %",
    })?;
    report.add(Row {
        what: format!("probe of a file, CPU (peer: {version})"),
        ours: found.ours.show(3, "ms"),
        peer: found.theirs.show(0, "ms"),
        ratio: found.ours.over(&found.theirs).show(4, ""),
        wanted: "≤ 2 ms",
    })?;
    report.add(Row {
        what: format!("fields that agree with {version}; the others are listed below"),
        ours: format!("{} of {}", found.fields - found.differing.len(), found.fields),
        peer: "–".to_owned(),
        ratio: "–".to_owned(),
        wanted: "all",
    })?;
    found.differing.iter().try_for_each(|line| report.note(line))
}

fn look(sample: &Sample, path: &std::path::Path, found: &mut Found) -> Outcome<()> {
    let is_common = COMMON.contains(&sample.media_type);
    found.common += u64::from(is_common);
    let length = std::fs::metadata(path)?.len();
    let before = thread_cpu();
    let mut probed = Probe::Ask;
    for _ in 0..IN_A_ROW {
        probed = probe(&File::open(path)?, length, sample.media_type)?;
    }
    let used = thread_cpu().saturating_sub(before);
    found.ours.push(used.as_secs_f64() * 1e3 / f64::from(IN_A_ROW));
    let [_, before] = own_cpu_seconds()?;
    let said = ffprobe(path, sample.media_type);
    let [_, after] = own_cpu_seconds()?;
    found.theirs.push((after - before) * 1e3);
    let theirs =
        inspected(&said, sample.media_type, length).map_err(|problem| format!("{}: {problem:?}", sample.name))?;
    if let Probe::Known(ours) = probed {
        found.known += 1;
        found.common_known += u64::from(is_common);
        agree(sample, &ours, &theirs, found);
    }
    Ok(())
}

fn agree(sample: &Sample, ours: &Metadata, theirs: &Metadata, found: &mut Found) {
    let (fields, differences) = compared(sample.name, ours, theirs);
    found.fields += fields;
    for Difference { field, ours, theirs, known } in differences {
        let why = known.and_then(|known| DIFFERENCES.get(known)).map_or("unexplained", |(_, _, why)| why);
        let word =
            |value: Option<serde_json::Value>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
        found.differing.push(format!("- `{}` {field}: {}, ffprobe {}: {why}", sample.name, word(ours), word(theirs)));
    }
}
