//! Says it in short lines.

/// The words of a text, one a line.
pub fn fold(text: &str) -> String {
    text::words(text).join("\n")
}

#[test]
fn each_word_has_a_line() {
    assert_eq!(fold("one, two"), "one\ntwo");
}
