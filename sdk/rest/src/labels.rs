//! Which repositories are meant, by their labels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Filters by labels: a repository is meant when it has all labels of one of them. No filters mean every repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct LabelFilters(pub Vec<BTreeMap<String, String>>);

impl LabelFilters {
    /// Whether a repository with these labels is meant.
    #[must_use]
    pub fn match_labels(&self, labels: &BTreeMap<String, String>) -> bool {
        let has = |(name, value): (&String, &String)| labels.get(name) == Some(value);
        self.0.is_empty() || self.0.iter().any(|filter| filter.iter().all(has))
    }

    /// Whether every repository is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_labels_of_one_filter_are_needed_and_no_filter_means_all() {
        let labels = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let shop = labels(&[("team", "shop"), ("tier", "1")]);
        let filters = |all: &[&[(&str, &str)]]| LabelFilters(all.iter().map(|one| labels(one)).collect());
        assert!(filters(&[]).match_labels(&shop) && filters(&[]).match_labels(&labels(&[])));
        assert!(filters(&[&[("team", "shop")]]).match_labels(&shop));
        assert!(!filters(&[&[("team", "shop"), ("tier", "2")]]).match_labels(&shop));
        assert!(filters(&[&[("team", "pay")], &[("tier", "1")]]).match_labels(&shop));
        assert!(!filters(&[&[("team", "Shop")]]).match_labels(&shop), "values are compared as they are");
    }
}
