//! Functions as they are invoked, and the gateway before them.

use crate::call::Call;
use crate::cloud::Cloud;
use crate::function::TIMEOUT;
use crate::refusal::Refusal;
use crate::reply::{Answer, Ask, Reply};
use crate::{time, user};

use super::{Covers, Service, everything};

/// Paths of the API, which has two versions.
const BASES: [&str; 2] = ["/20181201/functions", "/20260325/functions"];

pub(crate) const SERVICE: Service = Service {
    name: "functions",
    owns: |path| BASES.iter().any(|base| path.starts_with(base)),
    covers: everything,
    answer: |cloud, call| invoke(cloud, call),
};

/// What browsers and forges call; its paths are told to functions by [`Settings::routes`](crate::Settings::routes).
pub(crate) const GATEWAY: Service = Service {
    name: "gateway",
    owns: |path| path.starts_with("/gateway/"),
    covers: |_| Covers::Nothing,
    answer: |cloud, call| pass(cloud, call),
};

fn invoke(cloud: &Cloud, call: &Call) -> Answer {
    let base = BASES.into_iter().find(|base| call.path().starts_with(base)).unwrap_or_default();
    let segments = call.segments(base);
    let [id, actions, what] = segments.as_slice() else { return Err(Refusal::missing()) };
    if (call.method.as_str(), actions.as_str(), what.as_str()) != ("POST", "actions", "invoke") {
        return Err(Refusal::missing());
    }
    let is_detached = match call.header("fn-invoke-type") {
        None | Some("sync") => false,
        Some("detached") => true,
        Some(other) => return Err(Refusal::invalid(format!("Invalid fn-invoke-type '{other}'."))),
    };
    if call.body.len() > 6 * 1024 * 1024 {
        return Err(Refusal::new(413, "RequestEntityTooLarge", "A function takes 6 MB at most."));
    }
    let mut headers = Vec::new();
    if let Some(intent) = call.header("fn-intent") {
        headers.push(("fn-intent".to_owned(), intent.to_owned()));
    }
    ask(cloud, call, id, headers, is_detached, false)
}

/// The call of a function, which is told what every function is told.
fn ask(
    cloud: &Cloud,
    call: &Call,
    id: &str,
    mut headers: Vec<(String, String)>,
    is_detached: bool,
    unwraps: bool,
) -> Answer {
    let socket = cloud.world().settings.functions.get(id).cloned().ok_or_else(Refusal::missing)?;
    let own = user::id().to_uppercase();
    let kind = call.header("content-type").unwrap_or("application/octet-stream");
    headers.push(("content-type".into(), kind.into()));
    headers.push(("fn-call-id".into(), own.clone()));
    headers.push(("fn-deadline".into(), time::text(cloud.clock.now() + TIMEOUT)));
    let mut reply = Reply::empty(if is_detached { 202 } else { 200 }).header("fn-call-id", own);
    reply.ask = Some(Ask { socket, headers, is_detached, unwraps });
    Ok(reply)
}

fn pass(cloud: &Cloud, call: &Call) -> Answer {
    let path = call.path().strip_prefix("/gateway").unwrap_or_default();
    let routes = cloud.world().settings.routes.clone();
    let mut known: Vec<_> = routes.into_iter().filter(|(route, _)| path.starts_with(route.as_str())).collect();
    known.sort_by_key(|(route, _)| route.len());
    let (_, id) = known.pop().ok_or_else(|| Refusal::new(404, "NotFound", "Not Found"))?;
    let url = call.target.strip_prefix("/gateway").unwrap_or_default();
    let mut headers = vec![
        ("fn-intent".to_owned(), "httprequest".to_owned()),
        ("fn-http-method".into(), call.method.clone()),
        ("fn-http-request-url".into(), url.into()),
    ];
    for (name, value) in &call.headers {
        if !matches!(name.as_str(), "content-length" | "connection" | "transfer-encoding") {
            headers.push((format!("fn-http-h-{name}"), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        }
    }
    ask(cloud, call, &id, headers, false, true)
}
