//! Builds that have ended become traces of OpenTelemetry, sent to a collector by OTLP over HTTP, as JSON.
//!
//! A trace is made of the events of its build, and has an id that is drawn from the build's: sent once more after a crash, it
//! is the same. It is sent until the collector has it; one that refuses it for what it is misses it. Meanwhile others are
//! sent, and no more than [`MOST`](waiting::MOST) builds wait: where the collector is down, the oldest are let go. What has
//! ended more than a day ago is of no more interest.

mod span;
mod waiting;

use std::time::Duration;

use monkeyci_core::model::{BuildId, EventKind, Millis};
use monkeyci_core::store::StoreError;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::outward;
use crate::state::{State, now};
use crate::table::followed::{self, Reader};
use waiting::Waiting;

/// Events that are read at once.
const PAGE: usize = 256;

/// Positions after which a reader's place is noted though nothing was sent.
const AGAIN: u64 = 1000;

/// A collector has so long for an answer.
const WHOLE: Duration = Duration::from_secs(15);

/// The wait after the first failure; each further one doubles it.
const FIRST: Duration = Duration::from_secs(1);

/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(60);

/// Builds that ended before are not told of.
const OLD: Millis = 24 * 60 * 60 * 1000;

/// The variable of further headers, as OpenTelemetry names it: `authorization=Bearer%20…,x-tenant=ci`.
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";

/// Where traces are sent.
#[derive(Clone)]
pub struct Collector {
    http: reqwest::Client,
    url: String,
}

/// What became of a trace.
enum Sent {
    Taken,
    Later(String),
    Refused(String),
}

impl Collector {
    /// The collector of a configuration, where it has one.
    ///
    /// # Errors
    /// What is wrong with its address or the headers.
    pub fn of(config: &Config) -> Result<Option<Self>, String> {
        let Some(endpoint) = &config.traces.endpoint else { return Ok(None) };
        let is_url = reqwest::Url::parse(endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_url {
            return Err("traces.endpoint: an address is expected, as `https://otel.example.com`".into());
        }
        let headers = headers(&std::env::var(HEADERS).unwrap_or_default())?;
        let http = outward::client(WHOLE).default_headers(headers).build();
        let http = http.map_err(|error| format!("traces: {}", outward::reason(&error)))?;
        Ok(Some(Self { http, url: format!("{}/v1/traces", endpoint.trim_end_matches('/')) }))
    }

    async fn send(&self, trace: &Value) -> Sent {
        match self.http.post(&self.url).header(CONTENT_TYPE, "application/json").body(trace.to_string()).send().await {
            Ok(answer) if answer.status().is_success() => Sent::Taken,
            // What OTLP says may be tried again.
            Ok(answer) if matches!(answer.status().as_u16(), 429 | 502 | 503 | 504) => {
                Sent::Later(format!("it answered {}", answer.status()))
            }
            Ok(answer) => Sent::Refused(format!("it answered {}", answer.status())),
            Err(error) => Sent::Later(outward::reason(&error)),
        }
    }
}

/// Headers as the variable says them, which are never shown: mostly they are secret.
fn headers(text: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (place, pair) in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()).enumerate() {
        let wrong = || format!("{HEADERS}: header {} is not `name=value` in percent encoding", place + 1);
        let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
        let value = percent_decoded(value).ok_or_else(wrong)?;
        let name: HeaderName = name.trim().parse().map_err(|_| wrong())?;
        let mut value = HeaderValue::from_bytes(&value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.trim().bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
        } else {
            byte
        });
    }
    Some(decoded)
}

/// Sends traces until it is stopped.
pub async fn run(state: State, stop: CancellationToken) {
    let Some(collector) = state.collector.clone() else { return };
    let told = stop.run_until_cancelled(async {
        let mut newest = state.newest.clone();
        let mut sending = loop {
            match Sending::begin(&state).await {
                Ok(sending) => break sending,
                Err(error) => unread(&error).await,
            }
        };
        loop {
            newest.borrow_and_update();
            if let Err(error) = sending.step(&state, &collector).await {
                unread(&error).await;
                continue;
            }
            let again = sending.again();
            tokio::select! {
                changed = newest.changed() => if changed.is_err() { return },
                () = again => {}
            }
        }
    });
    told.await;
}

async fn unread(error: &StoreError) {
    tracing::warn!(%error, "the events of builds cannot be read for traces");
    tokio::time::sleep(LONGEST).await;
}

