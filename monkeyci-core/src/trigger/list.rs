//! Lists in a body, which may be longer than anybody needs.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

/// Labels of a pull request that are kept.
pub(super) const MAX_LABELS: usize = 100;
/// Refs of one push that are looked at.
pub(super) const MAX_CHANGES: usize = 10_000;

/// A list of which the first `MOST` are kept: whoever knows a secret can make a list of a million nothings.
pub(super) struct List<T, const MOST: usize> {
    pub(super) items: Vec<T>,
    /// Whether these are all.
    pub(super) is_whole: bool,
}

impl<T, const MOST: usize> Default for List<T, MOST> {
    fn default() -> Self {
        Self { items: Vec::new(), is_whole: true }
    }
}

impl<T, const MOST: usize> IntoIterator for List<T, MOST> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(First(PhantomData))
    }
}

struct First<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for First<T, MOST> {
    type Value = List<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut list = List::default();
        while list.items.len() < MOST {
            match sequence.next_element()? {
                Some(item) => list.items.push(item),
                None => return Ok(list),
            }
        }
        while sequence.next_element::<IgnoredAny>()?.is_some() {
            list.is_whole = false;
        }
        Ok(list)
    }
}
