//! Who declares what, and what nobody does.

/// What stands for a property that is no attribute of its name.
pub enum Instead {
    /// This attribute.
    Is(&'static str),
    /// Its properties are attributes of the resource itself.
    Through,
    /// Nothing, for this reason.
    Not(&'static str),
}
use Instead::{Is, Not, Through};

/// A resource, a property of its body by its path, or a word that may stand there (`path=word`), and what stands for it.
pub type Known = (&'static str, &'static str, Instead);

/// Calls, and the resources that declare what they write.
pub const DECLARED: &[(&str, &[&str])] = &[
    ("PUT /v1/orgs/{org}", &["monkeyci_org"]),
    ("PUT /v1/orgs/{org}/members/{name}", &["monkeyci_org_member"]),
    ("PUT /v1/orgs/{org}/role-bindings/{name}", &["monkeyci_role_binding"]),
    ("PUT /v1/orgs/{org}/service-accounts/{name}", &["monkeyci_service_account"]),
    ("POST /v1/orgs/{org}/service-accounts/{name}/tokens", &["monkeyci_api_token"]),
    ("PUT /v1/orgs/{org}/service-accounts/{name}/trusts/{trust}", &["monkeyci_trust"]),
    ("PUT /v1/orgs/{org}/chat-identities/{provider}/{subject}", &["monkeyci_slack_user_link"]),
    ("PUT /v1/orgs/{org}/repos/{repo}", &["monkeyci_repo"]),
    ("PUT /v1/orgs/{org}/params/{name}", &["monkeyci_param"]),
    ("PUT /v1/orgs/{org}/param-sets/{set}/params/{name}", &["monkeyci_param"]),
    ("PUT /v1/orgs/{org}/repos/{repo}/environments/{environment}/params/{name}", &["monkeyci_param"]),
    ("PUT /v1/orgs/{org}/repos/{repo}/params/{name}", &["monkeyci_param"]),
    ("PUT /v1/orgs/{org}/param-sets/{set}", &["monkeyci_param_set"]),
    ("PUT /v1/orgs/{org}/ssh-keys/{name}", &["monkeyci_ssh_key"]),
    ("PUT /v1/orgs/{org}/registry-credentials/{name}", &["monkeyci_registry_credential"]),
    ("PUT /v1/orgs/{org}/pipelines/{name}", &["monkeyci_pipeline"]),
    ("PUT /v1/orgs/{org}/repos/{repo}/schedules/{name}", &["monkeyci_schedule"]),
    ("PUT /v1/orgs/{org}/repos/{repo}/triggers/{name}", &["monkeyci_trigger"]),
    ("POST /v1/orgs/{org}/repos/{repo}/hooks", &["monkeyci_webhook"]),
    ("POST /v1/orgs/{org}/repos/{repo}/hooks/{hook}/rotate", &["monkeyci_webhook"]),
    ("PUT /v1/orgs/{org}/subscriptions/{name}", &["monkeyci_subscription", "monkeyci_slack_subscription"]),
    ("POST /v1/orgs/{org}/subscriptions/{name}/rotate", &["monkeyci_subscription"]),
    ("POST /v1/orgs/{org}/repos/{repo}/builds", &["monkeyci_build_run"]),
    ("PUT /v1/orgs/{org}/repos/{repo}/environments/{environment}", &["monkeyci_environment"]),
];

const PERSON: &str = "a person does so in a browser or at a terminal, and nothing of it stays declared";
const EPHEMERAL: &str = "an ephemeral resource makes it for one run";
const STEP: &str = "a step of a build, taken once, by a person or an action";
const WORKER: &str = "workers say it of their jobs";
const RUNS: &str = "who runs the server does so, not who uses it";

/// Calls that no resource makes.
pub const UNDECLARED: &[(&str, &str)] = &[
    ("POST /v1/session", PERSON),
    ("POST /v1/sign-in/{provider}", PERSON),
    ("POST /v1/me/identities/{provider}", PERSON),
    ("POST /v1/me/grants", PERSON),
    ("POST /v1/tokens/exchange", PERSON),
    ("POST /v1/links/preview", PERSON),
    ("POST /v1/links/confirm", PERSON),
    ("POST /v1/tokens", EPHEMERAL),
    ("POST /v1/orgs/{org}/service-accounts/{name}/id-tokens", EPHEMERAL),
    ("POST /v1/orgs/{org}/repos/{repo}/builds/{number}/artifacts/{artifact}/links", EPHEMERAL),
    ("POST /v1/worker-registrations", EPHEMERAL),
    ("POST /v1/orgs/{org}/service-accounts/{name}/exchange", "the provider itself does so to be a service account"),
    ("POST /v1/orgs/{org}/integrations/{name}/links", "the Slack app offers it to a person"),
    ("PUT /v1/orgs/{org}/slack-workspaces/{workspace}", "the Slack app says what it saw of a workspace"),
    ("POST /v1/validate/{kind}", "the provider asks it of whatever is planned"),
    ("POST /v1/orgs/{org}/repos/{repo}/builds/{number}/cancel", STEP),
    ("POST /v1/orgs/{org}/repos/{repo}/builds/{number}/retry", STEP),
    ("POST /v1/orgs/{org}/repos/{repo}/builds/{number}/approve-script", STEP),
    ("POST /v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/approve", STEP),
    ("POST /v1/orgs/{org}/repos/{repo}/builds/{number}/jobs/{job}/reject", STEP),
    ("POST /v1/signing-keys/rotate", RUNS),
    (
        "POST /v1/workers",
        "machines register by a code of `ephemeral.monkeyci_worker_registration`; a worker's secret is told once",
    ),
    ("POST /v1/worker/register", WORKER),
    ("POST /v1/worker/hello", WORKER),
    ("POST /v1/worker/lease", WORKER),
    ("POST /v1/worker/renew", WORKER),
    ("POST /v1/worker/attempts/{fence}/held", WORKER),
    ("POST /v1/worker/attempts/{fence}/started", WORKER),
];

const TOLD: &str = "`monkeyci_subscription` and `monkeyci_slack_subscription` are told apart by it";
const OPEN: &str = "a build that has not ended is followed by none; the server refuses it";

/// Properties of bodies that are attributes by another name, or none.
pub const PROPERTIES: &[Known] = &[
    ("monkeyci_api_token", "expires", Is("days")),
    ("monkeyci_api_token", "scope", Through),
    ("monkeyci_api_token", "scope.org", Not("it is that of the service account")),
    ("monkeyci_param", "secret", Not("one with `value_wo` is secret, one with `value` is not")),
    ("monkeyci_slack_subscription", "to", Through),
    ("monkeyci_slack_subscription", "to.webhook", Not(TOLD)),
    ("monkeyci_slack_subscription", "to.mail", Not(TOLD)),
    ("monkeyci_slack_subscription", "to.chat", Not(TOLD)),
    ("monkeyci_slack_subscription", "to.slack", Through),
    ("monkeyci_subscription", "secret", Is("to.webhook.secret_wo")),
    ("monkeyci_subscription", "to.slack", Not(TOLD)),
    ("monkeyci_trigger", "repo", Is("source")),
    ("monkeyci_trigger", "statuses=pending", Not(OPEN)),
    ("monkeyci_trigger", "statuses=initializing", Not(OPEN)),
    ("monkeyci_trigger", "statuses=running", Not(OPEN)),
    ("monkeyci_trigger", "statuses=blocked", Not(OPEN)),
];

const SCRIPT: &str = "`script` has it";

/// Keys of jobs that are attributes by another name, or none.
pub const JOBS: &[Known] = &[
    ("job", "id", Not("it is the key in `jobs`")),
    ("job", "type", Not("it has one value")),
    ("job", "env.param", Not("`params` takes one by its own name; by another name, `script` has it")),
    ("job", "if.not.not", Not("types of Terraform do not hold themselves")),
    ("job", "junit", Not("it is an older way to say `reports`")),
    ("job", "platform", Is("arch")),
    ("job", "reports.format", Not("it has one value")),
    ("job", "reports.path", Not("it is what stands in `reports`")),
    ("job", "restore-artifacts.id", Not("it is what stands in `restore_artifacts`")),
    ("job", "restore-artifacts.path", Not(SCRIPT)),
    ("job", "services.env.param", Not(SCRIPT)),
    ("job", "services.health.command", Not("it is what stands in `health`")),
    ("job", "services.health.timeout", Not(SCRIPT)),
    ("job", "services.id", Not("it is the key in `services`")),
];
