//! What may be said of a place in Slack. The server says nothing there itself: its Slack app does.

use monkeyci_core::trigger::{InvalidSchedule, Schedule};
use monkeyci_rest::{QuietHours, SlackStyle};

use crate::problem::{Answer, Refusal};

/// Lines of a log that a thread shows at the most.
const LINES: u32 = 100;

/// Refuses what is no channel of Slack, or no way of telling one.
///
/// # Errors
/// The first field that is wrong, beneath `/to/slack`.
pub fn check(workspace: &str, channel: &str, style: &SlackStyle) -> Answer<()> {
    if !is_id(workspace, "TE") {
        return Err(at(
            "/workspace",
            "the id of a workspace, as `T0123ABCD`: the address of its page in a browser has it",
        ));
    }
    if !is_id(channel, "CG") && !channel.strip_prefix('#').is_some_and(is_channel) {
        return Err(at("/channel", "the id of a channel, as `C0123ABCD`, or its name, as `#builds`"));
    }
    if style.log_lines > LINES {
        return Err(at("/style/logLines", &format!("up to {LINES} lines")));
    }
    let is_group = |group: &str| is_channel(group);
    if !matches!(style.mention.as_str(), "none" | "author") && !style.mention.strip_prefix('@').is_some_and(is_group) {
        return Err(at("/style/mention", "`none`, `author`, or a group of the workspace, as `@on-call`"));
    }
    if let Some(hours) = &style.quiet_hours {
        check_hours(hours)?;
    }
    if let Some(digest) = &style.digest {
        let timezone = digest.timezone.as_deref().unwrap_or("UTC");
        Schedule::new(&digest.cron, timezone).map_err(|error| {
            let field = if matches!(error, InvalidSchedule::Cron(_)) { "/cron" } else { "/timezone" };
            at(&format!("/style/digest{field}"), &error.to_string())
        })?;
    }
    Ok(())
}

fn check_hours(QuietHours { from, to, timezone }: &QuietHours) -> Answer<()> {
    for (field, time) in [("from", from), ("to", to)] {
        if !is_time(time) {
            return Err(at(&format!("/style/quietHours/{field}"), "an hour and minute of the day, as `20:00`"));
        }
    }
    if from == to {
        return Err(at("/style/quietHours/to", "they begin and end at the same time: `paused` tells nothing at all"));
    }
    let known = Schedule::new("0 0 * * *", timezone.as_deref().unwrap_or("UTC"));
    known.map(drop).map_err(|error| at("/style/quietHours/timezone", &error.to_string()))
}

fn at(field: &str, detail: &str) -> Refusal {
    Refusal::field(&format!("/to/slack{field}"), detail)
}

/// An id of Slack's, of one of these kinds.
pub fn is_id(text: &str, kinds: &str) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.starts_with(|kind| kinds.contains(kind)) && (2..=20).contains(&text.len()) && text.bytes().all(is_inside)
}

/// The name of a channel or a group, without the mark before it.
fn is_channel(name: &str) -> bool {
    let is_inside = |letter: char| letter.is_alphanumeric() && !letter.is_uppercase() || "-_.".contains(letter);
    !name.is_empty() && name.chars().count() <= 80 && name.chars().all(is_inside)
}

/// `08:00`, of 24 hours.
fn is_time(text: &str) -> bool {
    let is_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let number = |part: &str, below: u8| is_digits(part) && part.parse::<u8>().is_ok_and(|number| number < below);
    text.split_once(':').is_some_and(|(hour, minute)| number(hour, 24) && number(minute, 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_an_id_or_a_name() {
        for channel in ["C0456", "G0456", "#shop-ci", "#über_1"] {
            check("T0123", channel, &SlackStyle::default()).expect(channel);
        }
        for wrong in ["", "#", "shop-ci", "c0456", "U0456", "#Shop", "#a b", "#a,b"] {
            check("T0123", wrong, &SlackStyle::default()).expect_err(wrong);
        }
        for wrong in ["", "acme", "t0123", "C0123", "T", "T/1"] {
            check(wrong, "C0456", &SlackStyle::default()).expect_err(wrong);
        }
    }

    #[test]
    fn a_time_is_of_24_hours() {
        for time in ["00:00", "08:30", "23:59"] {
            assert!(is_time(time), "{time}");
        }
        for wrong in ["24:00", "8:00", "08:60", "08", "+8:00", "08:00:00", "é8:00"] {
            assert!(!is_time(wrong), "{wrong}");
        }
    }
}
