//! Patterns of branches, tags and paths: globs, and regular expressions between slashes.

use std::collections::HashMap;

use globset::{GlobBuilder, GlobMatcher};
use monkeyci_model::Trigger;
use monkeyci_model::trigger::Changes;
use regex_automata::meta::Regex;

/// Long enough for any name, short enough to compile at once.
const MAX_LEN: usize = 1000;
/// Bytes of a compiled regular expression. Matching takes linear time, whatever the expression.
const MAX_COMPILED: usize = 128 * 1024;
/// What the different patterns of a script may cost together: 10,000 short globs, or 500 regular expressions. One is
/// about 0.1 ms of a debug build.
const MAX_COST: usize = 10_000;
/// What a regular expression costs before its length and its classes.
const REGEX_COST: usize = 20;
/// What `\w`, `[a-z]` and the like cost: they become hundreds of ranges of characters.
const CLASS_COST: usize = 10;
/// The same where case is ignored, which looks at each character of the class: up to a million of them.
const FOLDED_CLASS_COST: usize = 500;

/// Which names of a build a pattern is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Of {
    Branch,
    Tag,
    /// The branch that a pull request is to be merged into.
    Target,
    /// The files that changed, none when they are not known.
    Paths,
}

/// What patterns said of a build, so that one which many jobs have is compiled once and sees all names once.
#[derive(Default)]
pub(super) struct Patterns {
    said: HashMap<(Of, String), Result<bool, String>>,
    cost: usize,
}

impl Patterns {
    /// Whether one of the build's names fits the pattern `text`; the error says what is wrong with it.
    pub(super) fn fit(&mut self, text: &str, of: Of, trigger: &Trigger) -> Result<bool, String> {
        if text.len() > MAX_LEN {
            return Err(format!("a pattern has at most {MAX_LEN} bytes"));
        }
        let key = (of, text.to_owned());
        if let Some(said) = self.said.get(&key) {
            return said.clone();
        }
        self.cost = self.cost.saturating_add(cost(text));
        if self.cost > MAX_COST {
            let regexes = MAX_COST / REGEX_COST;
            return Err(format!(
                "a script has at most {MAX_COST} different patterns, or {regexes} regular expressions, and fewer with \
                 classes of characters, above all under `(?i)`"
            ));
        }
        let said = Pattern::new(text).map(|pattern| match of {
            Of::Branch => trigger.branch().is_some_and(|branch| pattern.fits(branch)),
            Of::Tag => trigger.tag().is_some_and(|tag| pattern.fits(tag)),
            Of::Target => trigger.pull_request.as_ref().is_some_and(|request| pattern.fits(&request.target_branch)),
            Of::Paths => trigger.changes.iter().flat_map(Changes::touched).any(|path| pattern.fits(path)),
        });
        self.said.insert(key, said.clone());
        said
    }
}

/// What it costs to compile a pattern.
fn cost(text: &str) -> usize {
    let Some(expression) = text.strip_prefix('/') else { return 1 + text.len() / 50 };
    let classes = expression.bytes().filter(|byte| b"\\[".contains(byte)).count();
    let class = if ignores_case(expression) { FOLDED_CLASS_COST } else { CLASS_COST };
    REGEX_COST + expression.len() / 10 + classes * class
}

/// Whether there is a group with the flag `i`, as in `(?i)` or `(?si:…)`. Behind `x`, spaces could hide it.
fn ignores_case(expression: &str) -> bool {
    let mut groups = expression.split("(?").skip(1);
    groups.any(|group| group.bytes().take_while(|byte| !b"):<P=!".contains(byte)).any(|byte| b"ix".contains(&byte)))
}

/// A pattern that a whole name or path must fit.
enum Pattern {
    /// `*` stays within one folder, `**` does not.
    Glob(Box<GlobMatcher>),
    Regex(Box<Regex>),
}

impl Pattern {
    /// Reads `release/*`, `src/**`, or `/v\d+/`.
    ///
    /// The error says what is wrong with it.
    fn new(text: &str) -> Result<Self, String> {
        if let Some(expression) = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
            let config = Regex::config().nfa_size_limit(Some(MAX_COMPILED)).onepass_size_limit(Some(MAX_COMPILED));
            let whole = format!("^(?:{expression})$");
            return match Regex::builder().configure(config).build(&whole) {
                Ok(regex) => Ok(Self::Regex(Box::new(regex))),
                Err(error) if error.size_limit().is_some() => Err("this regular expression is too big".into()),
                Err(_) => Err("this is no regular expression".into()),
            };
        }
        if text.starts_with('!') {
            return Err("patterns are not negated by `!`; put them under `not`".into());
        }
        match GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build() {
            Ok(glob) => Ok(Self::Glob(Box::new(glob.compile_matcher()))),
            Err(error) => Err(format!("this is no pattern: {}", error.kind())),
        }
    }

    /// Whether the whole of `name` fits.
    fn fits(&self, name: &str) -> bool {
        match self {
            Self::Glob(glob) => glob.is_match(name),
            Self::Regex(regex) => regex.is_match(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::tests::worked;

    #[test]
    fn patterns_fit_whole_names() {
        let cases = [
            ("main", "main", true),
            ("main", "main2", false),
            ("release/*", "release/1", true),
            ("release/*", "release/1/2", false),
            ("src/**", "src/a/b.rs", true),
            ("**/*.rs", "a.rs", true),
            ("*.{yml,yaml}", "a.yaml", true),
            ("/v\\d+/", "v12", true),
            ("/v\\d+/", "xv12", false),
            ("/a|b/", "ab", false),
            ("/(a+)+$/", &"a".repeat(30), true),
        ];
        for (pattern, name, fits) in cases {
            assert_eq!(Pattern::new(pattern).expect(pattern).fits(name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_no_pattern_and_what_would_blow_up_is_refused() {
        for bad in ["[", "/(/", "/(?:a{1000}){1000}/", "!docs/**", "{a,b"] {
            assert!(Pattern::new(bad).is_err(), "{bad}");
        }
        let mut patterns = Patterns::default();
        assert!(patterns.fit(&"x".repeat(1001), Of::Tag, &Trigger::default()).is_err());
    }

    #[test]
    fn an_expression_that_is_slow_to_compile_is_refused_before_it_is() {
        let mut patterns = Patterns::default();
        let mut fit = |text: &str| patterns.fit(text, Of::Tag, &Trigger::default());
        for dear in ["[\\w\\W]".repeat(100), "[!-\u{10ffff}]".repeat(100), "(?:(?i)x)[[^a]]".repeat(50)] {
            let text = format!("/(?i){dear}/");
            let start = worked();
            assert!(Patterns::default().fit(&text, Of::Tag, &Trigger::default()).is_err(), "{text}");
            let took = worked() - start;
            assert!(took < std::time::Duration::from_secs(5), "{text} took {took:?}");
        }
        for usual in ["/(?i)v\\d+/", "/(?P<i>v)\\d+\\.\\d+/", "/(?:release|hotfix)-[a-z]+/", "main"] {
            fit(usual).expect(usual);
        }
    }

    #[test]
    fn an_expression_that_ruins_backtrackers_takes_no_time() {
        let pattern = Pattern::new("/(a+)+b/").expect("a pattern");
        assert!(!pattern.fits(&"a".repeat(10_000)));
    }
}
