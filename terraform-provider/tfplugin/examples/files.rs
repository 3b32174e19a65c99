//! A provider of notes in a folder: all that there is to write.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use tfplugin::check::{between, length, text};
use tfplugin::{
    Action, Change, Choice, Computed, Context, DataSource, Diagnostic, Diagnostics, Dynamic, Ephemeral, Function,
    FunctionError, List, Listing, Moved, Object, Opened, Plugin, Progress, Provider, Resource, Result, Secret, Set,
    Value,
};

fn main() -> ExitCode {
    tfplugin::serve(plugin())
}

/// The provider `files`, with everything that it has.
pub fn plugin() -> Plugin<Files> {
    Plugin::new()
        .resource::<Note>()
        .list::<Note>()
        .data_source::<Found>()
        .ephemeral::<Lease>()
        .function::<Slug>()
        .function::<Joined>()
        .function::<Parsed>()
        .action::<Archive>()
}

/// Keeps notes in a folder.
#[derive(Debug, Object)]
pub struct Files {
    /// The folder. It must exist.
    folder: String,
    /// Opens the folder's door.
    password: Option<Secret>,
}

impl Provider for Files {
    type Client = Folder;
    const NAME: &'static str = "files";

    async fn configure(self) -> Result<Folder> {
        tracing::info!(folder = self.folder, "opened");
        Ok(Folder(PathBuf::from(self.folder)))
    }
}

/// A note in the folder.
#[derive(Clone, Debug, Object)]
#[object(version = 1, requires("secret_wo", "secret_version"), at_most_one_of(["text", "lines"]))]
pub struct Note {
    /// What it is called. Another name is another note.
    #[attribute(replaces, identity, check(length(1..=63)), check(text(no_slash)))]
    name: String,
    /// What it says. White space at its end does not count.
    #[attribute(same(|left, right| left.trim_end() == right.trim_end()))]
    text: Option<String>,
    /// What it says, line by line.
    lines: Option<Vec<String>>,
    /// How many there are.
    #[attribute(default = 1, check(between(1..=9)))]
    copies: i64,
    /// Who may read it.
    #[attribute(default = Access::Everybody)]
    access: Access,
    /// Words to find it by.
    tags: Option<Set<String>>,
    /// Who wrote it.
    author: Option<Author>,
    /// Its parts.
    parts: Option<BTreeMap<String, Part>>,
    /// Whom it mentions.
    mentions: Option<Set<Author>>,
    /// Anything.
    extra: Option<Dynamic>,
    /// Locks it.
    #[attribute(write_only)]
    secret_wo: Option<Secret>,
    /// Count it up when `secret_wo` changes.
    secret_version: Option<i64>,
    /// Where it is.
    #[attribute(keeps)]
    id: Computed<String>,
    /// How often it was written.
    revision: Computed<i64>,
}

/// Who may read a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Access {
    /// Whoever comes by.
    Everybody,
    /// Whoever owns it.
    OwnerOnly,
}

/// Somebody.
#[derive(Clone, Debug, Object)]
pub struct Author {
    /// What they are called.
    name: String,
    /// Made of the name, where it is not given.
    #[attribute(optional)]
    email: Computed<String>,
}

/// A part of a note.
#[derive(Clone, Debug, Object)]
pub struct Part {
    /// What it is called.
    title: String,
    /// How far it sinks.
    #[attribute(default = 10)]
    weight: i64,
    /// Locks the part.
    #[attribute(write_only)]
    key_wo: Option<Secret>,
    /// How long the title is.
    size: Computed<u64>,
}

impl Resource for Note {
    type Client = Folder;
    const NAME: &'static str = "note";

    async fn plan(change: &mut Change<Self>, folder: &Context<Folder>) -> Result<()> {
        if change.is_delete() {
            if change.prior().is_some_and(|note| note.access == Access::OwnerOnly) {
                folder.say(Diagnostic::warning("Private note", "It is removed all the same."));
            }
            return Ok(());
        }
        match change.planned() {
            Some(note) if note.name == "forbidden" => {
                Err(Diagnostic::error("Name is taken", "Call it something else.").at("name").into())
            }
            Some(note) => {
                change.set("id", Computed::from(folder.client.place(&note.name).display().to_string()));
                Ok(())
            }
            None => Ok(()),
        }
    }

    async fn create(self, folder: &Context<Folder>) -> Result<Self> {
        if folder.client.load(&self.name)?.is_some() {
            let detail = format!("Import it: terraform import files_note.NAME {}", self.name);
            return Err(Diagnostic::error("Note exists", detail).at("name").into());
        }
        folder.set_private("made_by", &"terraform");
        if self.name == "torn" {
            folder.say(Diagnostic::error("Note is torn", "Half of it was written."));
        }
        folder.client.save(self.written(1))
    }

