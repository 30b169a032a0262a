use std::io;

use super::loudness::Meter;
use super::peaks::{PeakFinder, Peaks, Reach};
use super::{Format, Samples};
use crate::processor::SoundFacts;

/// Below it, on a scale to 32,768, a sample is silent: −60 dB.
const SILENT: f32 = 32.77;

/// Sample frames read at once when no loudness is measured.
const BATCH: usize = 1 << 15;

/// All that is known of sound that was heard to its end.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) peaks: Peaks,
    pub(crate) facts: SoundFacts,
}

/// Hears sound to its end, in memory that does not grow with it. `None` when there is none.
pub(super) fn listen(mut source: impl Samples, format: Format) -> io::Result<Option<Heard>> {
    let mut meter = Meter::new(format.channels, format.rate);
    let (before, batch) = meter.as_ref().map_or((0, BATCH), |meter| (meter.before(), meter.batch()));
    let Format { channels, .. } = format;
    let mut buffer = vec![0.0; (before + batch) * channels];
    let mut ear = Ear::new(format);
    loop {
        let (_, fresh) = buffer.split_at_mut(before * channels);
        let filled = fill(&mut source, fresh)?;
        fresh[filled..].fill(0.0);
        let frames = filled / channels;
        ear.hear(&fresh[..frames * channels]);
        if let Some(meter) = &mut meter {
            meter.hear(&buffer, frames);
        }
        if frames < batch {
            break;
        }
        buffer.copy_within(batch * channels.., 0);
    }
    Ok(ear.finish(meter.and_then(Meter::finish)))
}

