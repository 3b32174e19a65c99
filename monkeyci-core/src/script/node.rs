//! The one tree that every format is read into.

/// Where something stands, in bytes of one of the script's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    /// Which file, by its place in the list of files.
    pub(super) file: u32,
    /// Its first byte.
    pub(super) start: u32,
    /// The byte after its last.
    pub(super) end: u32,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// One word or text, as it was written: `1.10` stays `1.10` where text is wanted.
    Scalar(Scalar, String),
    List(Vec<Node>),
    /// Keys in the order of the file.
    Map(Vec<(Node, Node)>),
}

/// What a scalar is by its format's own rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Number,
    Text,
}

/// How much a tree holds; what a bomb would blow up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Weight {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
}

/// The most nodes of one file, and of all its jobs once matrices and defaults are filled in. 100,000 jobs of 10 nodes.
pub(super) const MAX_NODES: usize = 1_000_000;
/// The most bytes of text of one file once its aliases are filled in, and of all jobs once matrices are.
pub(super) const MAX_TEXT: usize = 16 * 1024 * 1024;
/// The deepest nesting. No honest script goes beyond ten.
pub(super) const MAX_DEPTH: usize = 64;

impl Weight {
    /// Both together, without overflow.
    pub(super) fn plus(self, other: Self) -> Self {
        Self { nodes: self.nodes.saturating_add(other.nodes), bytes: self.bytes.saturating_add(other.bytes) }
    }

    /// `times` copies.
    pub(super) fn times(self, times: usize) -> Self {
        Self { nodes: self.nodes.saturating_mul(times), bytes: self.bytes.saturating_mul(times) }
    }

    /// Whether it is more than a script may hold.
    pub(super) fn is_too_much(self) -> bool {
        self.nodes > MAX_NODES || self.bytes > MAX_TEXT
    }
}

impl Node {
    pub(super) fn scalar(kind: Scalar, text: impl Into<String>, span: Span) -> Self {
        Self { value: Value::Scalar(kind, text.into()), span }
    }

    /// The text as it was written, of anything but lists, maps and nothing.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(Scalar::Null, _) | Value::List(_) | Value::Map(_) => None,
            Value::Scalar(_, text) => Some(text),
        }
    }

    pub(super) fn as_map(&self) -> Option<&[(Node, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a list; anything else is a list of one.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// What it is, for people.
    pub(super) fn describe(&self) -> &'static str {
        match &self.value {
            Value::Scalar(Scalar::Null, _) => "nothing",
            Value::Scalar(Scalar::Bool(_), _) => "true or false",
            Value::Scalar(Scalar::Number, _) => "a number",
            Value::Scalar(Scalar::Text, _) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    pub(super) fn weight(&self) -> Weight {
        let own = Weight { nodes: 1, bytes: 0 };
        match &self.value {
            Value::Scalar(_, text) => Weight { nodes: 1, bytes: text.len() },
            Value::List(items) => items.iter().fold(own, |sum, item| sum.plus(item.weight())),
            Value::Map(entries) => {
                entries.iter().fold(own, |sum, (key, value)| sum.plus(key.weight()).plus(value.weight()))
            }
        }
    }
}
