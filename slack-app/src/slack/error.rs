//! Why Slack did not do what it was asked.

/// Why Slack did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlackError {
    /// It refused.
    #[error("Slack refuses `{method}`: {code}{}", needed.as_ref().map(|scope| format!("; the app needs the scope `{scope}`")).unwrap_or_default())]
    Refused {
        /// What was asked.
        method: String,
        /// Why, in its word.
        code: String,
        /// The scope that the app lacks.
        needed: Option<String>,
    },
    /// It wants to be asked later.
    #[error("Slack wants `{method}` to wait for {seconds} s")]
    Later {
        /// What was asked.
        method: String,
        /// In how many seconds.
        seconds: u64,
    },
    /// No answer came. It may have been done.
    #[error("no answer of Slack to `{method}`: {why}")]
    Lost {
        /// What was asked.
        method: String,
        /// What went wrong.
        why: String,
    },
    /// It could not be asked; nothing was done.
    #[error("Slack cannot be reached: {why}")]
    Unreachable {
        /// What went wrong.
        why: String,
    },
}

impl SlackError {
    pub(super) fn refused(method: &str, code: &str) -> Self {
        Self::Refused { method: method.into(), code: code.into(), needed: None }
    }

    pub(super) fn unreachable(method: &str, error: &reqwest::Error) -> Self {
        // The address of an answer is a secret.
        let why = match error {
            error if error.is_timeout() => "it takes too long".to_owned(),
            error if error.is_connect() => "no connection".to_owned(),
            _ => "the connection broke off".to_owned(),
        };
        match error.is_connect() || error.is_builder() {
            true => Self::Unreachable { why },
            false => Self::Lost { method: method.into(), why },
        }
    }

    /// Its word for why.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether nothing can be said in that channel, whatever is said.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        const CLOSED: &[&str] = &[
            "channel_not_found",
            "not_in_channel",
            "is_archived",
            "account_inactive",
            "token_revoked",
            "token_expired",
            "invalid_auth",
            "not_authed",
            "no_permission",
            "missing_scope",
            "restricted_action",
            "team_access_not_granted",
            "restricted_action_read_only_channel",
            "user_is_bot",
            "messages_tab_disabled",
            "cannot_dm_bot",
        ];
        self.code().is_some_and(|code| CLOSED.contains(&code))
    }

    /// Whether the message is there no more, or is none that may be changed.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(
            self.code(),
            Some("message_not_found" | "cant_update_message" | "edit_window_closed" | "thread_not_found")
        )
    }

    /// Whether the message is one that Slack does not take, however often it is sent.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        matches!(
            self.code(),
            Some("invalid_blocks" | "msg_too_long" | "msg_blocks_too_long" | "invalid_blocks_format" | "no_text")
        )
    }
}
