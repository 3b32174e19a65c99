//! `ref_match`.

use globset::GlobBuilder;
use tfplugin::{Function, FunctionError, Object};

/// Whether a pattern means a ref, as `refs` of environments and triggers have it: branches, or full refs where the pattern
/// begins with `refs/`.
#[derive(Debug, Object)]
pub struct RefMatch {
    /// A glob: `main`, `release/*` or `refs/tags/v*`.
    pattern: String,
    /// A branch, or a full ref: `refs/tags/v1`.
    r#ref: String,
}

impl Function for RefMatch {
    type Output = bool;
    const NAME: &'static str = "ref_match";

    fn call(self) -> Result<bool, FunctionError> {
        let full = |name: &str| match name.starts_with("refs/") {
            true => name.to_owned(),
            false => format!("refs/heads/{name}"),
        };
        let glob = GlobBuilder::new(&full(&self.pattern)).literal_separator(false).build();
        let wrong =
            |error: globset::Error| FunctionError::new(format!("this is no glob: {}", error.kind())).at("pattern");
        Ok(glob.map_err(wrong)?.compile_matcher().is_match(full(&self.r#ref)))
    }
}
