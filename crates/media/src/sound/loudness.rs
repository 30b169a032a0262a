//! Integrated loudness by EBU R 128, which is ITU-R BS.1770-4: K-weighting, blocks of 400 ms at steps of 100 ms, a gate.
//!
//! The filters run over several stretches of the sound at once, one in each lane, which is several times faster than one
//! after the other: each stretch begins with the end of the one before it, until its filters have forgotten that they
//! began in silence.

use std::f64::consts::PI;

/// Values that are filtered at once: several channels of several stretches.
const LANES: usize = 8;

/// Steps of 100 ms in a stretch.
const STEPS: usize = 8;

/// Steps in a block whose loudness is gated.
const BLOCK: usize = 4;

/// How long the filters remember, in seconds: the slower of them falls by 70 dB.
const MEMORY: f64 = 0.045;

/// Quieter blocks do not count, in LUFS.
const ABSOLUTE_GATE: f64 = -70.0;

/// Nor do blocks that are so much quieter than the others, in LU.
const RELATIVE_GATE: f64 = -10.0;

/// Blocks are counted by loudness, in bins so wide, in LU: their number does not grow with the sound.
const BIN: f64 = 0.001;
const BINS: usize = 100_000;

/// Loudness while it is measured.
#[derive(Debug)]
pub(super) struct Meter {
    head: Biquad,
    high_pass: Biquad,
    weights: Vec<f64>,
    /// Sample frames of a step, and of what goes before a stretch.
    step: usize,
    before: usize,
    /// The energy of the last steps, the newest last.
    recent: [f64; BLOCK],
    steps: u64,
    /// How many blocks of each loudness there were, and their energy.
    bins: Vec<(u64, f64)>,
}

impl Meter {
    /// For channels in their usual order. `None` for more than there are lanes.
    pub(super) fn new(channels: usize, rate: u32) -> Option<Self> {
        let weights = weights(channels)?;
        let rate_hz = f64::from(rate);
        // Both are the standard's filters for 48,000 Hz, brought to any rate by their analogue originals.
        let (head, high_pass) = (Biquad::shelf(rate_hz), Biquad::high_pass(rate_hz));
        let step = (rate as usize + 5) / 10;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is at most a million")]
        let before = (MEMORY * rate_hz).ceil() as usize;
        Some(Self {
            head,
            high_pass,
            weights,
            step,
            before,
            recent: [0.0; BLOCK],
            steps: 0,
            bins: vec![(0, 0.0); BINS],
        })
    }

    fn channels(&self) -> usize {
        self.weights.len()
    }

    fn stretches(&self) -> usize {
        LANES / self.channels()
    }

    /// Sample frames to be given at once.
    pub(super) fn batch(&self) -> usize {
        self.stretches() * STEPS * self.step
    }

    /// Sample frames to be given again, before each batch: silence at first.
    pub(super) fn before(&self) -> usize {
        self.before
    }

    /// Hears a batch, behind what goes before it: interleaved samples. Of a last batch the rest is silence, and only so
    /// many sample frames count.
    pub(super) fn hear(&mut self, samples: &[f32], frames: usize) {
        let energies = match self.channels() {
            1 => self.filter::<1>(samples),
            2 => self.filter::<2>(samples),
            3 => self.filter::<3>(samples),
            4 => self.filter::<4>(samples),
            5 => self.filter::<5>(samples),
            6 => self.filter::<6>(samples),
            7 => self.filter::<7>(samples),
            _ => self.filter::<8>(samples),
        };
        for energy in energies.into_iter().take(frames / self.step) {
            self.count(energy);
        }
    }

    /// The weighted energy of each step, all stretches side by side.
    fn filter<const CHANNELS: usize>(&self, samples: &[f32]) -> Vec<f64> {
        let (frames, _) = samples.as_chunks::<CHANNELS>();
        let length = STEPS * self.step;
        let stretches = LANES / CHANNELS;
        let mut energies = vec![0.0; stretches * STEPS];
        let mut lanes = Lanes::new(self.head, self.high_pass);
        let at = |frame: usize| {
            let mut values = [0.0; LANES];
            for (stretch, values) in values.chunks_exact_mut(CHANNELS).enumerate() {
                let samples = frames.get(stretch * length + frame).unwrap_or(&[0.0; CHANNELS]);
                values.copy_from_slice(samples);
            }
            values
        };
        for frame in 0..self.before {
            lanes.pass(at(frame));
        }
        for step in 0..STEPS {
            let first = self.before + step * self.step;
            // Few enough for a sum of single precision.
            let mut sums = [0.0f64; LANES];
            for begin in (first..first + self.step).step_by(64) {
                let mut some = [0.0f32; LANES];
                for frame in begin..(begin + 64).min(first + self.step) {
                    let out = lanes.pass(at(frame));
                    for (sum, value) in some.iter_mut().zip(out) {
                        *sum += value * value;
                    }
                }
                for (sum, some) in sums.iter_mut().zip(some) {
                    *sum += f64::from(some);
                }
            }
            for (stretch, sums) in sums.chunks_exact(CHANNELS).enumerate() {
                energies[stretch * STEPS + step] =
                    sums.iter().zip(&self.weights).map(|(sum, weight)| sum * weight).sum();
            }
        }
        energies
    }

