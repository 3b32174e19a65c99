//! What there is to say.

use monkeyci_grammar::Verb;

use super::Answer;
use crate::message::Message;
use crate::message::block::{context, section};
use crate::message::text::escape;

/// What there is, or more of one command.
pub(super) fn answer(command: &str, verb: Option<Verb>) -> Answer {
    if let Some(verb) = verb {
        let words = format!("*`{command} {verb}`* — {}\n`{command} {verb} {}`", verb.purpose(), escape(verb.usage()));
        return Answer::said(&words);
    }
    let lines: Vec<String> = Verb::ALL.iter().map(|verb| format!("• `{verb}` — {}", verb.purpose())).collect();
    let words =
        format!("*`{command}`* — the repository is that of the channel where none is named\n{}", lines.join("\n"));
    let hint = format!(
        "`{command} help subscribe` says more of one. In a thread of a build, mention the app: it knows which build you mean."
    );
    let message = Message { text: format!("{command} help"), blocks: vec![section(&words), context(&[hint])] };
    Answer { message, public: false }
}
