use reelshelf_domain::MediaType::{Avif, Heic};

use super::forge::{bytes, known, mp4_box, profile};
use crate::Metadata;
use crate::probe::heif::{Stretch, composition};

/// A file whose only picture, item 1, has these properties; item 2 belongs to it.
pub(super) fn picture(properties: &[Vec<u8>], kind: [u8; 4]) -> Vec<u8> {
    let count = u8::try_from(properties.len()).unwrap();
    let indices: Vec<u8> = (1..=count).map(|index| 0x80 | index).collect();
    let associations = bytes!([0; 4], 1_u32.to_be_bytes(), 1_u16.to_be_bytes(), [count], indices);
    let meta = bytes!(
        [0; 4],
        mp4_box(*b"pitm", [0, 0, 0, 0, 0, 1]),
        mp4_box(*b"iprp", bytes!(mp4_box(*b"ipco", properties.concat()), mp4_box(*b"ipma", associations))),
        mp4_box(*b"iref", bytes!([0; 4], mp4_box(*b"auxl", [0, 2, 0, 1, 0, 1]))),
    );
    bytes!(mp4_box(*b"ftyp", bytes!(kind, [0; 4], b"mif1", kind)), mp4_box(*b"meta", meta), mp4_box(*b"mdat", [0; 8]))
}

pub(super) fn size(width: u32, height: u32) -> Vec<u8> {
    mp4_box(*b"ispe", bytes!([0; 4], width.to_be_bytes(), height.to_be_bytes()))
}

fn turned(turns: Option<u8>, axis: Option<u8>) -> Metadata {
    let mut properties = vec![size(40, 30)];
    properties.extend(turns.map(|turns| mp4_box(*b"irot", [turns])));
    properties.extend(axis.map(|axis| mp4_box(*b"imir", [axis])));
    known(&picture(&properties, *b"avif"), Avif)
}

#[test]
fn turns_and_mirrors_are_the_eight_orientations() {
    for (turns, axis, orientation) in [
        (None, None, 1),
        (None, Some(1), 2),
        (Some(2), None, 3),
        (None, Some(0), 4),
        (Some(1), Some(0), 5),
        (Some(3), None, 6),
        (Some(3), Some(0), 7),
        (Some(1), None, 8),
    ] {
        let image = turned(turns, axis).image.unwrap();
        let upright = if orientation <= 4 { (40, 30) } else { (30, 40) };
        assert_eq!((image.orientation, (image.width, image.height)), (orientation, upright));
    }
}

#[test]
fn depth_profile_and_transparency_are_told() {
    let properties = [
        size(64, 48),
        mp4_box(*b"pixi", [0, 0, 0, 0, 3, 10, 10, 10]),
        mp4_box(*b"colr", bytes!(b"prof", profile("Display P3", true))),
        mp4_box(*b"auxC", b"\0\0\0\0urn:mpeg:hevc:2015:auxid:1\0"),
    ];
    let metadata = known(&picture(&properties, *b"heic"), Heic);
    let image = metadata.image.unwrap();
    assert_eq!((image.width, image.height, image.bit_depth, image.alpha), (64, 48, 10, true));
    assert_eq!(image.profile.as_deref(), Some("Display P3"));
}

#[test]
fn the_depth_stands_in_the_configuration_when_nowhere_else() {
    let properties =
        [size(64, 48), mp4_box(*b"av1C", [0x81, 0, 0x60, 0]), mp4_box(*b"colr", b"nclx\0\x09\0\x10\0\x09\x80")];
    let image = known(&picture(&properties, *b"avif"), Avif).image.unwrap();
    assert_eq!((image.bit_depth, image.alpha, image.profile.as_deref()), (12, false, Some("BT.2020")));
}

/// Where item 2 lies, the transparency of item 1: in these stretches (from, length), read as the method says.
fn placed(version: u8, method: u16, extents: &[(u32, u32)]) -> Option<Stretch> {
    let alpha = mp4_box(*b"auxC", b"\0\0\0\0urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0");
    let number =
        |number: u16| if version < 2 { number.to_be_bytes().to_vec() } else { bytes!([0, 0], number.to_be_bytes()) };
    let item = |item: u16, extents: &[(u32, u32)]| {
        let method = if version > 0 { method.to_be_bytes().to_vec() } else { Vec::new() };
        let extents_count = u16::try_from(extents.len()).unwrap().to_be_bytes();
        let extents: Vec<u8> =
            extents.iter().flat_map(|(at, size)| bytes!(at.to_be_bytes(), size.to_be_bytes())).collect();
        bytes!(number(item), method, [0; 2], 1_u32.to_be_bytes(), extents_count, extents)
    };
    let places = bytes!([version, 0, 0, 0, 0x44, 0x40], number(2), item(1, &[(7, 7)]), item(2, extents));
    let meta = bytes!(
        [0; 4],
        mp4_box(*b"pitm", [0, 0, 0, 0, 0, 1]),
        mp4_box(*b"iloc", places),
        mp4_box(
            *b"iprp",
            bytes!(
                mp4_box(*b"ipco", bytes!(size(64, 48), alpha)),
                mp4_box(*b"ipma", [0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1, 0x81, 0, 2, 2, 0x81, 0x82]),
            )
        ),
        mp4_box(*b"iref", bytes!([0; 4], mp4_box(*b"auxl", [0, 2, 0, 1, 0, 1]))),
    );
    let file =
        bytes!(mp4_box(*b"ftyp", b"avif\0\0\0\0mif1avif"), mp4_box(*b"meta", meta), mp4_box(*b"mdat", [0; 1000]));
    assert!(known(&file, Avif).image.unwrap().alpha);
    composition(&file, file.len() as u64).unwrap().alpha
}

#[test]
fn the_place_of_transparency_is_told_when_it_is_one() {
    for version in 0..=2 {
        assert_eq!(placed(version, 0, &[(400, 30)]), Some(Stretch { from: 401, to: 431 }), "version {version}");
        assert_eq!(placed(version, 0, &[(400, 30), (440, 1)]), None);
        assert_eq!(placed(version, 0, &[(400, 0)]), None);
        assert_eq!(placed(version, 0, &[(400, 4000)]), None);
    }
    assert_eq!(placed(1, 1, &[(400, 30)]), None, "counted from elsewhere");
}
