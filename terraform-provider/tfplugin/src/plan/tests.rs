//! Random schemas and configurations, against the rules that Terraform holds a provider to.

use proptest::prelude::*;

use super::*;
use crate::ty::Type;

/// One attribute of a random schema, without what is a fault in a set.
fn attribute(name: String, depth: u32, in_set: bool) -> BoxedStrategy<Attribute> {
    let kind = if depth == 0 {
        Just(Kind::Plain(Type::String)).boxed()
    } else {
        let nesting = prop::sample::select(vec![Nesting::Single, Nesting::List, Nesting::Set, Nesting::Map]);
        let nested = nesting.prop_flat_map(move |nesting| {
            let inside = schema(depth - 1, in_set || nesting == Nesting::Set);
            inside.prop_map(move |schema| Kind::Nested(nesting, schema.into()))
        });
        prop_oneof![3 => Just(Kind::Plain(Type::String)), 1 => nested].boxed()
    };
    (kind, 0..7_u8, any::<bool>())
        .prop_map(move |(kind, form, replaces)| {
            let plain = matches!(kind, Kind::Plain(_));
            let attribute = Attribute { kind, ..Attribute::of::<Option<String>>(&name) };
            let computed = Attribute { presence: Presence::Computed, ..attribute.clone() };
            let attribute = match form {
                0 => computed,
                1 => computed.keeps(),
                2 => computed.optional(),
                3 => computed.optional().keeps(),
                4 if plain && !in_set => attribute.default("default"),
                5 if plain && !in_set => attribute.write_only(),
                6 if plain => attribute.same(|left, right| left.trim() == right.trim()),
                _ => attribute,
            };
            if replaces && !attribute.write_only { attribute.replaces() } else { attribute }
        })
        .boxed()
}

fn schema(depth: u32, in_set: bool) -> BoxedStrategy<Schema> {
    (1..4_usize)
        .prop_flat_map(move |count| {
            (0..count).map(|index| attribute(format!("a{index}"), depth, in_set)).collect::<Vec<_>>()
        })
        .prop_map(Schema::new)
        .boxed()
}

/// What a user may write for a schema. Nothing is in a set twice.
fn config(schema: &Schema) -> BoxedStrategy<Value> {
    let attribute = |attribute: &Attribute| {
        let name = attribute.name.clone();
        if attribute.presence == Presence::Computed {
            return Just((name, Value::Null)).boxed();
        }
        let written = match &attribute.kind {
            Kind::Plain(_) => "[ab ]{0,2}".prop_map(Value::from).boxed(),
            Kind::Nested(Nesting::Single, schema) => config(schema),
            Kind::Nested(Nesting::List, schema) => {
                prop::collection::vec(config(schema), 0..3).prop_map(Value::List).boxed()
            }
            Kind::Nested(Nesting::Map, schema) => {
                prop::collection::btree_map("[kl]", config(schema), 0..3).prop_map(Value::Map).boxed()
            }
            Kind::Nested(Nesting::Set, schema) => {
                let ty = schema.ty();
                prop::collection::vec(config(schema), 0..3).prop_map(move |some| Value::set(some, &ty)).boxed()
            }
        };
        prop_oneof![1 => Just(Value::Null), 3 => written].prop_map(move |value| (name.clone(), value)).boxed()
    };
    let attributes: Vec<_> = schema.attributes.iter().map(attribute).collect();
    attributes.prop_map(|attributes| Value::Map(attributes.into_iter().collect())).boxed()
}

/// What Terraform proposes: the configuration, with what was computed before where the user says nothing.
fn propose(schema: &Schema, prior: &Value, config: &Value) -> Value {
    let attribute = |attribute: &Attribute| {
        let (prior, config) = (prior.get(&attribute.name), config.get(&attribute.name));
        let value = match (&attribute.kind, config) {
            (_, Value::Null) => {
                if attribute.is_computed() {
                    prior.clone()
                } else {
                    Value::Null
                }
            }
            (Kind::Plain(_), config) => config.clone(),
            (Kind::Nested(Nesting::Single, schema), config) => propose(schema, prior, config),
            (Kind::Nested(Nesting::Map, schema), Value::Map(elements)) => Value::Map(
                elements.iter().map(|(key, config)| (key.clone(), propose(schema, prior.get(key), config))).collect(),
            ),
            (Kind::Nested(Nesting::List, schema), Value::List(elements)) => {
                let one = |(index, config)| propose(schema, element(prior, index), config);
                Value::List(elements.iter().enumerate().map(one).collect())
            }
            (Kind::Nested(_, schema), Value::List(elements)) => {
                let one = |(config, prior)| propose(schema, prior, config);
                Value::set(paired(schema, elements, prior).into_iter().map(one).collect(), &schema.ty())
            }
            _ => config.clone(),
        };
        (attribute.name.clone(), value)
    };
    Value::Map(schema.attributes.iter().map(attribute).collect())
}

