//! What the supervisor makes of what a tool writes: few bytes of many.

use std::io;
use std::process::{Child, ExitCode};

use super::answer::Answer;
use super::supervisor::{Followed, ending};
use super::{Job, NO_SANDBOX};
use crate::processor::Reason;
use crate::sound::{Heard, draw, listen};
use crate::{PictureFormat, encode};

/// Points of the peaks as JSON, which takes more room and is for an overview.
const JSON_POINTS: usize = 1 << 14;

/// Points of the coarsest peaks, about: each level has a quarter of the points of the one before it.
const LEAST_POINTS: usize = 1 << 10;

/// Reads the tool's output to its end, and answers.
pub(super) fn reduce(job: &Job, pipe: Followed, worker: &mut Child) -> io::Result<ExitCode> {
    let answer = Answer::new(io::stdout().lock());
    let reduced = match job {
        Job::Listen(_) => listen(pipe).map(|heard| heard.map(|heard| move |answer| tell(&heard, answer))),
        Job::Explore | Job::Decode { .. } | Job::Run(_) => return Ok(ExitCode::from(NO_SANDBOX)),
    };
    let status = worker.wait()?;
    match reduced {
        Ok(Some(tell)) => tell(answer)?,
        // What a signal ended told nothing of the file.
        _ if !status.success() && status.code().is_none_or(|code| code == i32::from(NO_SANDBOX)) => {
            return Ok(ending(status));
        }
        Ok(None) => answer.refused(Reason::NoSound)?,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => answer.refused(Reason::Damaged)?,
        Err(error) => return Err(error),
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(heard: &Heard, mut answer: Answer<io::StdoutLock<'_>>) -> io::Result<()> {
    let mut peaks = heard.peaks.clone();
    answer.made("waveform.dat", &peaks.binary())?;
    answer.made("waveform.json", peaks.at_most(JSON_POINTS).json().as_bytes())?;
    let mut factor = 4;
    while peaks.points().len() > LEAST_POINTS {
        peaks = peaks.coarser().coarser();
        answer.made(&format!("waveform-x{factor}.dat"), &peaks.binary())?;
        factor *= 4;
    }
    if let Some(picture) = draw(&heard.peaks) {
        let picture = encode(&picture, PictureFormat::Webp).map_err(io::Error::other)?;
        answer.made("waveform.webp", &picture)?;
    }
    answer.sound(heard.facts)?;
    answer.done()
}
