//! Who asks, and what they may do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use monkeyci_core::engine::Actor;
use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{Me, Repo, Role, Scope, Visibility};

use crate::address::Client;
use crate::extract::RepoPath;
use crate::problem::{Answer, Refusal};
use crate::random;
use crate::session;
use crate::state::{State, now};
use crate::table::role_binding::Bound;
use crate::table::token::Kind;
use crate::table::{member, person, repo, role_binding, service_account, token};
use crate::throttle::{Kind as Attempts, Whose};

mod acting;

/// Milliseconds between two notes of when a token was used.
const NOTED: Millis = 60_000;

/// As many as there are.
const ALL: u64 = 1_000_000_000;

/// Who asks; nobody, where the request says nothing of it.
#[derive(Debug, Clone, Default)]
pub struct Who(Option<Known>);

/// Somebody who is known.
#[derive(Debug, Clone)]
pub struct Known {
    /// Their name.
    pub name: String,
    /// The integration that acts for them, when one does: `acme/slack`.
    pub via: Option<String>,
    /// The token or session by which they are known.
    pub token: String,
    admin: bool,
    roles: BTreeMap<OrgId, Role>,
    /// What they may do besides in some repositories.
    bound: Vec<Bound>,
    /// What the token allows at the most.
    scope: Option<Scope>,
    proof: Proof,
}

/// By what somebody is known.
#[derive(Debug, Clone)]
struct Proof {
    hash: String,
    kind: Kind,
    acts_for: Option<acting::Wanted>,
}

impl FromRequestParts<State> for Who {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let (secret, kind) = match (bearer(&parts.headers)?, session::of(&parts.headers, &state.url)) {
            (Some(token), _) => (token, Kind::Api),
            (None, Some(session)) => (session, Kind::Session),
            (None, None) => return Ok(Self::default()),
        };
        let wanted = acting::wanted(&parts.headers)?;
        if kind == Kind::Session {
            same_origin(parts)?;
        }
        let known = known(state, Proof { hash: random::hash(secret), kind, acts_for: wanted }).await?;
        match (known, kind) {
            (Some(known), _) => Ok(Self(Some(known))),
            // A session that is over is nobody's; a token that is wrong is told so.
            (None, Kind::Session) => Ok(Self::default()),
            (None, Kind::Api) => {
                let Ok(client) = Client::from_request_parts(parts, state).await;
                let _counts = state.throttle.begin(Attempts::Token, [Whose::from(client)])?;
                let detail = "this token is not known, or has expired; make another one";
                Err(Refusal::new(StatusCode::UNAUTHORIZED, detail))
            }
        }
    }
}

/// Who has that secret.
///
/// # Errors
/// When nobody has.
pub async fn holder(state: &State, secret: &str, kind: Kind) -> Answer<Who> {
    let known = known(state, Proof { hash: random::hash(secret), kind, acts_for: None }).await?;
    known.map(|known| Who(Some(known))).ok_or_else(Refusal::unknown)
}

/// Who can prove that, if anybody can.
async fn known(state: &State, proof: Proof) -> Answer<Option<Known>> {
    let (hash, kind, now) = (proof.hash.clone(), proof.kind, now());
    let held = state.tables.read(move |sql| {
        let Some(held) = token::find(sql, &hash, kind, now)? else { return Ok(None) };
        let Some(person) = person::find(sql, &held.person)?.filter(|person| !person.disabled) else { return Ok(None) };
        let (roles, bound) = (member::roles(sql, &held.person)?, role_binding::of_person(sql, &held.person)?);
        Ok(Some((held, person.admin, roles, bound)))
    });
    let Some((held, admin, roles, bound)) = held.await? else { return Ok(None) };
    if held.token.used.is_none_or(|used| used + NOTED < now) {
        let id = held.token.id.clone();
        // Nobody waits for that.
        let state = state.clone();
        tokio::spawn(async move {
            let noted = state.tables.write(move |sql| token::used(sql, &id, now)).await;
            if let Err(error) = noted {
                tracing::warn!(%error, "cannot note that a token was used");
            }
        });
    }
    let token::Held { token, person } = held;
    let admin = admin && token.scope.is_none();
    let wanted = proof.acts_for.clone();
    let known = Known { name: person, via: None, token: token.id, admin, roles, bound, scope: token.scope, proof };
    match wanted {
        Some(wanted) => acting::of(state, known, wanted).await.map(Some),
        None => Ok(Some(known)),
    }
}

