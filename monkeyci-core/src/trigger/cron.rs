//! Cron expressions: five fields, checked one by one so that a mistake is shown where it stands.

use std::ops::RangeInclusive;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// The longest expression, in bytes.
const MAX_LENGTH: usize = 200;

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A field of an expression. Names count from its first number.
struct Field {
    name: &'static str,
    range: RangeInclusive<u32>,
    names: &'static [&'static str],
    /// What may stand in it beside numbers, names and `*-/,`: `L` is the last, `W` the nearest working day, `#2` the second.
    special: &'static str,
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", range: 0..=59, names: &[], special: "" },
    Field { name: "hour", range: 0..=23, names: &[], special: "" },
    Field { name: "day of the month", range: 1..=31, names: &[], special: "LW?" },
    Field { name: "month", range: 1..=12, names: MONTHS, special: "" },
    Field { name: "day of the week", range: 0..=7, names: DAYS, special: "L#?+" },
];

/// Short words for whole expressions.
const WORDS: &[(&str, &str)] = &[
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// What is wrong with a cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCron {
    /// It has not five fields.
    #[error(
        "a cron expression has five fields (minute, hour, day of the month, month, day of the week), and this has {0}\
         {hint}", hint = if *.0 > 5 { ": there is none for seconds or years" } else { "" }
    )]
    Fields(usize),
    /// It is a word that is not known.
    #[error("`{}` is not known; these are: @hourly, @daily, @weekly, @monthly, @yearly", .0.escape_debug())]
    Word(String),
    /// It is too long.
    #[error("a cron expression has at most {MAX_LENGTH} bytes")]
    Long,
    /// Something in one of its fields is wrong.
    #[error("column {column}, {field}: {reason}")]
    Field {
        /// Where it begins, in characters from 1.
        column: usize,
        /// The field.
        field: &'static str,
        /// What is wrong with it, and what could stand there.
        reason: String,
    },
    /// No day fits it, such as 30 February.
    #[error("no day fits `{0}`")]
    Never(String),
}

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Cron, InvalidCron> {
    if text.len() > MAX_LENGTH {
        return Err(InvalidCron::Long);
    }
    let fields: Vec<(usize, &str)> = words(text).collect();
    if let [(_, word)] = fields[..]
        && word.starts_with('@')
    {
        let known = WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
        let (_, meant) = known.ok_or_else(|| InvalidCron::Word(word.to_owned()))?;
        return parse(meant);
    }
    if fields.len() != FIELDS.len() {
        return Err(InvalidCron::Fields(fields.len()));
    }
    for (place, (column, word)) in fields.iter().enumerate() {
        check(place, *column, word)?;
    }
    read(&fields.iter().map(|(_, word)| *word).collect::<Vec<_>>().join(" ")).map_err(|reason| InvalidCron::Field {
        column: 1,
        field: "expression",
        reason,
    })
}

fn read(text: &str) -> Result<Cron, String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(text).map_err(|error| error.to_string())
}

/// The words of a text, each with the column that it begins in.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_whitespace().map(|word| {
        let offset = word.as_ptr() as usize - text.as_ptr() as usize;
        (text[..offset].chars().count() + 1, word)
    })
}

fn check(place: usize, column: usize, word: &str) -> Result<(), InvalidCron> {
    let field = &FIELDS[place];
    let wrong = |column, reason| Err(InvalidCron::Field { column, field: field.name, reason });
    let known = |c: char| c.is_ascii_alphanumeric() || "*-/,".contains(c) || field.special.contains(c);
    if let Some(at) = word.chars().position(|c| !known(c)) {
        let found = word.chars().nth(at).unwrap_or_default();
        return wrong(column + at, format!("`{}` has no meaning here", found.escape_debug()));
    }
    let mut column = column;
    for item in word.split(',') {
        // What is special is left to the parser below.
        let is_plain = field.number(item).is_some() || !item.to_uppercase().contains(|c| field.special.contains(c));
        if let Some(reason) = field.fault(item).filter(|_| is_plain) {
            return wrong(column, reason);
        }
        column += item.chars().count() + 1;
    }
    let mut all = ["*"; FIELDS.len()];
    all[place] = word;
    read(&all.join(" ")).map(drop).or_else(|reason| wrong(column - word.chars().count() - 1, reason))
}

impl Field {
    /// What is wrong with one item of its list.
    fn fault(&self, item: &str) -> Option<String> {
        let (first, last) = (self.range.start(), self.range.end());
        let (span, step) = item.split_once('/').map_or((item, None), |(span, step)| (span, Some(step)));
        if let Some(step) = step
            && !(digits(step) && step.parse::<u32>().is_ok_and(|step| (1..=*last).contains(&step)))
        {
            return Some(format!("the step `{step}` is not a number from 1 to {last}"));
        }
        if span == "*" {
            return None;
        }
        let Some((from, to)) = span.split_once('-') else {
            return match self.number(span) {
                None => Some(self.unknown(span)),
                Some(_) if step.is_some() => {
                    Some(format!("a step needs a range: `*/{0}`, or `{span}-{last}/{0}`", step.unwrap_or_default()))
                }
                Some(_) => None,
            };
        };
        match (self.number(from), self.number(to)) {
            (None, _) => Some(self.unknown(from)),
            (_, None) => Some(self.unknown(to)),
            // Sunday is the last day too.
            (Some(_), Some(0)) if self.names == DAYS && !digits(to) => None,
            (Some(from), Some(to)) if from > to => {
                Some(format!("the range ends before it begins: `{span}`; write `{from}-{last},{first}-{to}`"))
            }
            _ => None,
        }
    }

    fn unknown(&self, word: &str) -> String {
        let names = match self.names {
            [first, .., last] => format!(", or one of {first} to {last}"),
            _ => String::new(),
        };
        format!("`{word}` is not a number from {} to {}{names}", self.range.start(), self.range.end())
    }

    /// The number that a word stands for.
    fn number(&self, word: &str) -> Option<u32> {
        let name = self.names.iter().zip(*self.range.start()..).find(|(name, _)| name.eq_ignore_ascii_case(word));
        let number = name.map(|(_, number)| number).or_else(|| digits(word).then(|| word.parse().ok()).flatten());
        number.filter(|number| self.range.contains(number))
    }
}

/// Whether there are no letters in a text of few characters: `+1` is a number to the standard library.
fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
