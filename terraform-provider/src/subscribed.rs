//! Subscriptions of either kind: to anybody, or to a channel of Slack.

/// Makes a resource of a subscription. Who is told is its own affair: `told` says that to the server, `heard` takes it from the
/// server's answer.
macro_rules! subscribed {
    ($resource:ident, $name:literal) => {
        impl $crate::declared::Declared for $resource {
            type Answer = ::monkeyci_client::rest::Subscription;
            type Body = ::monkeyci_client::rest::SubscriptionBody;
            const NOUN: &'static str = "subscription";
            const KIND: ::monkeyci_client::rest::validate::Kind = ::monkeyci_client::rest::validate::Kind::Subscription;
            const ADDRESS: &'static str = "{org}/subscription/{name}";

            fn place(&mut self, server: &$crate::server::Server) -> ::tfplugin::Result<()> {
                self.id = format!("{}/subscription/{}", server.fill_org(&mut self.org)?, self.name).into();
                Ok(())
            }

            fn at(
                &self,
                server: &$crate::server::Server,
            ) -> ::tfplugin::Result<::monkeyci_client::Object<Self::Answer, Self::Body>> {
                let org = server.fill_org(&mut self.org.clone())?;
                Ok((*server.org(&org).subscription(&self.name)).clone())
            }

            fn name(&self) -> &str {
                &self.name
            }

            fn body(&self, _: Option<&Self>) -> ::tfplugin::Result<Self::Body> {
                let filters = self.label_filters.clone().unwrap_or_default();
                Ok(::monkeyci_client::rest::SubscriptionBody {
                    to: self.told(),
                    repos: self.repos.clone().unwrap_or_default(),
                    label_filters: ::monkeyci_client::rest::LabelFilters(filters),
                    refs: self.refs.clone().unwrap_or_default(),
                    jobs: self.jobs.clone().unwrap_or_default(),
                    actors: self.actors.clone().unwrap_or_default(),
                    events: $crate::moment::occasions(self.events.as_ref()),
                    on: $crate::moment::moments(&self.on),
                    paused: self.paused,
                })
            }

            fn filled(self, answer: Self::Answer) -> Self {
                use $crate::declared::or_unset;
                let body = answer.body;
                let filled = Self {
                    repos: or_unset(self.repos, body.repos),
                    label_filters: or_unset(self.label_filters, body.label_filters.0),
                    refs: or_unset(self.refs, body.refs),
                    jobs: or_unset(self.jobs, body.jobs),
                    actors: or_unset(self.actors, body.actors),
                    events: $crate::moment::told_occasions(self.events, &body.events),
                    on: $crate::moment::told_moments(&body.on),
                    paused: body.paused,
                    revision: answer.revision.into(),
                    ..self
                };
                filled.heard(body.to)
            }

            fn exported(&self, export: &::monkeyci_client::rest::Export) -> Option<Option<Self::Answer>> {
                Some(export.subscriptions.iter().find(|found| found.name == self.name).cloned())
            }

            fn of_address(address: &str) -> ::tfplugin::Result<Self> {
                let [org, name] = $crate::address::imported("ORG/subscription/NAME", address)?;
                Ok(Self { org: org.into(), name: name.to_owned(), ..Self::default() })
            }

            fn revision(&self) -> Option<u64> {
                self.revision.known().copied()
            }

            fn attribute(&self, pointer: &str) -> String {
                pointer.strip_prefix("/to/slack").unwrap_or(pointer).to_owned()
            }
        }

        $crate::declared::declared!($resource, $name);
    };
}
pub(crate) use subscribed;
