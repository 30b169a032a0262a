//! One member's bytes, a piece at a time.

use std::io;
use std::sync::Arc;

use crc32fast::Hasher;
use deflate64::InflaterManaged;
use flate2::{Decompress, FlushDecompress, Status};

use super::directory::{ENCRYPTED, LOCAL_LEN};
use super::{Member, MemberProblem, ReadAt, le16};

/// How much is read and given at a time.
const PIECE: usize = 128 * 1024;

/// Gives a member's bytes, and fails when they are not as the archive says, never giving more than it says.
pub struct MemberReader<R> {
    source: Arc<R>,
    member: Member,
    state: State,
    /// Where the next packed bytes are, and how many there still are.
    at: u64,
    left: u64,
    input: Vec<u8>,
    used: usize,
    given: u64,
    sum: Hasher,
}

enum State {
    New,
    Stored,
    Deflate(Decompress),
    Deflate64(Box<InflaterManaged>),
    Over,
}

/// What a step of a decoder did.
struct Step {
    read: usize,
    written: usize,
    ended: bool,
}

impl<R: ReadAt> MemberReader<R> {
    pub(super) fn new(source: Arc<R>, member: &Member) -> Self {
        let (member, left) = (member.clone(), member.compressed);
        let (state, sum) = (State::New, Hasher::new());
        Self { source, member, state, at: 0, left, input: Vec::new(), used: 0, given: 0, sum }
    }

    /// The next piece; `None` behind the last, once all of it is what the archive says. It waits for the disk.
    pub fn next_piece(&mut self) -> io::Result<Result<Option<Vec<u8>>, MemberProblem>> {
        let mut output = Vec::with_capacity(PIECE);
        let filled = self.fill(&mut output)?;
        if filled.is_err() {
            self.state = State::Over;
        }
        Ok(filled.map(|()| (!output.is_empty()).then_some(output)))
    }

    fn fill(&mut self, output: &mut Vec<u8>) -> io::Result<Result<(), MemberProblem>> {
        if matches!(self.state, State::New) {
            match self.begin()? {
                Ok(state) => self.state = state,
                Err(problem) => return Ok(Err(problem)),
            }
        }
        output.resize(PIECE, 0);
        let mut filled = 0;
        while filled < PIECE && !matches!(self.state, State::Over) {
            self.refill()?;
            let step = match self.step(&mut output[filled..]) {
                Ok(step) => step,
                Err(problem) => return Ok(Err(problem)),
            };
            self.used += step.read;
            self.sum.update(&output[filled..filled + step.written]);
            filled += step.written;
            self.given += step.written as u64;
            if self.given > self.member.size {
                return Ok(Err(MemberProblem::Length));
            }
            if step.ended {
                if let Err(problem) = self.end() {
                    return Ok(Err(problem));
                }
            } else if step.read == 0 && step.written == 0 {
                return Ok(Err(MemberProblem::Damaged));
            }
        }
        output.truncate(filled);
        Ok(Ok(()))
    }

    /// The member's own header must say what the directory says.
    fn begin(&mut self) -> io::Result<Result<State, MemberProblem>> {
        let member = &self.member;
        if let Some(problem) = member.problem {
            return Ok(Err(problem));
        }
        let mut header = vec![0; LOCAL_LEN + member.raw_name.len()];
        self.source.read_exact_at(&mut header, member.at)?;
        let field = |at| le16(&header, at).unwrap_or_default();
        let same = header.starts_with(b"PK\x03\x04")
            && header[LOCAL_LEN..] == member.raw_name
            && usize::from(field(26)) == member.raw_name.len()
            && field(8) == member.method
            && field(6) & ENCRYPTED == 0;
        self.at = member.at + header.len() as u64 + u64::from(field(28));
        if !same || self.at.saturating_add(self.left) > member.end {
            return Ok(Err(MemberProblem::Described));
        }
        Ok(match member.method {
            0 => Ok(State::Stored),
            8 => Ok(State::Deflate(Decompress::new(false))),
            9 => Ok(State::Deflate64(Box::new(InflaterManaged::new()))),
            _ => Err(MemberProblem::Method),
        })
    }

    /// Reads on when everything that was read is used.
    fn refill(&mut self) -> io::Result<()> {
        if self.used == self.input.len() && self.left > 0 {
            let count = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
            self.input.resize(count, 0);
            self.source.read_exact_at(&mut self.input, self.at)?;
            self.at += count as u64;
            self.left -= count as u64;
            self.used = 0;
        }
        Ok(())
    }

    fn step(&mut self, output: &mut [u8]) -> Result<Step, MemberProblem> {
        let input = &self.input[self.used..];
        match &mut self.state {
            State::Stored => {
                let count = input.len().min(output.len());
                output[..count].copy_from_slice(&input[..count]);
                Ok(Step { read: count, written: count, ended: count == input.len() && self.left == 0 })
            }
            State::Deflate(decoder) => {
                let (read, written) = (decoder.total_in(), decoder.total_out());
                let status = decoder.decompress(input, output, FlushDecompress::None);
                let status = status.map_err(|_| MemberProblem::Damaged)?;
                let moved = |now: u64, before: u64| usize::try_from(now - before).unwrap_or_default();
                let ended = status == Status::StreamEnd;
                let (read, written) = (moved(decoder.total_in(), read), moved(decoder.total_out(), written));
                Ok(Step { read, written, ended })
            }
            State::Deflate64(decoder) => {
                let done = decoder.inflate(input, output);
                if done.data_error {
                    return Err(MemberProblem::Damaged);
                }
                let ended = decoder.finished() && decoder.available_output() == 0;
                Ok(Step { read: done.bytes_consumed, written: done.bytes_written, ended })
            }
            State::New | State::Over => Ok(Step { read: 0, written: 0, ended: true }),
        }
    }

    /// Everything came: as much as was said, of all that was packed, and with the right sum.
    fn end(&mut self) -> Result<(), MemberProblem> {
        self.state = State::Over;
        if self.given != self.member.size || self.left > 0 || self.used < self.input.len() {
            return Err(MemberProblem::Length);
        }
        let sum = std::mem::take(&mut self.sum).finalize();
        if sum == self.member.crc32 { Ok(()) } else { Err(MemberProblem::Checksum) }
    }
}
