//! The app's home: what waits for somebody, and how their builds stand.

use monkeyci_client::ClientError;
use monkeyci_client::model::{BuildId, BuildStatus, JobStatus};
use monkeyci_client::rest::Build;
use serde_json::{Value, json};

use crate::command::{Asking, in_a_line, link_offer};
use crate::house::{House, now};
use crate::message::block::{Button, actions, context, divider, header, section, section_with};
use crate::message::text::{code, line};
use crate::place::{Place, is_id};
use crate::receive::payload::Asker;

/// Builds that are looked through, and that are shown.
const THROUGH: usize = 100;
const SHOWN: usize = 8;

/// Builds whose jobs may be decided about there, and such jobs of each.
const DECIDED: usize = 4;

/// Draws the home of somebody who opened it.
///
/// # Errors
/// When the server cannot be asked.
pub async fn opened(house: &House, team: &str, user: &str) -> Result<(), ClientError> {
    if !is_id(user) {
        return Ok(());
    }
    let Some(workspace) = house.workspaces.get(team).await? else { return Ok(()) };
    let by = Asker { place: Place::new(team, user), user: user.to_owned() };
    let mut blocks = vec![header("MonkeyCI")];
    match drawn(house, &by).await {
        Ok(found) => blocks.extend(found),
        Err(error) if error.problem().and_then(|problem| problem.code.as_deref()) == Some("not-linked") => {
            blocks.extend(link_offer(house, &by, false).await.message.blocks);
        }
        Err(error) => return Err(error),
    }
    let time = now() / 1000;
    blocks.push(context(&[format!("Updated <!date^{time}^{{time}}|now> · `{} help`", house.command)]));
    let body = json!({ "user_id": user, "view": { "type": "home", "callback_id": "home", "blocks": blocks } });
    if let Err(error) = house.slack.call(&workspace.token, "views.publish", &body).await {
        tracing::warn!(%error, "a home cannot be drawn");
    }
    Ok(())
}

async fn drawn(house: &House, by: &Asker) -> Result<Vec<Value>, ClientError> {
    let asking = Asking::new(house, by, None)?;
    let me = asking.client.me().await?;
    let builds = asking.client.org(&house.org).builds().first(THROUGH).await?;
    let role = me.orgs.iter().find(|(org, _)| org.as_str() == house.org).map_or("nobody", |(_, role)| role.as_str());
    let run = Button {
        label: "Run a build…",
        action: "home.run",
        value: Some("v1".into()),
        style: Some("primary"),
        ..Button::default()
    };
    let mut blocks = vec![
        context(&[format!("You are {} ({}: {role})", code(&me.name, 60), house.org)]),
        actions("home:top", vec![run.json()]),
        divider(),
    ];
    let lines = |title: &str, found: Vec<String>, none: &str| {
        let words = if found.is_empty() { none.to_owned() } else { found.join("\n") };
        section(&format!("*{title}*\n{words}"))
    };
    let blocked: Vec<&Build> = builds.iter().filter(|build| build.status == BuildStatus::Blocked).collect();
    let (decided, others) = blocked.split_at(blocked.len().min(DECIDED));
    let waits = others.iter().take(SHOWN).map(|build| in_a_line(&asking, build)).collect();
    let mut jobs = Vec::new();
    for build in decided {
        jobs.extend(decisions(&asking, build).await?);
    }
    match jobs.is_empty() {
        true => blocks.push(lines("Waiting for somebody", waits, "nothing")),
        false => {
            blocks.push(section("*Waiting for somebody*"));
            blocks.extend(jobs);
            if !others.is_empty() {
                blocks.push(lines("More", waits, ""));
            }
        }
    }
    let own = builds.iter().filter(|build| build.trigger.actor.as_deref() == Some(me.name.as_str()));
    blocks.push(lines("Your builds", own.take(SHOWN).map(|build| in_a_line(&asking, build)).collect(), "none lately"));
    let repos = asking.client.org(&house.org).repos().all().await?;
    let broken = repos.iter().filter_map(|repo| {
        let branch = repo.branches.get(&repo.body.default_branch)?;
        let is_bad = matches!(branch.status, BuildStatus::Failure | BuildStatus::Error);
        let id = BuildId::new(repo.org.clone(), repo.id.clone(), branch.number);
        is_bad.then(|| format!(":red_circle: {}  {}", asking.named(&id), code(&repo.body.default_branch, 40)))
    });
    blocks.push(lines("Broken default branches", broken.take(SHOWN).collect(), "none :sparkles:"));
    Ok(blocks)
}

/// The jobs of a build that wait, each with a button that lets it go on. The button works for whoever may.
async fn decisions(asking: &Asking<'_>, build: &Build) -> Result<Vec<Value>, ClientError> {
    let detail = asking.client.org(&build.org).repo(&build.repo).build(build.number).get().await?;
    let waits = detail.jobs.iter().filter(|job| job.status == JobStatus::Blocked).take(DECIDED);
    let drawn = waits.map(|job| {
        let id = &job.job.id;
        let question =
            format!("You approve *{}* of {}/{} #{}.", line(id.as_str(), 60), build.org, build.repo, build.number);
        let button = Button {
            label: "Approve",
            action: "approval.approve",
            value: Some(format!("v1:{}/{}/{}/{id}", build.org, build.repo, build.number)),
            style: Some("primary"),
            confirm: Some(("Go on?", question, "Approve")),
            ..Button::default()
        };
        section_with(&format!("{} of {}", code(id.as_str(), 60), in_a_line(asking, build)), button)
    });
    Ok(drawn.collect())
}
