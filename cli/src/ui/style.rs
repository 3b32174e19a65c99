//! Colours, and whether there are any.

use std::ffi::OsStr;

/// What a piece of text says beyond its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// It went wrong.
    Bad,
    /// It goes on.
    Busy,
    /// It waits for somebody.
    Waiting,
    /// It matters less.
    Quiet,
    /// It matters more.
    Strong,
}

/// How text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    colour: bool,
}

impl Style {
    /// Text as it is.
    #[cfg(test)]
    pub const PLAIN: Self = Self { colour: false };
    /// Text in colours.
    #[cfg(test)]
    pub const COLOURED: Self = Self { colour: true };

    /// What suits a stream: colours on a terminal, unless `NO_COLOR` is set or the terminal is dumb; and wherever
    /// `CLICOLOR_FORCE` asks for them.
    pub fn detect(is_terminal: bool, variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Self {
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty() && value != OsStr::new("0"));
        // https://no-color.org: any value that is not empty, also `0`.
        let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = variable("TERM").is_some_and(|term| term == OsStr::new("dumb"));
        Self { colour: !refused && (set("CLICOLOR_FORCE") || (is_terminal && !dumb)) }
    }

    /// Whether there are colours.
    pub fn is_coloured(self) -> bool {
        self.colour
    }

    /// `text` in the colour of `tone`.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Busy => "36",
            Tone::Waiting => "33",
            Tone::Quiet => "2",
            Tone::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coloured(is_terminal: bool, variables: &[(&str, &str)]) -> bool {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into());
        Style::detect(is_terminal, find).is_coloured()
    }

    #[test]
    fn the_environment_decides_on_colours() {
        assert!(coloured(true, &[("TERM", "xterm")]));
        assert!(!coloured(false, &[("TERM", "xterm")]));
        assert!(!coloured(true, &[("TERM", "dumb")]));
        assert!(!coloured(true, &[("NO_COLOR", "0")]));
        assert!(coloured(true, &[("NO_COLOR", "")]));
        assert!(coloured(false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!coloured(false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!coloured(false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    }
}
