//! What a link shows: a build, a job of it, or lines of its log.

use serde_json::Value;

use super::block::{preformatted, section};
use super::text::{code, line, link, took};
use super::{JobStory, View};

/// Lines of a log that a link shows at the most.
pub const LINES: usize = 40;

/// Characters of a name.
const NAME: usize = 40;

/// What of a build a link is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Build,
    /// A job.
    Job(String),
    /// Lines of a job's log, from 1.
    Lines(String, usize, usize),
}

impl Part {
    /// What of its build an address is of.
    #[must_use]
    pub fn of(url: &str) -> Self {
        let (path, fragment) = url.split_once('#').unwrap_or((url, ""));
        let path = path.split('?').next().unwrap_or_default();
        let mut parts = path.split('/').skip_while(|part| *part != "j").skip(1);
        // Whatever it is, there is no such job: it is only compared with those that there are.
        let Some(job) = parts.next().filter(|job| !job.is_empty()).map(str::to_owned) else { return Self::Build };
        let number = |text: &str| text.strip_prefix('L').unwrap_or(text).parse::<usize>().ok().filter(|at| *at > 0);
        let (first, last) = fragment.split_once('-').unwrap_or((fragment, fragment));
        match (fragment.strip_prefix('L').and(number(first)), number(last)) {
            (Some(first), Some(last)) => Self::Lines(job, first.min(last), last.max(first)),
            _ => Self::Job(job),
        }
    }

    /// The job that it is of.
    #[must_use]
    pub fn job(&self) -> Option<&str> {
        match self {
            Self::Build => None,
            Self::Job(job) | Self::Lines(job, ..) => Some(job),
        }
    }
}

impl View<'_> {
    /// What a link shows; `lines` are those of the log that it is of.
    #[must_use]
    pub fn linked(&self, part: &Part, lines: Option<&str>) -> Vec<Value> {
        let Some(job) = part.job().and_then(|job| self.story.job(job)) else {
            // What may be done with it is said where it is told of.
            return self.message().blocks.into_iter().filter(|block| block["type"] != "actions").collect();
        };
        let mut blocks = vec![section(&self.job_words(job, part))];
        if let Some(lines) = lines.filter(|lines| !lines.trim().is_empty()) {
            blocks.push(preformatted(lines));
        }
        blocks
    }

    fn job_words(&self, job: &JobStory, part: &Part) -> String {
        let name = line(job.id.as_str(), NAME);
        let page = link(&self.job_page(job.id.as_str()), &name);
        let build = link(&self.page(self.story.id.number), &self.name());
        let mut words = format!("{} *{page}* of {build}", super::jobs::sign(job));
        let place = self.story.place();
        if !place.is_empty() {
            words += &format!("  {}", code(&place, NAME));
        }
        match job.ran(self.story.time).filter(|_| job.ended.is_some()) {
            Some(millis) => words += &format!(" · {} after {}", job.status, took(millis)),
            None => words += &format!(" · {}", job.status),
        }
        if let Part::Lines(_, first, last) = part {
            let which = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
            words += &format!(" · {which}");
        } else if job.is_bad() {
            words += &format!("\n{}", self.failure(job, super::ladder::Length::Full));
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_it_is_of() {
        let build = "https://ci.example.com/o/acme/r/web/b/42";
        for (rest, part) in [
            ("", Part::Build),
            ("?x", Part::Build),
            ("/j/", Part::Build),
            ("/j/unit", Part::Job("unit".into())),
            ("/j/unit?x=1#top", Part::Job("unit".into())),
            ("/j/unit#L0", Part::Job("unit".into())),
            ("/j/unit#L3", Part::Lines("unit".into(), 3, 3)),
            ("/j/unit#L9-L3", Part::Lines("unit".into(), 3, 9)),
            ("/j/unit#L3-12", Part::Lines("unit".into(), 3, 12)),
            ("/j/unit#L3-x", Part::Job("unit".into())),
        ] {
            assert_eq!(Part::of(&format!("{build}{rest}")), part, "{rest}");
        }
    }
}
