//! Test reports, and MonkeyCI's `junit`.

use monkeyci_model::job::{Artifact, Report, ReportFormat};

use super::keys::{JUNIT, REPORT};
use super::{Context, Fields, scalar};
use crate::script::node::{Node, Value};
use crate::script::problems::Flaw;

/// The reports that a job lists: paths, or `{path, format}`.
pub(super) fn reports(node: &Node, folder: &str, cx: &mut Context<'_, '_>) -> Vec<Report> {
    let one = |item: &Node| {
        if !matches!(item.value, Value::Map(_)) {
            let path = scalar::path(item, folder, "the path of a report", cx)?;
            return Some(Report { format: ReportFormat::Junit, path });
        }
        let fields = Fields::read(item, "a report", &[REPORT], |_| false, cx)?;
        let path = fields.require("path", "a report", cx)?;
        let path = scalar::path(path, folder, "the path of a report", cx);
        let table = [("junit", ReportFormat::Junit)];
        let format = fields.get("format").and_then(|node| scalar::choice(node, "a format of reports", &table, cx));
        Some(Report { format: format.unwrap_or_default(), path: path? })
    };
    node.items().iter().filter_map(one).collect()
}

/// The report that `junit: {artifact-id, path}` means.
///
/// MonkeyCI reads it out of the artifact; here the same file is read where the job left it.
pub(super) fn junit(node: &Node, saved: &[Artifact], folder: &str, cx: &mut Context<'_, '_>) -> Option<Report> {
    let fields = Fields::read(node, "`junit`", &[JUNIT], |_| false, cx)?;
    let artifact = match fields.get("artifact-id") {
        None => None,
        Some(node) => {
            let id = scalar::word(node, "the id of an artifact", cx)?;
            let found = saved.iter().find(|artifact| artifact.id == id);
            if found.is_none() {
                let flaw = Flaw::new(node.span, "the job saves no artifact of this id");
                cx.problems.add(flaw.help("name one of its `save-artifacts`, or leave `artifact-id` out"));
                return None;
            }
            found
        }
    };
    let base = artifact.map(|artifact| artifact.path.trim_end_matches('/'));
    let path = match (fields.get("path"), fields.get("pattern")) {
        (Some(path), None) => within(base, &scalar::path(path, folder, "the path of a report", cx)?),
        (None, Some(pattern)) => {
            let glob = glob_of(&scalar::word(pattern, "a pattern", cx)?);
            base.map_or_else(|| format!("**/{glob}"), |base| format!("{base}/**/{glob}"))
        }
        _ => {
            cx.problems.add(Flaw::new(fields.span, "`junit` needs either `path` or `pattern`"));
            return None;
        }
    };
    Some(Report { format: ReportFormat::Junit, path })
}

/// A file of an artifact, from the work dir: `junit.xml` or `target/junit.xml` of the artifact `target`.
fn within(base: Option<&str>, path: &str) -> String {
    let Some(base) = base.filter(|base| !["", "."].contains(base)) else { return path.to_owned() };
    let folder = base.rsplit('/').next().unwrap_or(base);
    if base == path || base.ends_with(&format!("/{path}")) {
        base.to_owned()
    } else if path.starts_with(&format!("{base}/")) {
        path.to_owned()
    } else if path.starts_with(&format!("{folder}/")) {
        format!("{}{path}", &base[..base.len() - folder.len()])
    } else {
        format!("{base}/{path}")
    }
}

/// A glob of the regular expressions that people write for names of files; a glob stays what it is.
fn glob_of(pattern: &str) -> String {
    let bare = pattern.trim_start_matches('^').trim_end_matches('$');
    bare.replace("\\.", "\u{0}").replace(".*", "*").replace(".+", "*").replace('\u{0}', ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_found_in_its_artifact() {
        let cases = [
            (None, "junit.xml", "junit.xml"),
            (Some("junit.xml"), "junit.xml", "junit.xml"),
            (Some("target/junit.xml"), "junit.xml", "target/junit.xml"),
            (Some("target"), "junit.xml", "target/junit.xml"),
            (Some("target"), "target/junit.xml", "target/junit.xml"),
            (Some("app/target"), "target/junit.xml", "app/target/junit.xml"),
            (Some("."), "junit.xml", "junit.xml"),
        ];
        for (base, path, found) in cases {
            assert_eq!(within(base, path), found, "{base:?} {path}");
        }
        for (pattern, glob) in [(".*\\.xml", "*.xml"), ("^TEST-.+\\.xml$", "TEST-*.xml"), ("*.xml", "*.xml")] {
            assert_eq!(glob_of(pattern), glob);
        }
    }
}
