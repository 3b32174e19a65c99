//! Lists.

use std::marker::PhantomData;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use monkeyci_rest::Page;
use reqwest::Method;
use serde::de::DeserializeOwned;

use crate::ClientError;
use crate::place::Place;

/// Items of a page that nobody chose the size of: the most that a server gives.
const LIMIT: u32 = 200;

/// A list, which is had page by page.
#[derive(Debug)]
#[must_use = "nothing is asked before a page is"]
pub struct Pages<T> {
    place: Place,
    query: Vec<(&'static str, String)>,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, query: Vec::new(), of: PhantomData }
    }

    /// Only what has this value.
    pub(crate) fn having(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// At most `limit` items, where `cursor` of the page before says.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn page(&self, limit: u32, cursor: Option<&str>) -> Result<Page<T>, ClientError> {
        let mut call = self.place.call(Method::GET).query("limit", limit);
        for (name, value) in &self.query {
            call = call.query(name, value);
        }
        if let Some(cursor) = cursor {
            call = call.query("cursor", cursor);
        }
        call.json().await
    }

    /// The first `count`, or as many as there are.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn first(&self, count: usize) -> Result<Vec<T>, ClientError> {
        let limit = u32::try_from(count).unwrap_or(LIMIT).clamp(1, LIMIT);
        self.pages(limit).take(count).try_collect().await
    }

    /// All of them.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn all(&self) -> Result<Vec<T>, ClientError> {
        self.stream().try_collect().await
    }

    /// All of them, a page at a time as they are wanted.
    #[must_use]
    pub fn stream(&self) -> BoxStream<'static, Result<T, ClientError>> {
        self.pages(LIMIT)
    }

    fn pages(&self, limit: u32) -> BoxStream<'static, Result<T, ClientError>> {
        let list = Self { place: self.place.clone(), query: self.query.clone(), of: PhantomData };
        let begin = Some(None::<String>);
        let pages = stream::try_unfold((list, begin), move |(list, cursor)| async move {
            let Some(cursor) = cursor else { return Ok(None) };
            let page = list.page(limit, cursor.as_deref()).await?;
            if page.next.is_some() && page.next == cursor {
                return Err(list.place.call(Method::GET).protocol("a page of its list leads to itself"));
            }
            let next = page.next.map(Some);
            Ok(Some((stream::iter(page.items.into_iter().map(Ok)), (list, next))))
        });
        pages.try_flatten().boxed()
    }
}
