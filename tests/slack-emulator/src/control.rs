//! What tests of other languages do with the emulator, as JSON over HTTP: `/_emulator/…`.

use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::blocks;
use crate::deed::{Click, Close, Impossible, Shortcut, Submit, Suggest};
use crate::fault::Fault;
use crate::setup::{ChannelChange, NewChannel, NewPerson};
use crate::slack::Slack;
use crate::world::Habits;

/// The routes.
pub(crate) fn routes() -> Router<Slack> {
    Router::new()
        .route("/workspaces", post(workspace))
        .route("/people", post(person))
        .route("/channels", post(channel))
        .route("/channels/{id}", get(read_channel).patch(change_channel))
        .route("/apps", post(app))
        .route("/apps/{id}", axum::routing::put(change_app))
        .route("/apps/{id}/verify", post(verify))
        .route("/apps/{id}/socket", get(sockets).delete(disconnect))
        .route("/install", post(install).delete(uninstall))
        .route("/allow", post(allow))
        .route("/say", post(say).patch(edit).delete(remove))
        .route("/react", post(react))
        .route("/command", post(command))
        .route("/click", post(click))
        .route("/modals", get(modals))
        .route("/modals/submit", post(submit))
        .route("/modals/close", post(close))
        .route("/modals/suggest", post(suggest))
        .route("/shortcut", post(shortcut))
        .route("/home", post(open_home).get(home))
        .route("/clock", get(clock).post(wind))
        .route("/calls", get(calls).delete(forget_calls))
        .route("/faults", get(faults).post(fault).delete(mend))
        .route("/habits", get(habits).put(set_habits))
        .route("/deliveries", get(deliveries))
        .route("/deliveries/{number}/again", post(again))
        .route("/check", post(check))
        .route("/version", get(version))
}

/// An answer to a test: what it asked for, or why that cannot be.
type Told = Result<Json<Value>, Trouble>;

struct Trouble(StatusCode, Value);

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

impl From<Impossible> for Trouble {
    fn from(why: Impossible) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, json!({ "error": why.to_string() }))
    }
}

