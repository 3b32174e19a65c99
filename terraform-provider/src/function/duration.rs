//! `duration_parse`.

use tfplugin::{Function, FunctionError, Object};

/// The seconds of a duration as scripts have them: `1h30m` is 5400.
#[derive(Debug, Object)]
pub struct DurationParse {
    /// Numbers with a unit each: `d`, `h`, `m`, `s`.
    duration: String,
}

impl Function for DurationParse {
    type Output = u64;
    const NAME: &'static str = "duration_parse";

    fn call(self) -> Result<u64, FunctionError> {
        let wrong = || FunctionError::new("a duration is written as `20m`, `1h30m` or `90s`").at("duration");
        seconds(&self.duration).ok_or_else(wrong)
    }
}

/// The seconds of a duration, where it is one.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let unit = match rest.as_bytes()[end] {
            b'd' => 86_400,
            b'h' => 3_600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        total = total.checked_add(rest[..end].parse::<u64>().ok()?.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn a_duration_is_numbers_with_units() {
        assert_eq!(seconds("1h30m"), Some(5_400));
        assert_eq!(seconds("2d"), Some(172_800));
        for wrong in ["", "h", "90", "1x", "1é", "99999999999999999999s", "9999999999999999d"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
