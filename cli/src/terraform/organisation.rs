use monkeyci_client::rest::Export;

use super::hcl::Value;
use super::{Configuration, filters, list, map, text, unless};

impl Configuration {
    /// An organisation and everything in it.
    pub(super) fn organisation(&mut self, export: &Export) {
        let org = export.org.id.to_string();
        let kind = "monkeyci_org";
        let name = self.names.take(kind, &[&org]);
        self.names.know(&org, kind, &name);
        self.add(kind, &name, &org, |_, block| {
            let is_named = export.org.name != org;
            block
                .with("slug", Value::text(&org))
                .maybe("name", is_named.then(|| Value::text(&export.org.name)))
                .maybe("no_shells", unless(false, export.org.no_shells))
        });
        self.people(&org, export);
        self.params(&org, &[], &export.params);
        for found in &export.param_sets {
            let (set, id) = (&found.set, format!("{org}/param-set/{}", found.set.name));
            let name = self.name("monkeyci_param_set", &id, &[&set.name]);
            self.add("monkeyci_param_set", &name, &id, |names, block| {
                block
                    .with("org", names.refer(&org))
                    .with("name", Value::text(&set.name))
                    .maybe("label_filters", filters(&set.body.label_filters))
                    .maybe("description", text(set.body.description.as_ref()))
            });
            self.params(&id, &[&set.name], &found.params);
        }
        self.keys(&org, export);
        // What refers to repositories comes behind them, or else would have to name them by their ids.
        for found in &export.repos {
            self.repository(found);
        }
        for found in &export.repos {
            self.settings(found);
        }
        self.roles(&org, export);
        for pipeline in &export.pipelines {
            self.pipeline(&org, pipeline);
        }
        for subscription in &export.subscriptions {
            self.subscription(&org, subscription);
        }
    }

    fn people(&mut self, org: &str, export: &Export) {
        for member in &export.members {
            let id = format!("{org}/{}", member.name);
            let name = self.names_of("monkeyci_org_member", &[&member.name]);
            self.add("monkeyci_org_member", &name, &id, |names, block| {
                block
                    .with("org", names.refer(org))
                    .with("name", Value::text(&member.name))
                    .with("role", Value::text(member.role.as_str()))
            });
        }
        for account in &export.service_accounts {
            let id = format!("{org}/sa/{}", account.name);
            let name = self.name("monkeyci_service_account", &id, &[&account.name]);
            self.add("monkeyci_service_account", &name, &id, |names, block| {
                block
                    .with("org", names.refer(org))
                    .with("name", Value::text(&account.name))
                    .with("role", Value::text(account.body.role.as_str()))
                    .maybe("description", text(account.body.description.as_ref()))
                    .maybe("integration", unless(false, account.body.integration))
                    .maybe("disabled", unless(false, account.body.disabled))
            });
        }
        for trust in &export.trusts {
            let account = format!("{org}/sa/{}", trust.service_account);
            let id = format!("{account}/trust/{}", trust.name);
            let name = self.names_of("monkeyci_trust", &[&trust.service_account, &trust.name]);
            let body = &trust.body;
            self.add("monkeyci_trust", &name, &id, |names, block| {
                block
                    .with("service_account", names.refer(&account))
                    .with("name", Value::text(&trust.name))
                    .with("issuer", Value::text(&body.issuer))
                    .maybe("audience", text(body.audience.as_ref()))
                    .maybe("subjects", list(body.subjects.iter().map(String::as_str)))
                    .maybe("claims", map(&body.claims))
                    .maybe("role", body.role.map(|role| Value::text(role.as_str())))
                    .maybe("minutes", (body.minutes != 60).then(|| Value::Raw(body.minutes.to_string())))
            });
        }
        for link in export.chat_identities.iter().filter(|link| link.provider == "slack") {
            let Some((workspace, user)) = link.subject.split_once('/').filter(|(_, user)| !user.contains('/')) else {
                continue;
            };
            let id = format!("{org}/slack/{}", link.subject);
            let name = self.names_of("monkeyci_slack_user_link", &[&link.person]);
            self.add("monkeyci_slack_user_link", &name, &id, |names, block| {
                block
                    .with("org", names.refer(org))
                    .with("workspace", Value::text(workspace))
                    .with("user", Value::text(user))
                    .with("person", Value::text(&link.person))
                    .maybe("name", text(link.name.as_ref()))
            });
        }
    }

    /// Who may do more in some repositories: behind these, and their members.
    fn roles(&mut self, org: &str, export: &Export) {
        for found in &export.role_bindings {
            let (id, body) = (format!("{org}/role/{}", found.name), &found.body);
            let name = self.names_of("monkeyci_role_binding", &[&found.name]);
            self.add("monkeyci_role_binding", &name, &id, |names, block| {
                let member = |person: &String| match person.split_once('/') {
                    Some((org, account)) => names.refer(&format!("{org}/sa/{account}")),
                    None => Value::text(person),
                };
                let repos: Vec<_> = body.repos.iter().map(|repo| names.refer(&format!("{org}/{repo}"))).collect();
                block
                    .with("org", names.refer(org))
                    .with("name", Value::text(&found.name))
                    .with("members", Value::List(body.members.iter().map(member).collect()))
                    .with("role", Value::text(body.role.as_str()))
                    .maybe("repos", (!repos.is_empty()).then_some(Value::List(repos)))
                    .maybe("label_filters", filters(&body.label_filters))
                    .maybe("description", text(body.description.as_ref()))
            });
        }
    }

    fn keys(&mut self, org: &str, export: &Export) {
        for key in &export.ssh_keys {
            let id = format!("{org}/ssh-key/{}", key.name);
            let name = self.name("monkeyci_ssh_key", &id, &[&key.name]);
            self.add("monkeyci_ssh_key", &name, &id, |names, block| {
                block
                    .with("org", names.refer(org))
                    .with("name", Value::text(&key.name))
                    .maybe("label_filters", filters(&key.label_filters))
                    .maybe("known_hosts", text(key.known_hosts.as_ref()))
                    .maybe("description", text(key.description.as_ref()))
            });
        }
        for credential in &export.registry_credentials {
            let id = format!("{org}/registry/{}", credential.name);
            let name = self.name("monkeyci_registry_credential", &id, &[&credential.name]);
            let about = format!("The password of `{}` at {}", credential.username, credential.host);
            let password = self.variable(&[&credential.name, "password"], &about);
            self.add("monkeyci_registry_credential", &name, &id, |names, block| {
                block
                    .with("org", names.refer(org))
                    .with("name", Value::text(&credential.name))
                    .with("host", Value::text(&credential.host))
                    .with("username", Value::text(&credential.username))
                    .with("password_wo", password)
                    .with("password_wo_version", Value::Raw("1".into()))
                    .maybe("label_filters", filters(&credential.label_filters))
                    .maybe("description", text(credential.description.as_ref()))
            });
        }
    }
}
