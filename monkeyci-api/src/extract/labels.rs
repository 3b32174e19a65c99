use monkeyci_rest::LabelFilters;

use crate::problem::{Answer, Refusal};

/// Filters of the most that there may be.
const FILTERS: usize = 50;

/// Refuses filters by labels that no repository can match, or that match all without saying so.
///
/// # Errors
/// The first that is wrong.
pub fn check_filters(LabelFilters(filters): &LabelFilters) -> Answer<()> {
    if filters.len() > FILTERS {
        return Err(Refusal::field("/labelFilters", format!("at most {FILTERS} filters")));
    }
    let is_label = |text: &str| !text.is_empty() && text.len() <= 100;
    for (index, filter) in filters.iter().enumerate() {
        let pointer = format!("/labelFilters/{index}");
        if filter.is_empty() {
            let detail = "a filter without labels matches every repository: for that, give no filters at all";
            return Err(Refusal::field(&pointer, detail));
        }
        if filter.iter().any(|(name, value)| !is_label(name) || !is_label(value)) {
            return Err(Refusal::field(&pointer, "names and values of labels have 1 to 100 bytes"));
        }
    }
    Ok(())
}
