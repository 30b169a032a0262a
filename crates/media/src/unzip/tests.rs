use std::io::{Cursor, Write};

use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::forge::{Forged, end, forge};
use super::*;

const LIMITS: UnzipLimits = UnzipLimits { members: 1000, directory: 1 << 20 };

fn open(archive: &[u8]) -> Result<Archive<Vec<u8>>, ArchiveProblem> {
    Archive::open(archive.to_vec(), archive.len() as u64, LIMITS)
}

fn bytes_of(archive: &Archive<Vec<u8>>, member: &Member) -> Result<Vec<u8>, MemberProblem> {
    let mut reader = archive.read(member);
    let mut bytes = Vec::new();
    while let Some(piece) = reader.next_piece().unwrap()? {
        bytes.extend(piece);
        assert!(bytes.len() as u64 <= member.size, "more came than was said");
    }
    Ok(bytes)
}

/// What comes of the one member of an archive.
fn only(member: Forged) -> Result<Vec<u8>, MemberProblem> {
    let archive = open(&forge(&[member])).unwrap();
    bytes_of(&archive, &archive.members[0])
}

#[test]
fn what_others_write_is_read() {
    let large: Vec<u8> = (0..400_000_u32).flat_map(|number| (number / 3).to_le_bytes()).collect();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer.add_directory("a/b/", options).unwrap();
    for (name, method, wide) in [
        ("a/stored.bin", CompressionMethod::Stored, false),
        ("a/é deflated.bin", CompressionMethod::Deflated, false),
        ("wide.bin", CompressionMethod::Deflated, true),
    ] {
        writer.start_file(name, options.compression_method(method).large_file(wide)).unwrap();
        writer.write_all(&large).unwrap();
    }
    writer.start_file("empty", options).unwrap();
    let mut written = writer.finish().unwrap().into_inner();
    for before in [&b""[..], b"#!/bin/sh this unpacks itself\n"] {
        written.splice(0..0, before.iter().copied());
        let archive = open(&written).unwrap();
        let names: Vec<_> = archive.members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["a/b/", "a/stored.bin", "a/é deflated.bin", "wide.bin", "empty"]);
        assert_eq!(archive.members[0].path.as_ref().unwrap(), &["a", "b"]);
        for (member, expected) in archive.members.iter().zip([&[], &large[..], &large, &large, &[]]) {
            assert!(bytes_of(&archive, member).unwrap() == expected, "{}", member.name);
        }
        assert_eq!(archive.unpacked(), 3 * large.len() as u64);
    }
}

#[test]
fn deflate64_is_read() {
    // Without a length of 258 or a distance beyond 32 KiB, a stream of Deflate is one of Deflate64.
    let text = b"reelshelf".repeat(3);
    assert_eq!(only(Forged { method: 9, ..Forged::deflated("a", &text) }).unwrap(), text);
    let damaged = vec![0xff; 20];
    let forged = Forged { method: 9, packed: damaged, compressed: 20, size: 5, ..Forged::stored("a", b"") };
    assert!(only(forged).is_err());
}

#[test]
fn what_lies_is_found_out() {
    let text = b"so long, and thanks for all the fish".repeat(9000);
    let (stored, deflated) = (Forged::stored("a", &text), Forged::deflated("a", &text));
    assert!(only(stored.clone()).unwrap() == text && only(deflated.clone()).unwrap() == text);
    let table = [
        ("says less", Forged { size: deflated.size - 1, ..deflated.clone() }, MemberProblem::Length),
        ("says more", Forged { size: deflated.size + 1, ..deflated.clone() }, MemberProblem::Length),
        ("says far less", Forged { size: 10, ..deflated.clone() }, MemberProblem::Length),
        ("stored, and two lengths", Forged { size: 10, ..stored.clone() }, MemberProblem::Length),
        ("another sum", Forged { crc32: 1, ..deflated.clone() }, MemberProblem::Checksum),
        ("another sum, stored", Forged { crc32: 1, ..stored.clone() }, MemberProblem::Checksum),
        ("cut off", Forged { compressed: deflated.compressed - 9, ..deflated.clone() }, MemberProblem::Damaged),
        ("encrypted", Forged { flags: 1, ..stored.clone() }, MemberProblem::Encrypted),
        ("strongly encrypted", Forged { flags: 64, ..stored.clone() }, MemberProblem::Encrypted),
        ("a method of its own", Forged { method: 99, ..stored.clone() }, MemberProblem::Method),
        ("LZMA", Forged { method: 14, ..stored.clone() }, MemberProblem::Method),
        ("a link", Forged { attributes: 0o120_777 << 16, ..stored.clone() }, MemberProblem::Special),
        ("a pipe", Forged { attributes: 0o010_644 << 16, ..stored.clone() }, MemberProblem::Special),
        ("two names", Forged { local_name: Some(b"b".to_vec()), ..stored.clone() }, MemberProblem::Described),
        ("a longer name", Forged { local_name: Some(b"ab".to_vec()), ..stored.clone() }, MemberProblem::Described),
        ("garbage", Forged { packed: vec![0xfe; 50], compressed: 50, ..deflated.clone() }, MemberProblem::Damaged),
        (
            "more behind it",
            {
                let packed = [deflated.packed.as_slice(), b"more"].concat();
                Forged { compressed: packed.len() as u64, packed, ..deflated.clone() }
            },
            MemberProblem::Length,
        ),
    ];
    for (what, forged, expected) in table {
        assert_eq!(only(forged).unwrap_err(), expected, "{what}");
    }
}

