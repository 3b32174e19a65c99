//! Which paths are meant.

use regex_lite::Regex;

/// Something that fits some paths.
pub trait Pattern {
    /// Whether it fits a path, written from the repository's root with `/`.
    fn fits(&self, path: &str) -> bool;
}

/// A glob: `*` and `?` within a folder, `**` across folders, `[a-z]` and `{a,b}`. One that ends with `/` fits all that
/// is below the folder.
impl Pattern for str {
    fn fits(&self, path: &str) -> bool {
        if self.ends_with('/') {
            fast_glob::glob_match(format!("{self}**"), path)
        } else {
            fast_glob::glob_match(self, path)
        }
    }
}

impl Pattern for String {
    fn fits(&self, path: &str) -> bool {
        self.as_str().fits(path)
    }
}

/// One of several.
impl<P: Pattern> Pattern for [P] {
    fn fits(&self, path: &str) -> bool {
        self.iter().any(|pattern| pattern.fits(path))
    }
}

/// One of several.
impl<P: Pattern, const N: usize> Pattern for [P; N] {
    fn fits(&self, path: &str) -> bool {
        self.as_slice().fits(path)
    }
}

/// One of several.
impl<P: Pattern> Pattern for Vec<P> {
    fn fits(&self, path: &str) -> bool {
        self.as_slice().fits(path)
    }
}

impl<P: Pattern + ?Sized> Pattern for &P {
    fn fits(&self, path: &str) -> bool {
        (**self).fits(path)
    }
}

/// A regular expression, which fits whole paths.
impl Pattern for Regex {
    fn fits(&self, path: &str) -> bool {
        self.is_match(path)
    }
}

/// A regular expression that fits whole paths, as in MonkeyCI's scripts.
///
/// # Panics
/// When it is none: a script with such a mistake has no plan.
#[must_use]
#[track_caller]
pub fn regex(expression: &str) -> Regex {
    match Regex::new(&format!("^(?:{expression})$")) {
        Ok(regex) => regex,
        Err(error) => panic!("`{expression}` is no regular expression: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_folders_and_expressions_fit_whole_paths() {
        assert!("*.md".fits("README.md") && !"*.md".fits("docs/README.md"));
        assert!("**/*.md".fits("docs/a/README.md") && "**/*.md".fits("README.md"));
        assert!("docs/".fits("docs/a/b.md") && !"docs/".fits("docs") && !"docs/".fits("a/docs/b"));
        assert!("src/{a,b}.rs".fits("src/b.rs") && !"src/{a,b}.rs".fits("src/c.rs"));
        assert!(regex(r"src/.*\.rs").fits("src/a/b.rs") && !regex("src").fits("src/a"));
        assert!(regex("a|b").fits("b") && !regex("a|b").fits("ab"));
        assert!(["*.md", "docs/"].fits("docs/x") && vec![regex("x")].fits("x"));
    }

    #[test]
    #[should_panic(expected = "`(` is no regular expression")]
    fn a_mistake_in_an_expression_is_named() {
        drop(regex("("));
    }
}
