//! Whatever is typed, an answer comes and says where.

use monkeyci_grammar::{Command, LONGEST, Verb, parse};
use proptest::prelude::*;

/// Text as people type it, and as they do not.
fn typed() -> impl Strategy<Value = String> {
    let verb = prop::sample::select(Verb::ALL.map(Verb::as_str).to_vec()).prop_map(str::to_owned);
    let word = prop_oneof![
        "[a-z]{1,8}",
        "#[0-9]{1,22}",
        "[a-z]{1,4}/[a-z]{1,4}#?[0-9]{0,3}",
        "@[a-z/.-]{0,8}",
        "-?(on|branch|job|by|tail|grep|from|to|since|limit|until|style|quiet|digest|label|zone|scope):[a-z0-9:,*/=-]{0,10}",
        "[A-Z_]{1,6}=[“\"'a-z \\\\”]{0,8}",
        "(--|–|—)[a-z]{0,6}",
        "<https://[a-z./|]{0,20}>",
        "[\"'“”‘’«\\\\]{1,3}",
        "\\PC{0,6}",
    ];
    (prop_oneof![verb, "\\PC{0,8}"], prop::collection::vec(word, 0..8)).prop_map(|(verb, words)| {
        let mut text = verb;
        for word in words {
            text.push(' ');
            text.push_str(&word);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn whatever_is_typed_is_answered(text in typed()) {
        if let Err(mistake) = parse(&text) {
            let length = text.chars().count();
            prop_assert!(!mistake.what.is_empty());
            prop_assert!(mistake.at + mistake.length <= length, "{mistake:?} of {length}");
            prop_assert!(mistake.what.chars().count() < 600 && !mistake.what.chars().any(char::is_control), "{mistake}");
            prop_assert!(mistake.picture(&text).lines().count() <= 2);
        }
    }

    #[test]
    fn a_value_in_quotes_comes_out_as_it_went_in(value in "\\PC{0,40}") {
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!("run web NOTE=\"{quoted}\"");
        // Quotes that a keyboard made round are read as straight ones, also within.
        let round = value.contains(['“', '”', '„', '«', '»', '‘', '’', '‚', '\u{a0}', '\u{202f}', '\u{2007}']);
        if !round {
            let Ok(Command::Run(run)) = parse(&text) else { panic!("{:?}", parse(&text)) };
            prop_assert_eq!(&run.params[0].1, &value);
        }
    }
}

#[test]
fn what_is_far_too_long_is_refused_at_once() {
    let mistake = parse(&"a ".repeat(LONGEST * 100)).expect_err("too long");
    assert_eq!((mistake.what.as_str(), mistake.at), ("a command has up to 4000 characters", LONGEST));
}

#[test]
fn every_command_is_explained() {
    for verb in Verb::ALL {
        assert!(!verb.purpose().is_empty());
        assert_eq!(Verb::of(&verb.to_string().to_uppercase()), Some(verb));
        assert_eq!(parse(&format!("help {verb}")), Ok(Command::Help(Some(verb))));
    }
}