    async fn read(self, folder: &Context<Folder>) -> Result<Option<Self>> {
        folder.client.load(&self.name)
    }

    async fn update(self, prior: Self, folder: &Context<Folder>) -> Result<Self> {
        let revision = prior.revision.known().copied().unwrap_or_default();
        let keeps_secret = self.secret_version == prior.secret_version;
        let secret_wo = if keeps_secret { None } else { self.secret_wo.clone() };
        folder.client.save(Self { secret_wo, ..self.written(revision + 1) })
    }

    async fn delete(self, folder: &Context<Folder>) -> Result<()> {
        folder.client.remove(&self.name)
    }

    async fn import(id: &str, folder: &Context<Folder>) -> Result<Self> {
        let missing = || Diagnostic::error("No such note", format!("There is no note {id:?} in the folder."));
        Ok(folder.client.load(id)?.ok_or_else(missing)?)
    }

    /// Before version 1 the name was a `label`.
    fn upgrade(
        _: i64,
        mut state: serde_json::Map<String, serde_json::Value>,
    ) -> Result<serde_json::Map<String, serde_json::Value>> {
        if let Some(label) = state.remove("label") {
            state.insert("name".to_owned(), label);
        }
        Ok(state)
    }

    /// Terraform's own `terraform_data`, whose input was the name, was a makeshift for a note.
    fn moved(source: Moved) -> Result<Option<Self>> {
        let name = source.state.get("input").and_then(|input| input.get("value")).and_then(|value| value.as_str());
        Ok(name.filter(|_| source.type_name == "terraform_data").map(Self::named))
    }
}

impl List for Note {
    type Query = Query;

    async fn list(query: Query, listing: &Listing<Self>, folder: &Context<Folder>) -> Result<()> {
        for note in folder.client.all()? {
            let wanted = note.name.starts_with(query.prefix.as_deref().unwrap_or_default());
            if wanted && !listing.add(format!("Note {}", note.name), &note).await {
                break;
            }
        }
        Ok(())
    }
}

/// Which notes to list.
#[derive(Debug, Object)]
pub struct Query {
    /// What their names begin with.
    prefix: Option<String>,
}

/// A note that others keep.
#[derive(Debug, Object)]
pub struct Found {
    name: String,
    /// What it says.
    text: Computed<Option<String>>,
    #[attribute(sensitive)]
    secret_length: Computed<u64>,
}

impl DataSource for Found {
    type Client = Folder;
    const NAME: &'static str = "note";

    async fn read(self, folder: &Context<Folder>) -> Result<Self> {
        let missing = || Diagnostic::error("No such note", format!("There is no note {:?}.", self.name)).at("name");
        let note = folder.client.load(&self.name)?.ok_or_else(missing)?;
        let secret = folder.client.secret(&self.name);
        Ok(Self { name: self.name, text: note.text.into(), secret_length: (secret.len() as u64).into() })
    }
}

/// A key to the folder that is given back.
#[derive(Debug, Object)]
pub struct Lease {
    name: String,
    #[attribute(sensitive)]
    key: Computed<String>,
}

impl Ephemeral for Lease {
    type Client = Folder;
    const NAME: &'static str = "lease";

    async fn open(self, folder: &Context<Folder>) -> Result<Opened<Self>> {
        folder.client.write(&format!("{}.lease", self.name), "open")?;
        folder.set_private("name", &self.name);
        let result = Self { key: format!("key-of-{}", self.name).into(), ..self };
        Ok(Opened { result, renew_at: Some(SystemTime::now() + Duration::from_secs(300)) })
    }

    async fn renew(folder: &Context<Folder>) -> Result<Option<SystemTime>> {
        let name: String = folder.private("name").unwrap_or_default();
        folder.client.write(&format!("{name}.lease"), "renewed")?;
        Ok(Some(SystemTime::now() + Duration::from_secs(300)))
    }

    async fn close(folder: &Context<Folder>) -> Result<()> {
        let name: String = folder.private("name").unwrap_or_default();
        folder.client.write(&format!("{name}.lease"), "closed")
    }
}

/// A text as a name.
#[derive(Debug, Object)]
pub struct Slug {
    /// Any text with a letter in it.
    text: String,
}

impl Function for Slug {
    type Output = String;
    const NAME: &'static str = "slug";

