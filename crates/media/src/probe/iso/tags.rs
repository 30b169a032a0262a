//! What a movie says of itself: iTunes' list, and QuickTime's older one.

use super::super::{Cut, Source, Stop, Streams, genre, source::PIECE};
use super::{Part, children, find};

const TEXT_BYTES: usize = 2048;
/// Before the text or picture: its type and language.
const VALUE_HEADER: u64 = 8;

pub(super) fn read(source: &mut Source, movie: &[Part], streams: &mut Streams) -> Result<(), Stop> {
    let Some(user) = find(movie, *b"udta") else { return Ok(()) };
    let user = children(source, user)?;
    if let Some(meta) = find(&user, *b"meta") {
        let listed = children(source, meta.behind(4)?)?;
        if let Some(list) = find(&listed, *b"ilst") {
            for item in children(source, list)? {
                read_item(source, item, streams)?;
            }
        }
    }
    for part in user {
        if let Some(name) = name(part.name).filter(|_| part.name[0] == 0xA9) {
            let text = source.start_of(part.at, part.size, TEXT_BYTES)?;
            streams.tags.add(name, &quicktime(Cut(&text)).unwrap_or_default());
        }
    }
    Ok(())
}

fn read_item(source: &mut Source, item: Part, streams: &mut Streams) -> Result<(), Stop> {
    let is_cover = &item.name == b"covr";
    let known = name(item.name);
    if !is_cover && known.is_none() {
        return Ok(());
    }
    let parts = children(source, item)?;
    let Some(value) = find(&parts, *b"data").and_then(|data| data.behind(VALUE_HEADER).ok()) else { return Ok(()) };
    if is_cover {
        streams.cover |= value.size > 0;
        return Ok(());
    }
    let value = source.start_of(value.at, value.size, TEXT_BYTES.min(PIECE))?;
    let text = match &item.name {
        b"trkn" | b"disk" => numbers(Cut(&value)).ok(),
        b"gnre" => Cut(&value).be16().ok().and_then(|number| genre::name(u32::from(number).checked_sub(1)?)),
        _ => Some(String::from_utf8_lossy(&value).into_owned()),
    };
    if let (Some(name), Some(text)) = (known, text) {
        streams.tags.add(name, &text);
    }
    Ok(())
}

fn name(item: [u8; 4]) -> Option<&'static str> {
    Some(match &item {
        b"\xA9nam" => "title",
        b"\xA9ART" => "artist",
        b"aART" => "album_artist",
        b"\xA9alb" => "album",
        b"\xA9wrt" | b"\xA9com" => "composer",
        b"\xA9gen" | b"gnre" => "genre",
        b"\xA9day" => "date",
        b"\xA9cmt" => "comment",
        b"\xA9des" | b"desc" => "description",
        b"\xA9cpy" | b"cprt" => "copyright",
        b"\xA9prf" => "performer",
        b"\xA9pub" => "publisher",
        b"trkn" => "track",
        b"disk" => "disc",
        _ => return None,
    })
}

/// A number, and of how many.
fn numbers(mut value: Cut) -> Result<String, Stop> {
    value.skip(2)?;
    let (number, of) = (value.be16()?, value.be16()?);
    Ok(if of == 0 { number.to_string() } else { format!("{number}/{of}") })
}

/// A size and a language before the text.
fn quicktime(mut text: Cut) -> Option<String> {
    let size = usize::from(text.be16().ok()?);
    text.skip(2).ok()?;
    Some(String::from_utf8_lossy(&text.0[..text.0.len().min(size)]).into_owned())
}
