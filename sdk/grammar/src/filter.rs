//! Words of the form `key:value`.

use crate::word::{Word, Words};
use crate::{Mistake, mistake, nearest};

/// A word after a command.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// `key:value`.
    Filter(Filter),
    /// `--flag`.
    Flag(Word),
    /// Another.
    Plain(Word),
}

/// `key:value`.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    pub key: String,
    pub value: String,
    pub word: Word,
}

/// What follows a command.
#[derive(Debug)]
pub(crate) struct Args {
    words: Words,
    keys: &'static [&'static str],
    seen: Vec<String>,
}

impl Args {
    /// Those of a command that knows these keys.
    pub fn new(words: Words, keys: &'static [&'static str]) -> Self {
        Self { words, keys, seen: Vec::new() }
    }

    /// What comes next; nothing at the end.
    ///
    /// # Errors
    /// When a key is not known, is said twice, or has no value.
    pub fn next(&mut self) -> Result<Option<Said>, Mistake> {
        let Some(word) = self.words.next()? else { return Ok(None) };
        if word.text.starts_with("--") && word.text.len() > 2 && word.split('-').is_some() {
            return Ok(Some(Said::Flag(word)));
        }
        let is_key = |key: &str| {
            let key = key.strip_prefix('-').unwrap_or(key);
            !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        };
        let pair = word.split(':').filter(|(key, rest)| is_key(key) && !rest.starts_with("//"));
        let Some((key, value)) = pair.map(|(key, value)| (key.to_lowercase(), value.to_owned())) else {
            return Ok(Some(Said::Plain(word)));
        };
        if !self.keys.contains(&key.as_str()) {
            let near = nearest(&key, self.keys.iter().copied());
            let known = match (near, self.keys) {
                (Some(near), _) => format!("did you mean `{near}:`?"),
                (None, []) => "nothing of that form can be said here".into(),
                (None, keys) => format!("known are {}", list(keys.iter().map(|key| format!("`{key}:`")))),
            };
            return Err(word.mistake(format!("`{}:` is not known here; {known}", mistake::shown(&key))));
        }
        if value.is_empty() {
            return Err(word.mistake(format!("`{key}:` says nothing; a value follows the colon without a space")));
        }
        if self.seen.contains(&key) {
            return Err(word.mistake(format!("`{key}:` is said twice")));
        }
        self.seen.push(key.clone());
        Ok(Some(Said::Filter(Filter { key, value, word })))
    }

    /// Where the text ends.
    pub fn end(&self) -> usize {
        self.words.at()
    }
}

impl Filter {
    /// What is wrong with it.
    pub fn mistake(&self, wanted: &str) -> Mistake {
        self.word.mistake(format!(
            "`{}` is nothing that `{}:` may say; {wanted}",
            mistake::shown(&self.value),
            self.key
        ))
    }

    /// Its values, with commas between them.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.value.split(',').map(str::trim).filter(|value| !value.is_empty())
    }

    /// A number from 1 to `most`.
    ///
    /// # Errors
    /// When it is none.
    pub fn count(&self, most: usize) -> Result<usize, Mistake> {
        let is_number = self.value.bytes().all(|byte| byte.is_ascii_digit());
        let number = self.value.parse().ok().filter(|number| is_number && (1..=most).contains(number));
        number.ok_or_else(|| self.mistake(&format!("a number from 1 to {most}")))
    }
}

/// A word that nothing was expected at.
pub(crate) fn unexpected(word: &Word) -> Mistake {
    word.mistake(format!("`{}` is more than is understood here", mistake::shown(&word.text)))
}

/// A flag that is not known.
pub(crate) fn unknown(flag: &Word, known: &[&str]) -> Mistake {
    let known = match known {
        [] => "there are none here".into(),
        known => format!("known are {}", list(known.iter().map(|flag| format!("`{flag}`")))),
    };
    flag.mistake(format!("the flag `{}` is not known; {known}", mistake::shown(&flag.text)))
}

/// Words, as a sentence lists them.
pub(crate) fn list(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
