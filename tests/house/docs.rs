//! The pages of the documentation lead somewhere, and their commands are understood.

use crate::program::Home;
use crate::tidy::sources;

fn pages() -> Vec<(String, String)> {
    let pages: Vec<_> = sources::files().into_iter().filter(|(name, _)| name.ends_with(".md")).collect();
    assert!(pages.len() >= 10, "the repository has pages");
    pages
}

/// What stands between `](` and `)` outside of code.
fn links(page: &str) -> Vec<&str> {
    let prose = page.split("```").step_by(2);
    prose.flat_map(|text| text.split("](").skip(1).filter_map(|rest| rest.split(')').next())).collect()
}

/// What a shell makes of a line without variables: words, in which quoted spaces stay.
fn words(line: &str) -> Vec<String> {
    let mut quote = None;
    let mut words = vec![String::new()];
    for c in line.chars() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => words.push(String::new()),
            (c, _) => words.last_mut().expect("never empty").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A heading as a link names it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn links_lead_to_files_and_headings_that_are_there() {
    let mut lost = Vec::new();
    for (name, page) in pages() {
        let file = sources::root().join(&name);
        for link in links(&page).into_iter().filter(|link| !link.contains("://")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { file.clone() } else { file.parent().expect("a folder").join(path) };
            let text = std::fs::read_to_string(&target).unwrap_or_default();
            let is_there = |line: &str| {
                let is_heading = line.starts_with('#') && anchor(line.trim_start_matches('#')) == heading;
                is_heading || line == format!("<a id=\"{heading}\"></a>")
            };
            let has_heading = || text.lines().any(is_there);
            if !target.exists() || (!heading.is_empty() && !has_heading()) {
                lost.push(format!("{name}: {link}"));
            }
        }
    }
    assert!(lost.is_empty(), "links that lead nowhere:\n{}", lost.join("\n"));
}

#[test]
fn the_program_understands_the_commands_of_the_pages() {
    let home = Home::new();
    let mut tried = 0;
    for (name, page) in pages() {
        let code = page.split("```").skip(1).step_by(2).flat_map(str::lines);
        let commands = code.map(|line| line.strip_prefix("$ ").unwrap_or(line));
        for command in commands.filter(|line| line.starts_with("monkeyci ")) {
            let command = command.split(['#', '<', '>', '|']).next().expect("a first part");
            let words = words(command);
            let mut args: Vec<_> = words.iter().skip(1).map(String::as_str).filter(|arg| *arg != "[DIR]").collect();
            // What follows `--` is for another program.
            args.insert(args.iter().position(|arg| *arg == "--").unwrap_or(args.len()), "--help");
            let said = home.run(&args);
            assert_eq!(said.code, Some(0), "{name}: `{command}`: {}", said.err);
            tried += 1;
        }
    }
    assert!(tried >= 10, "{tried}");
}
