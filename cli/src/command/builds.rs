use console::truncate_str;
use futures::{StreamExt as _, TryStreamExt as _};
use monkeyci_client::rest::Build;
use monkeyci_core::model::{BuildId, BuildStatus};
use monkeyci_core::store::Store as _;
use monkeyci_grammar::Span;

use crate::error::{CliError, Exit};
use crate::remote::{OutputArgs, RepoName};
use crate::runtime::Runtime;
use crate::stored::{self, StoreArgs, Stored};
use crate::ui::style::{Style, Tone};
use crate::ui::{duration, sentence, table, when};

/// Columns of a commit's message, at most.
const SAID: usize = 60;

/// List the builds of a repository, newest first
#[derive(Debug, clap::Args)]
pub struct BuildsArgs {
    /// The repository, as in `acme/web` [default: the one of this checkout]
    #[arg(value_name = "REPO")]
    repo: Option<RepoName>,
    /// Those of all repositories of an organisation, instead
    #[arg(long, value_name = "ORG", conflicts_with_all = ["repo", "branch", "status"])]
    org: Option<String>,
    /// Only those of a branch
    #[arg(short, long, value_name = "NAME")]
    branch: Option<String>,
    /// Only those that stand so
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<BuildStatus>,
    /// Only those that you began
    #[arg(long, conflicts_with = "store")]
    mine: bool,
    /// Only those that were begun in the last so long, as in `90m`, `24h` or `7d`
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Span>,
    /// At most N
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Lists builds.
pub fn run(args: &BuildsArgs) -> Result<Exit, CliError> {
    let builds = Runtime::new()?.block_on(async {
        if let Some(stored) = args.store.open().await? {
            return args.of_store(&stored).await;
        }
        let server = args.output.connect()?;
        let builds = match &args.org {
            Some(org) => server.client.org(org).builds(),
            None => server.repo(args.repo.as_ref()).await?.builds(args.status, args.branch.as_deref()),
        };
        if !args.mine && args.since.is_none() {
            return Ok::<_, CliError>(builds.first(args.limit).await?);
        }
        let me = if args.mine { Some(server.client.me().await?.name) } else { None };
        let since = args.begun_since();
        // Newest first: what was begun before ends it.
        let young = builds.stream().try_take_while(|build| {
            let is_young = since.is_none_or(|since| build.created >= since);
            std::future::ready(Ok(is_young))
        });
        let wanted = young.try_filter(|build| std::future::ready(me.is_none() || build.trigger.actor == me));
        Ok(wanted.take(args.limit).try_collect().await?)
    })?;
    args.output.print(&builds, |style| {
        let of_one = args.repo.is_some() || args.org.is_none() && !args.store.is_named();
        if builds.is_empty() { "No builds\n".into() } else { draw(&builds, !of_one, style) }
    })
}

impl BuildsArgs {
    /// Those in a store: of a repository, or of all.
    async fn of_store(&self, stored: &Stored) -> Result<Vec<Build>, CliError> {
        // What is not of the branch or status is only seen once it is read.
        let since = self.begun_since();
        let is_some = self.branch.is_some() || self.status.is_some() || self.org.is_some() || since.is_some();
        let limit = if is_some { usize::MAX } else { self.limit };
        let rows = match &self.repo {
            Some(RepoName { org, repo }) => stored.builds(org, repo, limit).await?,
            None => stored.objects.builds(limit).await.map_err(stored::ours)?,
        };
        let is_wanted = |build: &Build| {
            self.org.as_ref().is_none_or(|org| build.org.as_str() == org)
                && self.status.is_none_or(|status| build.status == status)
                && since.is_none_or(|since| build.created >= since)
                && self.branch.as_deref().is_none_or(|branch| build.trigger.branch() == Some(branch))
        };
        Ok(rows.into_iter().map(stored::listed).filter(is_wanted).take(self.limit).collect())
    }

    /// When the oldest may have begun, in milliseconds.
    fn begun_since(&self) -> Option<i64> {
        self.since.map(|span| when::now() - i64::try_from(span.seconds).unwrap_or_default() * 1000)
    }
}

fn draw(builds: &[Build], with_repo: bool, style: Style) -> String {
    let now = when::now();
    let row = |build: &Build| {
        let git = build.trigger.git.as_ref();
        let name = if with_repo {
            super::short(&BuildId::new(build.org.clone(), build.repo.clone(), build.number))
        } else {
            build.number.to_string()
        };
        let took = build.ended.map(|ended| duration::short(ended - build.created)).unwrap_or_default();
        let message = git.and_then(|git| git.message.as_deref()).unwrap_or_default();
        let said = truncate_str(message.lines().next().unwrap_or_default(), SAID, "…").into_owned();
        [name, build.status.to_string(), super::reference(&build.trigger), when::about(build.created, now), took, said]
    };
    let rows: Vec<_> = builds.iter().map(row).collect();
    table::draw_in(["BUILD", "STATUS", "ON", "BEGUN", "TOOK", ""], &rows, style, |at, column| match column {
        1 => Some(sentence::tone(builds[at].status)),
        5 => Some(Tone::Quiet),
        _ => None,
    })
}

fn since(text: &str) -> Result<Span, String> {
    Span::of(text).ok_or_else(|| "a length of time is `90m`, `24h` or `7d`".to_owned())
}

fn status(text: &str) -> Result<BuildStatus, String> {
    let known = "pending, initializing, running, blocked, success, failure, error, canceled";
    serde_json::from_value(text.into()).map_err(|_| format!("a build stands at one of {known}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn builds_are_listed_and_a_branch_can_do_a_terminal_no_harm() {
        let build = |number: u64, status: &str, git: serde_json::Value| {
            let build = json!({"org": "acme", "repo": "web", "number": number, "status": status, "events": 9,
                "trigger": {"git": git}, "created": when::now() - 90_000, "ended": when::now() - 30_000});
            serde_json::from_value::<Build>(build).expect("a build")
        };
        let builds = [
            build(
                12,
                "failure",
                json!({"ref": "refs/heads/\u{1b}[2Jmain", "commitId": "0123456789abcdef", "message": "Mend\nmore"}),
            ),
            build(9, "success", json!({"ref": "refs/tags/v1"})),
        ];
        assert_eq!(
            draw(&builds, false, Style::PLAIN),
            "\
BUILD  STATUS   ON            BEGUN      TOOK
12     failure  main 0123456  1 min ago  1m00s  Mend
9      success  v1            1 min ago  1m00s
"
        );
        assert!(draw(&builds, true, Style::PLAIN).contains("\nacme/web/12  "));
    }

    #[test]
    fn states_are_named_as_everywhere() {
        assert_eq!(status("canceled"), Ok(BuildStatus::Canceled));
        assert!(status("broken").expect_err("none").contains("canceled"));
    }
}
