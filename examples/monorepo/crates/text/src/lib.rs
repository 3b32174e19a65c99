//! What the other crates share.

/// The words of a text, without what is between them.
pub fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

#[test]
fn words_are_what_is_between_spaces_and_marks() {
    assert_eq!(words("One, two - three!"), ["One", "two", "three"]);
}
