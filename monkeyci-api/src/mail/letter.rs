use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use monkeyci_core::model::Millis;
use serde::{Deserialize, Serialize};

/// What a mail says, and to whom: as it is kept until it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The address.
    pub to: String,
    /// Its subject, of one line.
    pub subject: String,
    /// What it says, in plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// Why whoever has the address gets it.
    pub because: String,
    /// What it belongs to: letters of one thread are shown together.
    pub thread: String,
    /// What lists it is of, as `web.acme`.
    pub list: String,
}

/// What is around a letter.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// Its id, the same however often it is sent.
    pub id: &'a str,
    /// When it was written.
    pub written: Millis,
    /// Where whoever has the address ends it.
    pub unsubscribe: &'a str,
}

impl Letter {
    /// The letter as it goes over the wire: the same whenever it is sent.
    ///
    /// # Errors
    /// Why it cannot be sent, in words for people.
    pub(super) fn message(&self, from: &Mailbox, around: &Envelope<'_>) -> Result<Message, String> {
        let domain = from.email.domain();
        let to = self.to.parse().map_err(|_| format!("`{}` is no address", self.to))?;
        let thread = format!("<{}@{domain}>", self.thread);
        let link = around.unsubscribe;
        let written = UNIX_EPOCH + Duration::from_millis(around.written.unsigned_abs());
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .date(written)
            .message_id(Some(format!("<{}@{domain}>", around.id)))
            .in_reply_to(thread.clone())
            .references(thread)
            .subject(one_line(&self.subject))
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("List-Id", &format!("<{}.{domain}>", self.list)))
            .raw_header(header("List-Unsubscribe", &format!("<{link}>")))
            .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
        let text = format!("{}\n\n-- \n{}\nNo more of these: {link}\n", self.text, self.because);
        let (because, link) = (escaped(&self.because), escaped(link));
        let html = format!(
            "<!doctype html><html><body style=\"font:14px/1.5 sans-serif\">{}<p style=\"color:#73726b;font-size:12px\">\
             {because}<br><a href=\"{link}\">No more of these</a></p></body></html>\n",
            self.html
        );
        let part = |kind: ContentType, body: String| SinglePart::builder().header(kind).body(body);
        let body = MultiPart::alternative()
            .boundary(format!("={}", around.id))
            .singlepart(part(ContentType::TEXT_PLAIN, text))
            .singlepart(part(ContentType::TEXT_HTML, html));
        message.multipart(body).map_err(|error| format!("it is no mail: {error}"))
    }
}

/// Text as it stands between tags, or in the value of an attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text in one line, in which nothing begins another header, nor turns what is around it.
pub(crate) fn one_line(text: &str) -> String {
    let is_bad = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let clean: String = text.chars().map(|c| if is_bad(c) { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), one_line(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(subject: &str, text: &str) -> Letter {
        Letter {
            to: "ann@example.com".into(),
            subject: subject.into(),
            text: text.into(),
            html: format!("<p>{}</p>", escaped(text)),
            because: "You started it.".into(),
            thread: "acme.web.1f".into(),
            list: "web.acme".into(),
        }
    }

    fn sent(letter: &Letter) -> String {
        let from = "CI <ci@example.com>".parse().expect("an address");
        let around = Envelope { id: "01ARZ", written: 1_700_000_000_000, unsubscribe: "https://ci.example.com/x" };
        String::from_utf8(letter.message(&from, &around).expect("a mail").formatted()).expect("text")
    }

    #[test]
    fn no_text_of_a_commit_begins_a_header_or_a_part() {
        let evil = "mend\r\nBcc: eve@example.net\r\n\r\nContent-Type: text/html\r\n\r\n<script>";
        let sent = sent(&letter(evil, evil));
        let (head, body) = sent.split_once("\r\n\r\n").expect("a head");
        let begins = |name: &str| head.lines().filter(|line| line.to_ascii_lowercase().starts_with(name)).count();
        assert_eq!((begins("bcc"), begins("subject"), begins("content-type")), (0, 1, 1), "{head}");
        let parts: Vec<&str> = body.split("--=01ARZ").collect();
        assert_eq!(parts.len(), 4, "two parts, and an end: {body}");
        assert!(parts[2].contains("&lt;script&gt;") && !parts[2].contains("<script>"), "{}", parts[2]);
    }

    #[test]
    fn what_is_sent_again_is_the_same_to_the_byte() {
        let letter = letter("[acme/web] main failed: größer", "it failed\nföhn");
        assert_eq!(sent(&letter), sent(&letter));
        for said in [
            "Message-ID: <01ARZ@example.com>",
            "In-Reply-To: <acme.web.1f@example.com>",
            "References: <acme.web.1f@example.com>",
            "Auto-Submitted: auto-generated",
            "List-Unsubscribe: <https://ci.example.com/x>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000",
        ] {
            assert!(sent(&letter).contains(said), "{said}: {}", sent(&letter));
        }
    }
}
