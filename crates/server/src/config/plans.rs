use std::collections::BTreeMap;

use reelshelf_domain::{ByteSize, Error, Result, Thing};
use serde::{Deserialize, Serialize};

/// The plan that a client has unless another is said.
const DEFAULT: &str = "default";

/// The largest file of any plan: 16 TiB, as much as common file systems hold, and far from where sums of sizes end.
const FILE_MAX: ByteSize = ByteSize::gib(16 * 1024);

/// `[plans.NAME]`: what a client may store.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// The most that all files may take, the temporary ones apart. Absent is no limit.
    pub storage: Option<ByteSize>,
    /// The largest file.
    pub file: ByteSize,
    /// What is free in the reckoning of `credits_per_week`. It limits nothing.
    pub free_allowance: ByteSize,
}

impl Default for Plan {
    fn default() -> Self {
        Self { storage: None, file: ByteSize::gib(5), free_allowance: ByteSize::mib(50) }
    }
}

impl Plan {
    /// What storage costs a week: 10 credits for each GiB above the free allowance, rounded up.
    pub const fn credits_per_week(&self, used: ByteSize) -> u64 {
        let excess = used.saturating_sub(self.free_allowance).get();
        excess.saturating_mul(10).div_ceil(1 << 30)
    }
}

/// Plans by name. There is always one called `default`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plans(BTreeMap<String, Plan>);

impl Default for Plans {
    fn default() -> Self {
        Self(BTreeMap::from([(DEFAULT.to_owned(), Plan::default())]))
    }
}

impl Plans {
    /// The name of the plan that a client has unless another is said.
    pub const fn default_name() -> &'static str {
        DEFAULT
    }

    /// A plan by its name.
    pub fn get(&self, name: &str) -> Result<&Plan> {
        self.0.get(name).ok_or(Error::NotFound(Thing::Plan))
    }

    /// Sets a plan.
    pub fn set(&mut self, name: &str, plan: Plan) {
        self.0.insert(name.to_owned(), plan);
    }

    /// Each name and plan.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Plan)> {
        self.0.iter().map(|(name, plan)| (name.as_str(), plan))
    }

    pub(super) fn check(&mut self, problems: &mut Vec<String>) {
        self.0.entry(DEFAULT.to_owned()).or_default();
        for (name, plan) in &self.0 {
            super::positive(&format!("plans.{name}.file"), plan.file.get(), problems);
            if plan.file > FILE_MAX {
                problems.push(format!("plans.{name}.file: must be at most {}", FILE_MAX.get()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_ten_for_each_gib_above_the_allowance_rounded_up() {
        let plan = Plan::default();
        let table = [
            (0, 0),
            (50 << 20, 0),
            ((50 << 20) + 1, 1),
            ((50 << 20) + (1 << 30), 10),
            ((50 << 20) + (1 << 30) + 1, 11),
        ];
        for (used, credits) in table {
            assert_eq!(plan.credits_per_week(ByteSize::new(used)), credits, "{used}");
        }
    }
}
