//! Names say what a thing is, and nothing in the repository speaks of one machine.

use super::sources;

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let empty = ["util", "utils", "common", "helper", "helpers", "manager", "misc", "imp"];
    let says_nothing = |name: &str| {
        name.split('/').any(|part| empty.contains(&part.split('.').next().expect("a name has a first part")))
    };
    let wrong: Vec<_> = sources::files().into_iter().map(|(name, _)| name).filter(|name| says_nothing(name)).collect();
    assert!(wrong.is_empty(), "name these for the noun they own: {wrong:#?}");
}

#[test]
fn nothing_is_left_unfinished_or_switched_off() {
    // Put together here, so that this file does not find itself.
    let words = ["todo!", "unimplemented!", "dbg!"].map(|word| format!("{word}(")).into_iter();
    let words: Vec<String> =
        words.chain(["FIX", "XX"].map(|word| format!("{word}{}", "ME"))).chain([format!("#[{}", "ignore")]).collect();
    let mut found = Vec::new();
    for (name, text) in sources::files() {
        for (number, line) in text.lines().enumerate() {
            if name.ends_with(".rs") && words.iter().any(|word| line.contains(word.as_str())) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn tests_wait_for_conditions_and_never_sleep() {
    let sleeps = |line: &&str| line.contains("thread::sleep(") || line.contains("time::sleep(");
    let is_test = |name: &str| name.ends_with(".rs") && (name.contains("tests/") || name.contains("/contract"));
    let mut found = Vec::new();
    for (name, text) in sources::files().into_iter().filter(|(name, _)| is_test(name)) {
        // A poll in a loop with a deadline is a wait for a condition, and one that comes at different moments waits for
        // nothing; each says so on the same line.
        let told = |line: &&str| line.contains("// poll") || line.contains("// moment");
        let wrong = text.lines().filter(sleeps).filter(|line| !told(line));
        found.extend(wrong.map(|line| format!("{name}: {}", line.trim())));
    }
    let own = "tests/house/tidy/names.rs";
    found.retain(|line| !line.starts_with(own));
    assert!(found.is_empty(), "{found:#?}");
}
