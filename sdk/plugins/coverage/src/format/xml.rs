//! Tags of an XML report, one after the other.
//!
//! They are read as a stream with a count of open ones, not by recursion: a report is written by a job, and may be nested
//! a million deep. Entities of the document's own are never resolved, so that none can grow.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::Malformed;

/// Tags within tags.
const DEPTH: usize = 64;

/// What an XML report is made of, as far as it matters.
pub(super) enum Tag<'a> {
    /// One begins; one that is empty ends as well.
    Start(Start<'a>),
    /// One of this name ends.
    End(String),
}

/// A tag with its attributes.
pub(super) struct Start<'a>(BytesStart<'a>);

impl Start<'_> {
    pub(super) fn name(&self) -> String {
        self.0.name().into_inner().to_owned()
    }

    /// An attribute; one with an entity that is not known is taken as it is written.
    pub(super) fn get(&self, name: &str) -> Result<Option<String>, Malformed> {
        // To look for one that is there twice takes forever where there are a million.
        for attribute in self.0.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| Malformed::new(error.to_string()))?;
            if attribute.key.into_inner() == name {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap_or(attribute.value.clone());
                return Ok(Some(value.into_owned()));
            }
        }
        Ok(None)
    }

    /// An attribute that is a number; 0 when it is not there.
    pub(super) fn number(&self, name: &str) -> Result<u64, Malformed> {
        let Some(text) = self.get(name)? else { return Ok(0) };
        let wrong = || Malformed::new(format!("`{name}` of `{}` is no number: {}", self.name(), super::shown(&text)));
        text.trim().parse().map_err(|_| wrong())
    }
}

/// Calls `take` with every tag, in order.
pub(super) fn each(text: &str, mut take: impl FnMut(Tag<'_>) -> Result<(), Malformed>) -> Result<(), Malformed> {
    let mut xml = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut depth = 0_usize;
    loop {
        let position = xml.buffer_position();
        let placed = |wrong: Malformed| Malformed::new(format!("after {position} bytes: {}", wrong.what));
        let event = xml.read_event().map_err(|error| placed(Malformed::new(error.to_string())))?;
        match event {
            Event::Start(tag) => {
                depth += 1;
                if depth > DEPTH {
                    return Err(placed(Malformed::new(format!("tags are more than {DEPTH} deep"))));
                }
                take(Tag::Start(Start(tag))).map_err(placed)?;
            }
            Event::Empty(tag) => {
                let start = Start(tag);
                let name = start.name();
                take(Tag::Start(start)).map_err(placed)?;
                take(Tag::End(name)).map_err(placed)?;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                take(Tag::End(tag.name().into_inner().to_owned())).map_err(placed)?;
            }
            Event::Eof if depth > 0 => return Err(placed(Malformed::new("it ends within a tag"))),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// The name of the outermost tag.
pub(super) fn root(text: &str) -> Option<String> {
    let mut xml = Reader::from_str(text);
    loop {
        match xml.read_event().ok()? {
            Event::Start(tag) | Event::Empty(tag) => return Some(tag.name().into_inner().to_owned()),
            Event::Eof => return None,
            _ => {}
        }
    }
}
