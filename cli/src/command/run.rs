use monkeyci_client::rest::NewBuild;
use monkeyci_core::model::BuildId;
use monkeyci_grammar::{Place, Run};

use crate::error::{CliError, Exit};
use crate::param;
use crate::remote::{OutputArgs, RepoName, watch};
use crate::runtime::Runtime;
use crate::stored::{self, StoreArgs};
use crate::ui;

/// Have the server run a build, and watch it
///
/// What is to be built may be said as in a chat: `monkeyci run acme/web @main REGION=eu`. Ctrl-C ends the watching; the build
/// goes on. Ends with the code that `monkeyci build` would. A build for a store is left for the next controller, and not watched.
#[derive(Debug, clap::Args)]
#[command(override_usage = "monkeyci run [OPTIONS] [REPO] [@BRANCH|@TAG|@COMMIT] [NAME=VALUE]...")]
pub struct RunArgs {
    /// The repository, as in `acme/web` [default: the one of this checkout]; a branch, tag or commit of it after `@`; and
    /// parameters, as `--param` gives them
    #[arg(value_name = "REPO")]
    words: Vec<String>,
    /// The branch [default: the repository's default branch]
    #[arg(short, long, value_name = "NAME", conflicts_with = "tag")]
    branch: Option<String>,
    /// A tag, instead of a branch
    #[arg(short, long, value_name = "NAME")]
    tag: Option<String>,
    /// The commit [default: the newest]
    #[arg(long, value_name = "SHA")]
    commit_id: Option<String>,
    /// Give the build a parameter, in place of the repository's (repeatable)
    #[arg(short, long, value_name = "NAME=VALUE")]
    param: Vec<String>,
    /// Do not watch it: say its name and end
    #[arg(long)]
    no_wait: bool,
    /// Show only what went wrong, and the end
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Begins a build and shows it.
pub fn run(args: &RunArgs) -> Result<Exit, CliError> {
    let (repo, wanted) = args.wanted()?;
    Runtime::new()?.block_on(begin(args, repo.as_ref(), &wanted))
}

impl RunArgs {
    /// The repository, where one is named, and what is to be built of it.
    fn wanted(&self) -> Result<(Option<RepoName>, NewBuild), CliError> {
        let words = self.words.iter().map(String::as_str);
        // What stands there may be a secret: where it is wrong, it is not shown whole.
        let said = Run::of(words).map_err(|mistake| CliError::usage(mistake.what))?;
        let repo = said.repo.map(RepoName::try_from).transpose().map_err(CliError::usage)?;
        let mut wanted = NewBuild {
            branch: self.branch.clone(),
            tag: self.tag.clone(),
            commit: self.commit_id.clone(),
            params: param::read(&[] as &[&str], &self.param)?,
        };
        if let Some(at) = said.at {
            if wanted.branch.is_some() || wanted.tag.is_some() || wanted.commit.is_some() {
                return Err(
                    CliError::usage("where it is to be built is said twice").hint("say it after `@`, or by a flag")
                );
            }
            match at.place() {
                Place::Branch(branch) => wanted.branch = Some(branch),
                Place::Tag(tag) => wanted.tag = Some(tag),
                Place::Commit(commit) => wanted.commit = Some(commit),
            }
        }
        for (name, value) in said.params {
            if wanted.params.insert(name.clone(), value).is_some() {
                return Err(CliError::usage(format!("the parameter `{name}` is said twice")));
            }
        }
        Ok((repo, wanted))
    }
}

async fn begin(args: &RunArgs, repo: Option<&RepoName>, wanted: &NewBuild) -> Result<Exit, CliError> {
    if let Some(stored) = args.store.open().await? {
        let none = || CliError::usage("a build for a store names its repository, as in `monkeyci run acme/web`");
        let id = stored::begin(&stored, repo.ok_or_else(none)?, wanted).await?;
        let left = serde_json::json!({ "build": id });
        let text = || format!("Build {} waits\n{}", super::short(&id), stored::take(&stored));
        return args.output.print(&left, |_| text());
    }
    let server = args.output.connect()?;
    let repo = server.repo(repo).await?;
    let begun = repo.start(wanted).await?;
    let id = BuildId::new(begun.build.org.clone(), begun.build.repo.clone(), begun.build.number);
    if args.no_wait {
        return args.output.print(&begun, |_| format!("Build {}: {}\n", super::short(&id), server.page(&id)));
    }
    let mut view = ui::view(args.output.json, args.quiet);
    if !args.output.json && !args.quiet {
        view.note(&server.page(&id));
    }
    watch(&id, repo.build(id.number), &mut *view).await
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        run: RunArgs,
    }

    fn wanted(words: &[&str]) -> Result<(Option<String>, NewBuild), String> {
        let line = Line::try_parse_from([&["run"], words].concat()).map_err(|error| error.to_string())?;
        let (repo, wanted) = line.run.wanted().map_err(|error| error.to_string())?;
        Ok((repo.map(|repo| repo.to_string()), wanted))
    }

    #[test]
    fn what_is_to_be_built_is_said_by_flags_or_as_in_a_chat() {
        let by_flags = wanted(&["acme/web", "-b", "main", "-p", "REGION=eu"]);
        assert_eq!(by_flags, wanted(&["acme/web", "@main", "REGION=eu"]));
        assert_eq!(by_flags, wanted(&["acme/web@main", "REGION=eu"]));
        assert_eq!(by_flags.expect("understood").0.as_deref(), Some("acme/web"));
        let (repo, tagged) = wanted(&["@v1.2", "NOTE=a b"]).expect("understood");
        assert_eq!((repo, tagged.tag.as_deref(), tagged.branch), (None, Some("v1.2"), None));
        assert_eq!(tagged.params["NOTE"], "a b");
        assert_eq!(wanted(&[]), Ok((None, NewBuild::default())));
    }

    #[test]
    fn what_is_wrong_is_named_and_no_value_is() {
        for (words, why) in [
            (&["web"][..], "a repository is named with its organisation"),
            (&["acme/web", "main"], "a branch begins with `@`"),
            (&["@main", "-t", "v1"], "said twice"),
            (&["A=s3cret", "-p", "A=s3cret"], "`A` is said twice"),
            (&["A-B C=s3cret"], "is no name of a param"),
            (&["../../etc"], "is no repository"),
        ] {
            let told = wanted(words).expect_err("wrong");
            assert!(told.contains(why) && !told.contains("s3cret"), "{words:?}: {told}");
        }
    }
}
