//! What is wrong with a script in JSON, by JSON pointers: for who writes it field by field.

use monkeyci_model::{Text, Trigger};

use super::assemble;
use super::extensions::Extensions;
use super::file::ScriptFile;
use super::node::{Node, Span, Value};
use super::problems::{Flaw, Problems};
use super::read::{self, Format};

/// One thing that is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where, as a JSON pointer: `/0/image`.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Everything that is wrong with a script in the form of a `build.json`, whatever will cause its builds: every param that it
/// names is taken to be there.
#[must_use]
pub fn check(document: &str) -> Vec<Mistake> {
    let mistake = |flaw: Flaw, pointer| Mistake { pointer, message: flaw.message, help: flaw.help };
    let tree = match Format::Json.read(document, 0) {
        Ok(tree) => tree,
        Err(flaw) => return vec![mistake(flaw, String::new())],
    };
    let mut trigger = Trigger::default();
    params(&tree, &mut trigger);
    let files = [ScriptFile { path: "build.json".into(), text: document.to_owned() }];
    let mut problems = Problems::new(&files);
    read::check_keys(&tree, &mut problems);
    let _jobs = assemble::assemble(vec![tree.clone()], &trigger, &Extensions::none(), false, &mut problems);
    let flaws = problems.into_flaws().into_iter();
    flaws.map(|flaw| (pointer(&tree, flaw.span), flaw)).map(|(pointer, flaw)| mistake(flaw, pointer)).collect()
}

/// Gives the trigger every param that a script names: `params: [NAME]`, `{param: NAME}`.
fn params(node: &Node, trigger: &mut Trigger) {
    match &node.value {
        Value::Scalar(..) => {}
        Value::List(items) => items.iter().for_each(|item| params(item, trigger)),
        Value::Map(entries) => {
            for (key, value) in entries {
                if matches!(key.as_text(), Some("params" | "param")) {
                    let names = value.items().iter().filter_map(Node::as_text);
                    trigger.params.extend(names.map(|name| (name.to_owned(), Text::default())));
                }
                params(value, trigger);
            }
        }
    }
}

/// The way to what stands at a place; to what holds it where that has no way of its own, as a key.
fn pointer(tree: &Node, span: Span) -> String {
    let holds = |node: &Node| node.span.start <= span.start && span.end <= node.span.end;
    let (mut at, mut way) = (tree, String::new());
    loop {
        let step = match &at.value {
            Value::Scalar(..) => None,
            Value::List(items) => {
                let found = items.iter().enumerate().find(|(_, item)| holds(item));
                found.map(|(index, item)| (index.to_string(), item))
            }
            Value::Map(entries) => {
                let found = entries.iter().find(|(key, value)| holds(key) || holds(value));
                let name = |key: &Node| key.as_text().unwrap_or_default().replace('~', "~0").replace('/', "~1");
                found.map(|(key, value)| (name(key), value))
            }
        };
        let Some((name, next)) = step else { return way };
        way.push('/');
        way.push_str(&name);
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(document: &str) -> Vec<String> {
        check(document).into_iter().map(|mistake| mistake.pointer).collect()
    }

    #[test]
    fn every_mistake_has_the_way_to_its_field() {
        let document = r#"{"image": "alpine", "jobs": [
            {"id": "test", "scirpt": ["ls"], "timeout": "soon"},
            {"id": "te st", "script": ["ls"], "dependencies": ["test", "nobody"]},
            {"id": "env", "script": ["ls"], "env": {"A/B~": {"parm": "X"}}}]}"#;
        let mut found = pointers(document);
        found.sort_unstable();
        let expected = [
            "/jobs/0",
            "/jobs/0/scirpt",
            "/jobs/0/timeout",
            "/jobs/1/dependencies/1",
            "/jobs/1/id",
            "/jobs/2/env/A~1B~0/parm",
        ];
        let is_told = |pointer: &&str| found.iter().any(|found| found == pointer);
        assert!(expected.iter().all(is_told), "{found:?}");
    }

    #[test]
    fn what_is_well_has_none_and_what_is_no_json_has_one() {
        let well = r#"[{"id": "a", "script": ["ls"], "params": ["TOKEN"], "env": {"B": {"param": "OTHER"}}}]"#;
        assert_eq!(check(well), []);
        assert_eq!(pointers(r#"[{"id": "a""#), [""]);
        let mistakes = check(r#"[{"id": "a", "scirpt": ["ls"]}]"#);
        assert!(mistakes[0].help.as_deref().is_some_and(|help| help.contains("script")), "{mistakes:?}");
    }
}
