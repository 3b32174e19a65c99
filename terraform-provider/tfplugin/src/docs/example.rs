//! Examples, and what is missing.

use std::io;
use std::path::{Path, PathBuf};

use super::Incomplete;
use crate::schema::{Kind, Schema};

/// The folder of the examples, and what was missing so far.
pub(super) struct Examples {
    folder: PathBuf,
    missing: Vec<String>,
}

/// How an object is imported.
pub(super) struct Import {
    /// The commands of a shell, with comments.
    pub script: String,
    /// Each address with what is imported as it.
    pub commands: Vec<(String, String)>,
}

impl Examples {
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), missing: Vec::new() }
    }

    /// The example of something, which has to hold a text: one that does not is of something else.
    pub fn read(&mut self, of: &str, file: &str, holds: &str) -> String {
        let text = self.file(of, file);
        if !text.is_empty() && !text.contains(holds) {
            self.missing.push(format!("{of}: the example {file} has no `{holds}`"));
        }
        text
    }

    /// How a resource is imported.
    pub fn import(&mut self, of: &str, file: &str) -> Import {
        let script = self.file(of, file);
        let mut commands = Vec::new();
        for line in script.lines().filter_map(|line| line.trim().strip_prefix("terraform import ")) {
            match line.trim().split_once(' ') {
                Some((to, id)) => commands.push((to.to_owned(), id.trim().trim_matches(['"', '\'']).to_owned())),
                None => self.missing.push(format!("{of}: {file}: `{line}` names no id")),
            }
        }
        Import { script, commands }
    }

    /// Everything in a schema has to be described.
    pub fn describe(&mut self, of: &str, schema: &Schema) {
        if schema.description.is_empty() {
            self.missing.push(format!("{of} has no description: write a comment above its struct"));
        }
        self.describe_below(of, "", schema);
    }

    fn describe_below(&mut self, of: &str, place: &str, schema: &Schema) {
        for attribute in &schema.attributes {
            let name = format!("{place}{}", attribute.name);
            if attribute.description.is_empty() {
                self.missing.push(format!("{of}: `{name}` has no description: write a comment above its field"));
            }
            if let Kind::Nested(_, schema) = &attribute.kind {
                self.describe_below(of, &format!("{name}."), schema);
            }
        }
    }

    /// A folder has examples of what is there, and no others.
    pub fn forbid_others(&mut self, folder: &str, is_there: impl Fn(&str) -> bool) {
        match names(&self.folder.join(folder)) {
            Ok(names) => {
                let others = names.into_iter().filter(|name| !is_there(name));
                self.missing.extend(others.map(|name| format!("the example {folder}/{name} is of nothing there is")));
            }
            Err(error) => self.missing.push(format!("the examples in {folder} cannot be read: {error}")),
        }
    }

    pub fn end(self) -> Result<(), Incomplete> {
        if self.missing.is_empty() { Ok(()) } else { Err(Incomplete(self.missing)) }
    }

    fn file(&mut self, of: &str, file: &str) -> String {
        let text = std::fs::read_to_string(self.folder.join(file));
        text.map(|text| text.trim_end().to_owned()).unwrap_or_else(|error| {
            let path = self.folder.join(file);
            self.missing.push(format!("{of} has no example: write {} ({error})", path.display()));
            String::new()
        })
    }
}

/// The names in a folder, in their order; none where it is not there.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let name = |entry: io::Result<std::fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let mut names = entries.map(name).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}
