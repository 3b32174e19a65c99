//! Lists.

use serde::{Deserialize, Serialize};

/// Part of a list, newest first where it has an order in time.
///
/// The next part is had with `?cursor=` and what [`next`](Self::next) holds. `?limit=` says how many there are at most:
/// 50 when it is not said, 200 at the most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// What there is.
    pub items: Vec<T>,
    /// Where the next part begins; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
