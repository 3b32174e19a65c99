//! What was said to a push by `git push -o`.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Whether the options of a push say that nothing is to be built: `ci.skip`, or `skip` under `ci`.
///
/// Options of another shape than is known say nothing: they are no reason to lose a push.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Skip(pub(super) bool);

/// Where in the options one is.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Options,
    Ci,
    /// At the value itself: all but false and null says yes.
    Value,
}

impl At {
    fn of(self, key: &str) -> Option<Self> {
        match (self, key) {
            (Self::Options, "ci") => Some(Self::Ci),
            (Self::Options, "ci.skip") | (Self::Ci, "skip") => Some(Self::Value),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Skip {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        At::Options.deserialize(deserializer).map(Self)
    }
}

impl<'de> DeserializeSeed<'de> for At {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut says = self == Self::Value;
        while let Some(key) = map.next_key::<String>()? {
            match self.of(&key) {
                Some(at) => says |= map.next_value_seed(at)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(says)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<bool, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self == Self::Value)
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(value && self == Self::Value)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(self == Self::Value)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(self == Self::Value)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(self == Self::Value)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(self == Self::Value)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
}
