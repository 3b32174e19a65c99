use std::process::{Command, Stdio};

/// The browser that the user has named in the variable `BROWSER`.
pub fn named() -> Option<String> {
    std::env::var("BROWSER").ok().filter(|name| !name.trim().is_empty())
}

/// Opens an address in the user's browser. Whether one was started.
pub fn open(url: &str) -> bool {
    let has = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let program = match named() {
        Some(program) => program,
        None if cfg!(target_os = "macos") => "open".to_owned(),
        None if has("DISPLAY") || has("WAYLAND_DISPLAY") => "xdg-open".to_owned(),
        None => return false,
    };
    let mut words = program.split_whitespace();
    let Some(name) = words.next() else { return false };
    let mut command = Command::new(name);
    command.args(words).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}
