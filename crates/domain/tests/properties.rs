//! Parse after display is the identity, sanitising is idempotent and always parses, and joining undoes splitting.
#![expect(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

use proptest::prelude::*;
use reelshelf_domain::{
    AssetHash, AssetId, Cursor, DisplayName, FileName, FolderName, FolderPath, MediaPath, RangeRequest, SeededChance,
    Sort, UnixMillis, natural_key,
};

fn folder_path() -> impl Strategy<Value = FolderPath> {
    prop::collection::vec("[A-Za-z0-9_-]{1,12}", 0..6).prop_map(|names| names.join("/").parse().unwrap())
}

proptest! {
    #[test]
    fn a_sanitised_name_parses_and_stays(raw in any::<String>()) {
        if let Ok(name) = FileName::sanitise(&raw) {
            prop_assert_eq!(&FileName::sanitise(name.as_str()).unwrap(), &name);
            prop_assert_eq!(name.to_string().parse::<FileName>().unwrap(), name.clone());
            prop_assert_eq!(name.as_str().chars().count(), raw.chars().count());
        }
    }

    #[test]
    fn a_sanitised_folder_parses_and_stays(raw in "[ /a-zé.\u{0}_-]{0,40}") {
        if let Ok(path) = FolderPath::sanitise(&raw) {
            prop_assert_eq!(&FolderPath::sanitise(&path.to_string()).unwrap(), &path);
            prop_assert_eq!(path.to_string().parse::<FolderPath>().unwrap(), path);
        }
    }

    #[test]
    fn join_then_split_is_the_identity(path in folder_path(), name in "[A-Za-z0-9_-]{1,12}") {
        let name = FolderName::parse(&name).unwrap();
        let joined = path.join(name.clone()).unwrap();
        let (above, last) = joined.split_last().unwrap();
        prop_assert_eq!(&above, &path);
        prop_assert_eq!(last, &name);
        prop_assert!(joined.is_inside(&path) && !path.is_inside(&joined));
    }

    #[test]
    fn a_media_path_prints_what_it_parses(folder in folder_path(), name in "[A-Za-z0-9_-][A-Za-z0-9._-]{0,20}") {
        let path = MediaPath::new(folder, FileName::parse(&name).unwrap());
        prop_assert_eq!(path.to_string().parse::<MediaPath>().unwrap(), path);
    }

    #[test]
    fn a_display_name_hides_nothing_and_stays(raw in any::<String>()) {
        let name = DisplayName::of(&raw);
        let hides = name.as_str().chars().any(|c| c.is_control() || c == '\u{202e}');
        prop_assert!(!hides);
        prop_assert_eq!(DisplayName::of(name.as_str()), name);
    }

    #[test]
    fn hashes_ids_and_cursors_print_what_they_parse(bytes in any::<[u8; 32]>(), seed in any::<u64>(), n in 0..i64::MAX) {
        let hash = AssetHash::from_bytes(bytes);
        prop_assert_eq!(hash.to_string().parse::<AssetHash>().unwrap(), hash);
        let made = UnixMillis::new(n % (1 << 47));
        let id = AssetId::generate(made, &SeededChance::new(seed)).unwrap();
        prop_assert_eq!(id.to_string().parse::<AssetId>().unwrap(), id);
        prop_assert_eq!(id.made_at(), made);
        for cursor in [Cursor::Date(made, id), Cursor::Size(n, id), Cursor::Name(FileName::parse("a.b.c").unwrap())] {
            prop_assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }
    }

    #[test]
    fn a_range_never_leaves_its_file(field in "bytes=[0-9]{0,21}-[0-9]{0,21}", size in any::<u64>()) {
        if let RangeRequest::Part(part) = RangeRequest::parse(&field, size) {
            prop_assert!(part.start() <= part.end() && part.end() < size && part.len() <= size);
        }
    }

    #[test]
    fn natural_order_agrees_with_the_numbers(a in 0_u64.., b in 0_u64..) {
        let (left, right) = (natural_key(&format!("img{a}.png")), natural_key(&format!("img{b}.png")));
        prop_assert_eq!(left.cmp(&right), a.cmp(&b));
    }
}

#[test]
fn a_name_that_cannot_be_is_refused_with_its_field() {
    for raw in ["", ".", "..", &"x".repeat(256)] {
        assert!(FileName::sanitise(raw).unwrap_err().to_string().starts_with("name "), "{raw}");
    }
    assert_eq!(FileName::sanitise("mi vídeo (final).png").unwrap().as_str(), "mi_v_deo__final_.png");
}

#[test]
fn folders_lose_what_they_cannot_hold() {
    assert_eq!(FolderPath::sanitise("/ a b //c.d/").unwrap().to_string(), "ab/cd");
    for raw in ["..", "a/../b", "***", "a/…"] {
        assert!(FolderPath::sanitise(raw).is_err(), "{raw}");
    }
    assert!(FolderPath::sanitise(&"a/".repeat(33)).is_err());
    assert!(FolderPath::sanitise("/").unwrap().is_root());
}

#[test]
fn sorts_print_what_they_parse() {
    for text in ["name", "-name", "date", "-date", "size", "-size"] {
        assert_eq!(text.parse::<Sort>().unwrap().to_string(), text);
    }
    assert!("--name".parse::<Sort>().is_err());
}
