//! Sound, heard once from its beginning to its end in bounded memory: peaks for drawing it, its loudness, its silence.

mod decode;
mod drawing;
mod listen;
mod loudness;
mod peaks;
mod wav;

pub(crate) use decode::hear;
pub(crate) use drawing::draw;
pub(crate) use listen::Heard;
pub(crate) use wav::hear_wav;

/// Where samples come from: interleaved, on a scale to 32,768.
trait Samples {
    /// Some more, from the beginning of the buffer; 0 only after the last.
    fn read(&mut self, samples: &mut [f32]) -> std::io::Result<usize>;
}

/// What is to be known of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Format {
    channels: usize,
    /// In hertz.
    rate: u32,
}

/// Beyond these no sound is heard: memory grows with both.
const MOST_CHANNELS: usize = 64;
const MOST_RATE: u32 = 1_000_000;

impl Format {
    /// `None` for what no sound has.
    fn checked(channels: usize, rate: u32) -> Option<Self> {
        let good = (1..=MOST_CHANNELS).contains(&channels) && (1..=MOST_RATE).contains(&rate);
        good.then_some(Self { channels, rate })
    }
}
