//! What a worker elsewhere says to its server; see [`monkeyci_rest::lease`]. Every call may be made again.

use std::time::Duration;

use bytes::Bytes;
use monkeyci_model::script::api::JobView;
use monkeyci_model::{JobId, JobResult};
use monkeyci_rest::Page;
use monkeyci_rest::lease::{
    Ask, Blob, Blobs, ChunkHead, Claim, Claimed, Claims, Executed, HOME, Held, Hello, Lease, Leases, Renew, Started,
    Supply, Welcome,
};
use reqwest::Method;
use reqwest::header::HeaderName;
use tokio::io::AsyncWrite;

use crate::ClientError;
use crate::artifact::ArtifactRef;
use crate::call::Call;
use crate::place::Place;
use crate::shell::{self, ShellReceiver, ShellSender};

/// A worker on duty, in one of its folders.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct DutyRef {
    place: Place,
    home: String,
}

/// An attempt that a worker has.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct HeldRef {
    place: Place,
    home: String,
}

fn at_home(call: Call, home: &str) -> Result<Call, ClientError> {
    call.header(HeaderName::from_static(HOME), home)
}

impl DutyRef {
    pub(crate) fn new(place: Place, home: String) -> Self {
        Self { place, home }
    }

    /// Begins.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] while the worker of this token works in another folder.
    pub async fn hello(&self, hello: &Hello) -> Result<Welcome, ClientError> {
        at_home(self.place.at("hello").call(Method::POST), &self.home)?.body(hello)?.json().await
    }

    /// Asks for jobs, and waits for them as long as it says.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn lease(&self, ask: &Ask) -> Result<Vec<Lease>, ClientError> {
        let call = at_home(self.place.at("lease").call(Method::POST), &self.home)?.body(ask)?;
        call.json::<Leases>().await.map(|leases| leases.leases)
    }

    /// Says that it lives, and has these attempts in hand; the answers are in the same order.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn renew(&self, holds: Vec<u64>) -> Result<Vec<Claim>, ClientError> {
        let call = at_home(self.place.at("renew").call(Method::POST), &self.home)?.body(&Renew { holds })?;
        call.json::<Claims>().await.map(|claims| claims.claims)
    }

    /// The attempt with this fence.
    pub fn held(&self, fence: u64) -> HeldRef {
        HeldRef { place: self.place.at("attempts").at(fence), home: self.home.clone() }
    }
}

impl HeldRef {
    fn get(&self, what: &str) -> Result<Call, ClientError> {
        at_home(self.place.at(what).call(Method::GET), &self.home)
    }

    fn post(&self, what: &str) -> Result<Call, ClientError> {
        at_home(self.place.at(what).call(Method::POST), &self.home)
    }

    /// What became of the claim to it; waits so long for news.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn claim(&self, wait: Duration) -> Result<Claim, ClientError> {
        self.get("claim")?.query("wait", wait.as_millis()).json::<Claimed>().await.map(|claimed| claimed.claim)
    }

    /// Says that its first line is about to run.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn started(&self, started: &Started) -> Result<Claim, ClientError> {
        self.post("started")?.body(started)?.json::<Claimed>().await.map(|claimed| claimed.claim)
    }

    /// Appends to its log.
    ///
    /// # Errors
    /// [`ClientError::Conflict`] when it leaves a gap or is too much; others as above.
    pub async fn log(&self, head: &ChunkHead, bytes: &[u8]) -> Result<Claim, ClientError> {
        let mut body = serde_json::to_vec(head).map_err(|error| ClientError::Invalid(error.to_string()))?;
        body.push(b'\n');
        body.extend_from_slice(bytes);
        self.post("log")?.octets(body.into()).json::<Claimed>().await.map(|claimed| claimed.claim)
    }

    /// Says that its lines did not end well, and its place is held for people.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn hold(&self, held: &Held) -> Result<Claim, ClientError> {
        self.post("held")?.body(held)?.json::<Claimed>().await.map(|claimed| claimed.claim)
    }

    /// Waits so long for somebody who wants a shell in its place. What they want comes first.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn visit(&self, wait: Duration) -> Result<Option<(ShellSender, ShellReceiver)>, ClientError> {
        shell::open(self.get("visit")?.query("wait", wait.as_millis())).await
    }

    /// Says what came out of it.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn result(&self, result: JobResult) -> Result<Claim, ClientError> {
        self.post("result")?.body(&Executed { result })?.json::<Claimed>().await.map(|claimed| claimed.claim)
    }

    /// The jobs of its build, or one of them.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn jobs(&self, only: Option<&JobId>) -> Result<Vec<JobView>, ClientError> {
        let mut call = self.get("jobs")?;
        if let Some(only) = only {
            call = call.query("job", only);
        }
        call.json::<Page<JobView>>().await.map(|page| page.items)
    }

    /// Some bytes of the log of a job of its build.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is no such job; others as above.
    pub async fn read_log(&self, job: &JobId, offset: u64) -> Result<Bytes, ClientError> {
        let call = at_home(self.place.at("jobs").at(job).at("log").call(Method::GET), &self.home)?;
        call.query("offset", offset).whole().await
    }

    /// What it needs beside its files.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn supply(&self) -> Result<Supply, ClientError> {
        self.get("supply")?.json().await
    }

    /// Writes the packed checkout of its build to `to`.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached, or it cannot be written.
    pub async fn checkout(&self, to: &mut (impl AsyncWrite + Unpin)) -> Result<u64, ClientError> {
        ArtifactRef::of(self.get("checkout")?).download(to).await
    }

    /// Writes the compiled program of its script to `to`.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached, or it cannot be written.
    pub async fn program(&self, to: &mut (impl AsyncWrite + Unpin)) -> Result<u64, ClientError> {
        ArtifactRef::of(self.get("program")?).download(to).await
    }

    /// A blob that it may see, if it is there.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn find_blob(&self, key: &str) -> Result<Option<Blob>, ClientError> {
        let found = self.get("blobs")?.query("key", key).json::<Blobs>().await?;
        Ok(found.blobs.into_iter().next())
    }

    /// The blobs beneath a key.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn list_blobs(&self, above: &str) -> Result<Vec<Blob>, ClientError> {
        self.get("blobs")?.query("above", above).json::<Blobs>().await.map(|blobs| blobs.blobs)
    }

    /// Writes a blob to `to`.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none; others as above.
    pub async fn read_blob(&self, key: &str, to: &mut (impl AsyncWrite + Unpin)) -> Result<u64, ClientError> {
        ArtifactRef::of(self.get("blob")?.query("key", key)).download(to).await
    }

    /// Keeps a file as a blob. It is sent once: who calls tries again.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached, or the file cannot be read.
    pub async fn keep_blob(&self, key: &str, file: tokio::fs::File) -> Result<(), ClientError> {
        let call = at_home(self.place.at("blob").call(Method::PUT), &self.home)?;
        call.query("key", key).send_file(file).await
    }

    /// Removes a blob.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn delete_blob(&self, key: &str) -> Result<(), ClientError> {
        let call = at_home(self.place.at("blob").call(Method::DELETE), &self.home)?;
        call.query("key", key).nothing().await
    }
}
