//! Filters by labels, as they are written and shown: `team=shop,tier=1`.

use std::collections::BTreeMap;

use monkeyci_client::rest::LabelFilters;

/// One filter: all of these labels.
pub fn filter(text: &str) -> Result<BTreeMap<String, String>, String> {
    let pairs = text.split(',').map(|pair| match pair.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("`{pair}` is not of the form NAME=VALUE")),
    });
    pairs.collect()
}

/// The filters of something, for people.
pub fn shown(LabelFilters(filters): &LabelFilters) -> String {
    if filters.is_empty() {
        return "all".into();
    }
    let one = |filter: &BTreeMap<String, String>| {
        filter.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
    };
    filters.iter().map(one).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_shown_as_it_is_written() {
        let both = LabelFilters(vec![filter("team=shop,tier=1").expect("a filter"), filter("team=pay").expect("one")]);
        assert_eq!(shown(&both), "team=shop,tier=1 or team=pay");
        assert_eq!(shown(&LabelFilters::default()), "all");
        for wrong in ["", "team", "team=", "=shop", "team=shop,"] {
            assert!(filter(wrong).is_err(), "{wrong}");
        }
    }
}