/// Reads until the buffer is full or there is no more.
fn fill(source: &mut impl Samples, buffer: &mut [f32]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// Peaks and silence.
struct Ear {
    format: Format,
    peaks: PeakFinder,
    /// Sample frames until now.
    heard: u64,
    /// The first and the last sample frame that was not silent.
    loud: Option<(u64, u64)>,
}

impl Ear {
    fn new(format: Format) -> Self {
        Self { format, peaks: PeakFinder::new(format.rate), heard: 0, loud: None }
    }

    /// Whole sample frames.
    fn hear(&mut self, mut samples: &[f32]) {
        let channels = self.format.channels;
        while !samples.is_empty() {
            let frames = self.peaks.missing().min(u32::try_from(samples.len() / channels).unwrap_or(u32::MAX));
            let (now, later) = samples.split_at(frames as usize * channels);
            let extent = Reach::of(now);
            if extent.low <= -SILENT || extent.high >= SILENT {
                self.note_loud(now);
            }
            self.peaks.add(frames, extent.rounded());
            self.heard += u64::from(frames);
            samples = later;
        }
    }

    fn note_loud(&mut self, samples: &[f32]) {
        let is_loud = |sample: &f32| sample.abs() >= SILENT;
        let frame = |sample: usize| self.heard + (sample / self.format.channels) as u64;
        let last = samples.iter().rposition(is_loud).map(frame);
        let first = self.loud.map(|(first, _)| first).or_else(|| samples.iter().position(is_loud).map(frame));
        self.loud = first.zip(last);
    }

    fn finish(self, loudness_lufs: Option<f64>) -> Option<Heard> {
        if self.heard == 0 {
            return None;
        }
        let (leading, trailing) = match self.loud {
            Some((first, last)) => (first, self.heard - 1 - last),
            None => (self.heard, self.heard),
        };
        let ms = |frames: u64| frames.saturating_mul(1000) / u64::from(self.format.rate);
        // Finer than that is noise of the meter.
        let loudness_lufs = loudness_lufs.map(|loudness| (loudness * 100.0).round() / 100.0);
        let facts = SoundFacts { loudness_lufs, leading_silence_ms: ms(leading), trailing_silence_ms: ms(trailing) };
        Some(Heard { peaks: self.peaks.finish(), facts })
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::sound::hear_wav;

    const RATE: u32 = 48_000;

    /// A WAV of these sample frames.
    fn wav(channels: u16, rate: u32, samples: impl Iterator<Item = i16>) -> Vec<u8> {
        let mut bytes = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0".to_vec();
        bytes.extend(channels.to_le_bytes());
        bytes.extend(rate.to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend(b"\x10\0data\xff\xff\xff\xff");
        bytes.extend(samples.flat_map(i16::to_le_bytes));
        bytes
    }

    /// The same sine in every channel.
    #[expect(clippy::cast_possible_truncation, reason = "a sample has 16 bits")]
    fn sine(channels: u16, rate: u32, hertz: f64, level_db: f64, seconds: u32) -> impl Iterator<Item = i16> {
        let height = 10f64.powf(level_db / 20.0) * 32767.0;
        let frames = (0..seconds * rate)
            .map(move |frame| ((2.0 * PI * hertz * f64::from(frame) / f64::from(rate)).sin() * height).round() as i16);
        frames.flat_map(move |sample| (0..channels).map(move |_| sample))
    }

    /// Noise whose loudness changes, so that the gates matter, with other samples in each channel.
    fn noise(channels: u16, rate: u32, seconds: u32) -> Vec<i16> {
        let mut state = 1u32;
        (0..seconds * rate * u32::from(channels))
            .map(|at| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let second = at / rate / u32::from(channels);
                let shift = [3, 3, 4, 9, 12, 5][second as usize % 6];
                let [high, low, ..] = state.to_be_bytes();
                i16::from_be_bytes([high, low]) >> shift
            })
            .collect()
    }

    fn heard(bytes: &[u8]) -> Heard {
        hear_wav(bytes).unwrap().unwrap()
    }

    #[test]
    fn a_sine_is_as_loud_as_the_standard_says() {
        // EBU Tech 3341, case 1: a stereo sine of 1,000 Hz at -23.0 dBFS has -23.0 LUFS, give or take 0.1.
        let loudness = heard(&wav(2, RATE, sine(2, RATE, 1000.0, -23.0, 20))).facts.loudness_lufs.unwrap();
        assert!((loudness + 23.0).abs() < 0.1, "{loudness}");
        // Case 2.
        let loudness = heard(&wav(2, RATE, sine(2, RATE, 1000.0, -33.0, 20))).facts.loudness_lufs.unwrap();
        assert!((loudness + 33.0).abs() < 0.1, "{loudness}");
        assert!(loudness.to_string().len() <= "-33.01".len(), "{loudness} is told in hundredths");
        // Case 3: what is far quieter does not count.
        let parts = [(-36.0, 10), (-23.0, 60), (-36.0, 10)];
        let parts = parts.into_iter().flat_map(|(level, seconds)| sine(2, RATE, 1000.0, level, seconds));
        let loudness = heard(&wav(2, RATE, parts)).facts.loudness_lufs.unwrap();
        assert!((loudness + 23.0).abs() < 0.1, "{loudness}");
    }

    #[test]
    fn loudness_is_that_of_another_meter() {
        for (channels, rate) in
            [(1, 8_000), (1, 44_100), (2, 44_100), (2, 48_000), (2, 96_000), (6, 48_000), (8, 22_050)]
        {
            let samples = noise(channels, rate, 13);
            let mut other = ebur128::EbuR128::new(u32::from(channels), rate, ebur128::Mode::I).unwrap();
            if channels == 8 {
                // It knows no more than six by itself.
                let back = [ebur128::Channel::LeftSurround, ebur128::Channel::RightSurround];
                let map = [
                    ebur128::Channel::Left,
                    ebur128::Channel::Right,
                    ebur128::Channel::Center,
                    ebur128::Channel::Unused,
                ];
                other.set_channel_map(&[&map[..], &back, &back].concat()).unwrap();
            }
            other.add_frames_i16(&samples).unwrap();
            let (ours, theirs) = (
                heard(&wav(channels, rate, samples.into_iter())).facts.loudness_lufs.unwrap(),
                other.loudness_global().unwrap(),
            );
            assert!((ours - theirs).abs() < 0.02, "{channels} channels at {rate} Hz: {ours} and {theirs}");
        }
    }

    #[test]
    fn silence_is_measured_at_both_ends() {
        let samples = (0..RATE * 3).map(|frame| if (12_000..RATE * 2).contains(&frame) { 1000 } else { 32 });
        let facts = heard(&wav(1, RATE, samples)).facts;
        assert_eq!((facts.leading_silence_ms, facts.trailing_silence_ms), (250, 1000));
        let facts = heard(&wav(2, RATE, (0..RATE * 2).map(|_| 0))).facts;
        assert_eq!(facts, SoundFacts { loudness_lufs: None, leading_silence_ms: 1000, trailing_silence_ms: 1000 });
    }

    #[test]
    fn a_channel_more_than_are_filtered_is_heard_without_loudness() {
        let heard = heard(&wav(9, RATE, sine(9, RATE, 1000.0, -20.0, 1)));
        assert_eq!((heard.facts.loudness_lufs, heard.peaks.points().len()), (None, 188));
    }

    #[test]
    fn what_ends_within_a_frame_or_before_the_first_is_heard_as_far_as_it_goes() {
        let mut bytes = wav(2, RATE, sine(2, RATE, 1000.0, -20.0, 1));
        bytes.truncate(bytes.len() - 3);
        assert_eq!(heard(&bytes).peaks.points().len(), 188);
        assert!(hear_wav(wav(2, RATE, [].into_iter()).as_slice()).unwrap().is_none());
        assert!(hear_wav([].as_slice()).unwrap().is_none());
    }
}
