use std::io::{self, BufRead, BufReader, Read};

use crate::{Layout, Pixels, Size};

/// Longest line about a frame, in bytes.
const LINE_BYTES: u64 = 512;

/// Frames as ffmpeg writes them: the pixels of each on one pipe, a line with its time on the other.
pub(crate) struct Frames<P, T> {
    size: Size,
    layout: Layout,
    pixels: P,
    times: BufReader<T>,
}

/// One frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    /// In milliseconds from where the reading began; less than nothing for what stands before.
    pub(crate) time_ms: i64,
    pub(crate) pixels: Pixels,
}

impl<P: Read, T: Read> Frames<P, T> {
    pub(crate) fn new(size: Size, layout: Layout, pixels: P, times: T) -> Self {
        Self { size, layout, pixels, times: BufReader::new(times) }
    }

    /// `None` after the last whole one.
    fn read(&mut self) -> io::Result<Option<Frame>> {
        let bytes = self.size.pixels() * self.layout.channels() as u64;
        let mut data = Vec::new();
        (&mut self.pixels).take(bytes).read_to_end(&mut data)?;
        let Some(pixels) = Pixels::new(self.size, self.layout, data) else { return Ok(None) };
        let time_ms = self.time()?;
        Ok(Some(Frame { time_ms, pixels }))
    }

    /// The time of the next frame: `frame:0    pts:512     pts_time:0.04`.
    fn time(&mut self) -> io::Result<i64> {
        loop {
            let mut line = Vec::new();
            if (&mut self.times).take(LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame has no time"));
            }
            let line = String::from_utf8_lossy(&line);
            let Some((_, time)) = line.split_once("pts_time:") else { continue };
            // A frame without a time is one that follows the others.
            let seconds = time.split_whitespace().next().and_then(|time| time.parse().ok()).unwrap_or(0.0f64);
            #[expect(clippy::cast_possible_truncation, reason = "what is too much becomes the most there is")]
            return Ok((seconds * 1000.0).round() as i64);
        }
    }
}

impl<P: Read, T: Read> Iterator for Frames<P, T> {
    type Item = io::Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(2, 1);

    fn frames<'a>(pixels: &'a [u8], times: &'a str) -> Frames<&'a [u8], &'a [u8]> {
        Frames::new(SIZE, Layout::Rgb, pixels, times.as_bytes())
    }

    #[test]
    fn each_frame_has_its_pixels_and_its_time() {
        let times = "something else\nframe:0    pts:-512     pts_time:-0.04\nframe:1 pts:1 pts_time:10.0056\n";
        let frames: Vec<_> = frames(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], times).map(Result::unwrap).collect();
        let times: Vec<_> = frames.iter().map(|frame| frame.time_ms).collect();
        assert_eq!(times, [-40, 10_006]);
        assert_eq!(frames[1].pixels.data(), [7, 8, 9, 10, 11, 12]);
    }

    #[test]
    fn a_frame_without_a_line_is_an_error() {
        let mut frames = frames(&[0; 12], "frame:0 pts:0 pts_time:nan\n");
        assert_eq!(frames.next().unwrap().unwrap().time_ms, 0);
        frames.next().unwrap().unwrap_err();
    }
}
