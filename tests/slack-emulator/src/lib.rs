//! A double of Slack for tests.
//!
//! It answers the methods of the Web API that an app for builds uses, with Slack's errors, limits and rate limits; it
//! delivers commands, clicks and events as Slack does, signed or through Socket Mode, and again when they were not
//! heard; and it shows channels as pages, so that people can see what an app makes of them. It knows nothing of any app:
//! what it knows of Slack is from Slack's documentation, and it is itself held against Slack's own clients.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use serde_json::json;
//! use slack_emulator::Server;
//!
//! let server = Server::start().await?;
//! let slack = server.slack();
//! let team = slack.workspace("Acme");
//! slack.person(&team, "ann")?;
//! let builds = slack.channel(&team, "builds", &["ann"])?;
//! let manifest = json!({ /* as the app prints it */ });
//! let app = slack.app(&manifest).map_err(|found| format!("{found:?}"))?;
//! let grant = slack.install(&app.id, &team, None)?;
//! // Start the app with `grant.token`, `app.signing_secret` and `{server.url()}/api/` for Slack's API; then:
//! let answered = slack.command("ann", "builds", "/build run web").await?;
//! assert!(answered.ok && answered.millis < 3000);
//! slack.until("the build is shown", |world| world.channels[&builds].messages.iter().find(|one| one.user.is_some()).map(|_| ())).await;
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! Rate limits, the life of what is given out, and the times of retries follow the emulator's own [`Clock`], which runs
//! as time does until a test winds it. How long an app takes to answer (three seconds) and when a delivery was signed
//! follow the machine's clock: the app is real.
//!
//! # What Slack does not write down
//!
//! Some of what it does was seen by others, and is done here too: a second message with the same `client_msg_id` is the first
//! ([`world::Habits`] turns that off); a reply to a message that is gone stands in the channel itself, and only the answer
//! tells; all texts of a message together have 13 200 characters at most. Where nobody has seen what Slack does, the emulator
//! refuses.
//!
//! Not here: enterprises, tokens that are renewed or that people give, subscriptions of events that Slack switches off,
//! messages that are scheduled or streamed, user groups, and whatever an app for builds has no use for. Such a method is
//! `unknown_method`.
//!
//! # For tests in other languages
//!
//! The program `slack-emulator` serves the same; what tests do with it is JSON at `/_emulator`:
//!
//! | | |
//! |---|---|
//! | `POST workspaces` `{name}` | a workspace: `team_id` |
//! | `POST people` `{team, name, email?, real_name?, is_admin?, is_restricted?, is_stranger?}` | somebody: `user_id` |
//! | `POST channels` `{team, name, members?, is_private?, is_shared?}` | a channel: `channel_id` |
//! | `PATCH channels/ID` `{archived?, name?, invite?, remove?}` | changes it; members are given by name or id |
//! | `GET channels/ID` | it, with all messages, replies and what only one sees |
//! | `POST apps` MANIFEST, `PUT apps/ID` MANIFEST | an app: its id and secrets; 422 with what Slack would refuse |
//! | `POST apps/ID/verify` | asks the app's URL for events whether it is its own |
//! | `GET apps/ID/socket`, `DELETE apps/ID/socket?reason=` | how many sockets are open; asks the app to open others |
//! | `POST install` `{app, team, scopes?}`, `DELETE install` `{app, team}` | puts it in: `token`, `bot_user_id`; takes it out |
//! | `POST allow` `{user, client_id, scope, redirect_uri?, state}` | somebody allows it in a browser: `location` |
//! | `POST say` `{user, channel, text, thread_ts?}` or `{user, app, text}` | somebody writes: `channel`, `ts` |
//! | `PATCH say` `{user, channel, ts, text}`, `DELETE say` `{user, channel, ts}` | somebody changes, removes |
//! | `POST react` `{user, channel, ts, name}` | somebody reacts |
//! | `POST command` `{user, channel, text}` | somebody writes `/build …`: an answer |
//! | `POST click` `{user, channel, action_id, ts?, block_id?, choose?, view?, declines?}` | a button or a menu: an answer |
//! | `GET modals?user=` | the modals that somebody sees, the lowest first |
//! | `POST modals/submit` `{user, values, view?}` | values by `block_id`: an answer |
//! | `POST modals/close` `{user, all?}`, `POST modals/suggest` `{user, action_id, value}` | closes; options of a menu |
//! | `POST shortcut` `{user, callback_id, channel?, ts?}` | a shortcut, of a message where one is given: an answer |
//! | `POST home` `{user, app}`, `GET home?user=&app=` | opens the home tab; what is in it |
//! | `POST clock` `{advance?, speed?}` | winds the clock: seconds forward; 0 lets it stand |
//! | `GET calls?method=`, `DELETE calls` | the calls of the Web API, counted and listed |
//! | `POST faults` `{method, kind, times?, seconds?, status?, error?}`, `DELETE faults` | what goes wrong ([`fault`]) |
//! | `GET habits`, `PUT habits` | what Slack leaves open ([`world::Habits`]) |
//! | `GET deliveries` | what was delivered, with each try |
//! | `POST deliveries/N/again` `{way}` | sends it again: `replay`, `forged`, `changed`, `old`, `unsigned`: `status` |
//! | `POST check` `{blocks}` or `{view}` | what Slack would refuse in it ([`blocks`]) |
//! | `GET version?after=N` | waits until something has changed |
//!
//! An *answer* is `{ok, error, status, millis, answer, delivery}`: what the app said, or what the person is told when it
//! did not. What Slack's client would not let somebody do is 422 with an `error`.
//!
//! Channels are shown at `/`; who looks at one can write and press buttons there. `/oauth/v2/authorize` asks a browser
//! whether an app may come in.
//!
//! By hand, with an app's own manifest:
//!
//! ```text
//! slack-emulator --manifest manifest.json --person ann --person bob --channel builds
//! ```
//!
//! prints one line of JSON, with all that the app needs to be started, and shows the channel in a browser.
//!
//! Modules in reading order:
//!
//! - [`world`]: all that there is; [`Slack`] holds it, [`Server`] serves it, [`clock`] is its time.
//! - `web`: the Web API, one file for each group of methods; `limit`: how often; [`fault`]: what goes wrong on purpose.
//! - [`blocks`]: what Slack takes for blocks and views, by `shape`; `manifest`: and for an app.
//! - `setup`: what is there at first; [`deed`]: what people do; `tell`, `membership` and `reaction`: who hears of it.
//! - `deliver`: how, by HTTP with a `sign`ature, or by `socket`; `respond`: what apps answer later.
//! - `control`: all of that for tests elsewhere; `page`: for people.

pub mod blocks;
pub mod clock;
mod control;
pub mod deed;
mod deliver;
pub mod fault;
mod id;
mod limit;
pub mod manifest;
mod membership;
mod page;
mod reaction;
mod read;
mod respond;
mod server;
pub mod setup;
mod shape;
mod sign;
mod slack;
mod socket;
mod tell;
mod text;
mod web;
mod wire;
pub mod world;

pub use clock::Clock;
pub use server::Server;
pub use sign::signature;
pub use slack::Slack;
pub use socket::Sockets;
pub use web::Call;
