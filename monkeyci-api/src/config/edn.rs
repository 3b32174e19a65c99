//! A configuration in EDN: our keys as keywords, and what MonkeyCI's own configuration says of the same things.

use clojure_reader::edn::{Edn, read_string};
use monkeyci_core::script::is_deeper;
use serde_json::{Map, Value};

use super::Config;

/// Deeper nesting is refused before it is read: the reader's time grows with its square.
const MAX_DEPTH: usize = 16;

/// Keys of MonkeyCI's configuration that are something else here, and what.
const ELSEWHERE: [(&str, &str); 16] = [
    ("dev-mode", "nothing turns checks of access off"),
    ("dek", "values are sealed by `:master-key`, the path of a file, or by a secret that `:oci-vault` names"),
    ("jwk", "a server makes its own keys, and keeps them sealed"),
    ("workspace", "workspaces are in the folder `:state`"),
    ("artifacts", "artifacts are in the folder `:state`"),
    ("cache", "caches are in the folder `:state`"),
    ("build-cache", "caches are in the folder `:state`"),
    ("mailman", "events are rows of the database, and need no broker"),
    ("runner", "the server runs builds itself; jobs go to workers, see `monkeyci worker`"),
    ("containers", "where jobs run is said in `:executor`"),
    ("agent", "jobs elsewhere are run by `monkeyci worker`, which reads no file"),
    ("poll-loop", "workers need no settings for how they ask"),
    ("github", "where people sign in by is said in `:sign-in`, a vector of maps"),
    ("bitbucket", "where people sign in by is said in `:sign-in`, a vector of maps"),
    ("codeberg", "where people sign in by is said in `:sign-in`, a vector of maps"),
    ("reporter", "`monkeyci server --log-format` says how it tells what happens"),
];

/// Reads a configuration.
///
/// # Errors
/// What is wrong with it, and what to write in its place.
pub(super) fn read(text: &str) -> Result<Config, String> {
    if is_deeper(text, MAX_DEPTH) {
        return Err("it is nested too deeply".into());
    }
    let form = read_string(text).map_err(|error| error.to_string())?;
    let Value::Object(said) = value(&form)? else { return Err("it is not a map".into()) };
    let mut config = Map::new();
    for (key, value) in said {
        match (key.as_str(), value) {
            ("http", value) => {
                let port = only("http", value, "port")?;
                keep(&mut config, "listen", format!("0.0.0.0:{port}"))?;
            }
            ("api", value) => keep(&mut config, "public-url", only("api", value, "ext-url")?)?,
            ("storage", value) => storage(&mut config, value)?,
            (_, value) => {
                if let Some((_, advice)) = ELSEWHERE.iter().find(|(known, _)| *known == key) {
                    return Err(format!("`:{key}` means nothing here: {advice}"));
                }
                keep(&mut config, &key, value)?;
            }
        }
    }
    serde_json::from_value(Value::Object(config)).map_err(|error| error.to_string())
}

/// What MonkeyCI says of its storage: files in a folder, or a database.
fn storage(config: &mut Map<String, Value>, value: Value) -> Result<(), String> {
    let Value::Object(mut storage) = value else { return Err("`:storage` is a map".into()) };
    let kind = storage.remove("type");
    match kind.as_ref().and_then(Value::as_str) {
        Some("file") => keep(config, "state", only("storage", Value::Object(storage), "dir")?),
        Some("sql") if storage.contains_key("password") => Err(
            "`:storage :password` must not stand here: `:database-password-file` names a file, or `PGPASSWORD` has it"
                .into(),
        ),
        Some("sql") => {
            let name = storage.remove("username");
            let url = only("storage", Value::Object(storage), "url")?;
            let url = url.as_str().unwrap_or_default();
            let Some(place) = url.trim_start_matches("jdbc:").strip_prefix("postgresql://") else {
                return Err(format!(
                    "`:storage :url`: `{url}` is no PostgreSQL database, as `postgres://db.example.com/ci`"
                ));
            };
            let name = name.as_ref().and_then(Value::as_str).map(|name| format!("{name}@")).unwrap_or_default();
            keep(config, "database", format!("postgres://{name}{place}"))
        }
        _ => Err("`:storage :type` is `:file` with a `:dir`, or `:sql` with a `:url`".into()),
    }
}

