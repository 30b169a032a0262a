//! Peaks: for each stretch of sound the lowest and the highest sample of all channels, to draw it by.
//!
//! The layout of version 2 is that of audiowaveform, `doc/DataFormat.md` of its repository (bbc/audiowaveform).

use std::fmt::Write as _;

/// Sample frames that make a point, as long as these are not too many.
const FINEST: u32 = 256;

/// Most points that are kept: two hours at 44,100 Hz are a quarter of it. When there are more, each two become one.
const MOST_POINTS: usize = 1 << 19;

/// The lowest and the highest sample of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) low: i16,
    pub(crate) high: i16,
}

impl Extent {
    /// Of no sample.
    pub(super) const NONE: Self = Self { low: i16::MAX, high: i16::MIN };

    pub(super) fn with(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// As 8-bit samples: the upper half of each.
    fn bytes(self) -> [i8; 2] {
        [self.low.to_be_bytes()[0].cast_signed(), self.high.to_be_bytes()[0].cast_signed()]
    }
}

/// The lowest and the highest of samples on a scale to 32,768.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reach {
    pub(super) low: f32,
    pub(super) high: f32,
}

impl Reach {
    pub(super) fn of(samples: &[f32]) -> Self {
        // Side by side, which is faster by as much.
        const LANES: usize = 16;
        let (lanes, rest) = samples.as_chunks::<LANES>();
        let (mut low, mut high) = ([f32::MAX; LANES], [f32::MIN; LANES]);
        for samples in lanes {
            for lane in 0..LANES {
                low[lane] = if samples[lane] < low[lane] { samples[lane] } else { low[lane] };
                high[lane] = if samples[lane] > high[lane] { samples[lane] } else { high[lane] };
            }
        }
        let low = low.iter().chain(rest).copied().fold(f32::MAX, f32::min);
        let high = high.iter().chain(rest).copied().fold(f32::MIN, f32::max);
        Self { low, high }
    }

    /// As 16-bit samples; louder ones are cut off.
    #[expect(clippy::cast_possible_truncation, reason = "what is too much becomes the most there is")]
    pub(super) fn rounded(self) -> Extent {
        Extent { low: self.low.round() as i16, high: self.high.round() as i16 }
    }
}

/// The peaks of sound at one resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peaks {
    /// Sample frames that make a point.
    per_point: u32,
    /// In hertz.
    rate: u32,
    points: Vec<Extent>,
}

/// Peaks while they are found. Their memory does not grow with the sound.
#[derive(Debug)]
pub(super) struct PeakFinder {
    peaks: Peaks,
    most: usize,
    /// The point under way, and how many sample frames it has.
    open: Extent,
    frames: u32,
}

impl PeakFinder {
    pub(super) fn new(rate: u32) -> Self {
        Self::with_most(rate, MOST_POINTS)
    }

    fn with_most(rate: u32, most: usize) -> Self {
        let peaks = Peaks { per_point: FINEST, rate, points: Vec::new() };
        Self { peaks, most, open: Extent::NONE, frames: 0 }
    }

    /// How many sample frames the point under way still takes.
    pub(super) fn missing(&self) -> u32 {
        self.peaks.per_point - self.frames
    }

    /// So many more sample frames, at most [`Self::missing`], which extend so far.
    pub(super) fn add(&mut self, frames: u32, extent: Extent) {
        self.open = self.open.with(extent);
        self.frames += frames;
        if self.frames >= self.peaks.per_point {
            self.close();
        }
    }

    fn close(&mut self) {
        self.peaks.points.push(self.open);
        (self.open, self.frames) = (Extent::NONE, 0);
        if self.peaks.points.len() >= self.most {
            self.peaks = self.peaks.coarser();
        }
    }

    pub(super) fn finish(mut self) -> Peaks {
        if self.frames > 0 {
            self.close();
        }
        self.peaks
    }
}

impl Peaks {
    pub(crate) fn points(&self) -> &[Extent] {
        &self.points
    }

    /// Each two points as one.
    #[must_use]
    pub(crate) fn coarser(&self) -> Self {
        let pair = |pair: &[Extent]| pair.iter().copied().fold(Extent::NONE, Extent::with);
        Self { per_point: self.per_point * 2, rate: self.rate, points: self.points.chunks(2).map(pair).collect() }
    }