/// What is sent, and how far that is.
struct Sending {
    waiting: Waiting,
    /// The position up to which events were read.
    seen: u64,
    /// The position that a server goes on behind that comes after this one.
    kept: u64,
    /// When the collector is asked again, once it did not take one.
    next: Option<Instant>,
    wait: Duration,
}

impl Sending {
    async fn begin(state: &State) -> Result<Self, StoreError> {
        let kept = state.tables.read(|sql| followed::position(sql, Reader::Trace)).await?;
        Ok(Self { waiting: Waiting::default(), seen: kept, kept, next: None, wait: FIRST })
    }

    /// Until the collector is to be asked again; for ever where nothing waits.
    fn again(&self) -> impl Future<Output = ()> + use<> {
        let next = self.next;
        async move {
            match next {
                Some(next) => tokio::time::sleep_until(next).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Takes in what has ended, and sends what may be sent now.
    async fn step(&mut self, state: &State, collector: &Collector) -> Result<(), StoreError> {
        self.take_in(state).await?;
        while self.next.is_none_or(|next| next <= Instant::now()) {
            let Some(ended) = self.waiting.first() else {
                self.next = None;
                break;
            };
            let trace = trace_of(state, &ended.build).await?;
            if trace.is_null() {
                // It was removed meanwhile.
                self.done(state, "dropped");
                continue;
            }
            match collector.send(&trace).await {
                Sent::Taken => self.done(state, "sent"),
                Sent::Refused(why) => {
                    tracing::warn!(build = %ended.build, why, "the collector refuses the trace of a build");
                    self.done(state, "refused");
                }
                // Others are tried before it: one that is never taken holds nobody up.
                Sent::Later(why) => {
                    tracing::warn!(build = %ended.build, why, "the trace of a build is sent again later");
                    self.waiting.turn();
                    self.next = Some(Instant::now() + self.wait);
                    self.wait = (self.wait * 2).min(LONGEST);
                }
            }
            self.take_in(state).await?;
        }
        self.keep(state).await
    }

    /// The first is dealt with, and the collector answers.
    fn done(&mut self, state: &State, how: &'static str) {
        self.waiting.remove_first();
        state.metrics.traces(how, 1);
        (self.next, self.wait) = (None, FIRST);
    }

    /// Reads which builds have ended since.
    async fn take_in(&mut self, state: &State) -> Result<(), StoreError> {
        loop {
            let events = state.store.feed(self.seen, PAGE).await?;
            let oldest = now() - OLD;
            let mut dropped = self.waiting.drop_before(oldest);
            for event in &events {
                self.seen = event.position;
                if matches!(event.kind, EventKind::BuildEnd { .. }) && event.time > oldest {
                    dropped += self.waiting.push(event);
                }
            }
            if dropped > 0 {
                tracing::warn!(dropped, "the collector did not take traces in time, which are sent no more");
                state.metrics.traces("dropped", dropped);
            }
            state.metrics.traces_waiting(self.waiting.len());
            if events.is_empty() {
                return Ok(());
            }
        }
    }

    /// Notes where another server goes on, which sends once more what may not have been taken.
    async fn keep(&mut self, state: &State) -> Result<(), StoreError> {
        state.metrics.traces_waiting(self.waiting.len());
        let reached = self.waiting.oldest().map_or(self.seen, |oldest| oldest - 1);
        if reached >= self.kept + AGAIN || (reached > self.kept && self.waiting.len() == 0) {
            state.tables.write(move |sql| followed::keep(sql, Reader::Trace, reached)).await?;
            self.kept = reached;
        }
        Ok(())
    }
}

/// The trace of a build that has ended.
async fn trace_of(state: &State, build: &BuildId) -> Result<Value, StoreError> {
    let mut events = Vec::new();
    loop {
        let page = state.store.events(build, events.len() as u64, PAGE).await?;
        if page.is_empty() {
            return Ok(span::trace(&events, &state.url));
        }
        events.extend(page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_opentelemetry_writes_them() {
        let read = headers("authorization=Bearer%20a%2Cb, x-tenant=ci,").expect("reads");
        assert_eq!(read["authorization"], "Bearer a,b");
        assert_eq!(read["x-tenant"], "ci");
        assert!(!format!("{read:?}").contains("Bearer"), "{read:?}");
        for wrong in ["hush", "a b=c", "a=%", "a=%zz", "a=%0A"] {
            let error = headers(wrong).expect_err("is wrong");
            assert!(error.contains("header 1") && !error.contains("hush"), "{error}");
        }
    }
}