/// The one thing that a map of MonkeyCI's says.
fn only(key: &str, value: Value, name: &str) -> Result<Value, String> {
    let wrong = || format!("`:{key}` is a map of `:{name}` alone");
    let Value::Object(mut map) = value else { return Err(wrong()) };
    let value = map.remove(name).ok_or_else(wrong)?;
    if map.is_empty() { Ok(value) } else { Err(wrong()) }
}

fn keep(config: &mut Map<String, Value>, key: &str, value: impl Into<Value>) -> Result<(), String> {
    match config.insert(key.to_owned(), value.into()) {
        Some(_) => Err(format!("`:{key}` is said twice")),
        None => Ok(()),
    }
}

/// A form as JSON: keywords and symbols are texts.
fn value(form: &Edn<'_>) -> Result<Value, String> {
    Ok(match form {
        Edn::Nil => Value::Null,
        Edn::Bool(is) => (*is).into(),
        Edn::Int(number) => (*number).into(),
        Edn::Double(number) => {
            number.to_string().parse::<f64>().map_err(|_| format!("`{number}` is no number"))?.into()
        }
        Edn::Str(text) | Edn::Key(text) | Edn::Symbol(text) => text.as_ref().into(),
        Edn::Vector(items) | Edn::List(items) => items.iter().map(value).collect::<Result<Vec<_>, _>>()?.into(),
        Edn::Set(items) => items.iter().map(value).collect::<Result<Vec<_>, _>>()?.into(),
        Edn::Map(entries) => {
            let mut map = Map::new();
            for (key, of) in entries {
                let (Edn::Key(name) | Edn::Str(name) | Edn::Symbol(name)) = key else {
                    return Err(format!("`{key}` cannot be a key"));
                };
                map.insert(name.as_ref().to_owned(), value(of)?);
            }
            map.into()
        }
        other => return Err(format!("`{other}` means nothing in a configuration")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_keys_are_keywords() {
        let text = r#"{:listen "0.0.0.0:80" :labels {:gpu "yes"} :jobs 4 :trusted-proxies ["10.0.0.0/8"]
                       :executor {:processes ["acme/*"]}
                       :sign-in [{:id "github" :kind :github :client-id "x" :client-secret-env "S"}]}"#;
        let toml = r#"listen = "0.0.0.0:80"
                      jobs = 4
                      trusted-proxies = ["10.0.0.0/8"]
                      labels = { gpu = "yes" }
                      executor = { processes = ["acme/*"] }
                      sign-in = [{ id = "github", kind = "github", client-id = "x", client-secret-env = "S" }]"#;
        assert_eq!(read(text), Ok(toml::from_str(toml).expect("reads")));
        assert_eq!(read("{}"), Ok(Config::default()));
    }

    #[test]
    fn what_monkeyci_says_of_the_same_things_is_understood() {
        let config =
            read(r#"{:http {:port 3000} :api {:ext-url "https://ci.example.com"} :storage {:type :file :dir "s"}}"#);
        let config = config.expect("reads");
        assert_eq!(config.listen.to_string(), "0.0.0.0:3000");
        assert_eq!(config.public_url.as_deref(), Some("https://ci.example.com"));
        assert_eq!(config.state.to_str(), Some("s"));
        let config = read(r#"{:storage {:type :sql :url "jdbc:postgresql://db.example.com/ci" :username "ci"}}"#);
        assert_eq!(config.expect("reads").database.as_deref(), Some("postgres://ci@db.example.com/ci"));
    }

    #[test]
    fn what_cannot_be_is_refused_with_advice() {
        let deep = "[".repeat(100_000);
        for (text, told) in [
            ("", "not a map"),
            ("[]", "not a map"),
            (deep.as_str(), "nested"),
            ("{:lisen 1}", "lisen"),
            ("{:runner {:type :oci}}", "monkeyci worker"),
            ("{:http {:port 1 :more 2}}", "`:port` alone"),
            ("{:http {:port 1} :listen \"[::]:1\"}", "said twice"),
            ("{:storage {:type :memory}}", ":file"),
            ("{:storage {:type :sql :url \"x\" :password \"secret\"}}", "database-password-file"),
            ("{1 2}", "cannot be a key"),
            ("{:jobs #inst \"2020-01-01\"}", "means nothing"),
        ] {
            let error = read(text).expect_err("it is wrong");
            assert!(
                error.to_lowercase().contains(&told.to_lowercase()) && !error.contains("secret\""),
                "{text}: {error}"
            );
        }
    }
}
