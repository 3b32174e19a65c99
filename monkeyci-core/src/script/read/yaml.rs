//! YAML with places: events of the parser below serde-saphyr, built into a tree within limits.
//!
//! serde is not in between: it would lose places, and how a scalar was written.

use std::collections::HashMap;

use serde_saphyr::granit_parser as granit;

use super::super::node::{MAX_DEPTH, MAX_NODES, Node, Scalar, Span, Value, Weight};
use super::super::problems::Flaw;

/// The most anchors, and the most aliases, of one file.
const MAX_ANCHORS: usize = 1000;

/// Reads a whole file.
pub(super) fn read(text: &str, file: u32) -> Result<Node, Flaw> {
    let mut options = granit::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    options.set_emit_comments(false);
    let mut builder = Builder::new(file);
    for event in granit::Parser::new_from_str_with_options(text, options) {
        let (event, place) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(0);
            let message = match error.kind() {
                granit::ErrorKind::RecursionLimitExceeded => too_deep(),
                other => format!("this is no YAML: {other}"),
            };
            Flaw::new(builder.span(at..at + 1), message).maybe(quotes(error.kind()))
        })?;
        let span = builder.span(place.byte_range().unwrap_or(0..0));
        builder.take(event, span)?;
    }
    Ok(builder.root.unwrap_or_else(|| Node::scalar(Scalar::Null, "", Span { file, ..Span::default() })))
}

/// What most often is meant where a sign has a meaning of its own.
fn quotes(error: &granit::ErrorKind) -> Option<String> {
    let what = match error {
        granit::ErrorKind::UnknownAnchor | granit::ErrorKind::MissingAnchorOrAliasName => "begins with `*` or `&`",
        granit::ErrorKind::UnexpectedCharacter { .. } => "begins with a sign such as `@`, `%` or a backtick",
        granit::ErrorKind::MappingValueNotAllowed => "holds `: `",
        _ => return None,
    };
    Some(format!("text that {what} must stand in quotes"))
}

/// A list or map whose end has not been seen.
struct Open {
    span: Span,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map(Vec<(Node, Node)>, Option<Node>),
}

struct Builder {
    file: u32,
    root: Option<Node>,
    stack: Vec<Open>,
    anchors: HashMap<usize, (Node, Weight)>,
    aliases: usize,
    spent: Weight,
}

impl Builder {
    fn new(file: u32) -> Self {
        let (stack, anchors) = (Vec::new(), HashMap::new());
        Self { file, root: None, stack, anchors, aliases: 0, spent: Weight::default() }
    }

    fn span(&self, bytes: std::ops::Range<usize>) -> Span {
        let at = |byte| u32::try_from(byte).unwrap_or(u32::MAX);
        Span { file: self.file, start: at(bytes.start), end: at(bytes.end) }
    }

