//! Makes pictures of a picture, without a sandbox: for figures and for looking at what comes out.
//!
//! `thumbnail FILE FOLDER SIDE,SIDE…` or `thumbnail FILE FOLDER WIDTHxHEIGHT contain|cover|fill webp|avif|jpeg|png`

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use reelshelf_media::{Fit, PictureFormat, PictureLimits, PictureOrder, render};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (file, folder, order) = match *arguments.as_slice() {
        [file, folder, sides] => {
            let long_sides = sides.split(',').map(str::parse).collect::<Result<_, _>>()?;
            (file, folder, PictureOrder::Thumbnails { long_sides, preview: true })
        }
        [file, folder, size, fit, format] => {
            let (width, height) = size.split_once('x').ok_or("a size is WIDTHxHEIGHT")?;
            let order = PictureOrder::Boxed {
                width: Some(width.parse()?),
                height: Some(height.parse()?),
                fit: fit_named(fit)?,
                format: format_named(format)?,
            };
            (file, folder, order)
        }
        _ => return Err("thumbnail FILE FOLDER SIDES, or FILE FOLDER WIDTHxHEIGHT FIT FORMAT".into()),
    };
    let folder = Path::new(folder);
    let rendered = render(File::open(file)?, &order, &PictureLimits::default(), &mut |name, bytes| {
        fs::write(folder.join(name), bytes)
    })?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{rendered:?}")?;
    let status = fs::read_to_string("/proc/self/status")?;
    if let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        writeln!(stdout, "peak memory: {}", peak.trim())?;
    }
    Ok(())
}

fn fit_named(name: &str) -> Result<Fit, String> {
    match name {
        "contain" => Ok(Fit::Contain),
        "cover" => Ok(Fit::Cover),
        "fill" => Ok(Fit::Fill),
        other => Err(format!("no fit is named {other}")),
    }
}

fn format_named(name: &str) -> Result<PictureFormat, String> {
    match name {
        "webp" => Ok(PictureFormat::Webp),
        "avif" => Ok(PictureFormat::Avif),
        "jpeg" => Ok(PictureFormat::Jpeg),
        "png" => Ok(PictureFormat::Png),
        other => Err(format!("no format is named {other}")),
    }
}
