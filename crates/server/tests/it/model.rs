//! Random operations of two clients on one server, with restarts and jumps of the clock, each answer compared with what
//! a small model of the library says. A difference is printed with its seed, the steps before it, and the shortest run
//! in which it still happens.
//!
//! `MODEL_SEED` and `MODEL_OPERATIONS` choose another run; the test named `torture` has a long form with `TORTURE=1`.

mod actions;
mod archives;
mod content;
mod driver;
mod expect;
mod folders;
mod imports;
mod looking;
mod operations;
mod origin;
mod reference;
mod rehearsing;
mod resumable;
mod retrying;
mod telling;
mod tus;
mod uploading;
mod words;
mod zips;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use actions::Step;
use driver::{Difference, Driver};
use operations::Generator;

/// How many steps apart everything that can be seen is looked at, and every byte and counter is verified.
const LOOK: usize = 50;
const VERIFY: usize = 200;
/// How long the search for a shorter run may take.
const SHRINK: Duration = Duration::from_mins(2);
/// How many steps before a difference are printed.
const SHOWN: usize = 30;

/// What a run of so many operations must have met, or its generator has become too tame to find anything.
const MUST_MEET_IN: usize = 500;
const MUST_MEET: &[(&str, &[u16])] = &[
    ("POST /v2/media/file", &[200, 400, 403, 409]),
    ("PUT upload", &[200, 403]),
    ("POST raw", &[200, 403, 409]),
    ("POST form", &[200]),
    ("PUT /v2/media", &[200, 400, 409]),
    ("PUT /v2/media/folder", &[200, 400]),
    ("DELETE /v2/media", &[200]),
    ("DELETE /v2/media/file", &[200]),
    ("DELETE /v2/media/folder", &[200, 400]),
    ("known bytes", &[200]),
    ("POST uploads", &[201, 400, 403, 409]),
    ("PATCH uploads", &[204, 409, 413]),
    ("HEAD uploads", &[200]),
    ("DELETE uploads", &[204]),
    ("import", &[202, 400, 403, 409]),
    ("unpack", &[200]),
    ("ZIP", &[200, 400]),
    ("under a key", &[200, 400]),
    ("under a key again", &[200, 422]),
    ("rehearsal", &[200]),
    ("rehearsed", &[200]),
    ("rehearsal of files", &[200]),
    ("rehearsed files", &[200]),
];

/// And what a longer one must.
const MUST_MEET_LATER_IN: usize = 5000;
const MUST_MEET_LATER: &[(&str, &[u16])] = &[
    ("POST /v2/media/file", &[413]),
    ("POST raw", &[413]),
    ("PUT /v2/media/file", &[200, 400]),
    ("PUT /v2/media/folder", &[409]),
    ("DELETE /v2/media", &[400]),
    ("DELETE /v2/media/file", &[400]),
    ("POST uploads", &[413, 429]),
    ("PATCH uploads", &[400, 403, 404, 460]),
    ("HEAD uploads", &[404]),
    ("import", &[413, 429]),
    ("import under way", &[200]),
    ("unpack", &[400]),
    ("rehearsed", &[409]),
    ("rehearsal of files", &[400, 403, 409]),
];

fn must_have_met(met: &BTreeMap<(String, u16), usize>, operations: usize) {
    let lists = [(MUST_MEET_IN, MUST_MEET), (MUST_MEET_LATER_IN, MUST_MEET_LATER)];
    let wanted = lists.into_iter().filter(|(least, _)| operations >= *least).flat_map(|(_, list)| list);
    let wanted = wanted.flat_map(|(request, statuses)| statuses.iter().map(|status| ((*request).to_owned(), *status)));
    let missed: Vec<_> = wanted.filter(|answer| !met.contains_key(answer)).collect();
    assert!(missed.is_empty(), "never met: {missed:?}; met: {met:#?}");
}

/// A run that found a difference.
struct Found {
    steps: Vec<Step>,
    difference: Difference,
}

async fn one_step(driver: &mut Driver, step: &Step, index: usize) -> Result<(), Difference> {
    driver.step(step).await?;
    if index % LOOK == LOOK - 1 || matches!(step, Step::Restart) {
        driver.check_everything().await?;
    }
    if index % VERIFY == VERIFY - 1 {
        driver.verify().await?;
    }
    Ok(())
}

async fn end(mut driver: Driver) -> Result<(), Difference> {
    driver.go_on().await;
    let looked = driver.check_everything().await;
    let verified = driver.verify().await;
    match looked.and(verified) {
        Ok(()) => driver.finish().await,
        Err(difference) => {
            driver.abandon().await;
            return Err(difference);
        }
    }
    Ok(())
}

