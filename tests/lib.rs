//! Tests that need the whole house; they live in `house/` and form one binary.

/// The Rust in the guide is compiled and run, as that in the documentation of an item is.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../docs/guide/plugins.md")]
    struct Plugins;

    #[doc = include_str!("../docs/guide/scripts-in-rust.md")]
    struct ScriptsInRust;
}
