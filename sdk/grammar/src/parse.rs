//! From text to commands.

use crate::filter::{Args, Said, unexpected, unknown};
use crate::word::{Word, Words};
use crate::{
    At, BuildName, Command, List, Logs, Mistake, Param, Part, RepoName, Run, Settings, Span, Subject, Subscribe, Verb,
    Which, is_param, mistake, nearest,
};

/// Characters of the longest command.
pub const LONGEST: usize = 4000;

/// Lines of a log that are shown where nothing else is said.
const TAIL: usize = 20;

/// Lines of a log at the most.
const LINES: usize = 1_000_000;

const PUBLIC: &str = "--public";

/// Understands a command.
///
/// # Errors
/// What is wrong with it, and where.
pub fn parse(text: &str) -> Result<Command, Mistake> {
    if text.chars().nth(LONGEST).is_some() {
        let what = format!("a command has up to {LONGEST} characters");
        return Err(Mistake::new(what, LONGEST, 0));
    }
    let mut words = Words::new(text);
    let Some(first) = words.next()? else { return Ok(Command::Nothing) };
    let verb = Verb::of(&first.text).ok_or_else(|| no_command(&first))?;
    of(verb, words)
}

fn no_command(word: &Word) -> Mistake {
    let names = Verb::ALL.iter().flat_map(|verb| [verb.as_str()].into_iter().chain(verb.others().iter().copied()));
    let hint = match nearest(&word.text, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`help` lists them".into(),
    };
    word.mistake(format!("`{}` is no command; {hint}", mistake::shown(&word.text)))
}

fn of(verb: Verb, words: Words) -> Result<Command, Mistake> {
    Ok(match verb {
        Verb::Run => Command::Run(run(words)?),
        Verb::Status => status(words)?,
        Verb::List => Command::List(list(words)?),
        Verb::Logs => Command::Logs(logs(words)?),
        Verb::Cancel => cancel(words)?,
        Verb::Retry => retry(words)?,
        Verb::Approve => approve(words)?,
        Verb::Reject => reject(words)?,
        Verb::Subscribe => Command::Subscribe(Box::new(Subscribe::read(words)?)),
        Verb::Unsubscribe => channel::unsubscribe(words)?,
        Verb::Mute => Command::Mute(channel::mute(words)?),
        Verb::Unmute => {
            let (of, _) = channel::muted(words, false)?;
            Command::Unmute(of)
        }
        Verb::Params => params(words)?,
        Verb::Artifacts => Command::Artifacts { build: only_build(words)? },
        Verb::Why => Command::Why { build: only_build(words)? },
        Verb::Settings => Command::Settings(Settings::read(words)?),
        Verb::Help => help(words)?,
        Verb::Subscriptions => bare(words, Command::Subscriptions)?,
        Verb::Link => bare(words, Command::Link)?,
        Verb::Unlink => bare(words, Command::Unlink)?,
        Verb::Whoami => bare(words, Command::Whoami)?,
    })
}

/// A command that nothing follows.
fn bare(mut words: Words, command: Command) -> Result<Command, Mistake> {
    match words.next()? {
        None => Ok(command),
        Some(word) => Err(unexpected(&word)),
    }
}

/// What is said of a build: words that name one, and all others.
#[derive(Default)]
struct Named {
    build: Option<BuildName>,
    repo: Option<RepoName>,
}

impl Named {
    /// Takes a word in that names a build or, before `last`, its repository. Says whether it did.
    fn take(&mut self, word: &Word) -> Result<bool, Mistake> {
        if self.build.is_some() {
            return Ok(false);
        }
        if let Some(mut build) = BuildName::read(word)? {
            if let (None, Some(repo)) = (&build.repo, self.repo.take()) {
                build.repo = Some(repo);
            }
            self.build = Some(build);
            return Ok(true);
        }
        Ok(false)
    }

