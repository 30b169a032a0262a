//! Medians and how they are written.

/// What a figure was in each round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The rounds of another run too.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// Each round of one beside the same round of the other.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(ours, theirs)| ours / theirs).collect())
    }

    /// The value below which this part of the rounds lies.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        #[expect(clippy::cast_precision_loss, reason = "a count of rounds")]
        let place = (sorted.len().saturating_sub(1)) as f64 * part;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
        let place = place.round() as usize;
        sorted.get(place).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The median, and the smallest and the largest in brackets.
    pub(crate) fn show(&self, digits: usize, unit: &str) -> String {
        let (least, median, most) = (self.quantile(0.0), self.median(), self.quantile(1.0));
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        format!("{median:.digits$}{unit} ({least:.digits$}–{most:.digits$})")
    }
}

/// A count as a number to divide by.
#[expect(clippy::cast_precision_loss, reason = "counts and bytes of a benchmark are far below 2^52")]
pub(crate) const fn float(count: u64) -> f64 {
    count as f64
}

/// Bytes in mebibytes.
pub(crate) const fn mebibytes(bytes: u64) -> f64 {
    float(bytes) / 1_048_576.0
}
