//! A server: everything opened, and served until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use http::{HeaderName, HeaderValue};
use monkeyci_core::blob::{Artifacts, Blobs, Kept};
use monkeyci_core::engine::{Engine, EngineError, LOCAL};
use monkeyci_core::log::LogStore;
use monkeyci_core::offer::Offer;
use monkeyci_core::store::{StoreError, Tables};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::checkout::Keys;
use crate::config::Config;
use crate::connection::Limits;
use crate::environment::Environments;
use crate::executor::Scripts;
use crate::federation::Issuers;
use crate::hooks::Hooks;
use crate::issuer::Issuer;
use crate::launch::Launcher;
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::route::Routes;
use crate::secrets::Sealed;
use crate::shell::{self, Shells};
use crate::sign_in::Providers;
use crate::state::{Shared, State};
use crate::table::followed::{self, Reader};
use crate::terraform::Packages;
use crate::throttle::Throttle;
use crate::tls::Tls;
use crate::trace::Collector;
use crate::{
    chain, connection, database, executor, identity, intake, known_hosts, master_key, notice, poll, publish, report,
    retention, table, timer, trace,
};

/// Bytes of the longest body of a request to the API.
const BODY: usize = 1024 * 1024;

/// How long the next part of a body may take to come.
const SILENCE: Duration = Duration::from_secs(30);

/// The first person, who runs the server.
pub const ADMIN: &str = "admin";

/// A server that is open, and not served yet.
pub struct Server {
    state: State,
    listener: TcpListener,
    tls: Option<Tls>,
    first: Option<String>,
    stop: CancellationToken,
    limits: Limits,
}

