/// In whose name something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor<'a> {
    /// Who it is.
    pub name: &'a str,
    /// By which integration they do it, when one acts for them.
    pub via: Option<&'a str>,
}

impl Actor<'_> {
    /// As an event tells it.
    pub(super) fn told(actor: Option<Self>) -> (Option<String>, Option<String>) {
        let name = actor.map(|actor| actor.name.to_owned());
        (name, actor.and_then(|actor| actor.via).map(str::to_owned))
    }
}

/// Somebody who does it themselves.
impl<'a> From<&'a str> for Actor<'a> {
    fn from(name: &'a str) -> Self {
        Self { name, via: None }
    }
}
