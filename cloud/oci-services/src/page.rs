//! Lists that come in pages.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::error::Error;

/// Pages of one list, at most: a service that never ends is not believed.
const MOST_PAGES: usize = 10_000;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// What is on it; it may be empty while others follow.
    pub items: Vec<T>,
    /// By this the page is asked for that follows on it.
    pub next: Option<String>,
}

/// What services answer that put their items into an object.
#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

impl<T: DeserializeOwned> Page<T> {
    /// Asks for a page of a list whose answer is `{"items": […]}`.
    ///
    /// # Errors
    /// When the service refuses, or answers something else.
    pub async fn of(call: Call<'_>) -> Result<Self, Error> {
        call.answered(async |answer| {
            let next = answer.next_page();
            let Items { items } = answer.value().await?;
            Ok(Self { items, next })
        })
        .await
    }

    /// Asks for a page of a list whose answer is `[…]`.
    ///
    /// # Errors
    /// When the service refuses, or answers something else.
    pub async fn of_array(call: Call<'_>) -> Result<Self, Error> {
        call.answered(async |answer| {
            let next = answer.next_page();
            Ok(Self { items: answer.value().await?, next })
        })
        .await
    }

    /// Asks for one page after the other: `ask` is given what the last one said.
    ///
    /// # Errors
    /// As `ask` does; and when it never ends.
    pub async fn all<F>(call: &'static str, mut ask: impl FnMut(Option<String>) -> F) -> Result<Vec<T>, Error>
    where
        F: Future<Output = Result<Self, Error>>,
    {
        let (mut all, mut next) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let page = ask(next).await?;
            all.extend(page.items);
            next = page.next;
            if next.is_none() {
                return Ok(all);
            }
        }
        Err(Error::Answer { call, why: format!("more than {MOST_PAGES} pages") })
    }
}
