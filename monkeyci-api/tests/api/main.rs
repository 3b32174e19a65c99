//! The API as programs use it, on a real engine with real repositories.

#[path = "../../../tests/fixture/github.rs"]
mod github;
#[path = "../../../tests/fixture/port.rs"]
mod port;
#[path = "../../../tests/fixture/postgres.rs"]
#[expect(dead_code, reason = "other crates kill it as well")]
mod postgres;

mod access;
mod acting;
mod backup;
mod bomb;
mod browser;
mod build;
mod condition;
mod connection;
mod disk;
mod doctor;
mod environment;
mod export;
mod fork;
mod house;
mod id;
mod id_token;
mod key;
mod mail;
mod mail_server;
mod metrics;
mod object;
mod oci_events;
mod oci_vault;
mod outward;
mod param;
mod param_set;
mod people;
mod pipeline;
mod process_user;
mod proof;
mod provider;
mod receiver;
mod registry_credential;
mod report;
mod retention;
mod role_binding;
mod schedule;
mod service_account;
mod shell;
mod sign_in;
mod slack_workspace;
mod ssh_key;
mod statistics;
mod store;
mod subscription;
mod terraform;
mod throttle;
mod trace;
mod trigger;
mod trust;
mod validate;
mod vault;
mod webhook;
mod worker;
