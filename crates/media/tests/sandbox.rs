//! The walls around decoders, on this machine.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::num::NonZeroUsize;

use reelshelf_media::{Processor, ProcessorLimits, ProcessorSettings};

fn settings(program: &str) -> ProcessorSettings {
    ProcessorSettings {
        program: program.into(),
        ffmpeg: "ffmpeg".into(),
        ffprobe: "ffprobe".into(),
        slots: NonZeroUsize::new(2).unwrap(),
        limits: ProcessorLimits::default(),
    }
}

#[tokio::test]
async fn the_tools_run_behind_every_wall_that_this_machine_has() {
    let processor = Processor::start(settings(env!("CARGO_BIN_EXE_sandboxed-child"))).await.unwrap();
    let abilities = processor.abilities();
    assert!(abilities.ffmpeg().is_some() && abilities.ffprobe().is_some(), "{abilities:?}");
    dbg!(abilities);
}