#[test]
fn what_is_no_archive_is_refused() {
    let whole = forge(&[Forged::stored("a", b"bytes"), Forged::deflated("b", b"bytes")]);
    assert!(open(&whole).is_ok());
    for length in 0..whole.len() {
        assert!(open(&whole[..length]).is_err(), "cut at {length}");
    }
    assert!(open(&[whole.as_slice(), b"x"].concat()).is_err(), "something follows");
    assert!(open(b"PK\x05\x06").is_err());
    assert!(open(&end(0, 0, 0)).unwrap().members.is_empty());
    assert!(open(&end(5, 0, 0)).is_err(), "members without a directory");
    // One member more than is counted.
    let start = whole.len() - 22;
    let hidden = [&whole[..start], &end(1, 94, start - 94)].concat();
    assert!(matches!(open(&hidden), Err(ArchiveProblem::NotWhole)));
    let many: Vec<_> = (0..1001).map(|number| Forged::stored(format!("{number}"), b"")).collect();
    assert!(matches!(open(&forge(&many)), Err(ArchiveProblem::Members(1000))));
    let long = vec![Forged { extra: vec![0; 60_000], ..Forged::stored("a", b"") }; 30];
    assert!(matches!(open(&forge(&long)), Err(ArchiveProblem::Directory(_))));
}

/// Bombs of small size: many members that are one and the same, and members that each hold the next (D. Fifield).
#[test]
fn members_that_share_bytes_are_refused() {
    let kernel = Forged::deflated("a", &vec![0; 1 << 20]);
    let flat: Vec<_> = (0..100).map(|_| Forged { at: Some(0), ..kernel.clone() }).collect();
    let flat = [vec![kernel.clone()], flat].concat();
    assert!(matches!(open(&forge(&flat)), Err(ArchiveProblem::Overlap)));
    let quoting = Forged { compressed: 200, size: 200, ..Forged::stored("a", b"bytes") };
    let quoted = [quoting.clone(), Forged::stored("b", &[1; 300]), Forged::stored("c", b"")];
    assert!(matches!(open(&forge(&quoted)), Err(ArchiveProblem::Overlap)));
    // Beyond the members, into the directory.
    assert!(matches!(open(&forge(&[quoting])), Err(ArchiveProblem::NotWhole)));
}

#[test]
fn a_bomb_gives_no_more_than_it_says() {
    let bomb = Forged { size: 1000, ..Forged::deflated("a", &vec![0; 50 << 20]) };
    assert_eq!(only(bomb).unwrap_err(), MemberProblem::Length);
}

#[test]
fn wide_fields_are_read_where_they_are_needed() {
    let extra = [&[1, 0, 16, 0][..], &5_u64.to_le_bytes(), &5_u64.to_le_bytes()].concat();
    let wide = Forged { size: u64::MAX, compressed: u64::MAX, extra, ..Forged::stored("a", b"bytes") };
    assert_eq!(only(wide.clone()).unwrap(), b"bytes");
    let missing = Forged { extra: vec![1, 0, 8, 0, 5, 0, 0, 0, 0, 0, 0, 0], ..wide.clone() };
    assert!(open(&forge(&[missing])).is_err());
    let huge = [&[1, 0, 16, 0][..], &u64::MAX.to_le_bytes(), &u64::MAX.to_le_bytes()].concat();
    assert!(open(&forge(&[Forged { extra: huge, ..wide }])).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(mut archive in prop::collection::vec(any::<u8>(), 0..300), at in 0..300_usize, byte: u8) {
        let _ = open(&archive);
        archive = forge(&[Forged::deflated("some/name.png", &archive), Forged::stored("b", b"x")]);
        let at = at % archive.len();
        archive[at] = byte;
        if let Ok(archive) = open(&archive) {
            for member in &archive.members {
                let _ = bytes_of(&archive, member);
            }
        }
    }
}
