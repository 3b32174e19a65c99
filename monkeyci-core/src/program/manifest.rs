//! What a `Cargo.toml` says of other folders.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Tables that hold dependencies, in a manifest and below each of its targets.
const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// A `Cargo.toml`, as far as it can be understood: what is wrong with it is for cargo to say.
pub(super) struct Manifest {
    table: Table,
}

impl Manifest {
    pub(super) fn parse(text: &str) -> Self {
        Self { table: text.parse().unwrap_or_default() }
    }

    /// Whether it is the root of a workspace.
    pub(super) fn is_workspace(&self) -> bool {
        self.table.contains_key("workspace")
    }

    /// Whether cargo would look for its workspace among its parents.
    pub(super) fn looks_for_workspace(&self) -> bool {
        let named = self.table.get("package").and_then(|package| package.get("workspace"));
        !self.is_workspace() && named.is_none()
    }

    /// The folders of its path dependencies, as they are written: from its own folder.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let own = self.dependencies().filter_map(|(_, dependency)| path(dependency));
        let tables = |value: &'static str| self.table.get(value).and_then(Value::as_table).into_iter();
        // `[patch.REGISTRY.NAME]` and `[replace.ID]`.
        let patch = tables("patch").flat_map(Table::values).filter_map(Value::as_table);
        let replaced = patch.chain(tables("replace")).flat_map(Table::values).filter_map(path);
        own.chain(replaced).collect()
    }

    /// The folders of the dependencies that it has from its `workspace`, from the folder of that.
    pub(super) fn inherited(&self, workspace: &Self) -> Vec<PathBuf> {
        let shared = workspace.table.get("workspace").and_then(|workspace| workspace.get("dependencies"));
        let inherits = |dependency: &Value| dependency.get("workspace").and_then(Value::as_bool) == Some(true);
        let inherited = self.dependencies().filter(|(_, dependency)| inherits(dependency));
        inherited.filter_map(|(name, _)| path(shared?.get(name)?)).collect()
    }

    /// The names of the dependencies that are no folders.
    pub(super) fn no_folders(&self) -> impl Iterator<Item = &str> {
        self.dependencies().filter(|(_, dependency)| path(dependency).is_none()).map(|(name, _)| name.as_str())
    }

    fn dependencies(&self) -> impl Iterator<Item = (&String, &Value)> {
        let targets = self.table.get("target").and_then(Value::as_table).into_iter();
        let tables = targets.flat_map(Table::values).filter_map(Value::as_table).chain([&self.table]);
        tables
            .flat_map(|table| DEPENDENCIES.iter().filter_map(|kind| table.get(*kind)?.as_table()))
            .flat_map(|dependencies| dependencies.iter())
    }
}

fn path(dependency: &Value) -> Option<PathBuf> {
    dependency.get("path").and_then(Value::as_str).map(|path| Path::new(path).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_folder_is_known() {
        let manifest = Manifest::parse(
            r#"
            [package]
            name = "build"
            [dependencies]
            a = { path = "../a" }
            serde = "1"
            shared = { workspace = true }
            [target.'cfg(unix)'.build-dependencies]
            b = { path = "b", version = "1" }
            [dev-dependencies.c]
            path = "c"
            [patch.crates-io]
            d = { path = "d" }
            "#,
        );
        let mut paths = manifest.paths();
        paths.sort();
        assert_eq!(paths, ["../a", "b", "c", "d"].map(PathBuf::from));
        let workspace = Manifest::parse("workspace.dependencies.shared = { path = 'lib/shared' }");
        assert_eq!(manifest.inherited(&workspace), [PathBuf::from("lib/shared")]);
        assert!(manifest.looks_for_workspace() && workspace.is_workspace());
        assert!(!Manifest::parse("package.workspace = '..'").looks_for_workspace());
        assert!(Manifest::parse("= no toml").paths().is_empty());
    }
}
