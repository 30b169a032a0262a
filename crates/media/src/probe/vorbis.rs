//! Comments as Vorbis, Opus, Theora and FLAC have them, and the header of Vorbis.

use super::{Cut, Stop, Streams};
use crate::metadata::Tags;

const COMMENTS: u32 = 1024;

/// Adds all comments that are here; a block that is cut short gives those before the cut. Errors only when the lengths
/// are wrong, and those do not matter to anybody.
pub(super) fn comments(mut data: Cut, streams: &mut Streams) {
    let _cut_short = read(&mut data, streams);
}

fn read(data: &mut Cut, streams: &mut Streams) -> Result<(), Stop> {
    let vendor = data.le32()? as usize;
    data.skip(vendor)?;
    for _ in 0..data.le32()?.min(COMMENTS) {
        let size = data.le32()? as usize;
        // The name of a comment too long to be here is still read.
        let comment = &data.0[..data.0.len().min(size)];
        let split = comment.iter().position(|byte| *byte == b'=');
        if let Some((name, text)) = split.and_then(|at| comment.split_at_checked(at)) {
            let name = String::from_utf8_lossy(&name[..name.len().min(64)]).to_ascii_lowercase();
            streams.cover |= matches!(name.as_str(), "metadata_block_picture" | "coverart");
            let text = &text[1..text.len().min(1 + 4 * Tags::TEXT_BYTES)];
            streams.tags.add(tag_name(&name), &String::from_utf8_lossy(text));
        }
        data.skip(size)?;
    }
    Ok(())
}

fn tag_name(name: &str) -> &str {
    match name {
        // So it is written by those who have no description apart.
        "description" => "comment",
        "albumartist" => "album_artist",
        "tracknumber" => "track",
        "discnumber" => "disc",
        "organization" => "publisher",
        other => other,
    }
}

/// An identification header: channels, sample rate, and the bit rate that was aimed at.
pub(super) fn identification(packet: &[u8]) -> Option<(u16, u32, Option<u64>)> {
    let mut header = Cut(packet.strip_prefix(b"\x01vorbis")?);
    header.skip(4).ok()?;
    let (channels, sample_rate, _most) = (header.u8().ok()?, header.le32().ok()?, header.le32().ok()?);
    let nominal = header.le32().ok()?.cast_signed();
    Some((channels.into(), sample_rate, u64::try_from(nominal).ok().filter(|rate| *rate > 0)))
}
