//! How long, and when.

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// In seconds.
    pub seconds: u64,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clock {
    /// Minutes after midnight.
    pub minutes: u16,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "everybody knows them")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// For so long from now.
    Span(Span),
    /// Until it is so late the next time.
    Clock(Clock),
}

/// The longest length of time: a year.
const LONGEST: u64 = 366 * 24 * 60 * 60;

impl Span {
    /// The length of time that a text says: `90s`, `30m`, `2h`, `1d`, `2w`.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let unit = match text.chars().last()? {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            'w' => 7 * 24 * 60 * 60,
            _ => return None,
        };
        let count = &text[..text.len() - 1];
        let count: u64 = count.bytes().all(|byte| byte.is_ascii_digit()).then(|| count.parse().ok())??;
        let seconds = count.checked_mul(unit)?;
        (1..=LONGEST).contains(&seconds).then_some(Self { seconds })
    }
}

impl Weekday {
    /// All of them, from Monday.
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }
}

impl Clock {
    /// The time of day that a text says: `17:00`, `9:05`.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let digits = |text: &str, most: usize| {
            !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit())
        };
        let fits = digits(hours, 2) && digits(minutes, 2) && minutes.len() == 2;
        let (hours, minutes): (u16, u16) = fits.then(|| Some((hours.parse().ok()?, minutes.parse().ok()?)))??;
        (hours < 24 && minutes < 60).then_some(Self { minutes: hours * 60 + minutes })
    }
}

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_nonsense_is_not() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86_400), ("2w", 1_209_600)] {
            assert_eq!(Span::of(text), Some(Span { seconds }), "{text}");
        }
        for text in ["", "h", "0h", "-1h", "+1h", "1.5h", "2 h", "99999999999999999999d", "400d", "2é", "é"] {
            assert_eq!(Span::of(text), None, "{text}");
        }
        for (text, minutes) in [("17:00", 1020), ("9:05", 545), ("00:00", 0), ("23:59", 1439)] {
            assert_eq!(Clock::of(text), Some(Clock { minutes }), "{text}");
        }
        for text in ["", ":", "24:00", "9:5", "9", "-1:00", "+1:00", "12:60", "1:000"] {
            assert_eq!(Clock::of(text), None, "{text}");
        }
    }
}
