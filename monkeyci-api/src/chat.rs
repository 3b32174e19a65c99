//! How users of a chat are named: by the chat, and by what they are there for good.

use crate::problem::{Answer, Refusal};

/// Bytes of the longest name of a chat.
const PROVIDER: usize = 32;

/// Bytes of the longest name of a user there.
const SUBJECT: usize = 200;

/// Refuses what can be no user of a chat.
///
/// # Errors
/// When it can be none.
pub fn check(provider: &str, subject: &str) -> Answer<()> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if provider.is_empty() || provider.len() > PROVIDER || !provider.bytes().all(is_word) {
        let detail = format!("a chat is named by 1 to {PROVIDER} small letters, digits and `-`, as `slack`");
        return Err(Refusal::field("/provider", detail));
    }
    if subject.is_empty() || subject.len() > SUBJECT || !subject.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = format!("a user is named by 1 to {SUBJECT} characters of ASCII without spaces, as `T123/U456`");
        return Err(Refusal::field("/subject", detail));
    }
    Ok(())
}

/// Refuses what nobody is called in a chat.
///
/// # Errors
/// When it is too long, or holds what is not shown.
pub fn check_name(name: Option<&str>) -> Answer<()> {
    let is_fit = |name: &str| (1..=200).contains(&name.len()) && !name.chars().any(char::is_control);
    match name {
        Some(name) if !is_fit(name) => Err(Refusal::field("/name", "a name has 1 to 200 bytes, on one line")),
        _ => Ok(()),
    }
}
