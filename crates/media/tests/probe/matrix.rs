//! Films that were held otherwise. `examples/samples.rs` makes them too.

/// An MP4 with another matrix in the header of its first track, by which phones turn what they record.
pub(crate) fn with_matrix(mp4: &[u8], [a, b, c, d]: [i32; 4]) -> Vec<u8> {
    let matrix = |a: i32, b: i32, c: i32, d: i32| {
        [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30].map(i32::to_be_bytes).concat()
    };
    let upright = matrix(1, 0, 0, 1);
    let header = mp4.windows(4).position(|name| name == b"tkhd").unwrap();
    let at = header + mp4[header..].windows(upright.len()).position(|part| part == upright).unwrap();
    [&mp4[..at], &matrix(a, b, c, d), &mp4[at + upright.len()..]].concat()
}
