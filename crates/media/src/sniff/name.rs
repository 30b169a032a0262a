//! What the name of a file promises.

use reelshelf_domain::MediaType;

/// Whether a name's extension promises another type than the bytes have. Names of which nothing is expected never do,
/// nor does one relative for another, as people name them.
pub fn contradicts(file_name: &str, found: MediaType) -> bool {
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let promised = promised(&extension.to_ascii_lowercase());
    !promised.is_empty() && !promised.contains(&found)
}

/// The types that files of an extension have.
fn promised(extension: &str) -> &'static [MediaType] {
    use MediaType::{
        Aac, Avi, Avif, Bmp, Flac, Gif, Heic, Jpeg, M4a, Mka, Mkv, Mov, Mp3, Mp4, Mpeg, MpegTs, Ogg, Ogv, Opus, Other,
        Png, Tiff, Wav, Weba, Webm, Webp, Wmv,
    };
    match extension {
        "png" | "apng" => &[Png],
        "jpg" | "jpeg" | "jpe" | "jfif" => &[Jpeg],
        "gif" => &[Gif],
        "bmp" | "dib" => &[Bmp],
        "tif" | "tiff" => &[Tiff],
        "webp" => &[Webp],
        "avif" => &[Avif],
        "heic" | "heif" => &[Heic, Avif],
        "mp4" | "m4v" => &[Mp4, M4a, Mov],
        "mov" | "qt" => &[Mov, Mp4],
        "m4a" | "m4b" => &[M4a, Mp4],
        "webm" => &[Webm, Weba, Mkv],
        "weba" => &[Weba, Webm, Mka],
        "mkv" => &[Mkv, Mka, Webm],
        "mka" => &[Mka, Mkv, Weba],
        "avi" => &[Avi],
        "wmv" | "asf" => &[Wmv],
        "mpg" | "mpeg" | "vob" | "m2v" => &[Mpeg, MpegTs],
        // Programs in TypeScript have the first two as well.
        "ts" | "mts" => &[MpegTs, Other],
        "m2ts" => &[MpegTs],
        "ogv" => &[Ogv],
        "ogg" | "oga" => &[Ogg, Opus, Ogv],
        "opus" => &[Opus],
        "mp3" => &[Mp3],
        "wav" => &[Wav],
        "flac" => &[Flac],
        "aac" => &[Aac, M4a],
        _ => &[],
    }
}
