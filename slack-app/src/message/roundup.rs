//! Many builds in one message: what a channel wants in sum, or what comes in a burst.

use monkeyci_client::model::Millis;
use monkeyci_client::rest::Moment;
use serde::{Deserialize, Serialize};

use super::block::{context, section};
use super::text::{code, line, link, plain};
use super::{Message, page};

/// Lines of one message.
const LINES: usize = 20;

/// Characters of them: a paragraph holds 3000.
const CHARACTERS: usize = 2800;

/// Characters of a ref.
const REF: usize = 50;

/// Builds of a ref that are told together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The repository.
    pub repo: String,
    /// The ref, as it is called.
    pub place: String,
    /// For what it is told.
    pub on: Moment,
    /// The build with which it began.
    pub begun: u64,
    /// The newest.
    pub build: u64,
    /// How many failed, one after the other.
    pub builds: u64,
    /// When it came to be told.
    pub time: Millis,
    /// The build that mended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mended: Option<u64>,
}

/// Why builds are told together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason<'a> {
    /// A subscription wants it so.
    Digest(&'a str),
    /// There would be too many messages.
    Burst,
}

/// The message of these builds, and of `more` that are not named.
#[must_use]
pub fn message(entries: &[Entry], more: u64, reason: Reason<'_>, server: &str, org: &str) -> Message {
    let all = entries.len() as u64 + more;
    let bad = entries.iter().filter(|entry| entry.is_bad()).count();
    let things = if all == 1 { "1 thing".to_owned() } else { format!("{all} things") };
    let (text, title) = match reason {
        Reason::Digest(name) => {
            (format!("In sum: {things}, {bad} broken"), format!("*In sum* · {}", code(&plain(name, 60), 60)))
        }
        Reason::Burst => (
            format!("{all} more builds at once, {bad} broken"),
            format!(":fast_forward: *{all} more builds* in a few minutes, told together"),
        ),
    };
    let mut ordered: Vec<&Entry> = entries.iter().collect();
    ordered.sort_by_key(|entry| (!entry.is_bad(), entry.on != Moment::Failed, entry.time));
    let (mut lines, mut size, mut named) = (Vec::new(), 0, 0);
    for entry in ordered.into_iter().take(LINES) {
        let line = entry.line(server, org);
        size += line.chars().count() + 1;
        if size > CHARACTERS {
            break;
        }
        lines.push(line);
        named += 1;
    }
    let left = all - named;
    if left > 0 {
        lines.push(format!("and {left} more"));
    }
    let still = format!("{bad} of {all} broken still");
    Message { text, blocks: vec![section(&title), section(&lines.join("\n")), context(&[still])] }
}

impl Entry {
    /// Whether it is broken still.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        matches!(self.on, Moment::Failed | Moment::StillFailing) && self.mended.is_none()
    }

    fn line(&self, server: &str, org: &str) -> String {
        let number = |build: u64| link(&page(server, org, &self.repo, build), &format!("#{build}"));
        let sign = match self.on {
            Moment::Failed | Moment::StillFailing if self.mended.is_none() => ":red_circle:",
            Moment::Failed | Moment::StillFailing | Moment::Recovered | Moment::Succeeded => ":large_green_circle:",
            Moment::Waiting => ":raised_hand:",
            Moment::Deployed => ":rocket:",
            Moment::Canceled => ":no_entry_sign:",
            Moment::Started => ":large_blue_circle:",
        };
        let what = match self.on {
            Moment::Failed | Moment::StillFailing => "failed",
            Moment::Recovered => "is green again",
            Moment::Succeeded => "succeeded",
            Moment::Waiting => "waits for approval",
            Moment::Deployed => "is deployed",
            Moment::Canceled => "canceled",
            Moment::Started => "began",
        };
        let place = if self.place.is_empty() { String::new() } else { format!(" {}", code(&self.place, REF)) };
        let mut said = format!("{sign} *{}*{place} {what} {}", line(&self.repo, REF), number(self.begun));
        if self.build != self.begun {
            said += &format!(" to {} ({} builds)", number(self.build), self.builds);
        }
        if let Some(mended) = self.mended.filter(|_| self.on != Moment::Recovered) {
            said += &format!(", mended by {}", number(mended));
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::ladder;

    fn entry(at: u64, place: &str) -> Entry {
        Entry {
            repo: "web".into(),
            place: place.into(),
            on: Moment::Failed,
            begun: at,
            build: at,
            builds: 1,
            time: at as Millis,
            mended: None,
        }
    }

    #[test]
    fn what_is_broken_stands_first_and_what_is_too_much_is_counted() {
        let mut all = vec![entry(1, "main"), Entry { build: 5, builds: 3, ..entry(2, "x") }];
        all[0].mended = Some(4);
        let told = message(&all, 0, Reason::Burst, "https://ci.example.com", "acme");
        assert_eq!(told.text, "2 more builds at once, 1 broken");
        let words = told.blocks[1]["text"]["text"].as_str().expect("lines");
        let at = |number: u64| format!("<https://ci.example.com/o/acme/r/web/b/{number}|#{number}>");
        assert_eq!(
            words,
            format!(
                ":red_circle: *web* `x` failed {} to {} (3 builds)\n:large_green_circle: *web* `main` failed {}, mended by {}",
                at(2),
                at(5),
                at(1),
                at(4)
            )
        );
        let many: Vec<Entry> = (1..400).map(|at| entry(at, &"<!here>".repeat(30))).collect();
        let told = message(&many, 7, Reason::Digest("a`b<@U1>"), "https://ci.example.com", "acme");
        assert!(ladder::fits(&told), "{told:?}");
        let words = told.blocks[1]["text"]["text"].as_str().expect("lines");
        assert!(words.contains("and ") && !words.contains("<!here"), "{words}");
    }
}
