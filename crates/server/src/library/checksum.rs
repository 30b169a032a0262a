//! Checksums that a client sends along with bytes.

use reelshelf_domain::{Error, Result};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// What some bytes must come to, and what they have come to so far.
pub struct Checksum {
    expected: Vec<u8>,
    hasher: Hasher,
}

enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// The names of the algorithms.
    pub const ALGORITHMS: &'static str = "sha1,sha256";

    /// A checksum by the name of its algorithm.
    pub fn new(algorithm: &str, expected: Vec<u8>) -> Result<Self> {
        let (hasher, length) = match algorithm {
            "sha1" => (Hasher::Sha1(Sha1::new()), 20),
            "sha256" => (Hasher::Sha256(Sha256::new()), 32),
            _ => return Err(Error::invalid("Upload-Checksum", "must be of sha1 or sha256")),
        };
        if expected.len() != length {
            return Err(Error::invalid("Upload-Checksum", "is not as long as its algorithm makes it"));
        }
        Ok(Self { expected, hasher })
    }

    /// Adds bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// Whether these were the bytes.
    pub(super) fn matches(self) -> bool {
        match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize().as_slice() == self.expected,
            Hasher::Sha256(hasher) => hasher.finalize().as_slice() == self.expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_sums_match_and_others_do_not() {
        let sha1 = hex::decode("2aae6c35c94fcfb415dbe95f408b9ce91ee846ed").unwrap();
        let sha256 = hex::decode("b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9").unwrap();
        for (algorithm, sum) in [("sha1", sha1), ("sha256", sha256)] {
            for (bytes, same) in [(b"hello world", true), (b"hello World", false)] {
                let mut checksum = Checksum::new(algorithm, sum.clone()).unwrap();
                checksum.update(&bytes[..5]);
                checksum.update(&bytes[5..]);
                assert_eq!(checksum.matches(), same, "{algorithm}");
            }
            assert!(Checksum::new(algorithm, sum[1..].to_vec()).is_err());
            assert!(Checksum::new("md5", sum).is_err());
        }
    }
}
