//! The configuration file of Oracle's tools, `~/.oci/config`: profiles, each with what `[DEFAULT]` says where it says nothing
//! else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::Error;
use crate::region::canonical;

/// The profile that all others inherit from.
const DEFAULT: &str = "DEFAULT";

/// A configuration file.
pub struct ConfigFile {
    path: PathBuf,
    profiles: BTreeMap<String, Fields>,
}

/// What stands under the name of a profile, with the lines.
type Fields = BTreeMap<String, (usize, Zeroizing<String>)>;

/// One profile of a configuration file.
pub struct Profile {
    path: PathBuf,
    name: String,
    fields: Fields,
}

impl ConfigFile {
    /// The file at `path`; without one, that of Oracle's tools: `~/.oci/config`, else what `OCI_CONFIG_FILE` names, else
    /// `~/.oraclebmc/config`.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn find(path: Option<&Path>) -> Result<Self, Error> {
        if let Some(path) = path {
            return Self::read(&expand(path));
        }
        let usual = expand(Path::new("~/.oci/config"));
        let named = std::env::var_os("OCI_CONFIG_FILE").filter(|name| !name.is_empty());
        let old = expand(Path::new("~/.oraclebmc/config"));
        let path = match named {
            _ if usual.is_file() => usual,
            Some(named) => expand(Path::new(&named)),
            None if old.is_file() => old,
            None => usual,
        };
        Self::read(&path)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or has a line that is no setting.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NoConfigFile(path.to_owned()));
            }
            Err(source) => return Err(Error::Unreadable { path: path.to_owned(), source }),
        };
        let profiles = parse(&text).map_err(|(line, why)| Error::Line { path: path.to_owned(), line, why })?;
        Ok(Self { path: path.to_owned(), profiles })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A profile, as `DEFAULT`.
    ///
    /// # Errors
    /// When there is none of that name, or it says what must not stand in a file.
    pub fn profile(&self, name: &str) -> Result<Profile, Error> {
        let inherited = self.profiles.get(DEFAULT);
        let Some(own) = self.profiles.get(name) else {
            let names: Vec<_> = self.profiles.keys().map(|name| format!("`{name}`")).collect();
            let known = if names.is_empty() { "none".into() } else { names.join(", ") };
            return Err(Error::NoProfile { path: self.path.clone(), profile: name.to_owned(), known });
        };
        let mut fields = inherited.cloned().unwrap_or_default();
        fields.extend(own.clone());
        let profile = Profile { path: self.path.clone(), name: name.to_owned(), fields };
        if profile.get("key_content").is_some() {
            return Err(
                profile.wrong("key_content", "must not stand in the file: `key_file` names the file of the key")
            );
        }
        Ok(profile)
    }
}

impl Profile {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The region, by its full name; where the profile says none, that of the variable `OCI_REGION`.
    ///
    /// # Errors
    /// When neither says one.
    pub fn region(&self) -> Result<String, Error> {
        let named = || std::env::var("OCI_REGION").ok().filter(|region| !region.is_empty());
        let region = self.get("region").map(str::to_owned).or_else(named);
        let region = region.ok_or_else(|| self.wrong("region", "is missing, and the variable `OCI_REGION` too"))?;
        Ok(canonical(&region))
    }

    /// What a field says, without blanks around it; nothing where it is not there or empty.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// What a field says.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn required(&self, field: &'static str) -> Result<&str, Error> {
        self.get(field).ok_or_else(|| self.wrong(field, "is missing"))
    }

    /// An id of Oracle's, as `ocid1.user.oc1..aaaa`.
    pub(crate) fn ocid(&self, field: &'static str) -> Result<&str, Error> {
        let id = self.required(field)?;
        let known = |letter: char| letter.is_ascii_alphanumeric() || "-_.:".contains(letter);
        if id.chars().all(known) && id.split(['.', ':']).count() >= 5 {
            return Ok(id);
        }
        Err(self.wrong(field, format!("is no id of Oracle's: `ocid1.{field}.oc1..` and more is expected")))
    }

    /// A file that a field names.
    pub(crate) fn file(&self, field: &'static str) -> Result<PathBuf, Error> {
        let path = expand(Path::new(self.required(field)?));
        if path.is_file() {
            return Ok(path);
        }
        Err(self.wrong(field, format!("names `{}`, which is no file", path.display())))
    }

    /// An error about a field.
    pub(crate) fn wrong(&self, field: &'static str, why: impl Into<String>) -> Error {
        let line = self.fields.get(field).map(|(line, _)| *line);
        Error::Field { path: self.path.clone(), line, profile: self.name.clone(), field, why: why.into() }
    }
}

/// `~` at the beginning is the home of whoever runs the program.
fn expand(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// Reads the file as Python's `configparser` does, by which Oracle's tools read it; else the line and what is wrong.
fn parse(text: &str) -> Result<BTreeMap<String, Fields>, (usize, String)> {
    let mut profiles: BTreeMap<String, Fields> = BTreeMap::new();
    let mut now: Option<(String, Option<String>)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let said = line.trim();
        if said.is_empty() || said.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t'])
            && let Some((profile, Some(field))) = &now
            && let Some((_, value)) = profiles.get_mut(profile).and_then(|fields| fields.get_mut(field))
        {
            value.push('\n');
            value.push_str(said);
            continue;
        }
        if let Some(name) = said.strip_prefix('[') {
            let Some((name, _)) = name.split_once(']') else {
                return Err((number, "the name of a profile has no `]` behind it".into()));
            };
            if profiles.insert(name.to_owned(), Fields::new()).is_some() {
                return Err((number, format!("the profile `{name}` stands here a second time: join both")));
            }
            now = Some((name.to_owned(), None));
            continue;
        }
        let Some((profile, last)) = &mut now else {
            return Err((number, "it stands above all profiles: write `[DEFAULT]` before it".into()));
        };
        // What stands there is not shown: it may be a passphrase, or a piece of a key.
        let Some((field, value)) = said.split_once(['=', ':']) else {
            return Err((number, "it is no setting: `key=value` is expected".into()));
        };
        let field = field.trim().to_ascii_lowercase();
        let value = Zeroizing::new(value.trim().to_owned());
        let fields = profiles.get_mut(profile).expect("a profile that was just put there");
        if fields.insert(field.clone(), (number, value)).is_some() {
            return Err((number, format!("`{field}` stands in `{profile}` a second time: remove one")));
        }
        *last = Some(field);
    }
    Ok(profiles)
}

impl std::fmt::Debug for ConfigFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let profiles: Vec<_> = self.profiles.keys().collect();
        f.debug_struct("ConfigFile").field("path", &self.path).field("profiles", &profiles).finish()
    }
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields: Vec<_> = self.fields.keys().collect();
        f.debug_struct("Profile").field("path", &self.path).field("name", &self.name).field("fields", &fields).finish()
    }
}