fn told(value: impl Serialize) -> Told {
    let wrong =
        |error: serde_json::Error| Trouble(StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": error.to_string() }));
    Ok(Json(serde_json::to_value(value).map_err(wrong)?))
}

fn none(what: String) -> Trouble {
    Trouble(StatusCode::NOT_FOUND, json!({ "error": what }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewWorkspace {
    name: String,
}

async fn workspace(State(slack): State<Slack>, Json(new): Json<NewWorkspace>) -> Told {
    told(json!({ "team_id": slack.workspace(&new.name) }))
}

async fn person(State(slack): State<Slack>, Json(new): Json<NewPerson>) -> Told {
    told(json!({ "user_id": slack.new_person(&new)? }))
}

async fn channel(State(slack): State<Slack>, Json(new): Json<NewChannel>) -> Told {
    told(json!({ "channel_id": slack.new_channel(&new)? }))
}

async fn change_channel(State(slack): State<Slack>, Path(id): Path<String>, Json(change): Json<ChannelChange>) -> Told {
    slack.change_channel(&id, &change)?;
    told(json!({}))
}

async fn read_channel(State(slack): State<Slack>, Path(id): Path<String>) -> Told {
    told(slack.read(&id).ok_or_else(|| none(format!("there is no channel `{id}`")))?)
}

async fn app(State(slack): State<Slack>, Json(manifest): Json<Value>) -> Told {
    made(slack.app(&manifest))
}

async fn change_app(State(slack): State<Slack>, Path(id): Path<String>, Json(manifest): Json<Value>) -> Told {
    made(slack.change_app(&id, &manifest))
}

fn made(app: Result<crate::world::App, Vec<blocks::Violation>>) -> Told {
    match app {
        Ok(app) => told(json!({
            "app_id": app.id, "client_id": app.client_id, "client_secret": app.client_secret,
            "signing_secret": app.signing_secret, "verification_token": app.verification_token,
            "app_token": app.app_token,
        })),
        Err(found) => {
            let errors: Vec<_> =
                found.iter().map(|one| json!({ "message": one.rule, "pointer": one.pointer })).collect();
            Err(Trouble(StatusCode::UNPROCESSABLE_ENTITY, json!({ "error": "invalid_manifest", "errors": errors })))
        }
    }
}

async fn verify(State(slack): State<Slack>, Path(id): Path<String>) -> Told {
    slack.verify(&id).await.map_err(Impossible)?;
    told(json!({}))
}

async fn sockets(State(slack): State<Slack>, Path(id): Path<String>) -> Told {
    told(json!({ "open": slack.look(|world| world.sockets.open(&id)) }))
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    reason: Option<String>,
}

async fn disconnect(State(slack): State<Slack>, Path(id): Path<String>, Query(why): Query<Reason>) -> Told {
    let reason = why.reason.unwrap_or_else(|| "refresh_requested".to_owned());
    slack.change(|world| world.sockets.disconnect(&id, &reason));
    told(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Installation {
    app: String,
    team: String,
    #[serde(default)]
    scopes: Option<Vec<String>>,
}

async fn install(State(slack): State<Slack>, Json(new): Json<Installation>) -> Told {
    let scopes: Option<Vec<&str>> = new.scopes.as_ref().map(|all| all.iter().map(String::as_str).collect());
    let grant = slack.install(&new.app, &new.team, scopes.as_deref())?;
    let bot = slack.look(|world| world.people.get(&grant.user).and_then(|bot| bot.bot_id.clone()));
    told(json!({ "token": grant.token, "bot_user_id": grant.user, "bot_id": bot, "scopes": grant.scopes }))
}

async fn uninstall(State(slack): State<Slack>, Json(old): Json<Installation>) -> Told {
    slack.uninstall(&old.app, &old.team);
    told(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowance {
    user: String,
    client_id: String,
    scope: String,
    #[serde(default)]
    redirect_uri: Option<String>,
    #[serde(default)]
    state: String,
}

async fn allow(State(slack): State<Slack>, Json(new): Json<Allowance>) -> Told {
    let to = slack.allow(&new.user, &new.client_id, &new.scope, new.redirect_uri.as_deref(), &new.state)?;
    told(json!({ "location": to }))
}

/// What somebody says, changes or removes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    user: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    app: Option<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    ts: String,
    #[serde(default)]
    thread_ts: Option<String>,
    #[serde(default)]
    name: String,
}

async fn say(State(slack): State<Slack>, Json(words): Json<Words>) -> Told {
    if let Some(app) = &words.app {
        let (channel, ts) = slack.say_to_app(&words.user, app, &words.text)?;
        return told(json!({ "channel": channel, "ts": ts }));
    }
    let ts = slack.say(&words.user, &words.channel, &words.text, words.thread_ts.as_deref())?;
    told(json!({ "channel": words.channel, "ts": ts }))
}

async fn edit(State(slack): State<Slack>, Json(words): Json<Words>) -> Told {
    slack.edit(&words.user, &words.channel, &words.ts, &words.text)?;
    told(json!({}))
}

async fn remove(State(slack): State<Slack>, Json(words): Json<Words>) -> Told {
    slack.remove(&words.user, &words.channel, &words.ts)?;
    told(json!({}))
}

async fn react(State(slack): State<Slack>, Json(words): Json<Words>) -> Told {
    slack.react(&words.user, &words.channel, &words.ts, &words.name)?;
    told(json!({}))
}

async fn command(State(slack): State<Slack>, Json(words): Json<Words>) -> Told {
    told(slack.command(&words.user, &words.channel, &words.text).await?)
}

async fn click(State(slack): State<Slack>, Json(click): Json<Click>) -> Told {
    told(slack.click(&click).await?)
}

#[derive(Deserialize)]
struct Whose {
    user: String,
    #[serde(default)]
    app: String,
}

async fn modals(State(slack): State<Slack>, Query(whose): Query<Whose>) -> Told {
    let seen = slack.modals(&whose.user);
    told(seen.iter().map(|view| view.json("")).collect::<Vec<_>>())
}

async fn submit(State(slack): State<Slack>, Json(submit): Json<Submit>) -> Told {
    told(slack.submit(&submit).await?)
}

async fn close(State(slack): State<Slack>, Json(close): Json<Close>) -> Told {
    told(slack.close(&close).await?)
}

async fn suggest(State(slack): State<Slack>, Json(suggest): Json<Suggest>) -> Told {
    told(slack.suggest(&suggest).await?)
}

async fn shortcut(State(slack): State<Slack>, Json(shortcut): Json<Shortcut>) -> Told {
    told(slack.shortcut(&shortcut).await?)
}

async fn open_home(State(slack): State<Slack>, Json(whose): Json<Whose>) -> Told {
    slack.open_home(&whose.user, &whose.app)?;
    told(json!({}))
}

async fn home(State(slack): State<Slack>, Query(whose): Query<Whose>) -> Told {
    told(slack.home(&whose.user, &whose.app))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wind {
    /// Seconds.
    #[serde(default)]
    advance: f64,
    #[serde(default)]
    speed: Option<f64>,
}

async fn clock(State(slack): State<Slack>) -> Told {
    told(json!({ "now": slack.clock().now().as_secs_f64() }))
}

async fn wind(State(slack): State<Slack>, Json(wind): Json<Wind>) -> Told {
    let by = Duration::try_from_secs_f64(wind.advance);
    let by = by.map_err(|_| Impossible("`advance` is a number of seconds, forward".to_owned()))?;
    if let Some(speed) = wind.speed {
        slack.clock().run(speed);
    }
    slack.clock().advance(by);
    told(json!({ "now": slack.clock().now().as_secs_f64() }))
}

#[derive(Deserialize)]
struct Which {
    method: Option<String>,
}

async fn calls(State(slack): State<Slack>, Query(which): Query<Which>) -> Told {
    slack.look(|world| {
        let wanted = |call: &&crate::web::Call| which.method.as_ref().is_none_or(|method| *method == call.method);
        let calls: Vec<_> = world.calls.iter().filter(wanted).collect();
        let mut counts = std::collections::BTreeMap::<&str, usize>::new();
        for call in &calls {
            *counts.entry(&call.method).or_default() += 1;
        }
        told(json!({ "counts": counts, "calls": calls }))
    })
}

async fn forget_calls(State(slack): State<Slack>) -> Told {
    slack.change(|world| world.calls.clear());
    told(json!({}))
}

async fn faults(State(slack): State<Slack>) -> Told {
    told(slack.look(|world| world.faults.clone()))
}

async fn fault(State(slack): State<Slack>, Json(fault): Json<Fault>) -> Told {
    slack.change(|world| world.faults.push(fault));
    told(json!({}))
}

async fn mend(State(slack): State<Slack>) -> Told {
    slack.change(|world| world.faults.clear());
    told(json!({}))
}

async fn habits(State(slack): State<Slack>) -> Told {
    told(slack.look(|world| world.habits))
}

async fn set_habits(State(slack): State<Slack>, Json(habits): Json<Habits>) -> Told {
    slack.change(|world| world.habits = habits);
    told(habits)
}

async fn deliveries(State(slack): State<Slack>) -> Told {
    slack.look(|world| {
        let one = |delivery: &crate::world::Delivery| {
            let attempts: Vec<_> = delivery
                .attempts
                .iter()
                .map(|attempt| {
                    json!({ "at": attempt.at.as_secs_f64(), "status": attempt.status, "failed": attempt.failed,
                        "answer": attempt.answer, "millis": attempt.took.as_millis() as u64 })
                })
                .collect();
            json!({ "number": delivery.number, "app": delivery.app, "type": delivery.what.envelope(),
                    "payload": delivery.payload, "attempts": attempts })
        };
        told(world.deliveries.iter().map(one).collect::<Vec<_>>())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    way: String,
}

async fn again(State(slack): State<Slack>, Path(number): Path<usize>, Json(way): Json<Way>) -> Told {
    told(json!({ "status": slack.send_again(number, &way.way).await.map_err(Impossible)? }))
}

/// Blocks of a message, or a view.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drawn {
    #[serde(default)]
    blocks: Vec<Value>,
    #[serde(default)]
    view: Option<Value>,
}

async fn check(Json(drawn): Json<Drawn>) -> Told {
    let found = match &drawn.view {
        Some(view) => blocks::check_view(view),
        None => blocks::check(&drawn.blocks),
    };
    told(found.iter().map(ToString::to_string).collect::<Vec<_>>())
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

/// Waits until something has changed since, at most 25 seconds.
async fn version(State(slack): State<Slack>, Query(After { after }): Query<After>) -> Told {
    let mut version = slack.version();
    let changed = version.wait_for(|version| *version > after);
    let _still = tokio::time::timeout(Duration::from_secs(25), changed).await.is_ok();
    let now = *version.borrow();
    told(json!({ "version": now }))
}
