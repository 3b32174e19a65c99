use monkeyci_core::model::RepoId;

use crate::problem::{Answer, Refusal};

/// Refuses what cannot be the name of anything.
///
/// # Errors
/// When it cannot.
pub fn check_name(name: &str) -> Answer<()> {
    // What may be an id may be a name.
    match RepoId::new(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::bad(
            "the path: a name has up to 100 letters, digits and `_.-`, and begins with a letter, a digit or `_`",
        )),
    }
}
