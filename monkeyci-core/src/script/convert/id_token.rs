//! ID tokens.

use std::collections::BTreeMap;

use monkeyci_model::Text;
use monkeyci_model::job::IdToken;

use super::keys::ID_TOKEN;
use super::{Context, Fields, env, scalar};
use crate::script::diagnostic::shown;
use crate::script::node::Node;
use crate::script::problems::Flaw;

/// ID tokens by the variables that hold them, which are none of `env`.
pub(super) fn id_tokens(
    node: &Node,
    env: &BTreeMap<String, Text>,
    cx: &mut Context<'_, '_>,
) -> BTreeMap<String, IdToken> {
    let Some(entries) = node.as_map() else {
        cx.problems
            .add(scalar::expected(node, "a map of ID tokens").help("write `NAME: {audience: sts.amazonaws.com}`"));
        return BTreeMap::new();
    };
    let mut tokens = BTreeMap::new();
    for (key, value) in entries {
        let Some(name) = env::name(key, cx) else { continue };
        if env.contains_key(name) {
            let message = format!("`{}` is a variable of the job already", shown(name));
            cx.problems.add(Flaw::new(key.span, message).help("give the ID token another name"));
        }
        if let Some(token) = id_token(value, cx) {
            tokens.insert(name.to_owned(), token);
        }
    }
    tokens
}

fn id_token(node: &Node, cx: &mut Context<'_, '_>) -> Option<IdToken> {
    let fields = Fields::read(node, "an ID token", &[ID_TOKEN], |_| false, cx)?;
    let node = fields.require("audience", "an ID token", cx)?;
    let token = IdToken { audience: scalar::strings(node, "an audience", cx) };
    // An audience that is no text is reported already.
    if let Some(wrong) = token.wrong().filter(|_| token.audience.len() == node.items().len()) {
        cx.problems.add(Flaw::new(node.span, wrong));
    }
    Some(token)
}
