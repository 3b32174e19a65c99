//! Headers of a delivery. One that comes twice says nothing: who knows which of them the sender meant?

use http::HeaderMap;

/// The longest id or name of an event that is taken, in bytes.
const MAX_WORD: usize = 200;

/// What is wrong with a header that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Several;

/// The one value of a header, if it is there.
pub(super) fn one<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h [u8]>, Several> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Several),
        (first, None) => Ok(first.map(http::HeaderValue::as_bytes)),
    }
}

/// The one value of a header, when it is a word of visible ASCII.
pub(super) fn word<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let value = std::str::from_utf8(one(headers, name).ok()??).ok()?;
    let is_word = (1..=MAX_WORD).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic());
    is_word.then_some(value)
}