    /// With so many points at most.
    #[must_use]
    pub(crate) fn at_most(&self, points: usize) -> Self {
        let mut peaks = self.clone();
        while peaks.points.len() > points.max(1) {
            peaks = peaks.coarser();
        }
        peaks
    }

    /// In audiowaveform's binary layout, version 2: one channel of 8-bit samples.
    pub(crate) fn binary(&self) -> Vec<u8> {
        const VERSION: u32 = 2;
        const EIGHT_BIT: u32 = 1;
        const CHANNELS: u32 = 1;
        let length = u32::try_from(self.points.len()).unwrap_or(u32::MAX);
        let header = [VERSION, EIGHT_BIT, self.rate, self.per_point, length, CHANNELS];
        let samples = self.points.iter().flat_map(|point| point.bytes().map(i8::cast_unsigned));
        header.into_iter().flat_map(u32::to_le_bytes).chain(samples).collect()
    }

    /// In audiowaveform's JSON layout, version 2.
    pub(crate) fn json(&self) -> String {
        let mut json = format!(
            r#"{{"version":2,"channels":1,"sample_rate":{},"samples_per_pixel":{},"bits":8,"length":{},"data":["#,
            self.rate,
            self.per_point,
            self.points.len()
        );
        for (index, sample) in self.points.iter().flat_map(|point| point.bytes()).enumerate() {
            let comma = if index > 0 { "," } else { "" };
            // Writing to a text does not fail.
            write!(json, "{comma}{sample}").ok();
        }
        json.push_str("]}");
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(samples: &[i16], most: usize, step: usize) -> Peaks {
        let mut finder = PeakFinder::with_most(8000, most);
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(step).min(finder.missing() as usize));
            let samples: Vec<_> = now.iter().map(|sample| f32::from(*sample)).collect();
            finder.add(u32::try_from(now.len()).unwrap(), Reach::of(&samples).rounded());
            rest = later;
        }
        finder.finish()
    }

    fn ramp(length: i16) -> Vec<i16> {
        (0..length).map(|sample| sample.wrapping_mul(37)).collect()
    }

    #[test]
    fn a_point_holds_the_lowest_and_the_highest_sample_however_they_come() {
        let samples = ramp(1000);
        let extents: Vec<_> = samples
            .chunks(256)
            .map(|chunk| Extent { low: *chunk.iter().min().unwrap(), high: *chunk.iter().max().unwrap() })
            .collect();
        for step in [1, 100, 256, 1000] {
            assert_eq!(found(&samples, 100, step).points, extents);
        }
    }

    #[test]
    fn what_is_louder_than_full_scale_is_cut_off() {
        let samples = [-1e9, 40_000.0, 0.4];
        assert_eq!(Reach::of(&samples).rounded(), Extent { low: i16::MIN, high: i16::MAX });
        assert_eq!(Reach::of(&[0.4, -0.6]).rounded(), Extent { low: -1, high: 0 });
    }

    #[test]
    fn many_points_become_few_and_forget_no_peak() {
        let samples = ramp(30_000);
        let peaks = found(&samples, 16, 256);
        assert!(peaks.points.len() <= 16 && peaks.per_point == 2048, "{peaks:?}");
        assert_eq!(peaks.points, found(&samples, 1000, 256).at_most(15).points);
    }

    #[test]
    fn the_binary_layout_is_that_of_version_2() {
        let peaks = found(&[-32768, 32767, 255, -1], 100, 4);
        let mut expected: Vec<u8> = [2, 1, 8000, 256, 1, 1].into_iter().flat_map(u32::to_le_bytes).collect();
        expected.extend([0x80, 0x7f]);
        assert_eq!(peaks.binary(), expected);
    }

    #[test]
    fn the_json_layout_is_that_of_version_2() {
        let json: serde_json::Value = serde_json::from_str(&found(&ramp(600), 100, 256).json()).unwrap();
        let expected = serde_json::json!({
            "version": 2, "channels": 1, "sample_rate": 8000, "samples_per_pixel": 256, "bits": 8, "length": 3,
            "data": [0, 36, 37, 73, 74, 86],
        });
        assert_eq!(json, expected);
    }
}