/// Why a server cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The configuration cannot be used.
    #[error("configuration: {0}")]
    Config(String),
    /// A file or folder cannot be used.
    #[error("{what} `{}`: {source}", .path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// To what.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// It cannot listen there.
    #[error("cannot listen on `{address}`: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// There is no master key, or it is not that of the database.
    #[error("master key: {0}")]
    MasterKey(String),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine cannot be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Server {
    /// Opens everything in the state folder, goes on with what was left there, and listens.
    ///
    /// # Errors
    /// When something of it cannot be used.
    pub async fn open(config: &Config) -> Result<Self, ServerError> {
        config.check().map_err(ServerError::Config)?;
        let folder = &config.state;
        let io = |what, path: &std::path::Path| {
            let path = path.to_owned();
            move |source| ServerError::Io { what, path, source }
        };
        std::fs::create_dir_all(folder).map_err(io("cannot make the state folder", folder))?;
        let folder = folder.canonicalize().map_err(io("cannot use the state folder", folder))?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|source| ServerError::Listen { address: config.listen, source })?;
        let tls = Tls::open(&config.tls).map_err(ServerError::Config)?;
        let address = listener.local_addr().map_err(|source| ServerError::Listen { address: config.listen, source })?;

        let providers = Providers::new(&config.sign_in, config.sources.private).map_err(ServerError::Config)?;
        let mailer = Mailer::of(config, address).map_err(ServerError::Config)?;
        let collector = Collector::of(config).map_err(ServerError::Config)?;
        let vault = Arc::new(master_key::open(config, &folder).await?);
        let (store, tables) = database::open(config, &folder).await?;
        let tables = Tables::open(tables, "api", table::MIGRATIONS).await?;
        master_key::check(config, &vault, &tables).await?;
        let first = tables.write(|sql| identity::first(sql, ADMIN)).await?;

        let url = config.url(address);
        let issuer = Arc::new(Issuer::new(tables.clone(), Arc::clone(&vault), url.clone()));
        let hosts = known_hosts(config)?;
        let keys = Keys::new(tables.clone(), Arc::clone(&vault), &hosts);
        let launcher = Launcher::new(config.sources.clone(), keys);
        // Who follows without saying from where hears of nothing that was before.
        let before = tables.read(table::build::position).await?;
        if config.events.to.is_some() {
            // Who is told for the first time is told all from here on, also where this server ends before it has told any.
            tables.write(move |sql| followed::begin(sql, Reader::Publish, before)).await?;
        }
        let (position, newest) = watch::channel(before);
        let metrics = Metrics::default();
        let counted = metrics.clone();
        let again = launcher.clone();
        let programs = folder.join("bin");
        let processes = folder.join("processes");
        let jobs = executor::jobs(&config.executor, &folder, &processes, &programs).map_err(ServerError::Config)?;
        let jobs = Arc::new(jobs);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let scripts = Scripts::new(Arc::clone(&jobs), &config.executor, &processes, &programs);
        scripts.connect().await;
        let mut engine = Engine::local().script_executor(scripts);
        let elsewhere = match config.blobs().map_err(ServerError::Config)? {
            None => None,
            Some(place) => {
                let opened = place.open().await.map_err(|error| ServerError::Config(format!("blobs: {error}")))?;
                Some(Blobs::new(opened))
            }
        };
        if let Some(blobs) = &elsewhere {
            engine = engine.blobs(blobs.clone());
        }
        engine = match config.jobs {
            Some(0) => engine.without_worker(),
            most => engine
                .jobs(most.unwrap_or(cores))
                .executor(jobs)
                .offering(Offer { labels: Some(config.labels.clone()), ..Offer::default() }),
        };
        let engine = engine
            .state(&folder)
            .store(Arc::clone(&store))
            .lease(Duration::from_secs(config.lease_seconds))
            .taking_up()
            .keeper(Sealed::new(tables.clone(), Arc::clone(&vault), Arc::clone(&issuer)))
            .gate(Environments::new(tables.clone()))
            .reporter(move |event| {
                let _before = position.send_replace(event.position);
                counted.event(&event.kind);
            })
            .resume_all(move |left| again.again(left))
            .open()
            .await?;
        if config.jobs == Some(0) {
            engine.gone(LOCAL, "the server runs no jobs itself any more").await?;
        }
        let blobs = |name: &str| {
            if let Some(elsewhere) = &elsewhere {
                return Ok(elsewhere.clone());
            }
            let path = folder.join(name);
            let opened = Blobs::on_disk(&path).map_err(std::io::Error::other);
            opened.map_err(|source| ServerError::Io { what: "cannot use the folder", path, source })
        };
        let kept = Kept { artifacts: blobs("artifacts")?, caches: blobs("caches")? };
        let packages = Packages::of(&config.terraform, &folder, &vault);
        let state = State::new(Shared {
            store,
            tables,
            logs: LogStore::at(folder.join("logs")),
            artifacts: Artifacts::new(kept.artifacts.clone()),
            leases: engine.remote_leases(),
            kept,
            workers: Notify::new(),
            vault,
            issuer,
            issuers: Issuers::default(),
            launcher,
            hooks: Hooks::default(),
            newest,
            delivered: Notify::new(),
            scheduled: Notify::new(),
            metrics,
            shows_metrics: config.metrics,
            mended: Notify::new(),
            noticed: Notify::new(),
            mailer,
            packages,
            collector,
            events: config.events.clone(),
            shells: Shells::new(&config.shells),
            retention: config.retention.clone(),
            proxies: config.trusted_proxies.clone(),
            rights: watch::channel(()).0,
            throttle: Throttle::new(config.rate_limits),
            providers,
            url,
            body: Duration::from_secs(config.body_seconds),
            folder,
            engine,
        });
        shell::close_left(&state).await?;
        let limits = Limits { connections: config.connections, head: Duration::from_secs(config.head_seconds) };
        Ok(Self { state, listener, tls, first, stop: CancellationToken::new(), limits })
    }

    /// What its handlers share.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How browsers and forges reach it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.state.url
    }

    /// The token of the first person, where this was the first start. It is told this once.
    #[must_use]
    pub fn first_token(&self) -> Option<&str> {
        self.first.as_deref()
    }

    /// Stops it once this is cancelled.
    #[must_use]
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Serves until it is told to stop; jobs that run then are taken up at the next start.
    ///
    /// # Errors
    /// When nothing can be served any more.
    pub async fn serve(self) -> std::io::Result<()> {
        let (work, app) = (self.work(), self.router());
        let Self { state, listener, tls, stop, limits, .. } = self;
        connection::serve(listener, tls, app, limits, &stop).await;
        state.shells.close().await;
        let worked = work.await.map_err(std::io::Error::other);
        state.engine.leave().await;
        worked
    }

    /// Does what is due beside answering, until it is told to stop.
    pub fn work(&self) -> JoinHandle<()> {
        let (state, stop, tls) = (self.state.clone(), self.stop.clone(), self.tls.clone());
        tokio::spawn(async move {
            let renewed = async {
                if let Some(tls) = tls {
                    tls.renew(stop.clone()).await;
                }
            };
            tokio::join!(
                renewed,
                intake::run(state.clone(), stop.clone()),
                timer::run(state.clone(), stop.clone()),
                poll::run(state.clone(), stop.clone()),
                retention::run(state.clone(), stop.clone()),
                report::run(state.clone(), stop.clone()),
                notice::run(state.clone(), stop.clone()),
                chain::run(state.clone(), stop.clone()),
                trace::run(state.clone(), stop.clone()),
                publish::run(state.clone(), stop.clone()),
                state.issuer.run(stop.clone()),
            );
        })
    }

    /// Lets go of everything. Jobs that run go on, and are taken up by the next server in the same folder.
    pub async fn close(self) {
        self.stop.cancel();
        self.state.shells.close().await;
        self.state.engine.leave().await;
    }

    /// The routes, for who serves them otherwise.
    pub fn router(&self) -> Router {
        app(self.state.clone())
    }
}

/// The hosts that the configuration knows.
fn known_hosts(config: &Config) -> Result<String, ServerError> {
    let Some(path) = &config.sources.known_hosts else { return Ok(String::new()) };
    let unreadable = |source| ServerError::Io { what: "cannot read the known hosts", path: path.clone(), source };
    let hosts = std::fs::read_to_string(path).map_err(unreadable)?;
    let wrong = |why| ServerError::Config(format!("sources.known-hosts: `{}`: {why}", path.display()));
    known_hosts::check(&hosts).map_err(wrong)?;
    Ok(hosts)
}

/// The routes with what is around all of them.
fn app(state: State) -> Router {
    let nosniff = SetResponseHeaderLayer::if_not_present(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    Routes::all()
        .finish()
        .fallback(|| async { crate::problem::Refusal::not_found("path") })
        .layer(RequestBodyTimeoutLayer::new(SILENCE))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(nosniff)
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            use axum::response::IntoResponse as _;
            tracing::error!("a handler panicked");
            let detail = "the server broke while it answered; its log says where";
            crate::problem::Refusal::new(http::StatusCode::INTERNAL_SERVER_ERROR, detail).into_response()
        }))
        .layer(axum::middleware::from_fn_with_state(state.clone(), crate::standing::look_again))
        .layer(axum::middleware::from_fn_with_state(state.clone(), crate::request::note))
        .with_state(state)
}
