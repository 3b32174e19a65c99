//! Bodies of the REST API: what the server and its clients say to each other.
//!
//! Plain data in camelCase JSON; times are milliseconds since 1970, as in events. Objects have readable paths:
//!
//! | object | path |
//! |---|---|
//! | [`Org`] | `/v1/orgs/acme` |
//! | [`Member`] | `/v1/orgs/acme/members/ann` |
//! | [`RoleBinding`] | `/v1/orgs/acme/role-bindings/shop` |
//! | [`ServiceAccount`] | `/v1/orgs/acme/service-accounts/deployer`, its tokens under `…/tokens/01J…` |
//! | [`Trust`] | `/v1/orgs/acme/service-accounts/deployer/trusts/github` |
//! | [`ChatIdentity`] | `/v1/orgs/acme/chat-identities/slack/T123%2FU456` |
//! | [`SlackWorkspace`] | `/v1/orgs/acme/slack-workspaces/T123` |
//! | [`StoreEntry`] | `/v1/orgs/acme/integrations/slack/store/cursor` |
//! | [`Param`] | `/v1/orgs/acme/params/REGION`, `/v1/orgs/acme/repos/web/params/REGION` |
//! | [`ParamSet`] | `/v1/orgs/acme/param-sets/shop`, its params under `…/params/REGION` |
//! | [`RegistryCredential`] | `/v1/orgs/acme/registry-credentials/ghcr` |
//! | [`SshKey`] | `/v1/orgs/acme/ssh-keys/deploy` |
//! | [`Pipeline`] | `/v1/orgs/acme/pipelines/main` |
//! | [`Repo`] | `/v1/orgs/acme/repos/web` |
//! | [`Hook`] | `/v1/orgs/acme/repos/web/hooks/github` |
//! | [`Delivery`] | `/v1/orgs/acme/repos/web/hooks/github/deliveries/01J…` |
//! | [`Schedule`] | `/v1/orgs/acme/repos/web/schedules/nightly` |
//! | [`Environment`] | `/v1/orgs/acme/repos/web/environments/production`, its params under `…/params/REGION` |
//! | [`Trigger`] | `/v1/orgs/acme/repos/web/triggers/after-lib` |
//! | [`Build`] | `/v1/orgs/acme/repos/web/builds/42` |
//! | [`Job`](build::JobView) | `/v1/orgs/acme/repos/web/builds/42/jobs/unit` |
//! | [`Subscription`] | `/v1/orgs/acme/subscriptions/deploys` |
//! | [`Notice`] | `/v1/orgs/acme/subscriptions/deploys/deliveries/01J…` |
//! | [`Token`] | `/v1/tokens/01J…` |
//! | [`Identity`] | `/v1/me/identities/github/583231` |
//! | [`Session`] | `/v1/me/sessions/01J…` |
//! | [`SigningKey`] | `/v1/signing-keys` |
//! | [`Person`] | `/v1/people/ann` |
//! | [`Worker`] | `/v1/workers/builder-1` |
//!
//! What a worker elsewhere and its server say to each other is in [`lease`].
//!
//! Lists come as a [`Page`]; what is refused comes as a [`Problem`].

pub mod artifact;
pub mod audit;
pub mod build;
pub mod chat_identity;
pub mod environment;
pub mod export;
pub mod hook;
pub mod id_token;
pub mod identity;
pub mod labels;
pub mod lease;
pub mod log;
pub mod notice;
pub mod org;
pub mod page;
pub mod param;
pub mod param_set;
pub mod person;
pub mod pipeline;
pub mod problem;
pub mod registration;
pub mod registry_credential;
pub mod repo;
pub mod report;
pub mod role_binding;
pub mod schedule;
pub mod secret;
pub mod service_account;
pub mod shell;
pub mod signing_key;
pub mod slack;
pub mod slack_workspace;
pub mod ssh_key;
pub mod statistics;
pub mod store;
pub mod subscription;
pub mod token;
pub mod trigger;
pub mod trust;
pub mod validate;
pub mod worker;

pub use artifact::{Artifact, ArtifactLink, NewArtifactLink};
pub use audit::AuditRow;
pub use build::{Build, BuildDetail, JobView, NewBuild, Reason, Retry, TakenFrom};
pub use chat_identity::{ChatIdentity, ChatIdentityBody, LinkCode, LinkOffer, LinkRequest, NewLink};
pub use environment::{Deployment, Environment, EnvironmentBody};
pub use export::{EnvironmentExport, Export, RepoExport, SetExport};
pub use hook::{Delivery, DeliveryState, Hook, HookSecret, NewHook};
pub use id_token::{IdToken, NewIdToken};
pub use identity::{Begin, Begun, Exchange, Grant, Granted, Identity, Provider, Session};
pub use labels::LabelFilters;
pub use log::{Mark, MarkKind};
pub use notice::{Notice, NoticeState};
pub use org::{Member, NewMember, Org, OrgBody, Role};
pub use page::Page;
pub use param::{EffectiveParam, Param, ParamBody};
pub use param_set::{ParamSet, ParamSetBody};
pub use person::{Me, Person, SignIn};
pub use pipeline::{Pipeline, PipelineBody};
pub use problem::{FieldError, Problem};
pub use registration::{NewRegistration, Register, Registration};
pub use registry_credential::{RegistryCredential, RegistryCredentialBody};
pub use repo::{Repo, RepoBody, Visibility};
pub use report::{Report, Reported};
pub use role_binding::{RoleBinding, RoleBindingBody};
pub use schedule::{Schedule, ScheduleBody};
pub use secret::NewSecret;
pub use service_account::{ServiceAccount, ServiceAccountBody};
pub use shell::WishQuery;
pub use signing_key::{Rotate, SigningKey};
pub use slack::{QuietHours, SlackMessage, SlackStyle, SlackThread};
pub use slack_workspace::{SlackChannel, SlackWorkspace, SlackWorkspaceBody};
pub use ssh_key::{SshKey, SshKeyBody};
pub use statistics::Statistics;
pub use store::StoreEntry;
pub use subscription::{Match, Moment, Occasion, Recipient, Subscription, SubscriptionBody};
pub use token::{NewToken, Scope, Token, TokenSecret};
pub use trigger::{Trigger, TriggerBody};
pub use trust::{Proof, Trust, TrustBody};
pub use worker::{NewWorker, Running, Worker, WorkerFacts, WorkerSecret};
