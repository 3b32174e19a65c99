//! A map of a script whose keys are known.

use super::Context;
use super::keys::{JOB, Key};
use crate::script::diagnostic::shown;
use crate::script::nearest::did_you_mean;
use crate::script::node::{Node, Span};
use crate::script::problems::Flaw;

/// The entries of a map, by the known names of their keys.
pub(in crate::script) struct Fields<'n> {
    entries: Vec<(&'static str, &'n Node)>,
    /// Keys that `extra` let in, as they were written.
    pub(in crate::script) extra: Vec<(&'n str, &'n Node)>,
    /// Of the whole map.
    pub(in crate::script) span: Span,
}

impl<'n> Fields<'n> {
    /// Reads the map `node`, which is a `what`; reports every key that is neither in `keys` nor let in by `extra`.
    pub(in crate::script) fn read(
        node: &'n Node,
        what: &str,
        keys: &[&'static [Key]],
        extra: impl Fn(&str) -> bool,
        cx: &mut Context<'_, '_>,
    ) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            let message = format!("expected {what} (a map), found {}", node.describe());
            cx.problems.add(Flaw::new(node.span, message));
            return None;
        };
        let mut fields = Self { entries: Vec::with_capacity(entries.len()), extra: Vec::new(), span: node.span };
        let mut spans: Vec<(&str, &str, Span)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let written = key.as_text().unwrap_or_default();
            if let Some(name) = name_of(written, keys) {
                if let Some((earlier, first)) = spans.iter().find(|(_, known, _)| *known == name).map(|s| (s.0, s.2)) {
                    // The very same key twice is reported for all maps alike when the file is read.
                    if earlier != written {
                        let message = format!("`{}` says again what `{name}` is", shown(written));
                        cx.problems.add(Flaw::new(key.span, message).also("here it is said first", first));
                    }
                    continue;
                }
                spans.push((written, name, key.span));
                fields.entries.push((name, value));
            } else if extra(written) {
                fields.extra.push((written, value));
            } else if !cx.problems.is_full() {
                cx.problems.add(unknown(key.span, written, what, keys));
            }
        }
        Some(fields)
    }

    pub(in crate::script) fn get(&self, name: &'static str) -> Option<&'n Node> {
        self.entries.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The value of a key that must be there; reports that `what` lacks it.
    pub(in crate::script) fn require(
        &self,
        name: &'static str,
        what: &str,
        cx: &mut Context<'_, '_>,
    ) -> Option<&'n Node> {
        let found = self.get(name);
        if found.is_none() {
            cx.problems.add(Flaw::new(self.span, format!("{what} needs `{name}`")));
        }
        found
    }
}

fn unknown(span: Span, written: &str, what: &str, keys: &[&'static [Key]]) -> Flaw {
    let flaw = Flaw::new(span, format!("{what} has no key `{}`", shown(written)));
    if ["action", "init"].contains(&written) {
        return flaw.help("functions need a script that is a program");
    }
    let names = || keys.iter().flat_map(|keys| keys.iter());
    let known = names().flat_map(|key| std::iter::once(&key.name).chain(key.aliases)).copied();
    let all = || names().map(|key| format!("`{}`", key.name)).collect::<Vec<_>>().join(", ");
    let help = did_you_mean(&kebab(written), known);
    match help {
        None if names().count() <= 8 => flaw.help(format!("it knows {}", all())),
        None => flaw.help("names of your own begin with `x-`"),
        help => flaw.maybe(help),
    }
}

/// The known name of a key as it was written.
pub(in crate::script) fn name_of(written: &str, keys: &[&'static [Key]]) -> Option<&'static str> {
    // The longest known name is far shorter; a key of a megabyte is not worth a copy.
    if written.len() > 60 {
        return None;
    }
    let kebab = kebab(written);
    let plain = kebab.strip_prefix("container/").unwrap_or(&kebab);
    keys.iter()
        .flat_map(|keys| keys.iter())
        .find(|key| key.name == plain || key.aliases.contains(&plain))
        .map(|key| key.name)
}

/// The known name of a key of a job.
pub(in crate::script) fn job_key(key: &Node) -> Option<&'static str> {
    key.as_text().and_then(|written| name_of(written, &[JOB]))
}

/// `saveArtifacts` and `save_artifacts` as `save-artifacts`.
fn kebab(written: &str) -> String {
    let mut kebab = String::with_capacity(written.len() + 4);
    let mut previous = '-';
    for character in written.chars().take(100) {
        if character.is_ascii_uppercase() {
            if previous.is_ascii_lowercase() || previous.is_ascii_digit() {
                kebab.push('-');
            }
            kebab.push(character.to_ascii_lowercase());
        } else {
            kebab.push(if character == '_' { '-' } else { character });
        }
        previous = character;
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_of_a_key_is_the_same_key() {
        let cases = [
            ("saveArtifacts", Some("save-artifacts")),
            ("save_artifacts", Some("save-artifacts")),
            ("save-artifacts", Some("save-artifacts")),
            ("SaveArtifacts", Some("save-artifacts")),
            ("container/env", Some("env")),
            ("container/cmd", Some("command")),
            ("dependsOn", Some("dependencies")),
            ("other/env", None),
            ("x-mine", None),
        ];
        for (written, name) in cases {
            assert_eq!(name_of(written, &[JOB]), name, "{written}");
        }
    }
}