fn bearer(headers: &HeaderMap) -> Answer<Option<&str>> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    token.map(Some).ok_or_else(Refusal::unknown)
}

/// Refuses what a page of another origin makes a browser send with our cookie.
fn same_origin(parts: &Parts) -> Answer<()> {
    // A page of another origin may open a WebSocket wherever it likes, and read what comes.
    let upgrades = parts.headers.contains_key(header::UPGRADE);
    if !upgrades && matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let text = |name| parts.headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    if origin.is_some() && origin == text(header::HOST) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "a page of another origin may not ask for this"))
}

impl Known {
    /// In whose name builds are told what they do.
    pub fn actor(&self) -> Actor<'_> {
        Actor { name: &self.name, via: self.via.as_deref() }
    }
}

impl Who {
    /// Who it is.
    ///
    /// # Errors
    /// When nobody is known.
    pub fn known(&self) -> Answer<&Known> {
        self.0.as_ref().ok_or_else(Refusal::unknown)
    }

    /// The same as they are now: it may be long since they asked.
    ///
    /// # Errors
    /// When they are known no more.
    pub async fn again(&self, state: &State) -> Answer<Self> {
        let Some(before) = &self.0 else { return Ok(Self::default()) };
        let known = known(state, before.proof.clone()).await?;
        known.map(|known| Self(Some(known))).ok_or_else(Refusal::unknown)
    }

    /// Their role in an organisation, where they have one.
    pub fn role(&self, org: &OrgId) -> Option<Role> {
        let known = self.0.as_ref()?;
        let own = if known.admin { Some(Role::Owner) } else { known.roles.get(org).copied() }?;
        match &known.scope {
            None => Some(own),
            Some(scope) => (scope.org == *org).then(|| own.min(scope.role)),
        }
    }

    /// Their role in a repository, where they have one in its organisation: that, or what they are besides.
    pub fn role_in(&self, repo: &Repo) -> Option<Role> {
        self.raised(&repo.org, |bound| bound.is_for(repo))
    }

    /// The most that they may do in any repository of an organisation, where they have a role in that.
    fn most(&self, org: &OrgId) -> Option<Role> {
        self.raised(org, |bound| bound.org == *org)
    }

    /// Their role in an organisation, raised by what they may do in some of its repositories, as far as their token allows.
    fn raised(&self, org: &OrgId, counts: impl Fn(&Bound) -> bool) -> Option<Role> {
        let (own, known) = (self.role(org)?, self.0.as_ref()?);
        let allowed = known.scope.as_ref().map_or(Role::Owner, |scope| scope.role);
        let bound = known.bound.iter().filter(|bound| counts(bound)).map(|bound| bound.role.min(allowed));
        bound.chain([own]).max()
    }

    /// Lets go on who has at least that role in an organisation.
    ///
    /// # Errors
    /// When nobody is known, or they have another role. Who has none does not learn whether there is one.
    pub fn must(&self, org: &OrgId, role: Role) -> Answer<&Known> {
        self.has(self.role(org), role, org)
    }

    /// Lets go on who has at least that role somewhere in an organisation, be it in one repository: for what can do no more
    /// than they may themselves, wherever it is used.
    ///
    /// # Errors
    /// As [`Self::must`].
    pub fn must_somewhere(&self, org: &OrgId, role: Role) -> Answer<&Known> {
        self.has(self.most(org), role, org)
    }

    fn has(&self, own: Option<Role>, role: Role, place: &dyn fmt::Display) -> Answer<&Known> {
        let known = self.known()?;
        match own {
            Some(own) if own >= role => Ok(known),
            Some(own) => {
                let (own, role) = (own.as_str(), role.as_str());
                let detail = format!("this needs the role `{role}` in `{place}`, and yours is `{own}`");
                Err(Refusal::new(StatusCode::FORBIDDEN, detail))
            }
            None => Err(Refusal::not_found("organisation")),
        }
    }

    /// Lets go on who runs the server.
    ///
    /// # Errors
    /// When it is somebody else.
    pub fn must_be_admin(&self) -> Answer<&Known> {
        let known = self.known()?;
        let refused = || Refusal::new(StatusCode::FORBIDDEN, "only who runs this server may do that");
        known.admin.then_some(known).ok_or_else(refused)
    }

