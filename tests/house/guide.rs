//! Pages of the guide that are played: what they show is what the program prints.
//!
//! A block in `console` holds commands after `$ ` and what they print. A block after a comment with the path of a file is
//! written into that file. All of a page is played in order, in an empty folder. With `MONKEYCI_GUIDE_WRITE=1` the page is
//! written anew, as it should be.

use std::fmt::Write as _;
use std::process::Command;

use crate::program::{Home, Said, has, is_on_path, monkeyci};
use crate::tidy::sources;

/// The pages, and what they need.
const PAGES: &[(&str, &str)] = &[("docs/guide/first-script-in-rust.md", "cargo")];

#[test]
fn what_the_guide_shows_is_what_the_program_prints() {
    for (name, need) in PAGES {
        if !has(need, is_on_path(need), "no such program") {
            continue;
        }
        let path = sources::root().join(name);
        let page = std::fs::read_to_string(&path).expect("the page is there");
        let played = play(&page);
        if std::env::var_os("MONKEYCI_GUIDE_WRITE").is_some() {
            std::fs::write(path, played).expect("written");
        } else {
            let differs = played.lines().zip(page.lines()).find(|(is, shown)| is != shown);
            let place =
                differs.map(|(is, shown)| format!("it prints   {is}\nthe page has {shown}")).unwrap_or_default();
            assert!(played == page, "{name} is not true; write it anew with MONKEYCI_GUIDE_WRITE=1\n{place}\n{played}");
        }
    }
}

/// The page with what is printed in the place of what it shows.
fn play(page: &str) -> String {
    let home = Home::new();
    let folder = home.path().join("web");
    std::fs::create_dir(&folder).expect("a folder");
    let (mut played, mut lines, mut file) = (String::new(), page.lines(), None);
    while let Some(line) = lines.next() {
        writeln!(played, "{line}").expect("a text grows");
        if let Some(name) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            file = Some(folder.join(name));
            continue;
        }
        if !line.starts_with("```") {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let text = block.iter().fold(String::new(), |text, line| text + line + "\n");
        if let Some(file) = file.take() {
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            std::fs::write(file, &text).expect("written");
        }
        if line == "```console" {
            for command in block.iter().filter_map(|line| line.strip_prefix("$ ")) {
                let mut shell = Command::new("sh");
                let bin = monkeyci().parent().expect("a folder").display().to_string();
                let env = home.command(&[]);
                shell.envs(env.get_envs().filter_map(|(name, value)| Some((name, value?))));
                shell.env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap_or_default()));
                let shell = shell.args(["-c", &format!("{command} 2>&1")]).current_dir(&folder);
                let said = Said::of(&shell.output().expect("a shell runs"));
                write!(played, "$ {command}\n{}", steady(&said.out, &home)).expect("a text grows");
            }
        } else {
            played.push_str(&text);
        }
        played.push_str("```\n");
    }
    played
}

/// What cargo says of its work, which depends on what it has done before, and what is said while another test compiles.
const OF_CARGO: [&str; 8] =
    ["Locking", "Updating", "Adding", "Downloading", "Downloaded", "Blocking", "Compiling", "Running"];

fn is_of_cargo(line: &str) -> bool {
    let line = line.strip_prefix("[script]").unwrap_or(line);
    let word = line.split_whitespace().next().unwrap_or_default();
    let is_waiting = line.trim() == "waiting until another script is compiled";
    is_waiting || line.starts_with("  ") && (OF_CARGO.contains(&word) || word == "Finished")
}

/// The same with times and places that are the same each time.
fn steady(text: &str, home: &Home) -> String {
    let mut steady = String::new();
    let mut lines: Vec<&str> = text.trim_end().lines().filter(|line| !is_of_cargo(line)).collect();
    // Tests run beside each other; which is told first depends on the machine.
    let is_test = |line: &str| line.starts_with("test ") && line.ends_with(" ... ok");
    for tests in lines.chunk_by_mut(|a, b| is_test(a) && is_test(b)) {
        tests.sort_unstable();
    }
    for line in lines {
        let line = line.replace(&home.path().display().to_string(), "~");
        if line.starts_with("Logs and artifacts: ") {
            steady.push_str("Logs and artifacts: ~/.local/share/monkeyci/web-5d1e9a2c/1\n");
            continue;
        }
        let mut rest = line.as_str();
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, number) = rest.split_at(at);
            steady.push_str(before);
            if let Some(length) = time(number) {
                // In a column, what is longer has fewer spaces before it.
                if steady.ends_with("  ") {
                    steady.push_str(&" ".repeat(length.saturating_sub("0.1s".len())));
                }
                steady.push_str("0.1s");
                rest = &number[length..];
                continue;
            }
            let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
            steady.push_str(&number[..end]);
            rest = &number[end..];
        }
        steady.push_str(rest);
        while steady.ends_with(' ') {
            steady.pop();
        }
        steady.push('\n');
    }
    steady
}

/// How long a time is that stands at the beginning of a text: `12.3s`, `2m05s`, `1h02m`.
fn time(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(text.len());
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let are = |pair: Option<(&str, &str)>| pair.is_some_and(|(a, b)| is_number(a) && is_number(b));
    let word = &text[..end];
    let is_time = word.strip_suffix('s').is_some_and(|rest| are(rest.split_once(['.', 'm'])))
        || word.strip_suffix('m').is_some_and(|rest| are(rest.split_once('h')));
    is_time.then_some(end)
}
