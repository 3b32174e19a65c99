//! Spans of time.

use super::Context;
use super::scalar::expected;
use crate::script::diagnostic::shown;
use crate::script::node::Node;

/// The longest: 30 days.
const MAX_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// Milliseconds, from a plain number of them as in MonkeyCI, or from `20m`, `1h30m`, `90s`, `500ms`, `2d`.
pub(in crate::script) fn duration(node: &Node, what: &str, cx: &mut Context<'_, '_>) -> Option<u64> {
    let text = node.as_text().unwrap_or_default().trim();
    let found = if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { units(text) };
    match found.filter(|millis| (1..=MAX_MS).contains(millis)) {
        None => {
            let flaw = expected(node, &format!("{what} from 1ms to 30d"));
            cx.problems.add(flaw.help("write milliseconds, or units: `20m`, `1h30m`, `90s`, `500ms`"));
            None
        }
        Some(millis) => {
            if millis < 1000 && !text.ends_with("ms") {
                let shown = shown(text);
                cx.problems.warn(format!("{what} of {shown} is {shown} milliseconds; minutes are `{shown}m`"));
            }
            Some(millis)
        }
    }
}

fn units(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0_u64;
    let mut above = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match &rest[digits..digits + letters] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60 * 1000,
            "h" => 60 * 60 * 1000,
            "d" => 24 * 60 * 60 * 1000,
            _ => return None,
        };
        // `30m1h` is rather a slip than a wish.
        if unit >= above {
            return None;
        }
        above = unit;
        total = total.checked_add(rest[..digits].parse::<u64>().ok()?.checked_mul(unit)?)?;
        rest = &rest[digits + letters..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up_from_the_greatest_to_the_smallest() {
        let cases = [
            ("20m", Some(1_200_000)),
            ("1h30m", Some(5_400_000)),
            ("90s", Some(90_000)),
            ("500ms", Some(500)),
            ("30m1h", None),
            ("1m1m", None),
            ("m", None),
            ("5", None),
            ("5 m", None),
            ("1.5h", None),
            ("99999999999999999999h", None),
            ("18446744073709551615d", None),
        ];
        for (text, millis) in cases {
            assert_eq!(units(text), millis, "{text}");
        }
    }
}
