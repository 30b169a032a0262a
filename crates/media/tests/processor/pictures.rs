//! Pictures, and what ffprobe tells.

use std::fs::{self, File};
use std::io::Write as _;

use reelshelf_domain::MediaType;
use reelshelf_media::{Fit, Order, PictureFormat, Reason, Refusal, Resize, sniff};

use crate::support::{World, alpha, colour, derive, inspect, made, names, size};

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
async fn an_avif_is_decoded_by_ffmpeg_and_gets_the_same() {
    let world = World::new().await;
    let words = "-f lavfi -i color=red:s=400x300 -vf drawbox=x=200:w=200:color=blue:t=fill -frames:v 1";
    let picture = world.ffmpeg("in.png", words).await;
    let format = PictureFormat::Avif;
    let order = Order::Resized(Resize { width: Some(400), height: None, fit: Fit::Contain, format });
    let avif = derive(&world, &picture, MediaType::Png, order).await;
    let picture = world.folder.path().join("in.avif");
    fs::write(&picture, &avif.made[0].content).unwrap();
    let derived = derive(&world, &picture, MediaType::Avif, Order::Thumbnails).await;
    assert_eq!(names(&derived), ["thumb-640.webp", "thumb-320.webp", "thumb-160.webp"]);
    let thumbnail = made(&derived, "thumb-640.webp");
    assert_eq!(size(&world, thumbnail).await, (400, 300));
    let [red, _, blue] = colour(&world, thumbnail, "100:100:20:20").await;
    assert!(red > 200 && blue < 50, "{red} {blue}");
    let [red, _, blue] = colour(&world, thumbnail, "100:100:280:20").await;
    assert!(red < 50 && blue > 200, "{red} {blue}");
}

#[tokio::test]
async fn an_avif_keeps_its_transparency() {
    let world = World::new().await;
    let words = "-f lavfi -i color=red:s=400x300 -vf format=rgba,geq=r=255:a='255*lt(X,200)' -frames:v 1";
    let picture = world.ffmpeg("in.png", words).await;
    let resize = |format| Order::Resized(Resize { width: Some(400), height: None, fit: Fit::Contain, format });
    let avif = derive(&world, &picture, MediaType::Png, resize(PictureFormat::Avif)).await;
    let picture = world.folder.path().join("in.avif");
    fs::write(&picture, &avif.made[0].content).unwrap();
    let derived = derive(&world, &picture, MediaType::Avif, resize(PictureFormat::Png)).await;
    let shown = made(&derived, "picture.png");
    for (crop, wanted) in [("100:100:50:100", 255), ("100:100:250:100", 0)] {
        // What is hidden may have any colour.
        let alpha = alpha(&world, shown, crop).await;
        assert!(alpha.abs_diff(wanted) < 4, "{alpha} at {crop}");
    }
    let [red, green, _] = colour(&world, shown, "100:100:50:100").await;
    assert!(red > 240 && green < 15, "{red} {green}");
    // Transparency, which stands in front, that cannot be decoded is left out, and the picture is not.
    let mut bytes = avif.made[0].content.clone();
    let content = bytes.windows(4).position(|name| name == b"mdat").unwrap() + 4;
    bytes[content..content + 12].fill(0xFF);
    fs::write(&picture, &bytes).unwrap();
    let derived = derive(&world, &picture, MediaType::Avif, Order::Thumbnails).await;
    assert_eq!(size(&world, made(&derived, "thumb-640.webp")).await, (400, 300));
    // Of one that is said to be put together of tiles, ffmpeg would show the first.
    let mut tiled = avif.made[0].content.clone();
    let kind = tiled.windows(4).position(|name| name == b"infe").unwrap() + 12;
    tiled[kind..kind + 4].copy_from_slice(b"grid");
    fs::write(&picture, &tiled).unwrap();
    let metadata = inspect(&world, &picture, MediaType::Avif).await;
    let refused = world.processor.derive(File::open(&picture).unwrap(), &metadata, Order::Thumbnails).await;
    assert!(matches!(&refused, Err(Refusal::Lasting(Reason::Undecoded))), "{refused:?}");
    // When nothing can be decoded, it says so.
    bytes[content..].fill(0xFF);
    fs::write(&picture, &bytes).unwrap();
    let metadata = inspect(&world, &picture, MediaType::Avif).await;
    let refused = world.processor.derive(File::open(&picture).unwrap(), &metadata, Order::Thumbnails).await;
    assert!(matches!(&refused, Err(Refusal::Lasting(Reason::Undecoded))), "{refused:?}");
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
