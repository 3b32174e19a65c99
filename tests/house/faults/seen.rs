//! What people see of a build in which something went wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::runner::Runner;
use crate::program::Said;

/// What people see of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// How it ended at last.
    pub status: String,
    /// What is said of each attempt of which something is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
}

/// What is said of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Why it did not end well, where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// In words for people.
    pub text: String,
}

/// All that was seen, by mishap and step.
pub type All = BTreeMap<String, Seen>;

impl Seen {
    /// What is seen of the one job of a build by whoever reads its events. Without a server, what its controller's end
    /// did to the job is no matter: another one takes it up, or begins it anew.
    pub fn of(said: &Said, runner: Runner) -> Self {
        let events = said.events();
        let of = |kind: &'static str| events.iter().filter(move |event| event["type"] == kind);
        let status = of("job/end").next_back().map_or("none", |event| event["status"].as_str().expect("a status"));
        let mut told = Vec::new();
        for event in of("job/executed") {
            let result = &event["result"];
            let cause = result["cause"].as_str().map(str::to_owned);
            let warnings = result["warnings"].as_array().into_iter().flatten();
            for text in [&result["message"]].into_iter().chain(warnings).filter_map(|text| text.as_str()) {
                told.push(Told { cause: cause.clone(), text: plain(text) });
            }
        }
        if runner == Runner::Controller && status == "success" {
            told.clear();
        }
        Self { status: status.to_owned(), told }
    }

    /// How the page says it in a word or two.
    pub fn word(&self) -> &str {
        let is_again = self.told.iter().any(|told| told.cause.is_some());
        match self.status.as_str() {
            "success" if is_again => "again",
            "success" => "goes on",
            status => status,
        }
    }
}

/// How often each line is in the log of each attempt.
pub fn lines(said: &Said) -> BTreeMap<(u64, String), usize> {
    let mut lines = BTreeMap::new();
    for event in said.events().into_iter().filter(|event| event["type"] == "log") {
        let attempt = event["attempt"].as_u64().expect("an attempt");
        let text = event["text"].as_str().expect("a text").to_owned();
        *lines.entry((attempt, text)).or_default() += 1;
    }
    lines
}

/// A text without what is another each time: ids, ports, amounts of seconds, and the log of a sidecar.
fn plain(text: &str) -> String {
    let text = match text.split_once("log ends with: ") {
        Some((before, _)) => format!("{before}log ends with: …"),
        None => text.to_owned(),
    };
    let text = match text.split_once(" (opc-request-id ") {
        Some((before, after)) => format!("{before}{}", after.split_once(')').map_or("", |(_, rest)| rest)),
        None => text,
    };
    let mut plain = String::new();
    for word in text.split_inclusive(|sign: char| !sign.is_alphanumeric() && !".-_:".contains(sign)) {
        let (word, end) = match word.char_indices().next_back() {
            Some((at, sign)) if !sign.is_alphanumeric() && !".-_:".contains(sign) => word.split_at(at),
            _ => (word, ""),
        };
        let is_line = word.starts_with("127.0.0.1:");
        let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        let shown = match word {
            _ if word.starts_with("ocid1.") => "ocid1.…",
            _ if word.starts_with("mci-") => "mci-…",
            _ if is_line => "127.0.0.1:…",
            _ if is_number && (plain.ends_with("for ") || plain.ends_with("127.0.0.1/")) => "…",
            _ => word,
        };
        plain.push_str(shown);
        // The end of a sentence is no part of an id.
        if shown != word && word.ends_with([':', '.']) && !is_line {
            plain.push_str(&word[word.len() - 1..]);
        }
        plain.push_str(end);
    }
    plain
}

#[test]
fn what_is_another_each_time_is_left_out() {
    let said = "instance `ocid1.x.oc1..ab` of mci-ab-1: was refused: 401 No: why (opc-request-id AB/C); heard for 91 s; \
                its sidecar's log ends with: 2026";
    assert_eq!(
        plain(said),
        "instance `ocid1.…` of mci-…: was refused: 401 No: why; heard for … s; its sidecar's log ends with: …"
    );
}
