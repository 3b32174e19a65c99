//! Objects that were of another type.

use serde_json::{Map, Value as Json};

/// An object of another type, which a `moved` block makes one of this.
#[derive(Clone)]
pub struct Moved {
    /// The address of its provider: `registry.terraform.io/hashicorp/random`.
    pub provider: String,
    /// Its type: `random_pet`.
    pub type_name: String,
    /// The version of its schema.
    pub version: i64,
    /// Its state.
    pub state: Map<String, Json>,
}

impl Moved {
    /// Text of its state.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.state.get(attribute).and_then(Json::as_str)
    }
}

/// Its state may have secrets, and is not shown.
impl std::fmt::Debug for Moved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Moved({} of {}, version {})", self.type_name, self.provider, self.version)
    }
}
