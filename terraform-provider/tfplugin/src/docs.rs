//! The pages of a provider's documentation.

mod example;
mod page;
mod reference;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::plugin::Plugin;
use crate::provider::Provider;
use example::Examples;
use page::{Sort, Subject};

/// The pages of a provider's documentation, as Terraform's registry shows them. They are made of the schemas with the comments
/// in them, and of examples, which lie where the registry's own tool looks for them:
///
/// | file | shows |
/// |---|---|
/// | `provider/provider.tf` | the `provider` block |
/// | `resources/TYPE/resource.tf` | a resource |
/// | `resources/TYPE/import.sh` | how it is imported; in a comment alone, why it cannot be |
/// | `data-sources/TYPE/data-source.tf` | a data source |
/// | `ephemeral-resources/TYPE/ephemeral-resource.tf` | an ephemeral resource |
/// | `functions/NAME/function.tf` | a function |
/// | `list-resources/TYPE/list-resource.tfquery.hcl` | a list |
/// | `actions/TYPE/action.tf` | an action |
///
/// Let a test keep them fresh:
///
/// ```no_run
/// # fn fresh<P: tfplugin::Provider>(plugin: tfplugin::Plugin<P>) -> Result<(), Box<dyn std::error::Error>> {
/// let docs = tfplugin::Docs::of(&plugin, "examples".as_ref())?;
/// if std::env::var_os("UPDATE").is_some() {
///     docs.write("docs".as_ref())?;
/// }
/// assert_eq!(docs.stale("docs".as_ref())?, Vec::<String>::new());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Docs(BTreeMap<String, String>);

/// What pages need and is not there, each in words with what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the documentation is incomplete:\n{}", .0.join("\n"))]
pub struct Incomplete(pub Vec<String>);

impl Docs {
    /// Makes the pages of a provider, with the examples in a folder.
    ///
    /// # Errors
    /// Names everything that lacks a description or an example, and examples of what is not there.
    pub fn of<P: Provider>(plugin: &Plugin<P>, examples: &Path) -> Result<Self, Incomplete> {
        let mut examples = Examples::at(examples);
        let subjects = subjects(plugin);
        let index = page::index(P::NAME, &plugin.provider, &mut examples);
        let mut pages = BTreeMap::from([("index.md".to_owned(), index)]);
        for subject in &subjects {
            pages.insert(subject.file(P::NAME), subject.page(P::NAME, &mut examples));
        }
        for sort in Sort::ALL {
            examples.forbid_others(sort.folder(), |name| {
                subjects.iter().any(|subject| subject.sort == sort && subject.name == name)
            });
        }
        examples.end()?;
        Ok(Self(pages))
    }

    /// The pages by their paths from the folder `docs`.
    pub fn pages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(file, page)| (file.as_str(), page.as_str()))
    }

    /// Writes the pages into a folder, and removes those of what is no longer there. Guides are left alone.
    ///
    /// # Errors
    /// When a file cannot be written or removed.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        for (file, page) in &self.0 {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
            std::fs::write(path, page)?;
        }
        self.others(folder)?.iter().try_for_each(|file| std::fs::remove_file(folder.join(file)))
    }

    /// The pages in a folder that are not as they should be, that are missing, or that are there too much.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn stale(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut stale = self.others(folder)?;
        for (file, page) in &self.0 {
            match std::fs::read_to_string(folder.join(file)) {
                Ok(found) if found == *page => {}
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => stale.push(file.clone()),
            }
        }
        Ok(stale)
    }

    /// Pages of what the provider does not have.
    fn others(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut others = Vec::new();
        for sort in Sort::ALL {
            let files = example::names(&folder.join(sort.folder()))?.into_iter();
            let pages = files.filter(|file| file.ends_with(".md")).map(|file| format!("{}/{file}", sort.folder()));
            others.extend(pages.filter(|page| !self.0.contains_key(page)));
        }
        Ok(others)
    }
}

/// All that has a page beside the provider itself.
fn subjects<P: Provider>(plugin: &Plugin<P>) -> Vec<Subject<'_>> {
    let subject = |sort, name, schema| Subject { sort, name, schema, output: None };
    let mut all = Vec::new();
    all.extend(plugin.resources.iter().map(|(name, one)| subject(Sort::Resource, name, one.schema())));
    all.extend(plugin.data_sources.iter().map(|(name, one)| subject(Sort::DataSource, name, one.schema())));
    all.extend(plugin.ephemerals.iter().map(|(name, one)| subject(Sort::Ephemeral, name, one.schema())));
    all.extend(plugin.functions.iter().map(|(name, one)| {
        let output = Some(one.output());
        Subject { output, ..subject(Sort::Function, name, one.schema()) }
    }));
    all.extend(plugin.lists.iter().map(|(name, one)| subject(Sort::List, name, one.schema())));
    all.extend(plugin.actions.iter().map(|(name, one)| subject(Sort::Action, name, one.schema())));
    all
}
