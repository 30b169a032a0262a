use super::*;

/// 2026-07-30T12:00:01.000Z.
const NOON: UnixMillis = UnixMillis::new(1_785_412_801_000);

/// The places of all entries, and the layout behind them.
fn lay_out(entries: &[ZipEntry]) -> (Vec<u64>, ZipLayout) {
    let mut layout = ZipLayout::default();
    let places = entries.iter().map(|entry| layout.push(entry)).collect();
    (places, layout)
}

/// The archive without the files' bytes: each part and where it must stand.
fn parts(entries: &[ZipEntry]) -> Vec<(u64, Vec<u8>)> {
    let (places, layout) = lay_out(entries);
    let mut parts = Vec::new();
    let mut at = 0;
    for (entry, place) in entries.iter().zip(&places) {
        assert_eq!(*place, at, "a header begins where the last entry ended");
        let header = entry.local_header();
        parts.push((at, header.clone()));
        at += header.len() as u64 + entry.size();
        let descriptor = entry.descriptor(7);
        parts.push((at, descriptor.clone()));
        at += descriptor.len() as u64;
    }
    let ends = entries.iter().zip(places).map(|(entry, place)| entry.directory_header(place, 7)).chain([layout.end()]);
    for part in ends {
        parts.push((at, part.clone()));
        at += part.len() as u64;
    }
    assert_eq!(layout.len(), at, "the length that was said before is the length");
    parts
}

fn le(bytes: &[u8], at: usize, width: usize) -> u64 {
    bytes[at..at + width].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

#[test]
fn the_length_is_known_before_at_every_border() {
    let sizes = [0, 1, LARGE - 1, LARGE, LARGE + 1, 5 << 30, 1 << 42];
    for first in sizes {
        for second in sizes {
            let entries = [
                ZipEntry::file("é.mp4".to_owned(), ByteSize::new(first), NOON),
                ZipEntry::folder("f".to_owned(), NOON),
                ZipEntry::file("f/b.mp4".to_owned(), ByteSize::new(second), NOON),
            ];
            let parts = parts(&entries);
            let end = &parts[parts.len() - 1].1;
            let zip64 = first + second + 200 > LARGE;
            assert_eq!(end.len(), if zip64 { 98 } else { 22 }, "{first} {second}");
        }
    }
}

#[test]
fn from_65_535_entries_on_zip64_counts_them() {
    for count in [65_534_u64, 65_535, 65_536, 70_000] {
        let entries: Vec<_> =
            (0..count).map(|number| ZipEntry::file(format!("{number}"), ByteSize::new(3), NOON)).collect();
        let parts = parts(&entries);
        let end = &parts[parts.len() - 1].1;
        if count < MANY {
            assert_eq!((end.len(), le(end, 10, 2)), (22, count));
        } else {
            assert_eq!((end.len(), le(end, 24, 8), le(end, 32, 8)), (98, count, count));
            assert_eq!(le(end, 56 + 20 + 10, 2), MANY);
        }
    }
}

#[test]
fn large_files_and_far_places_stand_in_zip64_fields() {
    let entries = [
        ZipEntry::file("a".to_owned(), ByteSize::gib(5), NOON),
        ZipEntry::file("b".to_owned(), ByteSize::new(9), NOON),
    ];
    let (places, _) = lay_out(&entries);
    let first = entries[0].directory_header(places[0], 1);
    assert_eq!((le(&first, 20, 4), le(&first, 24, 4), le(&first, 42, 4)), (LARGE, LARGE, 0));
    assert_eq!((le(&first, 56, 2), le(&first, 58, 2), le(&first, 60, 8)), (1, 16, 5 << 30));
    let second = entries[1].directory_header(places[1], 1);
    assert_eq!((le(&second, 20, 4), le(&second, 42, 4)), (9, LARGE));
    assert_eq!((le(&second, 56, 2), le(&second, 58, 2), le(&second, 60, 8)), (1, 8, places[1]));
    assert_eq!(entries[0].descriptor(1).len(), 24);
    assert_eq!(entries[1].descriptor(1).len(), 16);
}

#[test]
fn times_are_those_of_the_format() {
    // 2026-07-30 12:00:00, to two seconds.
    let expected = 0x5CFE_6000;
    assert_eq!(dos_time(NOON), expected);
    assert_eq!(dos_time(UnixMillis::new(0)), 1 << 21 | 1 << 16, "before 1980");
    assert_eq!(dos_time(UnixMillis::new(i64::MAX)), 1 << 21 | 1 << 16, "beyond 2107");
}
