//! EDN with places, by clojure-reader's tree.

use clojure_reader::error::{Code, Error};
use clojure_reader::parse::{Node as Form, NodeKind, SourceReader, parse};

use super::super::diagnostic::shown;
use super::super::node::{MAX_DEPTH, MAX_NODES, Node, Scalar, Span, Value};
use super::super::problems::Flaw;

/// Whether brackets in `text` are nested deeper than `most`, those in strings and comments with them.
///
/// To be asked before a reader that takes what comes: its time grows with the square of the depth.
#[must_use]
pub fn is_deeper(text: &str, most: usize) -> bool {
    let mut depth = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > most
    })
}

/// Reads a whole file: one form, with comments around it.
pub(super) fn read(text: &str, file: u32) -> Result<Node, Flaw> {
    check_size(text, file)?;
    let mut reader = SourceReader::new(text);
    let form = parse(&mut reader).map_err(|error| syntax(&error, text, file))?;
    let (end, _) = reader.finish();
    if let Some(at) = first_form(&text[end.ptr..]) {
        let at = u32::try_from(end.ptr + at).unwrap_or(u32::MAX);
        let span = Span { file, start: at, end: at + 1 };
        return Err(Flaw::new(span, "a second form begins here").help("put all jobs into one vector: `[{…} {…}]`"));
    }
    let mut converter = Converter { text, file, nodes: 0 };
    converter.node(form)
}

struct Converter<'t> {
    text: &'t str,
    file: u32,
    nodes: usize,
}

impl Converter<'_> {
    fn node(&mut self, form: Form<'_>) -> Result<Node, Flaw> {
        let place = form.span();
        let at = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        let span = Span { file: self.file, start: at(place.0.ptr), end: at(place.1.ptr) };
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Flaw::new(span, format!("the file holds more than {MAX_NODES} values")));
        }
        let written = || self.text.get(place.0.ptr..place.1.ptr).unwrap_or_default().trim();
        let refuse = |what: &str| Flaw::new(span, format!("{what} means nothing in a script"));
        Ok(match form.kind {
            NodeKind::Nil => Node::scalar(Scalar::Null, "nil", span),
            NodeKind::Bool(value) => Node::scalar(Scalar::Bool(value), if value { "true" } else { "false" }, span),
            NodeKind::Key(name) => Node::scalar(Scalar::Text, name, span),
            NodeKind::Str(raw) => Node::scalar(Scalar::Text, unescape(raw), span),
            NodeKind::Int(_) | NodeKind::Double(_) => Node::scalar(Scalar::Number, written(), span),
            NodeKind::Vector(items, _) | NodeKind::List(items, _) | NodeKind::Set(items, _) => {
                let items = items.into_iter().map(|item| self.node(item)).collect::<Result<_, _>>()?;
                Node { value: Value::List(items), span }
            }
            NodeKind::Map(entries, _) => {
                let mut pairs = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = self.node(key)?;
                    if !matches!(key.value, Value::Scalar(..)) {
                        return Err(Flaw::new(key.span, format!("{} cannot be a key", key.describe())));
                    }
                    pairs.push((key, self.node(value)?));
                }
                Node { value: Value::Map(pairs), span }
            }
            NodeKind::Symbol(name) => {
                let shown = shown(name);
                return Err(refuse(&format!("the symbol `{shown}`")).help(format!(
                    "write a string `\"{shown}\"` or a keyword `:{shown}`; functions need `build.clj`"
                )));
            }
            NodeKind::Tagged(tag, ..) => return Err(refuse(&format!("the tag `#{}`", shown(tag)))),
            _ => return Err(refuse(&format!("`{}`", shown(written())))),
        })
    }
}

/// Fills in the escapes of a string; the reader has refused those that do not exist.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next() {
                Some('t') => '\t',
                Some('r') => '\r',
                Some('n') => '\n',
                Some(other) => other,
                None => break,
            },
            other => other,
        });
    }
    text
}

/// Refuses what is nested too deep or holds too much before the parser sees it, whose tree is large, and is walked and
/// freed by recursion.
///
/// Tags and `#_` count as well: each holds the form after it.
fn check_size(text: &str, file: u32) -> Result<(), Flaw> {
    let bytes = text.as_bytes();
    let mut open = 0_usize;
    // Forms that have begun, and whether the byte before belongs to a word.
    let (mut forms, mut word) = (0_usize, false);
    let mut prefixes = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let before = std::mem::take(&mut word);
        let begins = match byte {
            b'"' | b'[' | b'{' | b'(' => true,
            b']' | b'}' | b')' | b';' | b',' | b'\t'..=b'\r' | b' ' => false,
            // Some of these are space: at worst each begins a word.
            0x80.. => *byte >= 0xc0,
            _ => {
                word = true;
                !before
            }
        };
        forms += usize::from(begins);
        match byte {
            b';' => at += bytes[at..].iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(bytes.len() - at),
            b'\\' => at += 1,
            b'"' => {
                at += 1;
                while let Some(byte) = bytes.get(at).filter(|byte| **byte != b'"') {
                    at += 1 + usize::from(*byte == b'\\');
                }
            }
            b'[' | b'{' | b'(' => open += 1,
            b']' | b'}' | b')' => open = open.saturating_sub(1),
            b'#' if bytes.get(at + 1) != Some(&b'{') => prefixes += 1,
            _ => {}
        }
        // Prefixes are not matched with their forms; an honest script has next to none.
        if open > MAX_DEPTH || prefixes > MAX_DEPTH * 4 {
            let start = u32::try_from(at).unwrap_or(u32::MAX);
            let span = Span { file, start, end: start + 1 };
            return Err(Flaw::new(span, format!("forms are nested more than {MAX_DEPTH} deep")));
        }
        if forms > MAX_NODES {
            let start = u32::try_from(at).unwrap_or(u32::MAX);
            return Err(Flaw::new(
                Span { file, start, end: start + 1 },
                format!("the file holds more than {MAX_NODES} values"),
            ));
        }
        at += 1;
    }
    Ok(())
}

/// Where the first form of `rest` begins, after space, commas, comments and discarded forms.
fn first_form(rest: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += rest[at..].find(|c: char| !(c.is_whitespace() || c == ','))?;
        if rest[at..].starts_with(';') {
            at += rest[at..].find(['\n', '\r'])?;
        } else if rest[at..].starts_with("#_") {
            let mut reader = SourceReader::new(&rest[at + 2..]);
            if parse(&mut reader).is_err() {
                return Some(at);
            }
            at += 2 + reader.finish().0.ptr;
        } else {
            return Some(at);
        }
    }
}

fn syntax(error: &Error, text: &str, file: u32) -> Flaw {
    let at = u32::try_from(error.ptr.unwrap_or(text.len())).unwrap_or(u32::MAX);
    let span = Span { file, start: at, end: at + 1 };
    let what = match &error.code {
        Code::UnexpectedEOF => "a form is not closed".to_owned(),
        Code::UnmatchedDelimiter(close) => format!("`{close}` closes nothing, or something that another sign opened"),
        Code::InvalidEscape => "strings know `\\t`, `\\r`, `\\n`, `\\\\` and `\\\"` only".to_owned(),
        Code::InvalidNumber | Code::InvalidRadix(_) => "this is no number, or one beyond 64 bits".to_owned(),
        Code::InvalidKeyword => "this is no keyword".to_owned(),
        Code::InvalidChar => "this is no character".to_owned(),
        _ => "this form cannot be read".to_owned(),
    };
    Flaw::new(span, format!("this is no EDN: {what}"))
}
