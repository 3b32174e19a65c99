//! Where in an object something is.

use std::fmt;

use crate::proto;
use crate::proto::attribute_path::step::Selector;
use crate::schema::{Kind, Nesting, Schema};

/// One step into an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// To an attribute of an object.
    Attribute(String),
    /// To an element of a map.
    Key(String),
    /// To an element of a list, counted from 0.
    Index(usize),
}

/// Where in an object something is: `jobs["test"].image`. Terraform shows what is said of a path at its line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The object itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// An attribute of what is here.
    pub fn attribute(&self, name: &str) -> Self {
        self.then(Step::Attribute(name.to_owned()))
    }

    /// An element of the map that is here.
    pub fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// An element of the list that is here.
    pub fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// This path, begun at another one.
    pub fn below(self, base: &Self) -> Self {
        Self(base.0.iter().cloned().chain(self.0).collect())
    }

    /// What a JSON pointer of an API (RFC 6901) means in an object with this schema, as far as the schema goes. A name in
    /// `camelCase` is found as `camel_case`. Elements of sets have no path, so theirs is that of the set.
    pub fn of_pointer(schema: &Schema, pointer: &str) -> Self {
        let mut path = Self::root();
        let mut inside = Some((None, schema));
        let mut tokens = pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"));
        while let Some((element, schema)) = inside.take() {
            match element {
                None => {}
                Some(Nesting::Single) => {}
                Some(Nesting::Set) => break,
                Some(Nesting::Map) => match tokens.next() {
                    Some(key) => path = path.key(&key),
                    None => break,
                },
                Some(Nesting::List) => match tokens.next().map(|token| token.parse()) {
                    Some(Ok(index)) => path = path.index(index),
                    _ => break,
                },
            }
            let Some(token) = tokens.next() else { break };
            let Some(attribute) = schema.attribute(&token).or_else(|| schema.attribute(&snake_case(&token))) else {
                break;
            };
            path = path.attribute(&attribute.name);
            match &attribute.kind {
                Kind::Nested(nesting, schema) => inside = Some((Some(*nesting), schema)),
                Kind::Plain(crate::Type::List(_)) => {
                    path.0.extend(tokens.next().and_then(|t| t.parse().ok()).map(Step::Index));
                }
                Kind::Plain(crate::Type::Map(_)) => path.0.extend(tokens.next().map(Step::Key)),
                Kind::Plain(_) => {}
            }
        }
        path
    }

    pub(crate) fn to_proto(&self) -> proto::AttributePath {
        let selector = |step: &Step| match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(i64::try_from(*index).unwrap_or(i64::MAX)),
        };
        let step = |step| proto::attribute_path::Step { selector: Some(selector(step)) };
        proto::AttributePath { steps: self.0.iter().map(step).collect() }
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// An attribute of the object: `Path::from("name")`.
impl From<&str> for Path {
    fn from(name: &str) -> Self {
        Self::root().attribute(name)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if place == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
