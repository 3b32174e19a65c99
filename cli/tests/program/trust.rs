//! Programs elsewhere that are service accounts, by what is signed for them.

use crate::place::Ran;
use crate::served::Served;

/// A job that leaves its ID token in a file, and prints nothing of it.
const SIGNED: &str =
    "[{id: deploy, script: ['printf %s \"$TOKEN\" > MARKER'], id-tokens: {TOKEN: {audience: monkeyci}}}]";

const SUBJECT: &str = "org:acme:repo:web:ref:refs/heads/main";

/// Runs the program as nobody else but whoever has this token.
fn with_token(served: &Served, token: &str, arguments: &[&str]) -> Ran {
    let mut command = served.place.command(arguments);
    command.env("MONKEYCI_SERVER", &served.url).env("MONKEYCI_TOKEN", token);
    Ran::of(command.output().expect("the program starts"))
}

#[test]
fn what_the_server_signs_for_a_job_is_exchanged_for_a_token_of_the_account_that_trusts_it() {
    let served = Served::with_script(SIGNED);
    served.does(&["service-account", "set", "terraform", "maintainer", "--org", "acme"]);
    assert_eq!(served.does(&["trust", "list", "terraform", "--org", "acme"]), "It trusts nobody\n");
    let wanted = |subject: &'static str| {
        let url = served.url.as_str();
        ["trust", "set", "terraform", "jobs", "--org", "acme", "--issuer", url, "--subject", subject]
            .into_iter()
            .chain(["--audience", "monkeyci", "--claim", "job=deploy", "--role", "developer", "--minutes", "5"])
            .collect::<Vec<_>>()
    };
    // What lets in strangers is refused, and nothing is set.
    let refused = served.run(&wanted("org:*"));
    assert!(refused.code != Some(0) && refused.stderr.contains("lets in strangers"), "{}", refused.stderr);
    assert_eq!(served.does(&wanted(SUBJECT)), "`terraform` trusts `jobs`\n");
    let listed = served.run(&["trust", "list", "terraform", "--org", "acme"]).stdout;
    for word in ["jobs", served.url.as_str(), SUBJECT, "job=deploy"] {
        assert!(listed.contains(word), "{word}: {listed}");
    }
    let json = served.run(&["trust", "list", "terraform", "--org", "acme", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json[0]["role"], "developer", "{json}");
    assert_eq!(json[0]["minutes"], 5, "{json}");

    served.does(&["run", "acme/web", "--branch", "main"]);
    let file = served.place.marker().display().to_string();
    let id_token = std::fs::read_to_string(&file).expect("the job left it");
    let exchange = ["token", "exchange", "terraform", "--org", "acme"];
    let of_file: Vec<_> = exchange.into_iter().chain(["--id-token-file", file.as_str()]).collect();
    let made = served.run(&of_file);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let token = made.stdout.trim();
    assert!(token.starts_with("mci_") && made.stdout.lines().count() == 1, "alone, to be piped");
    let me = with_token(&served, token, &["whoami"]);
    assert!(me.stdout.starts_with("acme/terraform, on "), "{}{}", me.stdout, me.stderr);
    assert!(me.stdout.contains("developer"), "no more than the trust says: {}", me.stdout);
    // The same of a variable, by somebody who is nobody here otherwise.
    let mut command = served.place.command(&exchange);
    command.env("MONKEYCI_SERVER", &served.url).env("MONKEYCI_ID_TOKEN", &id_token);
    command.env("HOME", "/").env("XDG_CONFIG_HOME", "/nowhere");
    let by_variable = Ran::of(command.output().expect("the program starts"));
    assert!(by_variable.code == Some(0) && by_variable.stdout.starts_with("mci_"), "{}", by_variable.stderr);

    // Who shows nothing, or is not meant, is told why; nobody repeats what they showed.
    let none = served.run(&exchange);
    assert!(none.code == Some(2) && none.stderr.contains("MONKEYCI_ID_TOKEN"), "{}", none.stderr);
    let gone = served.run(&["token", "exchange", "terraform", "--org", "acme", "--id-token-file", "nowhere"]);
    assert!(gone.code == Some(2) && gone.stderr.contains("`nowhere`"), "{}", gone.stderr);
    served.does(&["service-account", "set", "other", "viewer", "--org", "acme"]);
    let other = served.run(&["token", "exchange", "other", "--org", "acme", "--id-token-file", &file]);
    assert!(other.code != Some(0) && other.stderr.contains("no trust of `acme/other`"), "{}", other.stderr);
    assert!(!other.stderr.contains(&id_token) && other.stdout.is_empty());

    // Whoever trusts no more ends what was given out.
    assert_eq!(served.does(&["trust", "remove", "terraform", "jobs", "--org", "acme"]), "Removed `jobs`\n");
    assert_ne!(with_token(&served, token, &["whoami"]).code, Some(0));
    assert_ne!(served.run(&of_file).code, Some(0));
    assert_eq!(served.run(&["trust", "remove", "terraform", "jobs", "--org", "acme"]).code, Some(2));
}
