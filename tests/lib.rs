//! Tests that need the whole house; they live in `house/` and form one binary.