    /// The repository, if they may see it and what it built.
    ///
    /// # Errors
    /// When there is none, or they may not see it: nobody learns which.
    pub async fn may_see(&self, state: &State, path: &RepoPath) -> Answer<Repo> {
        let (org, id) = (path.org.clone(), path.repo.clone());
        let found = state.tables.read(move |sql| repo::find(sql, &org, &id)).await?;
        let may = |repo: &Repo| repo.body.visibility == Visibility::Public || self.role(&path.org).is_some();
        match (found.filter(may), &self.0) {
            (Some(repo), _) => Ok(repo),
            (None, Some(_)) => Err(Refusal::not_found("repository")),
            (None, None) => Err(Refusal::unknown()),
        }
    }

    /// The repository, if they have at least that role in it.
    ///
    /// # Errors
    /// When there is none, or they have not.
    pub async fn must_in(&self, state: &State, path: &RepoPath, role: Role) -> Answer<(Repo, &Known)> {
        self.must(&path.org, Role::Viewer)?;
        let (org, id) = (path.org.clone(), path.repo.clone());
        match state.tables.read(move |sql| repo::find(sql, &org, &id)).await? {
            Some(repo) => {
                let known = self.has(self.role_in(&repo), role, &format_args!("{}/{}", path.org, path.repo))?;
                Ok((repo, known))
            }
            None => {
                self.must_somewhere(&path.org, role)?;
                Err(Refusal::not_found("repository"))
            }
        }
    }

    /// What they may do, for themselves.
    ///
    /// # Errors
    /// When nobody is known, or it cannot be read.
    pub async fn me(&self, state: &State) -> Answer<Me> {
        let Known { name, via, admin, roles, bound, .. } = self.known()?.clone();
        let orgs = roles.into_keys().filter_map(|org| Some((org.clone(), self.role(&org)?))).collect();
        let of: BTreeSet<_> = bound.into_iter().map(|bound| bound.org).collect();
        let lists = state
            .tables
            .read(move |sql| of.iter().map(|org| repo::list(sql, org, None, ALL)).collect::<Result<Vec<_>, _>>());
        let mut repos = BTreeMap::<_, BTreeMap<_, _>>::new();
        for repo in lists.await?.into_iter().flatten() {
            let (own, here) = (self.role(&repo.org), self.role_in(&repo));
            if let Some(role) = here.filter(|_| here > own) {
                repos.entry(repo.org).or_default().insert(repo.id, role);
            }
        }
        Ok(Me { name, via, admin, orgs, repos })
    }

    /// Lets go on who is known as themselves: by a session or a token that may do all that they may. What belongs to a
    /// person, as their tokens and identities, is changed by nobody less.
    ///
    /// # Errors
    /// When they are not.
    pub fn must_be_whole(&self) -> Answer<&Known> {
        let known = self.known()?;
        if known.scope.is_some() {
            let detail = "this is your own matter: it needs you, or a token that is not limited";
            return Err(Refusal::new(StatusCode::FORBIDDEN, detail));
        }
        Ok(known)
    }

    /// Lets go on a person who asks themselves: no service account, and nobody for whom an integration acts. A token that
    /// either made for itself would outlive what it was given.
    ///
    /// # Errors
    /// When it is not.
    pub fn must_be_a_person(&self) -> Answer<&Known> {
        let known = self.known()?;
        if known.via.is_some() || service_account::is_one(&known.name) {
            let detail = "only people have tokens of their own: those of a service account are made by owners, under \
                          `/v1/orgs/{org}/service-accounts/{name}/tokens`";
            return Err(Refusal::new(StatusCode::FORBIDDEN, detail));
        }
        Ok(known)
    }

    /// Whether they are known by a token that may do less than they may.
    pub fn is_scoped(&self) -> bool {
        self.0.as_ref().is_some_and(|known| known.scope.is_some())
    }

    /// Whether they see every organisation.
    pub fn is_admin(&self) -> bool {
        self.0.as_ref().is_some_and(|known| known.admin)
    }
}

/// Makes the first person, who runs the server, with a token; nothing where somebody is known already.
///
/// # Errors
/// When it cannot be written.
pub fn first(sql: &mut dyn Sql, name: &str) -> Result<Option<String>, StoreError> {
    if !person::is_empty(sql)? {
        return Ok(None);
    }
    person::add(sql, name, true, now())?;
    let secret = random::token();
    let held = token::Held {
        token: monkeyci_rest::Token {
            id: random::id(),
            description: "made as the server first started".into(),
            scope: None,
            created: now(),
            expires: None,
            used: None,
        },
        person: name.to_owned(),
    };
    token::add(sql, &held, &random::hash(&secret), Kind::Api)?;
    Ok(Some(secret))
}
