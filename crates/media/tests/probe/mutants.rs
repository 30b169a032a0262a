use std::env;

use reelshelf_domain::MediaType;
use reelshelf_media::{PROBE_BYTES, inspected, probe, sniff};

use super::counting::Counting;
use super::made::ffprobe;
use super::samples::{SAMPLES, Sample};

/// A generator of numbers that are the same in every run (xorshift64*, Vigna 2016).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}

/// Which bytes of a sample the probe looks at: the others could change without any effect.
fn places(bytes: &[u8], media_type: MediaType) -> Vec<usize> {
    let file = Counting::new(bytes);
    probe(&file, bytes.len() as u64, media_type).unwrap();
    let mut places: Vec<usize> = file.parts_read().into_iter().flatten().collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Breaks a file in one of several ways.
fn mutate(numbers: &mut Numbers, bytes: &mut Vec<u8>, places: &[usize]) {
    let place = |numbers: &mut Numbers| places.get(numbers.below(places.len())).copied().unwrap_or_default();
    match numbers.below(6) {
        0 => bytes.truncate(numbers.below(bytes.len())),
        1 => bytes.truncate(place(numbers)),
        2 => {
            // A number that is as large as can be, or nothing.
            let (at, value) = (place(numbers), if numbers.below(2) == 0 { 0xFF } else { 0 });
            bytes.iter_mut().skip(at).take(1 << numbers.below(4)).for_each(|byte| *byte = value);
        }
        3 => {
            // A part that is there twice, so that all behind it moves.
            let (from, size) = (place(numbers), numbers.below(64));
            let part = bytes[from..].iter().take(size).copied().collect::<Vec<_>>();
            let at = place(numbers);
            bytes.splice(at..at, part);
        }
        _ => {
            for _ in 0..=numbers.below(8) {
                let at = place(numbers);
                bytes[at] ^= 1 << numbers.below(8);
            }
        }
    }
}

/// So many mutants of a type, spread over its samples: whatever they are, the probe answers within its bounds.
fn survive(media_type: MediaType, mutants: usize) {
    let samples: Vec<&Sample> = SAMPLES.iter().filter(|sample| sample.media_type == media_type).collect();
    for (index, sample) in samples.iter().enumerate() {
        let whole = sample.bytes();
        let places = places(&whole, media_type);
        if places.is_empty() {
            continue;
        }
        let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15 ^ (index as u64 + 1));
        for mutant in 0..mutants.div_ceil(samples.len()) {
            let mut bytes = whole.clone();
            mutate(&mut numbers, &mut bytes, &places);
            let file = Counting::new(&bytes);
            // What the bytes are now is what the server would ask for; what they were is harder.
            for media_type in [media_type, sniff(&bytes)] {
                drop(probe(&file, bytes.len() as u64, media_type).unwrap());
            }
            let read = file.bytes_read();
            assert!(read <= 2 * PROBE_BYTES, "{read} bytes of mutant {mutant} of {}", sample.name);
        }
    }
}

fn survive_all(mutants: usize) {
    for media_type in MediaType::ALL {
        survive(*media_type, mutants);
    }
}

#[test]
fn two_hundred_mutants_of_each_kind_are_survived() {
    survive_all(200);
}

/// Ten thousand each, on demand: `TORTURE=1`.
#[test]
fn torture_ten_thousand_mutants_of_each_kind_are_survived() {
    let mutants = if env::var_os("TORTURE").is_some() { 10_000 } else { 20 };
    survive_all(mutants);
}

#[test]
fn broken_reports_of_ffprobe_are_survived() {
    let mut numbers = Numbers(7);
    for name in ["h264.mp4", "tagged.mp3", "motion.gif"] {
        let sample = Sample::named(name);
        let whole = ffprobe(&sample.path(), sample.media_type);
        assert!(inspected(&whole, sample.media_type, 1000).is_ok(), "{name}");
        let places: Vec<usize> = (0..whole.len()).collect();
        for _ in 0..500 {
            let mut report = whole.clone();
            mutate(&mut numbers, &mut report, &places);
            drop(inspected(&report, sample.media_type, 1000));
        }
    }
}