    /// The same, where a word alone may name a repository.
    fn take_repo(&mut self, word: &Word) -> Result<bool, Mistake> {
        if self.take(word)? {
            return Ok(true);
        }
        if self.build.is_some() || self.repo.is_some() || !word.text.contains('/') {
            return Ok(false);
        }
        self.repo = Some(RepoName::read(word)?);
        Ok(true)
    }

    /// The build; the newest of a repository that is named alone.
    fn build(self) -> Option<BuildName> {
        self.build.or_else(|| Some(BuildName { repo: Some(self.repo?), which: Which::Last }))
    }
}

fn only_build(words: Words) -> Result<Option<BuildName>, Mistake> {
    let (mut named, mut args) = (Named::default(), Args::new(words, &[]));
    while let Some(said) = args.next()? {
        match said {
            Said::Plain(word) if named.take_repo(&word)? => {}
            Said::Plain(word) => return Err(no_build(&word, &named)),
            Said::Flag(flag) => return Err(unknown(&flag, &[])),
            Said::Filter(filter) => return Err(unexpected(&filter.word)),
        }
    }
    Ok(named.build())
}

fn no_build(word: &Word, named: &Named) -> Mistake {
    if named.build.is_some() {
        return unexpected(word);
    }
    word.mistake(format!("`{}` is no build; one is called `#42`, `acme/web#42` or `last`", mistake::shown(&word.text)))
}

impl Run {
    /// What is to be begun, in words that a shell has taken apart: `acme/web @main REGION=eu`.
    ///
    /// # Errors
    /// What is wrong with it, and where in the words with a space after each.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, Mistake> {
        run(Words::apart(words))
    }
}

fn run(words: Words) -> Result<Run, Mistake> {
    let mut run = Run::default();
    let mut args = Args::new(words, &[]);
    while let Some(said) = args.next()? {
        let word = match said {
            Said::Flag(flag) => {
                match flag.text.as_str() {
                    "--wait" => run.wait = true,
                    PUBLIC => run.public = true,
                    _ => return Err(unknown(&flag, &["--wait", PUBLIC])),
                }
                continue;
            }
            Said::Filter(filter) => return Err(unexpected(&filter.word)),
            Said::Plain(word) => word,
        };
        if let Some((name, value)) = word.split('=') {
            if !is_param(name) {
                let what =
                    format!("`{}` is no name of a param; letters, digits, `_`, `-` and `.` are", mistake::shown(name));
                return Err(word.mistake(what));
            }
            if run.params.iter().any(|(there, _)| there == name) {
                return Err(word.mistake(format!("`{name}` is said twice")));
            }
            run.params.push((name.to_owned(), value.to_owned()));
        } else if let Some(at) = word.text.strip_prefix('@') {
            if at.is_empty() || run.at.is_some() {
                return Err(word.mistake("one branch, tag or commit follows `@` without a space"));
            }
            run.at = Some(At(at.to_owned()));
        } else if run.repo.is_none() && run.at.is_none() && run.params.is_empty() {
            // `web@main` is what people type as well.
            let (repo, at) =
                word.text.split_once('@').map_or((word.text.as_str(), None), |(repo, at)| (repo, Some(at)));
            let of = Word { text: repo.to_owned(), ..word.clone() };
            run.repo = Some(RepoName::read(&of)?);
            run.at = at.filter(|at| !at.is_empty()).map(|at| At(at.to_owned()));
        } else {
            return Err(word.mistake(format!(
                "`{}` is more than is understood here; a branch begins with `@`, a param is `KEY=value`",
                mistake::shown(&word.text)
            )));
        }
    }
    Ok(run)
}

fn status(words: Words) -> Result<Command, Mistake> {
    let (mut named, mut of, mut public) = (Named::default(), None, false);
    let mut args = Args::new(words, &[]);
    while let Some(said) = args.next()? {
        match said {
            Said::Flag(flag) if flag.text == PUBLIC => public = true,
            Said::Flag(flag) => return Err(unknown(&flag, &[PUBLIC])),
            Said::Filter(filter) => return Err(unexpected(&filter.word)),
            Said::Plain(word) if named.take(&word)? => {}
            Said::Plain(word) if of.is_none() && named.build.is_none() => of = Some(RepoName::read(&word)?),
            Said::Plain(word) => return Err(unexpected(&word)),
        }
    }
    let of = match (named.build, of) {
        (Some(build), of) => Subject::Build(BuildName { repo: build.repo.or(of), ..build }),
        (None, Some(repo)) => Subject::Repo(repo),
        (None, None) => Subject::Here,
    };
    Ok(Command::Status { of, public })
}

