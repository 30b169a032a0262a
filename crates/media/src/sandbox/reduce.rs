//! What the supervisor makes of what a tool writes: few bytes of many.

use std::io::{self, BufWriter, Read};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitCode};
use std::time::Duration;

use super::answer::Answer;
use super::supervisor::{Followed, ending, wait_for_end};
use super::{Job, NO_SANDBOX};
use crate::processor::Reason;
use crate::sound::{Heard, draw, hear_wav};
use crate::video::{COLUMNS, Frames, choose, index};
use crate::{PictureFormat, PictureLimits, PictureOrder, PictureProblem, Pixels, Size, encode, render_pixels, sprite};

/// Points of the peaks as JSON, which takes more room and is for an overview.
const JSON_POINTS: usize = 1 << 14;

/// Points of the coarsest peaks, about: each level has a quarter of the points of the one before it.
const LEAST_POINTS: usize = 1 << 10;

/// Long sides, in pixels, of the thumbnails of a poster.
const THUMBNAILS: [u32; 3] = [160, 320, 640];

/// How long a tool may take to notice that nobody wants more.
const GRACE: Duration = Duration::from_millis(100);

type Out<'a> = Answer<BufWriter<io::StdoutLock<'a>>>;

/// Reads the tool's output as far as it takes, and answers.
pub(super) fn reduce(job: &Job, mut worker: Child, ended: &OwnedFd) -> io::Result<ExitCode> {
    let (Some(pixels), times) = (worker.stdout.take().map(Followed), worker.stderr.take().map(Followed)) else {
        return Ok(ExitCode::from(NO_SANDBOX));
    };
    let mut answer = Answer::new(BufWriter::new(io::stdout().lock()));
    let made = match (job, times) {
        (Job::Listen(_), _) => {
            hear_wav(pixels).and_then(|heard| heard.map(|heard| tell(&heard, &mut answer)).transpose())
        }
        (Job::Still { size, order, limits, .. }, Some(times)) => Frames::new(*size, pixels, times)
            .next()
            .transpose()
            .and_then(|frame| frame.map(|frame| make(frame.pixels, order, limits, &mut answer)).transpose()),
        (Job::Poster { size, wish, .. }, Some(times)) => choose(Frames::new(*size, pixels, times), *wish)
            .and_then(|chosen| chosen.map(|chosen| hang(chosen, &mut answer)).transpose()),
        (Job::Storyboard { size, end_ms, .. }, Some(times)) => {
            lay_out(Frames::new(*size, pixels, times), *size, *end_ms, &mut answer)
        }
        _ => return Ok(ExitCode::from(NO_SANDBOX)),
    };
    match made {
        Ok(Some(())) => {
            answer.done()?;
            // Without its pipes it ends soon. If it does not, it is ended with this process.
            wait_for_end(ended, GRACE)?;
            worker.try_wait()?;
        }
        Ok(None) => return nothing(job, worker, answer),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return nothing(job, worker, answer),
        Err(error) => return Err(error),
    }
    Ok(ExitCode::SUCCESS)
}

/// Why there is nothing.
fn nothing(job: &Job, mut worker: Child, answer: Out<'_>) -> io::Result<ExitCode> {
    let status = worker.wait()?;
    // What a signal ended, or what was never begun, tells nothing of the file.
    if status.code().is_none_or(|code| code == i32::from(NO_SANDBOX)) {
        return Ok(ending(status));
    }
    answer.refused(if matches!(job, Job::Listen(_)) { Reason::NoSound } else { Reason::NoPicture })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn tell(heard: &Heard, answer: &mut Out<'_>) -> io::Result<()> {
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
        answer.made("waveform.webp", &webp(&picture)?)?;
    }
    answer.sound(heard.facts)
}

fn hang(poster: Pixels, answer: &mut Out<'_>) -> io::Result<()> {
    answer.made("poster.webp", &webp(&poster)?)?;
    let order = PictureOrder::Thumbnails { long_sides: THUMBNAILS.to_vec(), preview: false };
    make(poster, &order, &PictureLimits::default(), answer)
}

fn make(pixels: Pixels, order: &PictureOrder, limits: &PictureLimits, answer: &mut Out<'_>) -> io::Result<()> {
    let made = render_pixels(pixels, order, limits, &mut |name, content| answer.made(name, content));
    made.map(drop).map_err(unmade)
}

fn lay_out(
    frames: Frames<impl Read, impl Read>,
    size: Size,
    end_ms: u64,
    answer: &mut Out<'_>,
) -> io::Result<Option<()>> {
    let frames = frames.collect::<io::Result<Vec<_>>>()?;
    let (times, pixels): (Vec<_>, Vec<_>) = frames.into_iter().map(|frame| (frame.time_ms, frame.pixels)).unzip();
    let Some(picture) = sprite(&pixels, COLUMNS) else { return Ok(None) };
    answer.made("storyboard.webp", &webp(&picture)?)?;
    answer.made("storyboard.vtt", index("storyboard.webp", size, &times, end_ms).as_bytes())?;
    Ok(Some(()))
}

fn webp(picture: &Pixels) -> io::Result<Vec<u8>> {
    encode(picture, PictureFormat::Webp).map_err(unmade)
}

/// What is the file's fault is not tried again.
fn unmade(problem: PictureProblem) -> io::Error {
    match problem {
        PictureProblem::Input(error) | PictureProblem::Output(error) => error,
        problem => io::Error::new(io::ErrorKind::InvalidData, problem),
    }
}
