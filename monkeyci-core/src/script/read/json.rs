//! JSON with places.
//!
//! A reader of its own: `serde_json` tells no places of values, and YAML's reader takes trailing commas, comments and
//! bare words, which other readers of a `.json` file refuse.

use super::super::diagnostic::shown;
use super::super::node::{MAX_DEPTH, MAX_NODES, Node, Scalar, Span, Value};
use super::super::problems::Flaw;

/// Reads a whole file.
pub(super) fn read(text: &str, file: u32) -> Result<Node, Flaw> {
    let mut reader = Reader { text, at: 0, file, nodes: 0 };
    let node = reader.value(0)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.flaw("there is something after the end of the JSON value")),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    file: u32,
    nodes: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Node, Flaw> {
        self.skip_space();
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(self.flaw(format!("lists and maps are nested more than {MAX_DEPTH} deep")));
        }
        if self.nodes > MAX_NODES {
            return Err(self.flaw(format!("the file holds more than {MAX_NODES} values")));
        }
        let start = self.at;
        match self.peek() {
            Some(b'{') => self.map(depth, start),
            Some(b'[') => self.list(depth, start),
            Some(b'"') => {
                let text = self.string()?;
                Ok(Node::scalar(Scalar::Text, text, self.span(start)))
            }
            _ => self.word(start),
        }
    }

    fn list(&mut self, depth: usize, start: usize) -> Result<Node, Flaw> {
        let mut items = Vec::new();
        self.at += 1;
        if !self.ends(b']') {
            loop {
                items.push(self.value(depth + 1)?);
                if self.ends(b']') {
                    break;
                }
                self.expect(b',', "expected `,` or `]`")?;
                self.refuse_trailing_comma(b']')?;
            }
        }
        Ok(Node { value: Value::List(items), span: self.span(start) })
    }

    fn map(&mut self, depth: usize, start: usize) -> Result<Node, Flaw> {
        let mut entries = Vec::new();
        self.at += 1;
        if !self.ends(b'}') {
            loop {
                self.skip_space();
                if self.peek() != Some(b'"') {
                    return Err(self.flaw("expected a key in double quotes"));
                }
                let key_start = self.at;
                let key = self.string()?;
                let key = Node::scalar(Scalar::Text, key, self.span(key_start));
                self.skip_space();
                self.expect(b':', "expected `:` after the key")?;
                entries.push((key, self.value(depth + 1)?));
                if self.ends(b'}') {
                    break;
                }
                self.expect(b',', "expected `,` or `}`")?;
                self.refuse_trailing_comma(b'}')?;
            }
        }
        Ok(Node { value: Value::Map(entries), span: self.span(start) })
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self, start: usize) -> Result<Node, Flaw> {
        let rest = &self.text[start..];
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-._".contains(c))).unwrap_or(rest.len());
        self.at += length;
        let word = &rest[..length];
        let kind = match word {
            "null" => Scalar::Null,
            "true" => Scalar::Bool(true),
            "false" => Scalar::Bool(false),
            // The grammar of numbers is exactly what serde_json takes.
            _ if serde_json::from_str::<serde_json::Number>(word).is_ok() => Scalar::Number,
            "" => {
                let found = rest
                    .chars()
                    .next()
                    .map_or("the end of the file".into(), |c| format!("`{}`", shown(&c.to_string())));
                let flaw = Flaw::new(self.point(), format!("expected a value, found {found}"));
                return Err(if rest.starts_with('/') { flaw.help("JSON has no comments") } else { flaw });
            }
            _ => {
                let flaw = Flaw::new(self.span(start), format!("`{}` is no JSON value", shown(word)));
                let number = word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
                return Err(flaw.help(if number {
                    "it is no number of JSON, or too big"
                } else {
                    "text stands in double quotes"
                }));
            }
        };
        Ok(Node::scalar(kind, word, self.span(start)))
    }

    /// A string; its escapes are read by serde_json.
    fn string(&mut self) -> Result<String, Flaw> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        loop {
            match bytes.get(self.at) {
                None => return Err(Flaw::new(self.span(start), "the text has no closing `\"`")),
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(byte) if *byte < 0x20 => {
                    return Err(self
                        .flaw("a control character in text must be escaped")
                        .help("write a line break as `\\n`"));
                }
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(quoted).map_err(|error| {
            let span = self.span(start);
            // serde_json counts columns from 1, in bytes; the opening quote is column 1.
            let at = span.start + u32::try_from(error.column()).unwrap_or(0).saturating_sub(1);
            Flaw::new(Span { start: at, end: at + 1, ..span }, "the text holds an escape that JSON does not know")
        })
    }

    fn ends(&mut self, close: u8) -> bool {
        self.skip_space();
        let ends = self.peek() == Some(close);
        self.at += usize::from(ends);
        ends
    }

    fn expect(&mut self, byte: u8, message: &str) -> Result<(), Flaw> {
        if self.peek() != Some(byte) {
            return Err(self.flaw(message));
        }
        self.at += 1;
        Ok(())
    }

    fn refuse_trailing_comma(&mut self, close: u8) -> Result<(), Flaw> {
        self.skip_space();
        if self.peek() == Some(close) {
            return Err(self.flaw("JSON has no comma after the last entry").help("remove the comma before it"));
        }
        Ok(())
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn flaw(&self, message: impl Into<String>) -> Flaw {
        Flaw::new(self.point(), message)
    }

    fn point(&self) -> Span {
        let at = u32::try_from(self.at).unwrap_or(u32::MAX);
        Span { file: self.file, start: at, end: at + 1 }
    }

    fn span(&self, start: usize) -> Span {
        Span { start: u32::try_from(start).unwrap_or(u32::MAX), end: self.point().start, file: self.file }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_does_not_have_is_refused_where_it_stands() {
        let cases = [
            ("[1,]", 3),
            ("{\"a\":1,}", 7),
            ("// no", 0),
            ("{a: 1}", 1),
            ("[01]", 1),
            ("[1] 2", 4),
            ("\"a\tb\"", 2),
            ("\"a\\q\"", 3),
            ("\"a", 0),
            ("\"a\\", 0),
            ("", 0),
            ("[NaN]", 1),
            ("'a'", 0),
        ];
        for (text, at) in cases {
            assert_eq!(read(text, 0).expect_err(text).span.start, at, "{text}");
        }
    }

    #[test]
    fn text_and_numbers_are_kept_as_written() {
        let node = read(r#" {"a\u0041": [1.10, "x\n😀", null, true]} "#, 0).expect("good JSON");
        let (key, value) = &node.as_map().expect("a map")[0];
        assert_eq!(key.as_text(), Some("aA"));
        let texts: Vec<_> = value.items().iter().map(Node::as_text).collect();
        assert_eq!(texts, [Some("1.10"), Some("x\n😀"), None, Some("true")]);
    }
}
