use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row, SimpleQueryMessage, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use crate::store::StoreError;

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 256;

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// For every connection. Nobody is waited for by us without end, and nobody waits for us: a server whose machine is gone
/// holds the database for half a minute.
const SETTINGS: &str = "
    SET client_min_messages = warning;
    SET tcp_keepalives_idle = 10;
    SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 3;
    SET idle_in_transaction_session_timeout = '60s';
    SET lock_timeout = '10s';
    SET jit = off;";

/// A connection that belongs to one thread, whose calls wait for their answers.
pub(super) struct Connection {
    address: Address,
    client: Client,
    driver: JoinHandle<()>,
    statements: HashMap<(String, Vec<Type>), Statement>,
    /// How long an answer may take.
    patience: Duration,
    is_lost: bool,
    /// After the others: what they wait for runs in it.
    runtime: Runtime,
}

impl Connection {
    /// Connects, on a thread that runs nothing else.
    pub(super) fn open(address: &Address, who: &str, patience: Duration) -> Result<Self, StoreError> {
        let failed = |reason: String| StoreError::Unreachable { path: address.name().to_owned(), reason };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(error.to_string()))?;
        let mut config = address.config.clone();
        config.application_name(who);
        let tls = MakeRustlsConnect::new(tls(address)?);
        let (client, driver) = runtime.block_on(async {
            let connected = tokio::time::timeout(patience, config.connect(tls)).await;
            let (client, connection) = connected
                .map_err(|_| failed("it does not answer".into()))?
                .map_err(|error| refused(address, &error))?;
            let driver = tokio::spawn(async move {
                // Whoever asks next hears of it as well.
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to the database has ended");
                }
            });
            Ok::<_, StoreError>((client, driver))
        })?;
        let statements = HashMap::new();
        let address = address.clone();
        let mut connection = Self { address, client, driver, statements, patience, is_lost: false, runtime };
        connection.batch("cannot set up a connection", SETTINGS)?;
        Ok(connection)
    }

    pub(super) fn name(&self) -> &str {
        self.address.name()
    }

    /// Does something whose answers may take that long.
    pub(super) fn with_patience<T>(&mut self, patience: Duration, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.patience, patience);
        let outcome = work(self);
        self.patience = before;
        outcome
    }

    /// Waits for something else than an answer; nothing comes of it when the connection is lost meanwhile.
    pub(super) fn idle<T>(&mut self, other: impl Future<Output = T>) -> Option<T> {
        if self.is_lost {
            return None;
        }
        let Self { runtime, driver, is_lost, .. } = self;
        runtime.block_on(async {
            tokio::select! {
                biased;
                outcome = other => Some(outcome),
                _ = driver => {
                    *is_lost = true;
                    None
                }
            }
        })
    }

    /// Whether an answer has told that the connection is lost.
    pub(super) fn is_known_lost(&self) -> bool {
        self.is_lost
    }

    /// Whether nothing can be asked any more. That the peer is gone is seen by whoever looks.
    pub(super) fn is_lost(&mut self) -> bool {
        self.runtime.block_on(async {
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        });
        self.is_lost || self.client.is_closed()
    }

    /// Runs statements without parameters, and returns how many rows each of them changed.
    pub(super) fn batch(&mut self, what: &'static str, sql: &str) -> Result<Vec<u64>, StoreError> {
        let messages = self.wait(what, self.client.simple_query(sql));
        let changed = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
            _ => None,
        };
        Ok(self.seen(messages)?.iter().filter_map(changed).collect())
    }

    /// Changes something; returns how many rows that were.
    pub(super) fn execute(&mut self, sql: &str, parameters: &[Bound<'_>]) -> Result<u64, StoreError> {
        let statement = self.prepare(sql, parameters)?;
        let values: Vec<_> = parameters.iter().map(|(value, _)| *value).collect();
        let changed = self.wait("cannot write", self.client.execute(&statement, &values));
        self.seen(changed)
    }

    /// Asks for rows, and returns what `read` makes of each.
    pub(super) fn query<T>(
        &mut self,
        sql: &str,
        parameters: &[Bound<'_>],
        read: impl Fn(&Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, StoreError> {
        let statement = self.prepare(sql, parameters)?;
        let values: Vec<_> = parameters.iter().map(|(value, _)| *value).collect();
        let rows = self.wait("cannot read", self.client.query(&statement, &values));
        let found: Result<Vec<T>, Error> = self.seen(rows)?.iter().map(read).collect();
        found.map_err(|error| self.unreadable(&error))
    }

    /// Says farewell, so that the server has let go of everything when this returns.
    pub(super) fn close(self) {
        let Self { client, driver, runtime, .. } = self;
        drop(client);
        // One that does not hear it finds out for itself.
        let _heard = runtime.block_on(async { tokio::time::timeout(FAREWELL, driver).await });
    }

    fn prepare(&mut self, sql: &str, parameters: &[Bound<'_>]) -> Result<Statement, StoreError> {
        let key = (sql.to_owned(), parameters.iter().map(|(_, kind)| kind.clone()).collect::<Vec<_>>());
        if let Some(statement) = self.statements.get(&key) {
            return Ok(statement.clone());
        }
        let statement = self.wait("cannot prepare a statement", self.client.prepare_typed(sql, &key.1));
        let statement = self.seen(statement)?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(key, statement.clone());
        Ok(statement)
    }

    fn wait<T>(&self, what: &'static str, answer: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        let answer = self.runtime.block_on(async { tokio::time::timeout(self.patience, answer).await });
        match answer {
            Ok(answer) => answer.map_err(|error| self.error(what, &error)),
            Err(_) => Err(StoreError::Unreachable { path: self.name().into(), reason: "it does not answer".into() }),
        }
    }

    /// Remembers that a connection is lost.
    fn seen<T>(&mut self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        self.is_lost |= matches!(answer, Err(StoreError::Unreachable { .. }));
        answer
    }

    /// What an error of PostgreSQL means for whoever uses the store.
    fn error(&self, what: &'static str, error: &Error) -> StoreError {
        let path = self.name().to_owned();
        match error.as_db_error() {
            Some(refusal) if *refusal.code() == SqlState::DISK_FULL => StoreError::Full { path },
            Some(refusal) if is_going_down(refusal) => {
                StoreError::Unreachable { path, reason: refusal.message().to_owned() }
            }
            Some(refusal) => StoreError::Database { what, reason: format!("`{path}`: {}", sentence(refusal)) },
            None if error.is_closed() || self.client.is_closed() || is_io(error) => {
                StoreError::Unreachable { path, reason: "the connection was lost".into() }
            }
            None => StoreError::Database { what, reason: format!("`{path}`: {}", causes(error)) },
        }
    }

    fn unreadable(&self, error: &Error) -> StoreError {
        let reason = format!("a row of it is not readable ({}); restore it from a backup", causes(error));
        StoreError::Damaged { path: self.name().into(), reason }
    }
}

/// A parameter, and the type that it is declared to have.
pub(super) type Bound<'a> = (&'a (dyn ToSql + Sync), Type);

/// Whether the server ends the connection with this answer, or takes none.
fn is_going_down(refusal: &DbError) -> bool {
    let code = refusal.code();
    let ends = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    // A server that became the standby of another says so here; class 08 are broken connections.
    let is_standby = *code == SqlState::READ_ONLY_SQL_TRANSACTION && refusal.message().contains("recovery");
    is_standby || ends.contains(code) || code.code().starts_with("08")
}

fn is_io(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

/// What the server says, without the details: they may quote what was written.
fn sentence(refusal: &DbError) -> String {
    format!("{} ({})", refusal.message(), refusal.code().code())
}

fn causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", causes(cause)),
        None => error.to_string(),
    }
}

/// Why no connection came about.
fn refused(address: &Address, error: &Error) -> StoreError {
    let reason = match error.as_db_error() {
        Some(refusal) => sentence(refusal),
        None => causes(error),
    };
    StoreError::Unreachable { path: address.name().to_owned(), reason }
}

/// TLS that trusts what the system trusts, and the certificates of the address.
fn tls(address: &Address) -> Result<ClientConfig, StoreError> {
    let failed = |reason: String| StoreError::Unreachable { path: address.name().to_owned(), reason };
    let mut roots = Vec::new();
    if let Some(path) = &address.roots {
        let said = |error| failed(format!("sslrootcert: `{}`: {error}", path.display()));
        for certificate in CertificateDer::pem_file_iter(path).map_err(said)? {
            roots.push(certificate.map_err(said)?);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider));
    let verifier = verifier.map_err(|error| failed(error.to_string()))?;
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| failed(error.to_string()))?;
    Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}