    fn call(self) -> Result<String, FunctionError> {
        let slug = self.text.to_lowercase().replace(|letter: char| !letter.is_alphanumeric(), "-");
        if slug.chars().all(|letter| letter == '-') {
            return Err(FunctionError::new("there is no letter in it").at("text"));
        }
        Ok(slug)
    }
}

/// Texts in a row.
#[derive(Debug, Object)]
pub struct Joined {
    /// What comes between them; nothing where it is null.
    between: Option<String>,
    #[attribute(variadic)]
    texts: Vec<String>,
}

impl Function for Joined {
    type Output = String;
    const NAME: &'static str = "joined";

    fn call(self) -> Result<String, FunctionError> {
        Ok(self.texts.join(self.between.as_deref().unwrap_or_default()))
    }
}

/// What JSON says, as an object.
#[derive(Debug, Object)]
pub struct Parsed {
    json: String,
}

impl Function for Parsed {
    type Output = Dynamic;
    const NAME: &'static str = "parsed";

    fn call(self) -> Result<Dynamic, FunctionError> {
        let wrong = |error| FunctionError::new(format!("it is no JSON: {error}")).at("json");
        serde_json::from_str(&self.json).map(|json| Dynamic::of_json(&json)).map_err(wrong)
    }
}

/// Puts a note away.
#[derive(Debug, Object)]
pub struct Archive {
    name: String,
}

impl Action for Archive {
    type Client = Folder;
    const NAME: &'static str = "archive";

    async fn invoke(self, progress: &Progress, folder: &Context<Folder>) -> Result<()> {
        progress.say(format!("putting {} away", self.name)).await;
        folder.client.remove(&self.name)
    }
}

impl Note {
    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: None,
            lines: None,
            copies: 1,
            access: Access::Everybody,
            tags: None,
            author: None,
            parts: None,
            mentions: None,
            extra: None,
            secret_wo: None,
            secret_version: None,
            id: Computed::Unknown,
            revision: Computed::Unknown,
        }
    }

    /// With what the provider fills in.
    fn written(mut self, revision: i64) -> Self {
        self.revision = revision.into();
        for somebody in self.author.iter_mut().chain(self.mentions.iter_mut().flat_map(|mentions| &mut mentions.0)) {
            let email = format!("{}@example.com", somebody.name);
            somebody.email = somebody.email.known().cloned().unwrap_or(email).into();
        }
        for part in self.parts.iter_mut().flat_map(BTreeMap::values_mut) {
            part.size = (part.title.len() as u64).into();
        }
        self
    }
}

fn no_slash(name: &str) -> std::result::Result<(), String> {
    if name.contains('/') { Err("has a slash, and names a file".to_owned()) } else { Ok(()) }
}

/// Where the notes are: each one a file.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    fn place(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.note"))
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        Ok(std::fs::write(self.0.join(file), text).map_err(Trouble)?)
    }

    fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(format!("{name}.secret"))).unwrap_or_default()
    }

    fn save(&self, mut note: Note) -> Result<Note> {
        note.id = self.place(&note.name).display().to_string().into();
        if let Some(secret) = note.secret_wo.take() {
            self.write(&format!("{}.secret", note.name), secret.expose())?;
        }
        if let Some(parts) = &mut note.parts {
            parts.values_mut().for_each(|part| part.key_wo = None);
        }
        let json = Object::to_value(&note).to_json(&Note::schema().ty());
        self.write(&format!("{}.note", note.name), &json.to_string())?;
        Ok(note)
    }

    fn load(&self, name: &str) -> Result<Option<Note>> {
        match std::fs::read(self.place(name)) {
            Ok(json) => {
                let value = Value::from_json(&json, &Note::schema().ty());
                let note = value.and_then(|value| Note::from_object(&tfplugin::View::new(&value)));
                Ok(Some(note.map_err(|error| Diagnostic::error("Damaged note", format!("{name}: {error}")))?))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Trouble(error).into()),
        }
    }

    fn all(&self) -> Result<Vec<Note>> {
        let mut notes = Vec::new();
        for entry in std::fs::read_dir(&self.0).map_err(Trouble)? {
            let name = entry.map_err(Trouble)?.file_name();
            if let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".note")) {
                notes.extend(self.load(name)?);
            }
        }
        notes.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(notes)
    }

    fn remove(&self, name: &str) -> Result<()> {
        match std::fs::remove_file(self.place(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Trouble(error).into()),
            _ => Ok(()),
        }
    }
}

/// What the client says when something is wrong, in the words of a diagnostic.
struct Trouble(std::io::Error);

impl From<Trouble> for Diagnostics {
    fn from(Trouble(error): Trouble) -> Self {
        Diagnostic::error("Folder cannot be used", error.to_string()).into()
    }
}
