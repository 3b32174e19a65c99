use http::{Method, StatusCode};

use super::{Shape, Shaped};

/// A method of a path, and what it does.
#[cfg_attr(not(feature = "schema"), expect(dead_code, reason = "what it does is told when tests run"))]
pub struct Operation {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) summary: &'static str,
    pub(super) parameters: Vec<(&'static str, Shape)>,
    pub(super) body: Option<Shape>,
    pub(super) answer: Option<(StatusCode, &'static str, Option<Shape>)>,
    /// Whether it answers the same with [`CREATED`](StatusCode::CREATED), where something is new.
    pub(super) makes: bool,
}

impl Operation {
    fn new(method: Method, path: &str, summary: &'static str) -> Self {
        Self { method, path: path.to_owned(), summary, parameters: Vec::new(), body: None, answer: None, makes: false }
    }

    /// Shows something.
    #[must_use]
    pub fn get(path: &str, summary: &'static str) -> Self {
        Self::new(Method::GET, path, summary)
    }

    /// Makes or changes something.
    #[must_use]
    pub fn put(path: &str, summary: &'static str) -> Self {
        Self::new(Method::PUT, path, summary)
    }

    /// Adds or does something.
    #[must_use]
    pub fn post(path: &str, summary: &'static str) -> Self {
        Self::new(Method::POST, path, summary)
    }

    /// Removes something.
    #[must_use]
    pub fn delete(path: &str, summary: &'static str) -> Self {
        Self::new(Method::DELETE, path, summary).says(StatusCode::NO_CONTENT)
    }

    /// Its method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Its path, with names in braces.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Answers with this JSON.
    #[must_use]
    pub fn answers<T: Shaped>(self, status: StatusCode) -> Self {
        Self { answer: Some((status, "application/json", Some(Shape::of::<T>()))), ..self }
    }

    /// Answers with what is kept from now on, as this JSON: `201` where it is new, `200` where it was there.
    #[must_use]
    pub fn keeps<T: Shaped>(self) -> Self {
        Self { makes: true, ..self.answers::<T>(StatusCode::OK) }
    }

    /// Answers with content of another kind.
    #[must_use]
    pub fn sends(self, kind: &'static str) -> Self {
        Self { answer: Some((StatusCode::OK, kind, None)), ..self }
    }

    /// Answers with a status alone.
    #[must_use]
    pub fn says(self, status: StatusCode) -> Self {
        Self { answer: Some((status, "", None)), ..self }
    }
}
