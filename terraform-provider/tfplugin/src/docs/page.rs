//! Pages, each of one thing.

use std::fmt::Write as _;

use super::example::{Examples, Import};
use super::reference;
use crate::schema::Schema;
use crate::ty::Type;

/// Where the registry explains imports.
const IMPORT: &str = "https://developer.hashicorp.com/terraform";

/// What kinds of things have pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Resource,
    DataSource,
    Ephemeral,
    Function,
    List,
    Action,
}

/// Something that has a page.
pub(super) struct Subject<'a> {
    pub sort: Sort,
    pub name: &'a str,
    pub schema: &'a Schema,
    /// What a function gives.
    pub output: Option<Type>,
}

impl Sort {
    pub const ALL: [Self; 6] =
        [Self::Resource, Self::DataSource, Self::Ephemeral, Self::Function, Self::List, Self::Action];

    /// The folder of its pages, and of its examples.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Resource => "resources",
            Self::DataSource => "data-sources",
            Self::Ephemeral => "ephemeral-resources",
            Self::Function => "functions",
            Self::List => "list-resources",
            Self::Action => "actions",
        }
    }

    /// The file of an example.
    fn example(self) -> &'static str {
        match self {
            Self::Resource => "resource.tf",
            Self::DataSource => "data-source.tf",
            Self::Ephemeral => "ephemeral-resource.tf",
            Self::Function => "function.tf",
            Self::List => "list-resource.tfquery.hcl",
            Self::Action => "action.tf",
        }
    }

    /// What the registry calls it.
    fn title(self) -> &'static str {
        match self {
            Self::Resource => "Resource",
            Self::DataSource => "Data Source",
            Self::Ephemeral => "Ephemeral Resource",
            Self::Function => "function",
            Self::List => "List Resource",
            Self::Action => "Action",
        }
    }

    /// How a configuration names one.
    fn used(self, provider: &str, name: &str) -> String {
        match self {
            Self::Resource => format!("resource \"{name}\""),
            Self::DataSource => format!("data \"{name}\""),
            Self::Ephemeral => format!("ephemeral \"{name}\""),
            Self::Function => format!("provider::{provider}::{name}("),
            Self::List => format!("list \"{name}\""),
            Self::Action => format!("action \"{name}\""),
        }
    }
}

impl Subject<'_> {
    /// The path of its page; the provider's name is not in it.
    pub fn file(&self, provider: &str) -> String {
        let short = self.name.strip_prefix(provider).and_then(|rest| rest.strip_prefix('_'));
        format!("{}/{}.md", self.sort.folder(), short.unwrap_or(self.name))
    }

    pub fn page(&self, provider: &str, examples: &mut Examples) -> String {
        let Self { sort, name, schema, output } = self;
        let of = format!("{} {name}", sort.title().to_lowercase());
        let folder = format!("{}/{name}", sort.folder());
        examples.describe(&of, schema);
        let example = examples.read(&of, &format!("{folder}/{}", sort.example()), &sort.used(provider, name));
        let heading = match sort {
            Sort::Function => format!("function: {name}"),
            _ => format!("{name} ({})", sort.title()),
        };
        let mut page = begin(&format!("{name} {} - {provider}", sort.title()), &heading, schema, &example);
        match output {
            Some(output) => page.push_str(&reference::signature(name, schema, output)),
            None => page.push_str(&reference::schema(schema)),
        }
        if *sort == Sort::Resource {
            page.push_str(&imported(&examples.import(&of, &format!("{folder}/import.sh")), schema));
        }
        page
    }
}

/// The page of the provider itself.
pub(super) fn index(name: &str, schema: &Schema, examples: &mut Examples) -> String {
    let of = format!("provider {name}");
    examples.describe(&of, schema);
    let example = examples.read(&of, "provider/provider.tf", &format!("provider \"{name}\""));
    let title = format!("{name} Provider");
    begin(&title, &title, schema, &example) + &reference::schema(schema)
}

/// The front matter, and what comes before the reference.
fn begin(title: &str, heading: &str, schema: &Schema, example: &str) -> String {
    // Lists of pages show the first paragraph, without marks.
    let lead = schema.description.split("\n\n").next().unwrap_or_default().replace('`', "");
    let lead = lead.split_whitespace().collect::<Vec<_>>().join(" ");
    let description = &schema.description;
    let deprecated = match &schema.deprecated {
        Some(instead) => format!("~> **Deprecated** {instead}\n\n"),
        None => String::new(),
    };
    format!(
        "---\n# Made by tfplugin, of the provider's schemas and examples.\npage_title: \"{title}\"\nsubcategory: \"\"\n\
         description: |-\n  {lead}\n---\n\n# {heading}\n\n{deprecated}{description}\n\n## Example Usage\n\n\
         ```terraform\n{example}\n```\n"
    )
}

/// How a resource is imported, in words where it cannot be.
fn imported(import: &Import, schema: &Schema) -> String {
    let mut text = String::from("\n## Import\n\n");
    if import.commands.is_empty() {
        let words = import.script.lines().map(|line| line.trim_start_matches(['#', ' '])).collect::<Vec<_>>();
        return text + &words.join("\n") + "\n";
    }
    let block = |(to, id): &(String, String)| format!("import {{\n  to = {to}\n  id = \"{id}\"\n}}");
    let blocks = import.commands.iter().map(block).collect::<Vec<_>>().join("\n\n");
    let _ = write!(
        text,
        "In Terraform v1.5.0 and later, an [`import` block]({IMPORT}/language/import) takes the `id`:\n\n\
         ```terraform\n{blocks}\n```\n\n"
    );
    let identity: Vec<_> = schema.attributes.iter().filter(|attribute| attribute.identity).cloned().collect();
    if !identity.is_empty() {
        let _ = write!(
            text,
            "In Terraform v1.12.0 and later, it takes an `identity` as well.\n\n### Identity Schema\n\n{}\n",
            reference::groups("#### ", "", &Schema::new(identity))
        );
    }
    let _ = write!(
        text,
        "The [`terraform import` command]({IMPORT}/cli/commands/import) does the same:\n\n```shell\n{}\n```\n",
        import.script
    );
    text
}
