//! What the API keeps: one module for each table, whose functions run within a transaction.

pub mod audit;
pub mod build;
pub mod chat_identity;
pub mod code;
pub mod correspondent;
mod declared;
pub mod delivery;
pub mod deployment;
pub mod environment;
pub mod followed;
pub mod hook;
pub mod id_token;
pub mod identity;
pub mod member;
pub mod notice;
pub mod org;
pub mod param;
pub mod param_set;
pub mod person;
pub mod pipeline;
pub mod registry_credential;
pub mod repo;
pub mod report;
pub mod role_binding;
pub mod schedule;
pub mod script_approval;
pub mod seen;
pub mod service_account;
pub mod shell;
pub mod signing_key;
pub mod slack_workspace;
pub mod ssh_key;
pub mod statistics;
pub mod store_entry;
pub mod subscription;
pub mod token;
pub mod trigger;
pub mod trust;
pub mod worker;

/// Each entry takes the tables from the version of its index to the next.
pub const MIGRATIONS: &[&str] = &[
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
    include_str!("schema_7.sql"),
    include_str!("schema_8.sql"),
    include_str!("schema_9.sql"),
    include_str!("schema_10.sql"),
    include_str!("schema_11.sql"),
    include_str!("schema_12.sql"),
    include_str!("schema_13.sql"),
    include_str!("schema_14.sql"),
    include_str!("schema_15.sql"),
    include_str!("schema_16.sql"),
];
