use reelshelf_media::PictureKind;

use crate::support::{ffmpeg, thumbnails};

#[test]
fn a_photograph_gets_all_four_sizes_from_one_decode() {
    for (extension, kind) in [("jpg", PictureKind::Jpeg), ("png", PictureKind::Png)] {
        let bytes = ffmpeg(&["-f", "lavfi", "-i", "testsrc2=size=3000x2000", "-frames:v", "1"], extension);
        let results = thumbnails(&bytes);
        assert_eq!(results.rendered.kind, Some(kind));
        assert_eq!((results.rendered.size.width, results.rendered.size.height), (3000, 2000));
        assert_eq!(
            results.list(),
            [
                ("thumb-1280.webp", 1280, 853),
                ("thumb-640.webp", 640, 427),
                ("thumb-320.webp", 320, 213),
                ("thumb-160.webp", 160, 107)
            ]
        );
        assert_eq!(results.webp("thumb-160.webp").size().width, 160);
    }
}
