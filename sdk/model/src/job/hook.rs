use serde::{Deserialize, Serialize};

/// A moment at which the script's program is asked about a job, beside those at which every job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Hook {
    /// Just before it starts: the program may change it.
    Prepare,
    /// Just after it has run: the program may add to its result, and fail it.
    After,
}
