//! `build_ref_parse`.

use tfplugin::{Computed, Function, FunctionError, Object};

use crate::address;

/// The parts of what people call a build: `acme/web#482`.
#[derive(Debug, Object)]
pub struct BuildRefParse {
    /// What a build is called.
    build: String,
}

/// A build, in parts.
#[derive(Debug, Object)]
pub struct BuildRef {
    /// Its organisation.
    org: Computed<String>,
    /// Its repository.
    repo: Computed<String>,
    /// Its number.
    number: Computed<u64>,
}

impl Function for BuildRefParse {
    type Output = BuildRef;
    const NAME: &'static str = "build_ref_parse";

    fn call(self) -> Result<BuildRef, FunctionError> {
        let parts = self.build.split_once('#').and_then(|(path, number)| {
            let [org, repo] = address::names("ORG/REPO", path)?;
            Some((org, repo, number.parse::<u64>().ok().filter(|number| *number > 0)?))
        });
        let wrong = || FunctionError::new("a build is called as `acme/web#482`").at("build");
        let (org, repo, number) = parts.ok_or_else(wrong)?;
        Ok(BuildRef { org: org.into(), repo: repo.into(), number: number.into() })
    }
}
