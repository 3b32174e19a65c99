//! Each hostile case has an id where it is tried, and the operator's page lists them all.
//!
//! A case is a text that begins with its id, as in the row `"W3 right for another repository"`, or a line of a comment:
//! `Case G7: what is tried`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::sources;

/// The letters that ids begin with, and what such cases are about.
const GROUPS: &[(char, &str)] = &[
    ('W', "Webhooks"),
    ('J', "Proofs of who somebody is"),
    ('I', "Ids and paths of the API"),
    ('G', "Repositories"),
    ('T', "Archives"),
    ('B', "Bombs"),
    ('S', "Secrets in what jobs print"),
    ('K', "Secrets at rest"),
    ('F', "Forks"),
    ('P', "Caches of others"),
    ('N', "Addresses that lead inside"),
    ('X', "Jobs that would escape"),
    ('R', "Reports of jobs"),
    ('U', "The page"),
    ('C', "Connections"),
    ('D', "Disks"),
];

/// As many cases there are at least.
const FEWEST: usize = 150;

/// The page, and the line from which on it is the table.
const PAGE: &str = "docs/security.md";
const BEGIN: &str = "<!-- What follows is written by `MONKEYCI_UPDATE=1 cargo test -p monkeyci-tests hostile`. -->\n";

/// A case: what is tried, and in which file.
struct Case {
    what: String,
    file: String,
}

type Cases = BTreeMap<(usize, u32), Vec<Case>>;

/// The cases in a file.
fn find(file: &str, text: &str, cases: &mut Cases) {
    let literals = text.split('"').filter(|part| !part.contains('\n'));
    let comments = text.lines().filter_map(|line| line.trim_start().strip_prefix("//"));
    let comments = comments.filter_map(|line| line.trim_start_matches(['/', '!']).trim().strip_prefix("Case "));
    for text in literals.chain(comments) {
        let Some((id, what)) = text.split_once(' ') else { continue };
        let Some(group) = GROUPS.iter().position(|(letter, _)| id.starts_with(*letter)) else { continue };
        let number = id[1..].trim_end_matches(':');
        let is_id = number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
        if let (true, Ok(number)) = (is_id, number.parse()) {
            let what = what.trim().trim_end_matches('.').to_owned();
            cases.entry((group, number)).or_default().push(Case { what, file: file.to_owned() });
        }
    }
}

fn cases() -> Cases {
    let is_test = |name: &str| name.contains("tests/") || name.contains("/test/") || name.ends_with("tests.rs");
    let mut cases = Cases::new();
    for (name, text) in sources::files() {
        let own = name.ends_with("tidy/hostile.rs");
        let tests = match text.find("#[cfg(test)]") {
            _ if own => continue,
            _ if is_test(&name) => &text[..],
            Some(at) if name.ends_with(".rs") => &text[at..],
            _ => continue,
        };
        if [".rs", ".js", ".mjs"].iter().any(|kind| name.ends_with(kind)) {
            find(&name, tests, &mut cases);
        }
    }
    cases
}

/// The table as it stands in the page.
fn table(cases: &Cases) -> String {
    let mut text = format!("{} cases, each tried by a test:\n", cases.len());
    for (group, (letter, name)) in GROUPS.iter().enumerate() {
        let mut rows = cases.iter().filter(|((found, _), _)| *found == group).peekable();
        if rows.peek().is_some() {
            write!(text, "\n### {name}\n\n| id | what is tried | where |\n|---|---|---|\n").expect("text");
        }
        for ((_, number), all) in rows {
            let what = all[0].what.replace('|', "\\|").replace('<', "\\<");
            let file = all[0].file.rsplit('/').next().unwrap_or_default();
            writeln!(text, "| {letter}{number} | {what} | [{file}](../{}) |", all[0].file).expect("text");
        }
    }
    text
}

#[test]
fn every_hostile_case_has_an_id_of_its_own_and_the_page_lists_all_of_them() {
    let cases = cases();
    let mut wrong = Vec::new();
    for (group, (letter, name)) in GROUPS.iter().enumerate() {
        let numbers: Vec<u32> = cases.keys().filter(|(found, _)| *found == group).map(|(_, number)| *number).collect();
        let holes = (1..=numbers.last().copied().unwrap_or(1)).filter(|number| !numbers.contains(number));
        wrong.extend(holes.map(|number| format!("{letter}{number} is missing ({name})")));
    }
    for ((group, number), all) in cases.iter().filter(|(_, all)| all.len() > 1) {
        let files: Vec<_> = all.iter().map(|case| case.file.as_str()).collect();
        wrong.push(format!("{}{number} is {} cases: {files:?}", GROUPS[*group].0, all.len()));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cases.len() >= FEWEST, "{} cases, {FEWEST} are wanted", cases.len());

    let path = sources::root().join(PAGE);
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let (words, listed) = page.split_once(BEGIN).expect("the page has a table");
    let table = table(&cases);
    if std::env::var_os("MONKEYCI_UPDATE").is_some() {
        std::fs::write(&path, format!("{words}{BEGIN}\n{table}")).expect("written");
    } else {
        assert_eq!(listed.trim(), table.trim(), "{PAGE} is stale: run this test with MONKEYCI_UPDATE=1");
    }
}
