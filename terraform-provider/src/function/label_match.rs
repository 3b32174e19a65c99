//! `label_match`.

use std::collections::BTreeMap;

use monkeyci_client::rest::LabelFilters;
use tfplugin::{Function, FunctionError, Object};

/// Whether a repository with these labels is meant by these filters, as the server has it: it has all labels of one of them,
/// and no filters mean every repository.
#[derive(Debug, Object)]
pub struct LabelMatch {
    /// Filters, as `label_filters` has them.
    filters: Vec<BTreeMap<String, String>>,
    /// Labels of a repository.
    labels: BTreeMap<String, String>,
}

impl Function for LabelMatch {
    type Output = bool;
    const NAME: &'static str = "label_match";

    fn call(self) -> Result<bool, FunctionError> {
        Ok(LabelFilters(self.filters).match_labels(&self.labels))
    }
}