fn list(words: Words) -> Result<List, Mistake> {
    let mut list = List::default();
    let mut args = Args::new(words, &["branch", "since", "limit"]);
    while let Some(said) = args.next()? {
        match said {
            Said::Flag(flag) if flag.text == PUBLIC => list.public = true,
            Said::Flag(flag) => return Err(unknown(&flag, &[PUBLIC])),
            Said::Filter(filter) => match filter.key.as_str() {
                "branch" => list.branch = Some(filter.value),
                "since" => {
                    let span = Span::of(&filter.value);
                    list.since = Some(span.ok_or_else(|| filter.mistake("a length of time is `90m`, `24h` or `7d`"))?);
                }
                _ => list.limit = Some(filter.count(50)?),
            },
            Said::Plain(word) => match word.text.to_lowercase().as_str() {
                "mine" => list.mine = true,
                "failed" | "failure" => list.status = Some("failure"),
                "running" => list.status = Some("running"),
                "blocked" | "waiting" => list.status = Some("blocked"),
                "succeeded" | "success" | "passed" => list.status = Some("success"),
                "canceled" | "cancelled" => list.status = Some("canceled"),
                "error" => list.status = Some("error"),
                _ if list.repo.is_none() => list.repo = Some(RepoName::read(&word)?),
                _ => return Err(unexpected(&word)),
            },
        }
    }
    Ok(list)
}

fn logs(words: Words) -> Result<Logs, Mistake> {
    let (mut named, mut job, mut public) = (Named::default(), None, false);
    let (mut part, mut from, mut to) = (Part::Tail(TAIL), None, None);
    let mut args = Args::new(words, &["tail", "grep", "from", "to"]);
    while let Some(said) = args.next()? {
        match said {
            Said::Flag(flag) if flag.text == PUBLIC => public = true,
            Said::Flag(flag) => return Err(unknown(&flag, &[PUBLIC])),
            Said::Filter(filter) => match filter.key.as_str() {
                "tail" => part = Part::Tail(filter.count(500)?),
                "grep" => part = Part::Grep(filter.value),
                "from" => from = Some(filter.count(LINES)?),
                _ => to = Some(filter.count(LINES)?),
            },
            Said::Plain(word) if job.is_none() && named.take_repo(&word)? => {}
            Said::Plain(word) if job.is_none() => job = Some(word.text),
            Said::Plain(word) => return Err(unexpected(&word)),
        }
    }
    if from.is_some() || to.is_some() {
        let from = from.unwrap_or(1);
        part = Part::Lines(from, to.unwrap_or(from + TAIL - 1).max(from));
    }
    Ok(Logs { build: named.build(), job, part, public })
}

fn cancel(words: Words) -> Result<Command, Mistake> {
    let (mut named, mut branch) = (Named::default(), None);
    let mut args = Args::new(words, &["branch"]);
    while let Some(said) = args.next()? {
        match said {
            Said::Filter(filter) => branch = Some(filter.value),
            Said::Flag(flag) => return Err(unknown(&flag, &[])),
            Said::Plain(word) if branch.is_none() && named.take_repo(&word)? => {}
            Said::Plain(word) => return Err(no_build(&word, &named)),
        }
    }
    Ok(match branch {
        Some(branch) => Command::CancelBranch { branch },
        None => Command::Cancel { build: named.build() },
    })
}

