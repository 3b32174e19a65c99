//! Whatever is typed, an answer comes and says where.

use monkeyci_grammar::{BuildName, Command, LONGEST, Run, Verb, Which, parse};
use proptest::prelude::*;

/// Text as people type it, and as they do not.
fn typed() -> impl Strategy<Value = String> {
    let verb = prop::sample::select(Verb::ALL.map(Verb::as_str).to_vec()).prop_map(str::to_owned);
    let word = prop_oneof![
        "[a-z]{1,8}",
        "#[0-9]{1,22}",
        "[a-z]{1,4}/[a-z]{1,4}#?[0-9]{0,3}",
        "@[a-z/.-]{0,8}",
        "-?(on|branch|job|by|tail|grep|from|to|since|limit|until|style|quiet|digest|report|lines|direct|label|zone|scope):[a-z0-9:,*/=-]{0,10}",
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
    fn a_build_is_called_in_every_way_that_it_is_shown(
        org in prop::option::of("[a-z][a-z0-9.-]{0,8}"), repo in "[a-z_][a-z0-9.-]{0,8}", number in 1_u64..,
    ) {
        let repo = org.map_or(repo.clone(), |org| format!("{org}/{repo}"));
        let name = format!("{repo}#{number}");
        let build = BuildName::of(&name).expect("a build");
        prop_assert_eq!(build.to_string(), name.as_str());
        if repo.contains('/') {
            for other in [format!("{repo}/{number}"), format!("{repo}/build-{number}")] {
                prop_assert_eq!(BuildName::of(&other), Some(build.clone()), "{}", other);
            }
            let (org, repo) = repo.split_once('/').expect("both");
            let page = format!("https://ci.example.com/x/o/{org}/r/{repo}/b/{number}/j/unit");
            prop_assert_eq!(BuildName::of(&page), Some(build));
            prop_assert_eq!(BuildName::server(&page), Some("https://ci.example.com/x"));
        }
    }

    #[test]
    fn whatever_may_name_a_build_names_one_that_can_be_said_again(text in prop_oneof![
        "\\PC{0,20}", "[a-z/#0-9.:-]{0,24}", "https?://[a-z.]{0,6}(/[a-zöé]{0,6}){0,8}/?[0-9]{0,4}[?#]?",
    ]) {
        if let Some(build) = BuildName::of(&text) {
            let spoken = build.to_string();
            let (repo, number) = (build.repo.is_some(), matches!(build.which, Which::Number(_)));
            if number || !repo {
                prop_assert_eq!(BuildName::of(&spoken), Some(build));
            }
        }
        if let Some(server) = BuildName::server(&text) {
            prop_assert!(text.contains(server) && server.starts_with("http"));
        }
    }

    #[test]
    fn arguments_of_a_program_mean_what_the_same_text_means_in_a_chat(
        repo in prop::option::of("[a-z]{1,6}(/[a-z]{1,6})?"), at in prop::option::of("@[a-z0-9./-]{1,8}"),
        params in prop::collection::btree_map("[A-Z_]{1,6}", "\\PC{0,12}", 0..4),
    ) {
        let params: Vec<(String, String)> = params.into_iter().collect();
        let words: Vec<String> = repo.iter().chain(&at).cloned()
            .chain(params.iter().map(|(name, value)| format!("{name}={value}"))).collect();
        let run = Run::of(words.iter().map(String::as_str)).expect("it is understood");
        prop_assert_eq!(&run.params, &params, "whatever the value holds: a shell has taken it apart");
        let plain = params.iter().all(|(_, value)| value.chars().all(|c| c.is_ascii_alphanumeric()));
        if plain {
            prop_assert_eq!(parse(&format!("run {}", words.join(" "))), Ok(Command::Run(run)));
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
