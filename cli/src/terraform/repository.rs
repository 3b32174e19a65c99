use monkeyci_client::model::BuildStatus;
use monkeyci_client::rest::{RepoExport, Visibility};

use super::hcl::Value;
use super::{Configuration, list, map, text, unless};

impl Configuration {
    /// A repository.
    pub(super) fn repository(&mut self, export: &RepoExport) {
        let (org, repo, body) = (export.repo.org.to_string(), export.repo.id.to_string(), &export.repo.body);
        let id = format!("{org}/{repo}");
        let name = self.name("monkeyci_repo", &id, &[&repo]);
        self.add("monkeyci_repo", &name, &id, |names, block| {
            let is_public = body.visibility == Visibility::Public;
            let branch = (body.default_branch != "main").then(|| Value::text(&body.default_branch));
            let report = body.report.as_ref().map(|report| {
                let token = (report.token != "FORGE_TOKEN").then(|| ("token".to_owned(), Value::text(&report.token)));
                let api = report.api.as_ref().map(|api| ("api".to_owned(), Value::text(api)));
                let fields = [
                    Some(("forge".to_owned(), Value::text(&report.forge))),
                    api,
                    Some(("project".to_owned(), Value::text(&report.project))),
                    token,
                ];
                Value::Object(fields.into_iter().flatten().collect())
            });
            block
                .with("org", names.refer(&org))
                .with("name", Value::text(&repo))
                .with("url", Value::text(&body.url))
                .maybe("default_branch", branch)
                .maybe("visibility", is_public.then(|| Value::text("public")))
                .maybe("labels", map(&body.labels))
                .maybe("cancel_superseded", unless(false, body.cancel_superseded))
                .maybe("no_shells", unless(false, body.no_shells))
                .maybe("poll", body.poll.map(|seconds| Value::Raw(seconds.to_string())))
                .maybe("report", report)
        });
    }

    /// What is set up in a repository.
    pub(super) fn settings(&mut self, export: &RepoExport) {
        let (org, repo) = (export.repo.org.to_string(), export.repo.id.to_string());
        let of = format!("{org}/{repo}");
        self.params(&of, &[&repo], &export.params);
        for found in &export.environments {
            let environment = &found.environment;
            let id = format!("{of}/env/{}", environment.name);
            let name = self.name("monkeyci_environment", &id, &[&repo, &environment.name]);
            self.add("monkeyci_environment", &name, &id, |names, block| {
                let body = &environment.body;
                block
                    .with("repo", names.refer(&of))
                    .with("name", Value::text(&environment.name))
                    .maybe("approvers", list(body.approvers.iter().map(String::as_str)))
                    .maybe("approver_role", body.approver_role.map(|role| Value::text(role.as_str())))
                    .maybe("prevent_self", unless(false, body.prevent_self))
                    .maybe("refs", list(body.refs.iter().map(String::as_str)))
                    .maybe("exclusive", unless(true, body.exclusive))
                    .maybe("description", text(body.description.as_ref()))
            });
            self.params(&id, &[&repo, &environment.name], &found.params);
        }
        self.moments(&of, &repo, export);
        for hook in &export.hooks {
            let id = format!("{of}/webhook/{}", hook.name);
            let name = self.name("monkeyci_webhook", &id, &[&repo, &hook.name]);
            self.add("monkeyci_webhook", &name, &id, |names, block| {
                let is_named = hook.name != hook.forge;
                block
                    .with("repo", names.refer(&of))
                    .maybe("name", is_named.then(|| Value::text(&hook.name)))
                    .with("forge", Value::text(&hook.forge))
            });
        }
    }

    /// When a repository is built by itself.
    fn moments(&mut self, of: &str, repo: &str, export: &RepoExport) {
        for schedule in &export.schedules {
            let id = format!("{of}/schedule/{}", schedule.name);
            let name = self.name("monkeyci_schedule", &id, &[repo, &schedule.name]);
            self.add("monkeyci_schedule", &name, &id, |names, block| {
                let body = &schedule.body;
                let zone = (body.timezone != "UTC").then(|| Value::text(&body.timezone));
                block
                    .with("repo", names.refer(of))
                    .with("name", Value::text(&schedule.name))
                    .with("cron", Value::text(&body.cron))
                    .maybe("timezone", zone)
                    .maybe("branch", text(body.branch.as_ref()))
                    .maybe("params", map(&body.params))
                    .maybe("enabled", unless(true, body.enabled))
            });
        }
        for trigger in &export.triggers {
            let id = format!("{of}/trigger/{}", trigger.name);
            let name = self.name("monkeyci_trigger", &id, &[repo, &trigger.name]);
            self.add("monkeyci_trigger", &name, &id, |names, block| {
                let body = &trigger.body;
                let is_usual = body.statuses == [BuildStatus::Success];
                let statuses = body.statuses.iter().filter(|_| !is_usual).map(|status| status.as_str());
                block
                    .with("repo", names.refer(of))
                    .with("name", Value::text(&trigger.name))
                    .with("source", names.refer(&format!("{}/{}", export.repo.org, body.repo)))
                    .maybe("statuses", list(statuses))
                    .maybe("refs", list(body.refs.iter().map(String::as_str)))
                    .maybe("branch", text(body.branch.as_ref()))
                    .maybe("params", map(&body.params))
                    .maybe("pass_params", list(body.pass_params.iter().map(String::as_str)))
                    .maybe("enabled", unless(true, body.enabled))
            });
        }
    }
}
