/// A part of a file: from `start` up to and including `end`. Never empty, never beyond the file it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    start: u64,
    end: u64,
}

impl ByteRange {
    /// The whole of a file; `None` when it is empty.
    pub const fn whole(size: u64) -> Option<Self> {
        match size.checked_sub(1) {
            Some(end) => Some(Self { start: 0, end }),
            None => None,
        }
    }

    /// The first byte.
    pub const fn start(self) -> u64 {
        self.start
    }

    /// The last byte.
    pub const fn end(self) -> u64 {
        self.end
    }

    /// How many bytes it covers: at least one.
    #[expect(clippy::len_without_is_empty, reason = "a range is never empty")]
    pub const fn len(self) -> u64 {
        self.end - self.start + 1
    }
}

/// What a `Range` field asks of a file of a known size (RFC 9110, section 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeRequest {
    /// All of it: no field, another unit, a field that does not parse, or several ranges.
    Whole,
    /// One part: 206.
    Part(ByteRange),
    /// A part that this file does not have: 416.
    Unsatisfiable,
}

impl RangeRequest {
    /// Reads a `Range` field for a file of `size` bytes. A field that is not understood is ignored, as the RFC says;
    /// several ranges are answered with the whole file, which it allows, so that no request costs more than the file.
    pub fn parse(field: &str, size: u64) -> Self {
        let Some((unit, set)) = field.split_once('=') else { return Self::Whole };
        let set = set.trim();
        if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
            return Self::Whole;
        }
        let Some((first, last)) = set.split_once('-') else { return Self::Whole };
        match (position(first), position(last)) {
            (Position::Absent, Position::At(suffix)) => Self::suffix(suffix, size),
            (Position::At(start), Position::Absent) => Self::from_to(start, u64::MAX, size),
            (Position::At(start), Position::At(end)) if start <= end => Self::from_to(start, end, size),
            _ => Self::Whole,
        }
    }

    fn suffix(length: u64, size: u64) -> Self {
        if length == 0 || size == 0 {
            return Self::Unsatisfiable;
        }
        Self::Part(ByteRange { start: size.saturating_sub(length), end: size - 1 })
    }

    fn from_to(start: u64, end: u64, size: u64) -> Self {
        if start >= size {
            return Self::Unsatisfiable;
        }
        Self::Part(ByteRange { start, end: end.min(size - 1) })
    }
}

enum Position {
    Absent,
    At(u64),
    Malformed,
}

/// A run of digits; one too large for the machine is simply behind every file.
fn position(text: &str) -> Position {
    let text = text.trim_matches([' ', '\t']);
    if text.is_empty() {
        Position::Absent
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        Position::At(text.parse().unwrap_or(u64::MAX))
    } else {
        Position::Malformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(start: u64, end: u64) -> RangeRequest {
        RangeRequest::Part(ByteRange { start, end })
    }

    #[test]
    fn reads_the_table_of_the_rfc() {
        let table = [
            ("bytes=0-499", 10_000, part(0, 499)),
            ("bytes=500-999", 10_000, part(500, 999)),
            ("bytes=-500", 10_000, part(9_500, 9_999)),
            ("bytes=9500-", 10_000, part(9_500, 9_999)),
            ("bytes=0-0", 10_000, part(0, 0)),
            ("bytes=-1", 10_000, part(9_999, 9_999)),
            ("bytes=-20000", 10_000, part(0, 9_999)),
            ("bytes=9999-20000", 10_000, part(9_999, 9_999)),
            ("bytes=0-99999999999999999999999", 10, part(0, 9)),
            ("Bytes = 1 - 2 ", 10, part(1, 2)),
            ("bytes=10-", 10, RangeRequest::Unsatisfiable),
            ("bytes=99999999999999999999999-", 10, RangeRequest::Unsatisfiable),
            ("bytes=-0", 10, RangeRequest::Unsatisfiable),
            ("bytes=0-", 0, RangeRequest::Unsatisfiable),
            ("bytes=-5", 0, RangeRequest::Unsatisfiable),
            ("bytes=5-2", 10, RangeRequest::Whole),
            ("bytes=0-1,3-4", 10, RangeRequest::Whole),
            ("bytes=a-b", 10, RangeRequest::Whole),
            ("bytes=-", 10, RangeRequest::Whole),
            ("bytes=", 10, RangeRequest::Whole),
            ("bytes", 10, RangeRequest::Whole),
            ("seconds=0-1", 10, RangeRequest::Whole),
            ("bytes=+1-2", 10, RangeRequest::Whole),
        ];
        for (field, size, expected) in table {
            assert_eq!(RangeRequest::parse(field, size), expected, "{field} of {size}");
        }
    }
}
