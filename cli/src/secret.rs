//! Secrets of a build: never on the command line, where every user of the machine could read them.

use std::io::{IsTerminal as _, Read as _};

use console::Term;

use crate::error::CliError;

/// Bytes of standard input that are a value, at most.
const MAX_PIPED: u64 = 1024 * 1024;

/// A secret with its value. It has no `Debug`, so that it cannot be printed by accident.
pub struct Secret {
    /// The parameter that it becomes.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Reads the secrets that `--secret` names: from a file (`NAME=@file`), from the environment, or from the terminal.
pub fn read(wanted: &[String]) -> Result<Vec<Secret>, CliError> {
    wanted.iter().map(|wanted| one(wanted)).collect()
}

fn one(wanted: &str) -> Result<Secret, CliError> {
    let (name, value) = match wanted.split_once('=') {
        None => (wanted, from_environment(wanted)?),
        Some((name, source)) => match source.strip_prefix('@') {
            Some(path) => (name, from_file(name, path)?),
            None => {
                return Err(CliError::usage(format!("the value of secret `{name}` stands on the command line"))
                    .hint("others on this machine can read it there; consider it known and change it")
                    .hint(format!("use `--secret {name}` with a variable of that name, or `--secret {name}=@FILE`")));
            }
        },
    };
    if name.is_empty() {
        return Err(CliError::usage("a secret has no name").hint("`--secret TOKEN`"));
    }
    if value.is_empty() {
        return Err(CliError::usage(format!("secret `{name}` is empty")));
    }
    Ok(Secret { name: name.to_owned(), value })
}

fn from_file(name: &str, path: &str) -> Result<String, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::usage(format!("secret `{name}`: file `{path}`: {error}")))?;
    // Editors end a file with a newline that is no part of the secret.
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

fn from_environment(name: &str) -> Result<String, CliError> {
    match std::env::var(name) {
        Ok(value) => Ok(value),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(CliError::usage(format!("the variable `{name}` of a secret holds no text")))
        }
        Err(std::env::VarError::NotPresent) => ask(name),
    }
}

fn ask(name: &str) -> Result<String, CliError> {
    let unknown = || {
        CliError::usage(format!("secret `{name}` has no value"))
            .hint(format!("set the variable `{name}`, or say `--secret {name}=@FILE`"))
    };
    typed(name).ok_or_else(unknown)
}

/// What the user types, which is not shown; nothing where there is no terminal.
pub fn typed(label: &str) -> Option<String> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let term = Term::stderr();
    term.write_str(&format!("{label}: ")).and_then(|()| term.read_secure_line()).ok()
}

/// What stands on standard input, without its last newline.
pub fn piped() -> Result<String, CliError> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_PIPED).read_to_string(&mut text);
    read.map_err(|error| CliError::usage(format!("standard input: {error}")))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_the_command_line_is_refused_and_not_repeated() {
        let error = read(&["TOKEN=s3cret".into()]).err().expect("refused").to_string();
        assert!(error.contains("TOKEN") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn a_secret_is_read_from_a_file_without_its_last_newline() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, "two\nlines\r\n").expect("written");
        let Ok(secrets) = read(&[format!("TOKEN=@{}", path.display())]) else { panic!("the file was not read") };
        assert_eq!((secrets[0].name.as_str(), secrets[0].value.as_str()), ("TOKEN", "two\nlines"));
    }
}
