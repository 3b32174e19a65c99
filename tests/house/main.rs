//! Tests that need the whole house: its rules, and its programs run for real.

mod docs;
mod examples;
mod program;
mod tidy;
