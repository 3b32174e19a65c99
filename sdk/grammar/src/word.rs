//! Words of a text, with quotes as a shell has them.

use std::collections::VecDeque;

use crate::Mistake;

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Without its quotes.
    pub text: String,
    /// Where it begins, in characters.
    pub at: usize,
    /// How many characters it takes, with its quotes.
    pub length: usize,
    /// Bytes of `text` before the first quote: a sign in quotes means nothing.
    pub plain: usize,
}

impl Word {
    /// What is wrong with it.
    pub fn mistake(&self, what: impl Into<String>) -> Mistake {
        Mistake::new(what, self.at, self.length)
    }

    /// What stands before and after the first `sign`, unless that is in quotes.
    pub fn split(&self, sign: char) -> Option<(&str, &str)> {
        let at = self.text[..self.plain].find(sign)?;
        Some((&self.text[..at], &self.text[at + sign.len_utf8()..]))
    }
}

/// The words of a text, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    chars: Vec<char>,
    at: usize,
    /// How long each of them is that a shell has taken apart already: none of its signs means anything in there.
    apart: VecDeque<usize>,
}

impl Words {
    pub fn new(text: &str) -> Self {
        Self { chars: text.chars().map(plain).collect(), at: 0, apart: VecDeque::new() }
    }

    /// Words that somebody else has taken apart: the arguments of a program.
    pub fn apart<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Self::new("");
        for word in words {
            all.chars.extend(word.chars().chain([' ']));
            all.apart.push_back(word.chars().count());
        }
        all
    }

    /// Where the next word may begin.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Where the text ends.
    pub fn end(&self) -> usize {
        self.chars.len()
    }

    /// The next word; nothing at the end.
    ///
    /// # Errors
    /// When a quote is not closed.
    pub fn next(&mut self) -> Result<Option<Word>, Mistake> {
        if let Some(length) = self.apart.pop_front() {
            let text: String = self.chars[self.at..self.at + length].iter().collect();
            let word = Word { plain: text.len(), text, at: self.at, length };
            self.at += length + 1;
            return Ok(Some(word));
        }
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        let begin = self.at;
        let (mut text, mut plain) = (String::new(), None);
        // A quote opens where a value may begin; one within a word is an apostrophe.
        let mut may_open = true;
        while let Some(c) = self.peek().filter(|c| !c.is_whitespace()) {
            if may_open && matches!(c, '"' | '\'') {
                plain.get_or_insert(text.len());
                self.quoted(c, &mut text)?;
                continue;
            }
            self.at += 1;
            may_open = matches!(c, '=' | ':' | ',');
            text.push(c);
        }
        if self.at == begin {
            return Ok(None);
        }
        let plain = plain.unwrap_or(text.len());
        // What people's keyboards make of two dashes.
        if plain == text.len() && text.starts_with(['–', '—']) {
            text = format!("--{}", text.trim_start_matches(['–', '—']));
            return Ok(Some(Word { plain: text.len(), text, at: begin, length: self.at - begin }));
        }
        Ok(Some(Word { text, at: begin, length: self.at - begin, plain }))
    }

    /// All that is left, as it was typed.
    pub fn rest(&mut self) -> String {
        let rest: String = self.chars[self.at..].iter().collect();
        self.at = self.chars.len();
        rest.trim().to_owned()
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn quoted(&mut self, quote: char, text: &mut String) -> Result<(), Mistake> {
        let open = self.at;
        self.at += 1;
        loop {
            let Some(c) = self.peek() else {
                let what = format!("the quote {quote} that opens here is not closed");
                return Err(Mistake::new(what, open, 1));
            };
            self.at += 1;
            match c {
                '\\' if self.peek().is_some_and(|next| matches!(next, '"' | '\'' | '\\')) => {
                    text.extend(self.peek());
                    self.at += 1;
                }
                c if c == quote => return Ok(()),
                c => text.push(c),
            }
        }
    }
}

/// A quote or a space as it is on a plain keyboard.
fn plain(c: char) -> char {
    match c {
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => '"',
        '\u{2018}' | '\u{2019}' | '\u{201a}' => '\'',
        '\u{a0}' | '\u{202f}' | '\u{2007}' => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Words::new(text);
        std::iter::from_fn(|| words.next().expect("words")).map(|word| word.text).collect()
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(words(r#"run A="x y" B='1 "2"' c"#), ["run", "A=x y", r#"B=1 "2""#, "c"]);
        assert_eq!(words("run A=“x y” –wait —public"), ["run", "A=x y", "--wait", "--public"]);
        assert_eq!(words(r#"A="a\"b" B="c\\" C="d\e""#), [r#"A=a"b"#, r"B=c\", r"C=d\e"]);
        assert_eq!(words("don't won’t"), ["don't", "won't"], "an apostrophe opens nothing");
        assert_eq!(words(r#"A="""#), ["A="]);
        assert_eq!(words("\u{a0} \t\n"), Vec::<String>::new());
    }

    #[test]
    fn what_a_shell_took_apart_stays_so() {
        let mut words = Words::apart(["a b", "", "C=\"d", "é"]);
        let found: Vec<_> = std::iter::from_fn(|| words.next().expect("words")).collect();
        let texts: Vec<_> = found.iter().map(|word| (word.text.as_str(), word.at, word.length)).collect();
        assert_eq!(texts, [("a b", 0, 3), ("", 4, 0), ("C=\"d", 5, 4), ("é", 10, 1)]);
        assert_eq!(found[2].split('='), Some(("C", "\"d")));
    }

    #[test]
    fn a_sign_in_quotes_means_nothing() {
        let word = |text: &str| Words::new(text).next().expect("a word").expect("one");
        assert_eq!(word(r#""a=b""#).split('='), None);
        assert_eq!(word(r#"A="b=c""#).split('='), Some(("A", "b=c")));
        let open = Words::new("ab \"cd").next().and(Words::new("  \"cd").next());
        assert_eq!(open.expect_err("open").at, 2);
    }
}
