use super::Walls;

/// What this machine can enforce and do, as first children found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    walls: Walls,
    ffmpeg: Option<String>,
    ffprobe: Option<String>,
    root: bool,
}

/// The Landlock that also knows signals and abstract sockets.
const WHOLE_LANDLOCK: u8 = 6;

impl Abilities {
    pub(crate) fn new(walls: Walls, root: bool) -> Self {
        Self { walls, root, ..Self::default() }
    }

    pub(crate) fn with_tools(mut self, ffmpeg: Option<String>, ffprobe: Option<String>) -> Self {
        (self.ffmpeg, self.ffprobe) = (ffmpeg, ffprobe);
        self
    }

    pub(crate) fn walls(&self) -> Walls {
        self.walls
    }

    /// The version of ffmpeg, if it runs in the sandbox.
    pub fn ffmpeg(&self) -> Option<&str> {
        self.ffmpeg.as_deref()
    }

    /// The version of ffprobe, if it runs in the sandbox.
    pub fn ffprobe(&self) -> Option<&str> {
        self.ffprobe.as_deref()
    }

    /// What this machine does not enforce or have, a sentence for each: for the log and for `check-config`. Empty on a
    /// good machine.
    pub fn missing(&self) -> Vec<&'static str> {
        let Walls { namespaces, landlock, seccomp } = self.walls;
        let faults = [
            (
                !namespaces,
                "no namespaces of their own: decoders see the machine's processes, network devices and file names",
            ),
            (landlock == 0, "no Landlock: only system calls and file permissions keep decoders from other files"),
            (
                (1..WHOLE_LANDLOCK).contains(&landlock),
                "an older Landlock (before Linux 6.12): it knows no signals or sockets",
            ),
            (!seccomp, "no seccomp: decoders may make any system call"),
            (
                self.root,
                "the server runs as root: the threads of a decoder cannot be counted; run it as a user of its own",
            ),
            (!self.root && !namespaces, "without namespaces the threads of a decoder cannot be counted"),
            (self.ffmpeg.is_none(), "ffmpeg does not run: no posters, storyboards and waveforms"),
            (self.ffprobe.is_none(), "ffprobe does not run: what headers alone do not tell stays unknown"),
        ];
        faults.into_iter().filter_map(|(fault, sentence)| fault.then_some(sentence)).collect()
    }
}
