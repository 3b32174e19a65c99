//! Shells in the places of jobs. What passes once one is open are [frames](monkeyci_model::shell).

use monkeyci_model::shell::{Screen, Size, Wish};
use serde::{Deserialize, Serialize};

/// The shell that is wanted, as a query. With `term`, `rows` and `columns` it is shown on a screen, without on pipes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct WishQuery {
    /// The shell; the job's own when that is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// What the screen understands: the variable `TERM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// Its lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    /// Characters of a line of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<u16>,
}

impl From<WishQuery> for Wish {
    fn from(query: WishQuery) -> Self {
        let size = Size { rows: query.rows.unwrap_or(24), columns: query.columns.unwrap_or(80) };
        Self { shell: query.shell, screen: query.term.map(|kind| Screen { kind, size }) }
    }
}

impl From<Wish> for WishQuery {
    fn from(Wish { shell, screen }: Wish) -> Self {
        let size = screen.as_ref().map(|screen| screen.size);
        Self {
            shell,
            term: screen.map(|screen| screen.kind),
            rows: size.map(|size| size.rows),
            columns: size.map(|size| size.columns),
        }
    }
}