    /// One more step: with those before it, it may make a block.
    fn count(&mut self, energy: f64) {
        self.recent.rotate_left(1);
        self.recent[BLOCK - 1] = energy;
        self.steps += 1;
        if self.steps < BLOCK as u64 {
            return;
        }
        let full_scale = f64::from(i16::MIN).powi(2);
        #[expect(clippy::cast_precision_loss, reason = "a block has far fewer sample frames")]
        let mean = self.recent.iter().sum::<f64>() / full_scale / (BLOCK * self.step) as f64;
        let place = (loudness(mean) - ABSOLUTE_GATE) / BIN;
        if place >= 0.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is not negative, and too much is most"
            )]
            let (count, sum) = &mut self.bins[(place as usize).min(BINS - 1)];
            *count += 1;
            *sum += mean;
        }
    }

    /// In LUFS; `None` when all of it was silent, or too short.
    pub(super) fn finish(self) -> Option<f64> {
        let all = mean(&self.bins)?;
        let gate = ((loudness(all) + RELATIVE_GATE - ABSOLUTE_GATE) / BIN).max(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is not negative, and too much is most"
        )]
        let first = (gate as usize).min(BINS - 1);
        mean(&self.bins[first..]).map(loudness)
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are not so many blocks in a life")]
fn mean(bins: &[(u64, f64)]) -> Option<f64> {
    let (count, sum) = bins.iter().fold((0, 0.0), |(count, sum), bin| (count + bin.0, sum + bin.1));
    (count > 0).then(|| sum / count as f64)
}

/// Of an energy, in LUFS.
fn loudness(mean: f64) -> f64 {
    10.0 * mean.log10() - 0.691
}

/// What each channel counts: those behind more, the one of low frequencies nothing. The order is that of WAV.
fn weights(channels: usize) -> Option<Vec<f64>> {
    const BEHIND: f64 = 1.41;
    Some(match channels {
        1..=3 => vec![1.0; channels],
        4 => vec![1.0, 1.0, BEHIND, BEHIND],
        5 => vec![1.0, 1.0, 1.0, BEHIND, BEHIND],
        6 => vec![1.0, 1.0, 1.0, 0.0, BEHIND, BEHIND],
        7 => vec![1.0, 1.0, 1.0, 0.0, BEHIND, BEHIND, BEHIND],
        8 => vec![1.0, 1.0, 1.0, 0.0, BEHIND, BEHIND, BEHIND, BEHIND],
        _ => return None,
    })
}

/// A filter of second order; the first coefficient of its feedback is 1.
#[derive(Clone, Copy, Debug)]
struct Biquad {
    forward: [f32; 3],
    back: [f32; 2],
}

#[expect(clippy::cast_possible_truncation, reason = "single precision is meant")]
impl Biquad {
    /// The first stage of the K-weighting: the head.
    fn shelf(rate: f64) -> Self {
        let (frequency, gain, q): (f64, f64, f64) =
            (1_681.974_450_955_533, 3.999_843_853_973_347, 0.707_175_236_955_419_6);
        let k = (PI * frequency / rate).tan();
        let high = 10f64.powf(gain / 20.0);
        let band = high.powf(0.499_666_774_154_541_6);
        let a0 = 1.0 + k / q + k * k;
        let forward = [high + band * k / q + k * k, 2.0 * (k * k - high), high - band * k / q + k * k];
        Self { forward: forward.map(|b| (b / a0) as f32), back: Self::back(k, q, a0) }
    }

    /// The second: low frequencies do not count.
    fn high_pass(rate: f64) -> Self {
        let (frequency, q): (f64, f64) = (38.135_470_876_024_44, 0.500_327_037_323_877_3);
        let k = (PI * frequency / rate).tan();
        Self { forward: [1.0, -2.0, 1.0], back: Self::back(k, q, 1.0 + k / q + k * k) }
    }

    fn back(k: f64, q: f64, a0: f64) -> [f32; 2] {
        [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0].map(|a| a as f32)
    }
}

/// Both filters, for all lanes: transposed direct form II.
struct Lanes {
    head: Biquad,
    high_pass: Biquad,
    memory: [[f32; LANES]; 4],
}

impl Lanes {
    fn new(head: Biquad, high_pass: Biquad) -> Self {
        Self { head, high_pass, memory: [[0.0; LANES]; 4] }
    }

    #[inline]
    fn pass(&mut self, mut values: [f32; LANES]) -> [f32; LANES] {
        let Self { head: Biquad { forward, back }, high_pass: Biquad { back: slow, .. }, memory } = self;
        let [first, second, third, fourth] = memory;
        for lane in 0..LANES {
            let value = values[lane];
            let out = forward[0] * value + first[lane];
            first[lane] = forward[1] * value - back[0] * out + second[lane];
            second[lane] = forward[2] * value - back[1] * out;
            // The high pass goes forward by 1, -2 and 1.
            let value = out;
            let out = value + third[lane];
            third[lane] = fourth[lane] - (value + value) - slow[0] * out;
            fourth[lane] = value - slow[1] * out;
            values[lane] = out;
        }
        values
    }
}
