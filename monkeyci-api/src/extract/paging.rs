use monkeyci_rest::Page;
use serde::Deserialize;

use crate::problem::{Answer, Refusal};

/// How many there are on a page when that is not said.
const LIMIT: u64 = 50;

/// How many there are at the most.
const MOST: u64 = 200;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Paging {
    /// How many at the most.
    pub limit: Option<u64>,
    /// Where the part before ended.
    pub cursor: Option<String>,
}

impl Paging {
    /// How many are wanted.
    pub fn limit(&self) -> u64 {
        self.limit.unwrap_or(LIMIT).clamp(1, MOST)
    }

    /// The cursor as a number.
    ///
    /// # Errors
    /// When it is none.
    pub fn number(&self) -> Answer<Option<u64>> {
        let number = self.cursor.as_deref().map(str::parse).transpose();
        number.map_err(|_| Refusal::bad("the query: `cursor` is not one that this list gave"))
    }

    /// The page of what was found when one more than wanted was asked for; `cursor` is where what follows an item begins.
    pub fn page<T>(&self, mut found: Vec<T>, cursor: impl FnOnce(&T) -> String) -> Page<T> {
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        let is_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| is_more).map(cursor);
        Page { items: found, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_cursor_only_where_more_follows() {
        let paging = Paging { limit: Some(2), cursor: None };
        let page = paging.page(vec![1, 2, 3], ToString::to_string);
        assert_eq!((page.items, page.next.as_deref()), (vec![1, 2], Some("2")));
        let page = paging.page(vec![1, 2], ToString::to_string);
        assert_eq!((page.items, page.next), (vec![1, 2], None));
        assert_eq!(Paging { limit: Some(9999), cursor: None }.limit(), MOST);
    }
}
