//! Real files with something wrong in them.

use super::chance::Chance;
use super::{Hostile, Seed, hostile};

/// Headers and indexes are at the ends: most harm is done there.
const ENDS: usize = 1000;

/// Each seed cut off, at so many places.
pub(super) fn cut(seeds: &[Seed], places: usize) -> Vec<Hostile> {
    let at = |seed: &Seed, place: usize| seed.bytes.len() * (place + 1) / (places + 1);
    let cut =
        |seed: &Seed, place| hostile(format!("cut-{place}-{}", seed.name), seed.bytes[..at(seed, place)].to_vec());
    seeds.iter().flat_map(|seed| (0..places).map(move |place| cut(seed, place))).collect()
}

/// Seeds with bits flipped, numbers made large, pieces doubled or cut off: each seed in its turn, without end.
pub(crate) struct Mutants<'a> {
    seeds: &'a [Seed],
    chance: Chance,
    made: usize,
}

impl<'a> Mutants<'a> {
    pub(crate) const fn new(seeds: &'a [Seed], number: u64) -> Self {
        Self { seeds, chance: Chance::new(number), made: 0 }
    }

    fn place(&mut self, length: usize) -> usize {
        match self.chance.below(4) {
            0 => self.chance.below(length),
            1 => length - 1 - self.chance.below(length.min(ENDS)),
            _ => self.chance.below(length.min(ENDS)),
        }
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        match self.chance.below(6) {
            // Nobody can upload nothing.
            0 => bytes.truncate(1 + self.place(bytes.len())),
            1 => {
                let (at, value) = (self.place(bytes.len()), [0, 0x7F, 0x80, 0xFF][self.chance.below(4)]);
                let many = 1 << self.chance.below(4);
                bytes.iter_mut().skip(at).take(many).for_each(|byte| *byte = value);
            }
            2 => {
                let (from, size) = (self.place(bytes.len()), self.chance.below(64));
                let piece: Vec<_> = bytes[from..].iter().take(size).copied().collect();
                let at = self.place(bytes.len());
                bytes.splice(at..at, piece);
            }
            _ => {
                for _ in 0..=self.chance.below(8) {
                    let at = self.place(bytes.len());
                    bytes[at] ^= 1 << self.chance.below(8);
                }
            }
        }
    }
}

impl Iterator for Mutants<'_> {
    type Item = Hostile;

    fn next(&mut self) -> Option<Hostile> {
        let seed = self.seeds.get(self.made % self.seeds.len().max(1))?;
        let mut bytes = seed.bytes.clone();
        self.mutate(&mut bytes);
        self.made += 1;
        Some(hostile(format!("{}-{}", self.made, seed.name), bytes))
    }
}
