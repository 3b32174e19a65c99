//! Values that must not be seen, and how they are kept from sight.
//!
//! A value crosses every boundary as a reference ([`SecretRef`]). [`Secrets::take_in`] puts references in the place of
//! values as a plan is read, [`Secrets::resolve`] fills values in on the host where a job starts, and a [`Masker`] takes
//! them out of what the job writes, in every form of `encoding`.
//!
//! Masking keeps a secret from being shown by accident. A job that wants to tell its secrets can: reversed, compressed
//! or cut into lines they are not found.

mod encoding;
mod keeper;
mod mask;

use std::collections::BTreeMap;
use std::fmt;

use monkeyci_model::text::Part;
use monkeyci_model::{Job, SecretRef, Text};
use zeroize::Zeroizing;

pub use keeper::{Keeper, id_token};
pub use mask::{Masked, Masker};

/// Bytes that a value must have to be searched for. A shorter one is in too many words: masking it would destroy logs.
pub const SHORTEST: usize = 6;

/// A reference to a secret whose value is not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secret `{0}` is not known: set it, or give it with `--secret`")]
pub struct UnknownSecret(pub SecretRef);

/// Secrets by name and version. Values are neither printed nor serialized, and wiped from memory in the end.
#[derive(Clone, Default)]
pub struct Secrets {
    values: BTreeMap<SecretRef, Zeroizing<String>>,
}

impl Secrets {
    /// No secrets.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value.
    pub fn insert(&mut self, secret: SecretRef, value: String) {
        self.values.insert(secret, Zeroizing::new(value));
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// What is known, without values.
    pub fn references(&self) -> impl Iterator<Item = &SecretRef> {
        self.values.keys()
    }

    /// The value of a secret.
    #[must_use]
    pub fn value(&self, secret: &SecretRef) -> Option<&str> {
        self.values.get(secret).map(|value| value.as_str())
    }

    /// Secrets too short to be searched for and masked; worth a warning that names them.
    pub fn too_short(&self) -> impl Iterator<Item = &SecretRef> {
        self.values.iter().filter(|(_, value)| value.len() < SHORTEST).map(|(secret, _)| secret)
    }

    /// Puts a reference in the place of every value that stands in a text of the job, the longest first. One that is too
    /// short to be searched for is only known where it is the whole text, as a variable's is.
    pub fn take_in(&self, job: &mut Job) {
        let mut known: Vec<(&SecretRef, &str)> = self
            .values
            .iter()
            .map(|(secret, value)| (secret, value.as_str()))
            .filter(|(_, value)| value.len() >= SHORTEST)
            .collect();
        known.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        let short: Vec<_> = self.values.iter().filter(|(_, value)| (1..SHORTEST).contains(&value.len())).collect();
        for text in job.texts_mut() {
            let is_it = |(_, value): &&(&SecretRef, &Zeroizing<String>)| text.as_plain() == Some(value.as_str());
            if let Some((secret, _)) = short.iter().find(is_it) {
                *text = Text::secret((*secret).clone());
                continue;
            }
            for (secret, value) in &known {
                if text.parts().iter().any(|part| matches!(part, Part::Plain(plain) if plain.contains(value))) {
                    *text = with_references(text, secret, value);
                }
            }
        }
    }

    /// The text with every secret filled in.
    ///
    /// # Errors
    /// The first reference whose value is not known.
    pub fn resolve(&self, text: &Text) -> Result<Zeroizing<String>, UnknownSecret> {
        text.resolve(|secret| self.value(secret)).map(Zeroizing::new).map_err(UnknownSecret)
    }

    /// A whole text in which they are masked.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        if self.is_empty() { text.to_owned() } else { self.masker().text(text) }
    }

    /// Masks all of these secrets in a stream with marks of type `T`.
    #[must_use]
    pub fn masker<T>(&self) -> Masker<T> {
        self.masker_with(None)
    }

    /// The same, and one more value beside them.
    pub(crate) fn masker_with<T>(&self, value: Option<&str>) -> Masker<T> {
        Masker::new(self.values.values().map(|value| value.as_str()).chain(value))
    }
}

/// Shows names and versions only.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys().map(ToString::to_string)).finish()
    }
}

fn with_references(text: &Text, secret: &SecretRef, value: &str) -> Text {
    let mut parts = Vec::new();
    for part in text.parts() {
        let Part::Plain(plain) = part else {
            parts.push(part.clone());
            continue;
        };
        for (index, piece) in plain.split(value).enumerate() {
            if index > 0 {
                parts.push(Part::Secret { secret: secret.clone() });
            }
            if !piece.is_empty() {
                parts.push(Part::Plain(piece.to_owned()));
            }
        }
    }
    Text::from_parts(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(of: &[(&str, &str)]) -> Secrets {
        let mut secrets = Secrets::new();
        for (name, value) in of {
            secrets.insert(SecretRef { name: (*name).into(), version: 1 }, (*value).into());
        }
        secrets
    }

    #[test]
    fn values_in_a_job_become_references_and_come_back() {
        let secrets = secrets(&[("TOKEN", "hunter22"), ("LONG", "hunter22-and-more"), ("PIN", "1234")]);
        let mut job = Job::new("deploy".parse().expect("an id"));
        let line = "login hunter22 || login hunter22-and-more || echo 1234 hunter22";
        job.script = vec![line.into(), "make".into()];
        job.env.insert("TOKEN".into(), "hunter22".into());
        job.env.insert("PIN".into(), "1234".into());
        secrets.take_in(&mut job);
        assert_eq!(job.env["PIN"].to_string(), "«PIN@1»", "the whole of a text may be a short one");
        assert_eq!(job.script[0].to_string(), "login «TOKEN@1» || login «LONG@1» || echo 1234 «TOKEN@1»");
        assert_eq!(job.script[1], "make".into());
        assert_eq!(job.env["TOKEN"].to_string(), "«TOKEN@1»");
        assert!(!serde_json::to_string(&job).expect("serializes").contains("hunter22"));
        assert_eq!(secrets.resolve(&job.script[0]).expect("known").as_str(), line);
        assert_eq!(secrets.too_short().map(ToString::to_string).collect::<Vec<_>>(), ["PIN@1"]);
    }

    #[test]
    fn values_are_never_printed() {
        let secrets = secrets(&[("TOKEN", "hunter22")]);
        assert_eq!(format!("{secrets:?}"), r#"{"TOKEN@1"}"#);
        let unknown = Text::secret(SecretRef { name: "OTHER".into(), version: 3 });
        let error = secrets.resolve(&unknown).expect_err("unknown").to_string();
        assert!(error.contains("OTHER@3") && !error.contains("hunter22"), "{error}");
    }
}