fn retry(words: Words) -> Result<Command, Mistake> {
    let (mut named, mut all) = (Named::default(), false);
    let mut args = Args::new(words, &[]);
    while let Some(said) = args.next()? {
        match said {
            Said::Flag(flag) => return Err(unknown(&flag, &[])),
            Said::Filter(filter) => return Err(unexpected(&filter.word)),
            Said::Plain(word) => match word.text.to_lowercase().as_str() {
                "all" => all = true,
                "failed" => all = false,
                _ if named.take_repo(&word)? => {}
                _ => {
                    let what = format!(
                        "`{}` is nothing to retry; say `failed` or `all` after the build",
                        mistake::shown(&word.text)
                    );
                    return Err(word.mistake(what));
                }
            },
        }
    }
    Ok(Command::Retry { build: named.build(), all })
}

fn approve(words: Words) -> Result<Command, Mistake> {
    let (mut named, mut job) = (Named::default(), None);
    let mut args = Args::new(words, &[]);
    while let Some(said) = args.next()? {
        match said {
            Said::Flag(flag) => return Err(unknown(&flag, &[])),
            Said::Filter(filter) => return Err(unexpected(&filter.word)),
            Said::Plain(word) if job.is_none() && named.take_repo(&word)? => {}
            Said::Plain(word) if job.is_none() => job = Some(word.text),
            Said::Plain(word) => return Err(unexpected(&word)),
        }
    }
    Ok(Command::Approve { build: named.build(), job })
}

fn reject(mut words: Words) -> Result<Command, Mistake> {
    let mut named = Named::default();
    // What follows is for people, with whatever quotes they write.
    let before = words.clone();
    match words.next() {
        Ok(Some(word)) if named.take(&word)? => {}
        _ => words = before,
    }
    Ok(Command::Reject { build: named.build(), reason: words.rest() })
}

fn params(words: Words) -> Result<Command, Mistake> {
    let mut args = Args::new(words, &["scope"]);
    let (mut plain, mut org, mut scope) = (Vec::new(), false, None);
    while let Some(said) = args.next()? {
        match said {
            Said::Flag(flag) => return Err(unknown(&flag, &[])),
            Said::Filter(filter) => match (filter.value.as_str(), RepoName::of(&filter.value)) {
                ("org", _) => org = true,
                ("repo", _) => org = false,
                (_, Some(name)) => scope = Some(name),
                (_, None) => return Err(filter.mistake("it is `org`, `repo`, or a repository as `acme/web`")),
            },
            Said::Plain(word) => plain.push(word),
        }
    }
    let mut plain = plain.into_iter();
    let what = plain.next();
    let name = |word: Option<Word>, end: usize| match word {
        Some(word) => Ok(word.text),
        None => Err(Mistake::new("of which param? `params set REGION eu`", end, 0)),
    };
    let end = args.end();
    let (param, mut rest) = match what.as_ref().map(|word| word.text.to_lowercase()).as_deref() {
        None | Some("list") => (Param::List, plain),
        Some("set") => {
            let name = name(plain.next(), end)?;
            // `NAME=value` is one word, and means the same.
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (name, plain.next().map(|word| word.text)),
            };
            (Param::Set { name, value }, plain)
        }
        Some("unset") => (Param::Unset { name: name(plain.next(), end)? }, plain),
        Some(other) => {
            let word = what.as_ref().expect("it was said");
            let near = nearest(other, ["list", "set", "unset"])
                .map_or("`list`, `set` or `unset`".into(), |near| format!("`{near}`"));
            return Err(word.mistake(format!("`{}` is nothing to do with params; {near} is", mistake::shown(other))));
        }
    };
    let repo = match scope {
        Some(name) => Some(name),
        None => rest.next().map(|word| RepoName::read(&word)).transpose()?,
    };
    match rest.next() {
        Some(word) => Err(unexpected(&word)),
        None => Ok(Command::Params { param, repo, org }),
    }
}

fn help(mut words: Words) -> Result<Command, Mistake> {
    let Some(word) = words.next()? else { return Ok(Command::Help(None)) };
    let verb = Verb::of(&word.text).ok_or_else(|| no_command(&word))?;
    bare(words, Command::Help(Some(verb)))
}

mod channel;

#[cfg(test)]
mod tests;
