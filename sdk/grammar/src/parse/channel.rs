//! What is said of a channel: what it is told no more, for how long it is silent.

use super::{Args, Said, unexpected, unknown};
use crate::subscribe::labels;
use crate::word::Words;
use crate::{Clock, Command, Mistake, Mute, Muted, RepoName, Span, Subject, Until};

pub(super) fn unsubscribe(words: Words) -> Result<Command, Mistake> {
    let (mut from, mut all, mut of) = (None, false, Vec::new());
    let mut args = Args::new(words, &["label"]);
    while let Some(said) = args.next()? {
        match said {
            Said::Flag(flag) => return Err(unknown(&flag, &[])),
            Said::Filter(filter) => of = labels(&filter)?,
            Said::Plain(word) if word.text.eq_ignore_ascii_case("all") => all = true,
            Said::Plain(word) if from.is_none() => from = Some(Subject::Repo(RepoName::read(&word)?)),
            Said::Plain(word) => return Err(unexpected(&word)),
        }
    }
    if from.is_none() && of.is_empty() && !all {
        return Err(Mistake::new("from what? `unsubscribe acme/web`, or `unsubscribe all`", args.end(), 0));
    }
    Ok(Command::Unsubscribe { from, labels: of })
}

pub(super) fn mute(words: Words) -> Result<Mute, Mistake> {
    let end = words.end();
    let (of, until) = muted(words, true)?;
    let none = || Mistake::new("for how long? `mute 2h`, `mute 1d branch:main` or `mute until:17:00`", end, 0);
    Ok(Mute { until: until.ok_or_else(none)?, of })
}

pub(super) fn muted(words: Words, for_while: bool) -> Result<(Muted, Option<Until>), Mistake> {
    let (mut of, mut until) = (Muted::All, None);
    let keys: &'static [&'static str] = if for_while { &["until", "branch", "by"] } else { &["branch", "by"] };
    let mut args = Args::new(words, keys);
    while let Some(said) = args.next()? {
        let word = match &said {
            Said::Flag(flag) => return Err(unknown(flag, &[])),
            Said::Filter(filter) => filter.word.clone(),
            Said::Plain(word) => word.clone(),
        };
        let wanted = match said {
            Said::Filter(filter) if filter.key == "until" => {
                let clock = Clock::of(&filter.value).ok_or_else(|| filter.mistake("a time of day is `17:00`"))?;
                until = Some(Until::Clock(clock));
                continue;
            }
            Said::Filter(filter) if filter.key == "branch" => Muted::Branch(filter.value),
            Said::Filter(filter) => Muted::By(filter.value),
            Said::Plain(word) if for_while && until.is_none() && Span::of(&word.text).is_some() => {
                until = Span::of(&word.text).map(Until::Span);
                continue;
            }
            Said::Plain(word) => Muted::Repo(RepoName::read(&word)?),
            Said::Flag(flag) => return Err(unknown(&flag, &[])),
        };
        if of != Muted::All {
            return Err(word.mistake("one repository, branch or person is named at a time"));
        }
        of = wanted;
    }
    Ok((of, until))
}
