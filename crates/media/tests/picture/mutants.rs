//! Damaged pictures give pictures or reasons: no panic, and no more memory than is allowed.

use std::time::Duration;

use tokio::time::Instant;

use reelshelf_media::{Fit, PictureFormat, PictureLimits, PictureOrder};

use crate::support::{Chance, memory_peak, small_files, try_make};

const MEMORY: u64 = 48 << 20;
/// What the test itself, the encoders and the allocator may take beside it.
const BESIDE: u64 = 150 << 20;
/// Longest time for one file of a few kilobytes, with room for a machine that is busy.
const LONGEST: Duration = Duration::from_secs(20);

/// A copy that was cut off, or has flipped bits, other bytes, or a piece that stands twice.
fn damaged(bytes: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    match chance.below(5) {
        0 => copy.truncate(chance.below(bytes.len())),
        1 => {
            let (from, to) = (chance.below(bytes.len()), chance.below(bytes.len()));
            let piece = copy[from.min(to)..from.max(to)].to_vec();
            copy.splice(from..from, piece);
        }
        2 => {
            // Headers are at the front: most harm is done there.
            for _ in 0..=chance.below(3) {
                let at = chance.below(bytes.len().min(100));
                copy[at] = [0, 1, 0x7F, 0x80, 0xFF][chance.below(5)];
            }
        }
        _ => {
            for _ in 0..=chance.below(8) {
                let at = chance.below(bytes.len());
                copy[at] ^= 1 << chance.below(8);
            }
        }
    }
    copy
}

fn survive(mutants: usize) {
    let limits = PictureLimits { pixels: 500_000, frames: 50, metadata_bytes: 1 << 20, memory_bytes: MEMORY };
    let boxed = PictureOrder::Boxed { width: Some(20), height: Some(20), fit: Fit::Cover, format: PictureFormat::Jpeg };
    let mut shown = 0;
    for (name, bytes) in small_files() {
        let mut chance = Chance::new(bytes.len() as u64);
        let mut made = 0;
        for index in 0..mutants {
            let mutant = damaged(&bytes, &mut chance);
            let order = if index % 2 == 0 { boxed.clone() } else { PictureOrder::default() };
            let started = Instant::now();
            match try_make(&mutant, &order, &limits) {
                Ok(results) => {
                    assert!(results.rendered.size.pixels() <= limits.pixels);
                    made += 1;
                }
                Err(problem) => assert!(problem.is_lasting() && problem.to_string().len() < 500, "{problem}"),
            }
            assert!(started.elapsed() < LONGEST, "mutant {index} of {name} took {:?}", started.elapsed());
        }
        shown += usize::from(made > 0);
    }
    // A checksum guards every byte of a PNG: it may be that none of its mutants is a picture.
    assert!(shown > 10, "mutants of only {shown} kinds are still pictures");
    let peak = memory_peak();
    assert!(peak < MEMORY + BESIDE, "{} MiB", peak >> 20);
}

#[test]
fn two_hundred_of_each_kind() {
    survive(200);
}

/// Ten thousand of each kind: minutes, so only where `TORTURE=1` asks for it.
#[test]
fn torture_ten_thousand_of_each_kind() {
    let is_asked = std::env::var_os("TORTURE").is_some_and(|value| value == "1");
    survive(if is_asked { 10_000 } else { 20 });
}
