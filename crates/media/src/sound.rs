//! Sound, heard once from its beginning to its end in bounded memory: peaks for drawing it, its loudness, its silence.

mod drawing;
mod listen;
mod loudness;
mod peaks;
mod wav;

pub(crate) use drawing::draw;
pub(crate) use listen::{Heard, listen};
