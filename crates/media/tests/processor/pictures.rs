//! Pictures, and what ffprobe tells.

use std::fs::{self, File};
use std::io::Write as _;

use reelshelf_domain::MediaType;
use reelshelf_media::{Fit, Order, PictureFormat, Reason, Refusal, Resize, sniff};

use crate::support::{World, names};

#[tokio::test]
async fn a_picture_gets_its_thumbnails() {
    let world = World::new().await;
    let picture = world.ffmpeg("in.jpg", "-f lavfi -i testsrc2=s=1500x1000 -frames:v 1").await;
    let metadata = world.processor.inspect(File::open(&picture).unwrap(), MediaType::Jpeg).await.unwrap();
    assert_eq!(metadata.image.as_ref().map(|image| (image.width, image.height)), Some((1500, 1000)));
    let derived = world.processor.derive(File::open(&picture).unwrap(), &metadata, Order::Thumbnails).await.unwrap();
    let mut made = names(&derived);
    made.sort_unstable();
    assert_eq!(made, ["thumb-1280.webp", "thumb-160.webp", "thumb-320.webp", "thumb-640.webp"]);
    assert!(derived.made.iter().all(|made| made.media_type == "image/webp"));
}

#[tokio::test]
async fn a_picture_is_made_in_every_format() {
    let world = World::new().await;
    let picture = world.ffmpeg("in.png", "-f lavfi -i testsrc2=s=300x200 -frames:v 1").await;
    let metadata = world.processor.inspect(File::open(&picture).unwrap(), MediaType::Png).await.unwrap();
    for (format, media_type) in [
        (PictureFormat::Webp, MediaType::Webp),
        (PictureFormat::Avif, MediaType::Avif),
        (PictureFormat::Jpeg, MediaType::Jpeg),
        (PictureFormat::Png, MediaType::Png),
    ] {
        let order = Order::Resized(Resize { width: Some(90), height: Some(90), fit: Fit::Cover, format });
        let derived = world.processor.derive(File::open(&picture).unwrap(), &metadata, order).await.unwrap();
        assert_eq!(derived.made.len(), 1);
        assert_eq!((derived.made[0].media_type, sniff(&derived.made[0].content)), (media_type.mime(), media_type));
    }
}

#[tokio::test]
async fn a_picture_needs_no_path() {
    let world = World::new().await;
    let picture = world.ffmpeg("in.png", "-f lavfi -i testsrc2=s=300x200 -frames:v 1").await;
    let metadata = world.processor.inspect(File::open(&picture).unwrap(), MediaType::Png).await.unwrap();
    let input = File::open(&picture).unwrap();
    fs::remove_file(&picture).unwrap();
    assert!(world.processor.derive(input, &metadata, Order::Thumbnails).await.is_ok());
}

#[tokio::test]
async fn a_damaged_picture_is_refused_in_words() {
    let world = World::new().await;
    let picture = world.ffmpeg("in.png", "-f lavfi -i testsrc2=s=300x200 -frames:v 1").await;
    let metadata = world.processor.inspect(File::open(&picture).unwrap(), MediaType::Png).await.unwrap();
    let bytes = fs::read(&picture).unwrap();
    fs::write(&picture, &bytes[..bytes.len() / 4]).unwrap();
    let refusal =
        world.processor.derive(File::open(&picture).unwrap(), &metadata, Order::Thumbnails).await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Lasting(Reason::Told(text)) if text.contains("PNG")), "{refusal}");
    fs::write(&picture, "not a picture at all").unwrap();
    let refusal =
        world.processor.derive(File::open(&picture).unwrap(), &metadata, Order::Thumbnails).await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Lasting(Reason::Unsupported)), "{refusal}");
}

#[tokio::test]
async fn ffprobe_tells_what_headers_do_not() {
    let world = World::new().await;
    // A stream of packets has no header that would tell how long it plays.
    let video = world.ffmpeg("in.ts", "-f lavfi -i testsrc2=s=320x240:d=2 -c:v mpeg2video").await;
    let metadata = world.processor.inspect(File::open(&video).unwrap(), MediaType::MpegTs).await.unwrap();
    let video = metadata.video.unwrap();
    assert_eq!((video.width, video.height, video.codec.as_str()), (320, 240, "mpeg2video"));
}

#[tokio::test]
async fn a_file_of_nothing_is_refused() {
    let world = World::new().await;
    let path = world.folder.path().join("in.ts");
    File::create(&path).unwrap().write_all(&vec![0x47; 100_000]).unwrap();
    let refusal = world.processor.inspect(File::open(&path).unwrap(), MediaType::MpegTs).await.unwrap_err();
    assert!(matches!(&refusal, Refusal::Lasting(_)), "{refusal}");
}
