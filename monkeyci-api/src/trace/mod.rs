//! Builds that have ended become traces of OpenTelemetry, sent to a collector by OTLP over HTTP, as JSON.
//!
//! A trace is made of the events of its build, and has an id that is drawn from the build's: sent once more after a crash, it
//! is the same. It is sent until the collector has it; one that refuses it for what it is misses it. What has ended more than
//! a day ago is of no more interest.

mod span;

use std::time::Duration;

use monkeyci_core::model::{Event, EventKind, Millis};
use monkeyci_core::store::StoreError;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::outward;
use crate::state::{State, now};
use crate::table::followed::{self, Reader};

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
    let mut newest = state.newest.clone();
    let mut seen = None;
    loop {
        newest.borrow_and_update();
        let done = stop.run_until_cancelled(follow(&state, &collector, &mut seen)).await;
        match done {
            None => return,
            Some(Err(error)) => {
                tracing::warn!(%error, "the events of builds cannot be read for traces");
                let _stopped = stop.run_until_cancelled(tokio::time::sleep(LONGEST)).await;
            }
            Some(Ok(())) => tokio::select! {
                () = stop.cancelled() => return,
                changed = newest.changed() => if changed.is_err() { return },
            },
        }
    }
}

/// Sends the traces of all builds that ended since it last did.
async fn follow(state: &State, collector: &Collector, seen: &mut Option<u64>) -> Result<(), StoreError> {
    let mut kept = state.tables.read(|sql| followed::position(sql, Reader::Trace)).await?;
    loop {
        let from = seen.unwrap_or(kept).max(kept);
        let events = state.store.feed(from, PAGE).await?;
        let Some(last) = events.last().map(|event| event.position) else { return Ok(()) };
        let mut has_sent = false;
        for event in &events {
            if matches!(event.kind, EventKind::BuildEnd { .. }) && event.time > now() - OLD {
                tell(state, collector, event).await?;
                has_sent = true;
            }
        }
        if has_sent || last - kept >= AGAIN {
            state.tables.write(move |sql| followed::keep(sql, Reader::Trace, last)).await?;
            kept = last;
        }
        *seen = Some(last);
    }
}

/// Sends the trace of a build until the collector has it, or refuses it, or it is too old.
async fn tell(state: &State, collector: &Collector, end: &Event) -> Result<(), StoreError> {
    let mut events = Vec::new();
    loop {
        let page = state.store.events(&end.subject, events.len() as u64, PAGE).await?;
        if page.is_empty() {
            break;
        }
        events.extend(page);
    }
    let trace = span::trace(&events, &state.url);
    let mut wait = FIRST;
    loop {
        let build = &end.subject;
        match collector.send(&trace).await {
            Sent::Taken => return Ok(()),
            Sent::Refused(why) => {
                tracing::warn!(%build, why, "the collector refuses the trace of a build");
                return Ok(());
            }
            Sent::Later(why) if end.time < now() - OLD => {
                tracing::warn!(%build, why, "the trace of a build was not taken within a day");
                return Ok(());
            }
            Sent::Later(why) => {
                tracing::warn!(%build, why, "the trace of a build is sent again later");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST);
            }
        }
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
