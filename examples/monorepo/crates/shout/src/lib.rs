//! Says it loudly.

/// The words of a text in capitals.
pub fn shout(text: &str) -> String {
    text::words(text).join(" ").to_uppercase() + "!"
}

#[test]
fn a_shout_is_in_capitals() {
    assert_eq!(shout("hello, world"), "HELLO WORLD!");
}
