//! Tests that need the whole house: its rules, and its programs run for real.

mod tidy;
