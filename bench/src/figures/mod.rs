//! The figures, one file each.

pub(crate) mod durable;
pub(crate) mod hostile;
pub(crate) mod large;
pub(crate) mod latency;
pub(crate) mod list;
pub(crate) mod memory;
pub(crate) mod pictures;
pub(crate) mod poster;
pub(crate) mod probe;
pub(crate) mod start;
pub(crate) mod sync;
pub(crate) mod waveform;

/// Bytes that no storage can make smaller, the same in every run.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let words = std::iter::repeat_with(|| {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    });
    let mut bytes: Vec<u8> = words.take(length.div_ceil(8)).flat_map(u64::to_le_bytes).collect();
    bytes.truncate(length);
    bytes
}
