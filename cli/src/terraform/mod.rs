//! What is set up on a server, as a configuration of Terraform: resources, and blocks that import what is there.
//!
//! - `hcl`: how that is written; `names`: what resources are called, and refer to each other by;
//! - `organisation`, `repository`, `pipeline` and `subscription`: what becomes of each object.
//!
//! Secrets never come out of the server. Each is a variable, which is written when the configuration is first applied.

mod hcl;
mod names;
mod organisation;
mod pipeline;
mod repository;
mod subscription;

use std::collections::BTreeMap;

use monkeyci_client::rest::{Export, LabelFilters, Param};

use hcl::{Block, Value};
use names::Names;

/// A configuration that is written.
#[derive(Debug, Default)]
pub struct Configuration {
    names: Names,
    /// What resources are called after beside their own name: the organisation, where there are several.
    prefix: Option<String>,
    text: String,
    variables: String,
    count: usize,
}

/// The files of a configuration by name, and how many resources are in them.
#[derive(Debug)]
pub struct Written {
    /// Their texts.
    pub files: BTreeMap<String, String>,
    /// Resources in all of them.
    pub count: usize,
}

/// The configuration of these organisations on the server at `url`, with the provider from `source`.
pub fn configuration(url: &str, source: &str, exports: &[Export]) -> Written {
    let mut files = BTreeMap::new();
    let mut configuration = Configuration::default();
    for export in exports {
        let id = export.org.id.to_string();
        configuration.prefix = (exports.len() > 1).then(|| id.clone());
        configuration.organisation(export);
        files.insert(format!("{id}.tf"), std::mem::take(&mut configuration.text));
    }
    let required = Value::Object(vec![("source".to_owned(), Value::text(source))]);
    let mut provider = format!(
        "terraform {{\n  required_version = \">= 1.11\"\n  required_providers {{\n    monkeyci = {}\n  }}\n}}\n\n",
        required.inline()
    );
    provider.push_str("# The token is read from the variable MONKEYCI_TOKEN.\n");
    provider.push_str(&Block::new("provider", &["monkeyci"]).with("url", Value::text(url)).written());
    files.insert("provider.tf".to_owned(), provider);
    if !configuration.variables.is_empty() {
        files.insert("variables.tf".to_owned(), configuration.variables.trim_start().to_owned());
    }
    Written { files, count: configuration.count }
}

impl Configuration {
    /// A name for a resource of this type, by which others refer to the object with this id.
    fn name(&mut self, kind: &str, id: &str, words: &[&str]) -> String {
        let words: Vec<&str> = self.prefix.as_deref().into_iter().chain(words.iter().copied()).collect();
        let name = self.names.take(kind, &words);
        self.names.know(id, kind, &name);
        name
    }

    /// The same for one that no other refers to.
    fn names_of(&mut self, kind: &str, words: &[&str]) -> String {
        let words: Vec<&str> = self.prefix.as_deref().into_iter().chain(words.iter().copied()).collect();
        self.names.take(kind, &words)
    }

    /// Adds a resource that is on the server with this id.
    fn add(&mut self, kind: &str, name: &str, id: &str, fill: impl FnOnce(&Names, Block) -> Block) {
        let import =
            Block::new("import", &[]).with("to", Value::Raw(format!("{kind}.{name}"))).with("id", Value::text(id));
        let resource = fill(&self.names, Block::new("resource", &[kind, name]));
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&format!("{}\n{}", import.written(), resource.written()));
        self.count += 1;
    }

    /// A variable that holds a secret.
    fn variable(&mut self, words: &[&str], about: &str) -> Value {
        let words: Vec<&str> = self.prefix.as_deref().into_iter().chain(words.iter().copied()).collect();
        let name = self.names.take("variable", &words);
        let variable = Block::new("variable", &[&name])
            .with("description", Value::text(about))
            .with("type", Value::Raw("string".into()))
            .with("ephemeral", Value::Raw("true".into()));
        self.variables.push_str(&format!("\n{}", variable.written()));
        Value::Raw(format!("var.{name}"))
    }

    /// The params of a scope, which is called by these words.
    fn params(&mut self, scope: &str, words: &[&str], params: &[Param]) {
        for param in params {
            let id = format!("{scope}/param/{}", param.name);
            let words: Vec<&str> = words.iter().copied().chain([param.name.as_str()]).collect();
            let name = self.name("monkeyci_param", &id, &words);
            let secret = param.secret.then(|| self.variable(&words, &format!("The value of {id}")));
            self.add("monkeyci_param", &name, &id, |names, block| {
                let block = block.with("scope", names.refer(scope)).with("name", Value::text(&param.name));
                let block = match secret {
                    Some(secret) => block.with("value_wo", secret).with("value_wo_version", Value::Raw("1".into())),
                    None => block.with("value", Value::text(param.value.clone().unwrap_or_default())),
                };
                block.maybe("description", text(param.description.as_ref()))
            });
        }
    }
}

/// A text, where it is said.
fn text(said: Option<&String>) -> Option<Value> {
    said.map(Value::text)
}

/// A word of truth, where it is not so anyway.
fn unless(usual: bool, is_so: bool) -> Option<Value> {
    (is_so != usual).then(|| Value::Raw(is_so.to_string()))
}

/// A list of texts, where there are any.
fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Value> {
    let all: Vec<Value> = texts.into_iter().map(Value::text).collect();
    (!all.is_empty()).then_some(Value::List(all))
}

/// Texts by name, where there are any.
fn map(texts: &BTreeMap<String, String>) -> Option<Value> {
    let all: Vec<_> = texts.iter().map(|(name, text)| (name.clone(), Value::text(text))).collect();
    (!all.is_empty()).then_some(Value::Object(all))
}

/// Filters by labels, where there are any.
fn filters(LabelFilters(filters): &LabelFilters) -> Option<Value> {
    let all: Vec<Value> = filters.iter().filter_map(map).collect();
    (!all.is_empty()).then_some(Value::List(all))
}