/// What a provider makes of a plan: each unknown value gets one that tells where it is from, so that two elements of a set
/// never become one.
fn apply(planned: &Value, ty: &Type, place: &str) -> Value {
    let inside = |step: &str| format!("{place}.{step}");
    let each = |parts: &[Value], ty: &Type| {
        parts.iter().enumerate().map(|(index, part)| apply(part, ty, &inside(&index.to_string()))).collect()
    };
    match (planned, ty) {
        (Value::Unknown(_), Type::String) => Value::from(format!("made at{place}")),
        (Value::Unknown(_), Type::Object(types)) => {
            let unknown = |(name, ty): (&String, &Type)| (name.clone(), apply(&Value::UNKNOWN, ty, &inside(name)));
            Value::Map(types.iter().map(unknown).collect())
        }
        (Value::Unknown(_), Type::Map(ty)) => {
            Value::Map(BTreeMap::from([("made".to_owned(), apply(&Value::UNKNOWN, ty, &inside("made")))]))
        }
        (Value::Unknown(_), Type::List(ty) | Type::Set(ty)) => {
            Value::List(vec![apply(&Value::UNKNOWN, ty, &inside("made"))])
        }
        (Value::Map(parts), Type::Object(types)) => {
            let part = |(name, part): (&String, &Value)| (name.clone(), apply(part, &types[name], &inside(name)));
            Value::Map(parts.iter().map(part).collect())
        }
        (Value::Map(parts), Type::Map(ty)) => {
            Value::Map(parts.iter().map(|(name, part)| (name.clone(), apply(part, ty, &inside(name)))).collect())
        }
        (Value::List(parts), Type::Set(ty)) => Value::set(each(parts, ty), ty),
        (Value::List(parts), Type::List(ty)) => Value::List(each(parts, ty)),
        (value, _) => value.clone(),
    }
}

/// What Terraform refuses in a plan.
fn illegal(schema: &Schema, prior: &Value, config: &Value, planned: &Value) -> Option<String> {
    schema.attributes.iter().find_map(|attribute| {
        let name = &attribute.name;
        let (prior, config, planned) = (prior.get(name), config.get(name), planned.get(name));
        let wrong = |why: &str| Some(format!("{name}: {why}"));
        match (&attribute.kind, config, planned) {
            _ if attribute.write_only => {
                if planned.is_null() {
                    None
                } else {
                    wrong("write-only, and in the plan")
                }
            }
            (_, Value::Null, planned) => {
                if attribute.is_computed() || planned.is_null() {
                    None
                } else {
                    wrong("made up")
                }
            }
            _ if planned == prior => None,
            (Kind::Plain(_), config, planned) => {
                if config == planned {
                    None
                } else {
                    wrong("changed")
                }
            }
            (Kind::Nested(Nesting::Single, schema), ..) => illegal(schema, prior, config, planned),
            (Kind::Nested(Nesting::List, schema), Value::List(config), Value::List(planned)) => {
                if config.len() != planned.len() {
                    return wrong("another length");
                }
                let mut pairs = config.iter().zip(planned).enumerate();
                pairs.find_map(|(index, (config, planned))| illegal(schema, element(prior, index), config, planned))
            }
            (Kind::Nested(Nesting::Map, schema), Value::Map(config), Value::Map(planned)) => {
                if !config.keys().eq(planned.keys()) {
                    return wrong("other keys");
                }
                config.iter().find_map(|(key, config)| illegal(schema, prior.get(key), config, &planned[key]))
            }
            (Kind::Nested(Nesting::Set, _), Value::List(config), Value::List(planned)) => {
                if config.len() == planned.len() { None } else { wrong("another size") }
            }
            _ => wrong("another kind"),
        }
    })
}

fn case() -> impl Strategy<Value = (Schema, Value, Value)> {
    schema(2, false).prop_flat_map(|schema| {
        let (first, second) = (config(&schema), config(&schema));
        (Just(schema), first, second)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_after_it_was_applied_is_empty((schema, first, second) in case()) {
        let mut state = Value::Null;
        for config in [&first, &second, &first] {
            let planned = plan(&schema, &state, config, &propose(&schema, &state, config));
            prop_assert_eq!(illegal(&schema, &state, config, &planned), None);
            let before = planned.clone();
            state = apply(&planned, &schema.ty(), "");
            settle_answer(&schema, &mut state, &before);
            prop_assert!(!state.has_unknown());

            let again = plan(&schema, &state, config, &propose(&schema, &state, config));
            prop_assert!(again == state, "planned again: {:?}, and there is {:?}", again, state);
            prop_assert_eq!(replaced(&schema, &state, &again), Vec::new());
        }
    }
}

#[test]
fn an_element_of_a_set_keeps_what_is_its_own_beside_one_that_means_the_same() {
    let text = Attribute::of::<Option<String>>("text").same(|left, right| left.trim() == right.trim());
    let id = Attribute { presence: Presence::Computed, ..Attribute::of::<Option<String>>("id") };
    let inside = Schema::new(vec![text, id]);
    let ty = inside.ty();
    let nested =
        Attribute { kind: Kind::Nested(Nesting::Set, inside.into()), ..Attribute::of::<Option<String>>("notes") };
    let schema = Schema::new(vec![nested]);
    let note = |text: &str, id: Value| {
        Value::Map(BTreeMap::from([("text".to_owned(), Value::from(text)), ("id".to_owned(), id)]))
    };
    let notes = |some| Value::Map(BTreeMap::from([("notes".to_owned(), Value::set(some, &ty))]));
    let config = notes(vec![note("a ", Value::Null), note("a", Value::Null)]);
    for ids in [["1", "2"], ["2", "1"]] {
        let state = notes(vec![note("a", Value::from(ids[0])), note("a ", Value::from(ids[1]))]);
        assert_eq!(plan(&schema, &state, &config, &propose(&schema, &state, &config)), state);
    }
}
