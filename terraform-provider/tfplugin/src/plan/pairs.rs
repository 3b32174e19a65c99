//! Elements of sets, which have no names: which of those that the user wrote has become which.

use super::settled_text;
use crate::schema::{Kind, Nesting, Schema};
use crate::value::Value;

/// Each element of a set as the user wrote it, with the proposed one that it has become; null where there is none. Several
/// may do for one, so as many as possible get theirs (augmenting paths), and those that say just that before those that
/// only mean the same.
pub(super) fn paired<'a>(schema: &Schema, config: &'a [Value], proposed: &'a Value) -> Vec<(&'a Value, &'a Value)> {
    let proposed = if let Value::List(elements) = proposed { elements.as_slice() } else { &[] };
    let mut owners = vec![None; proposed.len()];
    for texts in [Texts::Equal, Texts::Same] {
        let may: Vec<Vec<usize>> = config
            .iter()
            .map(|config| (0..proposed.len()).filter(|at| agrees(schema, config, &proposed[*at], texts)).collect())
            .collect();
        for index in 0..config.len() {
            if !owners.contains(&Some(index)) {
                claim(index, &may, &mut owners, &mut vec![false; proposed.len()]);
            }
        }
    }
    let own = |index| owners.iter().position(|owner| *owner == Some(index));
    let pair = |(index, config)| (config, own(index).map_or(&Value::Null, |place| &proposed[place]));
    config.iter().enumerate().map(pair).collect()
}

/// Finds a place for one, and for whoever has to make room.
fn claim(index: usize, may: &[Vec<usize>], owners: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for &place in &may[index] {
        if std::mem::replace(&mut seen[place], true) {
            continue;
        }
        if owners[place].is_none_or(|owner| claim(owner, may, owners, seen)) {
            owners[place] = Some(index);
            return true;
        }
    }
    false
}

/// When two texts are one.
#[derive(Clone, Copy)]
enum Texts {
    /// They are equal.
    Equal,
    /// They mean the same.
    Same,
}

/// Whether the second may be the first with computed attributes filled in.
fn agrees(schema: &Schema, config: &Value, filled: &Value, texts: Texts) -> bool {
    let (Value::Map(_), Value::Map(_)) = (config, filled) else { return config == filled };
    schema.attributes.iter().all(|attribute| {
        let (config, filled) = (config.get(&attribute.name), filled.get(&attribute.name));
        match (&attribute.kind, config, filled) {
            _ if attribute.write_only => true,
            (_, Value::Null, _) => attribute.is_computed() || filled.is_null(),
            (Kind::Plain(_), ..) => match texts {
                Texts::Equal => config == filled,
                Texts::Same => settled_text(attribute, config, filled) == *filled,
            },
            (Kind::Nested(Nesting::Single, schema), ..) => agrees(schema, config, filled, texts),
            (Kind::Nested(Nesting::List, schema), Value::List(left), Value::List(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| agrees(schema, left, right, texts))
            }
            (Kind::Nested(Nesting::Map, schema), Value::Map(left), Value::Map(right)) => {
                left.keys().eq(right.keys())
                    && left.iter().all(|(key, value)| agrees(schema, value, &right[key], texts))
            }
            (Kind::Nested(Nesting::Set, schema), Value::List(left), Value::List(right)) => {
                let agrees = |(left, right): (&Value, &Value)| agrees(schema, left, right, texts);
                left.len() == right.len() && paired(schema, left, filled).into_iter().all(agrees)
            }
            (_, config, filled) => config == filled,
        }
    })
}
