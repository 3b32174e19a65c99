//! What resources and variables are called.

use std::collections::{BTreeMap, BTreeSet};

use super::hcl::Value;

/// What resources and variables are called, each by itself, and by what others refer to them.
#[derive(Debug, Default)]
pub struct Names {
    taken: BTreeSet<(String, String)>,
    known: BTreeMap<String, String>,
}

impl Names {
    /// A name of a kind that nothing else of that kind has, from words that tell people what it is.
    pub fn take(&mut self, kind: &str, words: &[&str]) -> String {
        let is_inside = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        let plain = |letter: char| if is_inside(letter) { letter } else { '_' };
        let mut name: String = words.join("_").chars().map(plain).collect();
        if !name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') {
            name.insert(0, '_');
        }
        let (mut unique, mut count) = (name.clone(), 1);
        while !self.taken.insert((kind.to_owned(), unique.clone())) {
            count += 1;
            unique = format!("{name}_{count}");
        }
        unique
    }

    /// Says by what the object with this id is referred to.
    pub fn know(&mut self, id: &str, kind: &str, name: &str) {
        self.known.insert(id.to_owned(), format!("{kind}.{name}.id"));
    }

    /// A reference to the object with this id; the id itself where it is not among those that are written.
    pub fn refer(&self, id: &str) -> Value {
        self.known.get(id).map_or_else(|| Value::text(id), |known| Value::Raw(known.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let mut names = Names::default();
        assert_eq!(names.take("monkeyci_repo", &["web.site"]), "web_site");
        assert_eq!(names.take("monkeyci_repo", &["web_site"]), "web_site_2");
        assert_eq!(names.take("monkeyci_param", &["web_site"]), "web_site");
        assert_eq!(names.take("monkeyci_repo", &["1st"]), "_1st");
    }
}
