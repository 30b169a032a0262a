use std::fmt::Write as _;

use crate::Size;

/// Frames beside each other in the storyboard.
pub(crate) const COLUMNS: u32 = 10;

/// Which part of the storyboard is to be seen when, as WebVTT: what players show above their time line. Each frame is
/// seen from its time until that of the next, the first from the beginning, the last until the end.
pub(crate) fn index(picture: &str, frame: Size, times_ms: &[i64], end_ms: u64) -> String {
    let mut text = "WEBVTT\n".to_owned();
    let time = |index: usize| times_ms.get(index).map(|time| u64::try_from(*time).unwrap_or(0));
    for (index, place) in (0..times_ms.len()).zip(0u32..) {
        let begin = if index == 0 { 0 } else { time(index).unwrap_or(0) };
        // A cue that ends before it begins is none; time that stands still is the file's fault.
        let end = time(index + 1).unwrap_or(end_ms).max(begin + 1);
        let (x, y) = (place % COLUMNS * frame.width, place / COLUMNS * frame.height);
        let (begin, end) = (stamp(begin), stamp(end));
        // Writing to a text does not fail.
        write!(text, "\n{begin} --> {end}\n{picture}#xywh={x},{y},{},{}\n", frame.width, frame.height).ok();
    }
    text
}

/// `01:02:03.004`.
fn stamp(ms: u64) -> String {
    let (seconds, ms) = (ms / 1000, ms % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_has_its_time_and_its_place() {
        let times: Vec<_> = (0..12).map(|index| index * 500 + 40).collect();
        let text = index("s.webp", Size::new(160, 90), &times, 3_723_004);
        let cues: Vec<_> = text.split("\n\n").collect();
        assert_eq!((cues[0], cues.len()), ("WEBVTT", 13));
        assert_eq!(cues[1], "00:00:00.000 --> 00:00:00.540\ns.webp#xywh=0,0,160,90");
        assert_eq!(cues[2], "00:00:00.540 --> 00:00:01.040\ns.webp#xywh=160,0,160,90");
        assert_eq!(cues[11], "00:00:05.040 --> 00:00:05.540\ns.webp#xywh=0,90,160,90");
        assert_eq!(cues[12], "00:00:05.540 --> 01:02:03.004\ns.webp#xywh=160,90,160,90\n");
    }

    #[test]
    fn times_that_stand_still_make_cues_all_the_same() {
        let text = index("s.webp", Size::new(1, 1), &[0, 0, -5], 0);
        assert_eq!(text.matches("00:00:00.000 --> 00:00:00.001").count(), 3);
    }
}
