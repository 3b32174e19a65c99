//! The emulator by itself, and against those who know Slack: its own clients.

mod app;
mod calls;
mod clicks;
mod commands;
mod events;
mod hostile;
mod house;
mod limits;
mod modals;
mod page;
mod peers;
mod places;