/// Does so many operations out of a seed.
async fn run(seed: u64, operations: usize) -> Result<(), Found> {
    let (mut generator, mut driver) = (Generator::new(seed), Driver::start().await);
    let (mut steps, mut done) = (Vec::new(), 0);
    while done < operations {
        let step = generator.step(&driver.libraries);
        done += if let Step::Acts(acts) = &step { acts.len() } else { 1 };
        steps.push(step);
        if let Err(difference) = one_step(&mut driver, &steps[steps.len() - 1], steps.len() - 1).await {
            driver.abandon().await;
            return Err(Found { steps, difference });
        }
    }
    must_have_met(&driver.met(), operations);
    Box::pin(end(driver)).await.map_err(|difference| Found { steps, difference })
}

/// Does these steps, and looks at everything after the last.
async fn replay(steps: &[Step]) -> Option<Found> {
    let mut driver = Driver::start().await;
    for (index, step) in steps.iter().enumerate() {
        if let Err(difference) = one_step(&mut driver, step, index).await {
            driver.abandon().await;
            return Some(Found { steps: steps[..=index].to_vec(), difference });
        }
    }
    let difference = Box::pin(end(driver)).await.err()?;
    Some(Found { steps: steps.to_vec(), difference })
}

/// Leaves out whatever can be left out: halves first, single steps last.
async fn shrink(mut found: Found) -> Found {
    let begun = Instant::now();
    let mut width = found.steps.len().div_ceil(2);
    while width > 0 {
        let (mut at, mut shorter) = (0, false);
        while at < found.steps.len() {
            if begun.elapsed() > SHRINK {
                return found;
            }
            let rest = found.steps.iter().enumerate().filter(|(index, _)| !(at..at + width).contains(index));
            let rest: Vec<Step> = rest.map(|(_, step)| step.clone()).collect();
            match Box::pin(replay(&rest)).await {
                Some(other) => (found, shorter) = (other, true),
                None => at += width,
            }
        }
        width = if width == 1 && shorter { 1 } else { width / 2 };
    }
    found
}

#[expect(clippy::print_stdout, reason = "what a test prints is its report")]
async fn must_agree(seed: u64, operations: usize) {
    let Err(found) = Box::pin(run(seed, operations)).await else { return };
    let (count, from) = (found.steps.len(), found.steps.len().saturating_sub(SHOWN));
    println!("seed {seed}: step {count} differs; MODEL_SEED={seed} MODEL_OPERATIONS={operations} repeats it");
    for (index, step) in found.steps.iter().enumerate().skip(from) {
        println!("{:5} {step:?}", index + 1);
    }
    println!("{}\n", found.difference);
    let shortest = shrink(found).await;
    println!("the shortest run found:");
    for step in &shortest.steps {
        println!("      {step:?}");
    }
    panic!("the server is not as the model says (seed {seed}, step {count}):\n{}", shortest.difference);
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// The run that the environment chooses, or this one.
async fn agree(seed: u64, operations: usize) {
    let chosen = number("MODEL_OPERATIONS").map(|operations| usize::try_from(operations).unwrap());
    must_agree(number("MODEL_SEED").unwrap_or(seed), chosen.unwrap_or(operations)).await;
}

/// A statement of SQLite costs less than one of PostgreSQL here, and so does a file less than an object.
fn in_this_world(small: usize, large: usize) -> usize {
    if std::env::var("TEST_WORLD").is_ok_and(|world| world == "large") { large } else { small }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_answers_as_the_model_does() {
    agree(1, in_this_world(1000, 200)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_answers_as_the_model_does_on_other_days() {
    agree(5, in_this_world(1000, 150)).await;
}

/// With `TORTURE=1`: 100,000 operations, a fresh server and another seed after every 5,000.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_answers_as_the_model_does_under_torture() {
    if std::env::var("TORTURE").is_err() {
        return agree(3, in_this_world(200, 50)).await;
    }
    let first = number("MODEL_SEED").unwrap_or(1000);
    let all = usize::try_from(number("MODEL_OPERATIONS").unwrap_or(100_000)).unwrap();
    for (run, done) in (0..all).step_by(5000).enumerate() {
        let seed = first + run as u64;
        must_agree(seed, (all - done).min(5000)).await;
        println!("{} of {all} operations agree (seed {seed})", (done + 5000).min(all));
    }
}
