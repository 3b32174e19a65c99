//! Values on the wire.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tfplugin::{Number, Path, Refinement, Schema, Type, Value};

#[test]
fn numbers_come_back_as_they_were_sent() {
    let of = |text: &str| Value::Number(Number::parse(text).expect("a number"));
    for text in [
        "0",
        "-1",
        "18446744073709551615",
        "-9223372036854775808",
        "0.1",
        "0.5",
        "3.14159265358979323846264338327950288",
    ] {
        let value = of(text);
        assert_eq!(Value::from_msgpack(&value.to_msgpack(&Type::Number), &Type::Number), Ok(value.clone()), "{text}");
        assert_eq!(Value::from_json(text.as_bytes(), &Type::Number), Ok(value), "{text}");
    }
    // A tenth is no fraction of two: it goes as digits, as Terraform has it.
    assert_eq!(of("0.1").to_msgpack(&Type::Number), b"\xa30.1");
    assert_eq!(of("0.5").to_msgpack(&Type::Number)[0], 0xcb);
    assert_eq!(of("1.0"), of("1"));
    assert_eq!(of("2.50"), Value::from(2.5));
    for (left, right) in
        [("1e3", "1000"), ("15E-8", "0.00000015"), ("-1.25e1", "-12.5"), ("0.10e1", "1"), ("1e-2", "0.01")]
    {
        assert_eq!(of(left), of(right));
    }
    assert_eq!(of("1e999999999"), of("1e999999999"), "too large to be written out");
    for wrong in ["", "x", "NaN", "inf", "1e", "--1", "0x10"] {
        assert!(Number::parse(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn what_is_unknown_is_so_in_every_form() {
    let unknown = |bytes: &[u8]| Value::from_msgpack(bytes, &Type::String).expect("a value");
    assert_eq!(unknown(&[0xd4, 0, 0]), Value::UNKNOWN);
    assert_eq!(unknown(&[0xd4, 99, 1]), Value::UNKNOWN, "kinds to come are unknown too");
    assert_eq!(unknown(&[0xc7, 1, 12, 0xc1]), Value::UNKNOWN, "a hint that is nonsense is none");
    assert_eq!(Value::UNKNOWN.to_msgpack(&Type::String), [0xd4, 0, 0]);
    let refined = Value::Unknown(Refinement {
        null: Some(false),
        lower: Some((Number::from(1_i64), true)),
        upper: Some((Number::from(0.5), false)),
        min_length: Some(1),
        max_length: Some(2),
        prefix: Some("ab".to_owned()),
    });
    assert_eq!(unknown(&refined.to_msgpack(&Type::String)), refined);
}

#[test]
fn a_pointer_of_an_api_leads_to_its_attribute() {
    let schema: Schema = <crate::files::Note as tfplugin::Object>::schema();
    for (pointer, path) in [
        ("/name", "name"),
        ("/secretVersion", "secret_version"),
        ("/parts/one~1two/title", "parts[\"one/two\"].title"),
        ("/lines/2", "lines[2]"),
        ("/mentions/0/email", "mentions"),
        ("/author/name/more", "author.name"),
        ("/nowhere", ""),
        ("", ""),
    ] {
        assert_eq!(Path::of_pointer(&schema, pointer).to_string(), path, "{pointer}");
    }
}

fn typed() -> impl Strategy<Value = (Type, Value)> {
    let text = any::<String>().prop_map(|text| (Type::String, Value::from(text)));
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e12..1e12_f64).prop_map(Value::from)
    ];
    let leaf = prop_oneof![
        text,
        number.prop_map(|number| (Type::Number, number)),
        any::<bool>().prop_map(|truth| (Type::Bool, Value::Bool(truth))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            several.clone().prop_map(|parts| {
                let (types, values) = parts.into_iter().unzip();
                (Type::Tuple(types), Value::List(values))
            }),
            several.prop_map(|parts| {
                let named = || (0..).map(|index| format!("a{index}"));
                let (types, values): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
                let types: BTreeMap<_, _> = named().zip(types).collect();
                (Type::Object(types), Value::Map(named().zip(values).collect()))
            }),
            inner.clone().prop_map(|(ty, value)| (Type::List(ty.into()), Value::List(vec![value, Value::Null]))),
            inner
                .clone()
                .prop_map(|(ty, value)| (Type::Map(ty.into()), Value::Map([(String::from("k"), value)].into()))),
            inner.prop_map(|(ty, value)| (Type::Dynamic, Value::Dynamic(ty.into(), value.into()))),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_comes_back((ty, value) in typed()) {
        prop_assert_eq!(Value::from_msgpack(&value.to_msgpack(&ty), &ty), Ok(value.clone()));
        let json = value.to_json(&ty).to_string();
        prop_assert_eq!(Value::from_json(json.as_bytes(), &ty), Ok(value));
        prop_assert_eq!(Type::from_json(&ty.to_json()), Ok(ty));
    }

    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..64), (ty, _) in typed()) {
        let _ = Value::from_msgpack(&bytes, &ty);
        let _ = Value::from_json(&bytes, &ty);
    }
}