    fn take(&mut self, event: granit::Event<'_>, span: Span) -> Result<(), Flaw> {
        use granit::Event;
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(Flaw::new(span, "a second document begins here")
                    .help("a script is one YAML document; remove `---`"))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let kind = kind(&text, style, tag.as_deref(), span)?;
                self.spend(Weight { nodes: 1, bytes: text.len() }, span)?;
                self.close(Node::scalar(kind, text, span), anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), "seq", span)?;
                self.open(Content::List(Vec::new()), anchor, span)
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), "map", span)?;
                self.open(Content::Map(Vec::new(), None), anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(id) => {
                self.aliases += 1;
                if self.aliases > MAX_ANCHORS {
                    return Err(Flaw::new(span, format!("the file holds more than {MAX_ANCHORS} aliases")));
                }
                let Some((_, weight)) = self.anchors.get(&id) else {
                    return Err(Flaw::new(span, "this alias stands within the very thing that it refers to"));
                };
                self.spend(*weight, span)?;
                let node = self.anchors[&id].0.clone();
                self.close(node, 0)
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, content: Content, anchor: usize, span: Span) -> Result<(), Flaw> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(Flaw::new(span, too_deep()));
        }
        self.spend(Weight { nodes: 1, bytes: 0 }, span)?;
        self.stack.push(Open { span, anchor, content });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Flaw> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        let span = Span { end: span.end.max(open.span.start), ..open.span };
        let value = match open.content {
            Content::List(items) => Value::List(items),
            Content::Map(entries, _) => Value::Map(merge(entries)?),
        };
        self.close(Node { value, span }, open.anchor)
    }

    /// Puts a finished node where it belongs.
    fn close(&mut self, node: Node, anchor: usize) -> Result<(), Flaw> {
        if anchor != 0 {
            if self.anchors.len() >= MAX_ANCHORS {
                return Err(Flaw::new(node.span, format!("the file holds more than {MAX_ANCHORS} anchors")));
            }
            // The copy that aliases are made from counts too: anchors within anchors would multiply it.
            let weight = node.weight();
            self.spend(weight, node.span)?;
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        match self.stack.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map(entries, key)) => match key.take() {
                Some(key) => entries.push((key, node)),
                None if matches!(node.value, Value::Scalar(..)) => *key = Some(node),
                None => {
                    let flaw = Flaw::new(node.span, format!("{} cannot be a key", node.describe()));
                    return Err(flaw.help("text that begins with `{` or `[` must stand in quotes"));
                }
            },
        }
        Ok(())
    }

    fn spend(&mut self, weight: Weight, span: Span) -> Result<(), Flaw> {
        self.spent = self.spent.plus(weight);
        if self.spent.is_too_much() {
            if self.aliases == 0 && self.anchors.is_empty() {
                return Err(Flaw::new(span, format!("the file holds more than {MAX_NODES} values")));
            }
            return Err(Flaw::new(span, "with its aliases filled in, the file is too big")
                .help(format!("a file may hold {MAX_NODES} values")));
        }
        Ok(())
    }
}

fn too_deep() -> String {
    format!("lists and maps are nested more than {MAX_DEPTH} deep")
}

/// Fills in `<<: *a` and `<<: [*a, *b]`: what the map itself says wins, then the earlier of the merged maps.
fn merge(entries: Vec<(Node, Node)>) -> Result<Vec<(Node, Node)>, Flaw> {
    let is_merge = |key: &Node| matches!(&key.value, Value::Scalar(Scalar::Text, text) if text == "<<");
    if !entries.iter().any(|(key, _)| is_merge(key)) {
        return Ok(entries);
    }
    let (merges, mut merged): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| is_merge(key));
    let mut known: std::collections::HashSet<String> =
        merged.iter().filter_map(|(key, _)| key.as_text().map(str::to_owned)).collect();
    if let [_, second, ..] = merges.as_slice() {
        return Err(Flaw::new(second.0.span, "the key `<<` is here twice").help("merge several maps by `<<: [*a, *b]`"));
    }
    for (_, value) in merges {
        let span = value.span;
        let sources = match value.value {
            Value::List(items) => items,
            other => vec![Node { value: other, span }],
        };
        for source in sources {
            let Value::Map(entries) = source.value else {
                let message = format!("`<<` merges maps, and this is {}", source.describe());
                return Err(Flaw::new(source.span, message));
            };
            merged.extend(entries.into_iter().filter(|(key, _)| key.as_text().is_some_and(|k| known.insert(k.into()))));
        }
    }
    Ok(merged)
}

/// What a scalar is by the core schema of YAML 1.2. `yes` is text and `010` a number that nobody should trust.
fn kind(text: &str, style: granit::ScalarStyle, tag: Option<&granit::Tag>, span: Span) -> Result<Scalar, Flaw> {
    match tag.map(|tag| tag.core_suffix()) {
        Some(Some("str")) => return Ok(Scalar::Text),
        None | Some(Some("int" | "float" | "bool" | "null")) => {}
        Some(_) => return Err(unknown_tag(span)),
    }
    if style != granit::ScalarStyle::Plain {
        return Ok(Scalar::Text);
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) && text.parse::<f64>().is_ok() => {
            Scalar::Number
        }
        _ => Scalar::Text,
    })
}

fn refuse_tag(tag: Option<&granit::Tag>, allowed: &str, span: Span) -> Result<(), Flaw> {
    match tag {
        Some(tag) if tag.core_suffix() != Some(allowed) => Err(unknown_tag(span)),
        _ => Ok(()),
    }
}

fn unknown_tag(span: Span) -> Flaw {
    Flaw::new(span, "this has a tag that means nothing in a script").help("remove the tag (`!…`)")
}
