//! The crates of the repository, and which of them are built on which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The names of crates, each with those that it is built on.
pub struct Crates(BTreeMap<String, BTreeSet<String>>);

impl Crates {
    /// Reads the manifests in a folder of crates.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let wrong = |path: &Path, error| format!("{}: {error}", path.display());
        let mut manifests = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| wrong(folder, error))? {
            let path = entry.map_err(|error| wrong(folder, error))?.path();
            let manifest = path.join("Cargo.toml");
            if let Some(name) = path.file_name().filter(|_| manifest.is_file()) {
                let text = fs::read_to_string(&manifest).map_err(|error| wrong(&manifest, error))?;
                manifests.push((name.to_string_lossy().into_owned(), text));
            }
        }
        Ok(Self::of(manifests.iter().map(|(name, text)| (name.as_str(), text.as_str()))))
    }

    /// Crates by the names of their folders, with the texts of their manifests.
    pub fn of<'a>(manifests: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(manifests.into_iter().map(|(name, text)| (name.to_owned(), neighbours(text))).collect())
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// These and all that are built on them, in the order of their names.
    pub fn built_on<'a>(&'a self, changed: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut affected: BTreeSet<&str> = changed.collect();
        loop {
            let is_next = |name: &&str| {
                !affected.contains(name) && self.0[*name].iter().any(|other| affected.contains(other.as_str()))
            };
            let next: Vec<&str> = self.names().filter(is_next).collect();
            if next.is_empty() {
                return affected;
            }
            affected.extend(next);
        }
    }
}

/// The folders beside its own that a manifest names, as in `text = { path = "../text" }`. What only tests need counts too.
fn neighbours(manifest: &str) -> BTreeSet<String> {
    let named = |line: &str| Some(line.split_once("path = \"../")?.1.split(['"', '/']).next()?.to_owned());
    manifest.lines().filter(|line| !line.trim_start().starts_with('#')).filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_on_what_is_built_on_a_crate_is_built_on_it() {
        let crates = Crates::of([
            ("a", "b.path = \"../b\""),
            ("b", "c = { path = \"../c\" }"),
            ("c", "# path = \"../a\""),
            ("d", ""),
        ]);
        assert_eq!(crates.built_on(["c"].into_iter()).into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(crates.built_on(["b"].into_iter()).into_iter().collect::<Vec<_>>(), ["a", "b"]);
        assert!(crates.built_on([].into_iter()).is_empty());
    }

    #[test]
    fn crates_that_need_one_another_are_affected_together() {
        let crates = Crates::of([("a", "b.path = \"../b\""), ("b", "[dev-dependencies]\na.path = \"../a\"")]);
        assert_eq!(crates.built_on(["a"].into_iter()).len(), 2);
    }
}
