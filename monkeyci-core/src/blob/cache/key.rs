use std::io;
use std::path::PathBuf;

use monkeyci_model::job::Cache;

use crate::blob::find::{self, FindError};
use crate::blob::store;

/// What key templates are filled in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The branch, when the build has one; otherwise its tag may stand here.
    pub branch: Option<String>,
    /// The processor: `amd64`, `arm64`.
    pub arch: String,
    /// The job's image.
    pub image: Option<String>,
    /// The folder that the files of `hash` are in.
    pub work_dir: PathBuf,
}

/// The keys of a cache, filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Its own; none when there is one cache for its id.
    pub key: Option<String>,
    /// Beginnings of other keys that serve, in order.
    pub fallbacks: Vec<String>,
}

/// Why a key could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A `{{` has no `}}`.
    #[error("key `{template}`: `{{{{` is not closed by `}}}}`")]
    Open {
        /// The template.
        template: String,
    },
    /// Something else than what is known stands between `{{` and `}}`.
    #[error(
        "key `{template}`: `{found}` is not known; use `hash \"FILE\"`, `branch`, `arch` or `image` between `{{{{` and `}}}}`"
    )]
    Unknown {
        /// The template.
        template: String,
        /// What stands there.
        found: String,
    },
    /// There is no file to hash.
    #[error("key `{template}`: no file matches `{pattern}` in the job's work dir")]
    NoFile {
        /// The template.
        template: String,
        /// The file or pattern.
        pattern: String,
    },
    /// A file could not be read.
    #[error("key `{template}`: {source}")]
    File {
        /// The template.
        template: String,
        /// What went wrong.
        source: FindError,
    },
    /// The key is too long.
    #[error("key `{template}` has more than {limit} bytes once it is filled in and encoded", limit = Keys::LONGEST)]
    TooLong {
        /// The template.
        template: String,
    },
}

impl Keys {
    /// Bytes of an encoded key, so that its beginning always stays what it is.
    pub const LONGEST: usize = 220;

    /// Fills in the templates of a cache; reads files, so it may block.
    pub(super) fn of(cache: &Cache, facts: &Facts) -> Result<Self, KeyError> {
        Ok(Self {
            key: cache.key.as_deref().map(|key| fill_in(key, facts)).transpose()?,
            fallbacks: cache.fallbacks.iter().map(|key| fill_in(key, facts)).collect::<Result<_, _>>()?,
        })
    }
}

fn fill_in(template: &str, facts: &Facts) -> Result<String, KeyError> {
    let (mut key, mut rest) = (String::new(), template);
    while let Some((plain, after)) = rest.split_once("{{") {
        key.push_str(plain);
        let (inner, after) = after.split_once("}}").ok_or_else(|| KeyError::Open { template: template.to_owned() })?;
        key.push_str(&value(inner.trim(), template, facts)?);
        rest = after;
    }
    key.push_str(rest);
    if store::encode(&key).len() > Keys::LONGEST {
        return Err(KeyError::TooLong { template: template.to_owned() });
    }
    Ok(key)
}

fn value(inner: &str, template: &str, facts: &Facts) -> Result<String, KeyError> {
    let unknown = || KeyError::Unknown { template: template.to_owned(), found: inner.to_owned() };
    match inner {
        "branch" => Ok(facts.branch.clone().unwrap_or_default()),
        "arch" => Ok(facts.arch.clone()),
        "image" => Ok(facts.image.clone().unwrap_or_default()),
        _ => {
            let arguments = inner.strip_prefix("hash").ok_or_else(unknown)?;
            hash(&quoted(arguments).ok_or_else(unknown)?, template, facts)
        }
    }
}

/// The texts in quotes, one or several.
fn quoted(arguments: &str) -> Option<Vec<&str>> {
    let mut texts = Vec::new();
    let mut rest = arguments.trim();
    while !rest.is_empty() {
        let (text, after) = rest.strip_prefix('"')?.split_once('"')?;
        texts.push(text);
        rest = after.trim_start();
    }
    (!texts.is_empty()).then_some(texts)
}

/// BLAKE3 over the paths and contents of the files, in hex.
fn hash(patterns: &[&str], template: &str, facts: &Facts) -> Result<String, KeyError> {
    let failed = |source| KeyError::File { template: template.to_owned(), source };
    let mut files = Vec::new();
    for pattern in patterns {
        let found = find::find(&facts.work_dir, pattern).map_err(failed)?;
        if found.is_empty() {
            return Err(KeyError::NoFile { template: template.to_owned(), pattern: (*pattern).to_owned() });
        }
        files.extend(found);
    }
    files.sort_unstable();
    files.dedup();
    let mut all = blake3::Hasher::new();
    for path in files {
        let mut one = blake3::Hasher::new();
        let mut file = find::open(&facts.work_dir, &path).map_err(failed)?;
        io::copy(&mut file, &mut one).map_err(|source| failed(FindError::Io { path: path.clone(), source }))?;
        // Lengths keep the end of a path and the beginning of the next apart.
        all.update(&(path.len() as u64).to_le_bytes());
        all.update(path.as_bytes());
        all.update(one.finalize().as_bytes());
    }
    Ok(all.finalize().to_hex().to_string())
}
