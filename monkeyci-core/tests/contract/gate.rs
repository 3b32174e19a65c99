//! What a story does when this machine lacks what it needs.

use std::fmt::Display;

/// Says that what `name` stands for is skipped. Fails instead when `MONKEYCI_TEST_REQUIRE` names it.
pub fn skip(name: &str, why: impl Display) {
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|required| [name, "all"].contains(&required)), "{name} is required: {why}");
    eprintln!("skipped: {name}: {why}");
}

/// Whether the stories that take long are wanted.
pub fn long() -> bool {
    std::env::var("MONKEYCI_TEST_LONG").is_ok_and(|wanted| !wanted.is_empty())
}
