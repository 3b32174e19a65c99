//! Members who may do more in some repositories than in their organisation.

use crate::place::Ran;
use crate::served::Served;

#[test]
fn a_team_may_build_some_repositories_and_no_others() {
    let served = Served::with_script("[{id: unit, script: [echo done]}]");
    served.does(&["service-account", "set", "bot", "viewer", "--org", "acme"]);
    served.does(&["repo", "add", "acme/lib", "https://git.example.com/lib.git"]);
    let none = served.does(&["role-binding", "list", "--org", "acme"]);
    assert!(none.contains("what they may in the organisation"), "{none}");
    let set = ["role-binding", "set", "shop", "developer", "--org", "acme", "--member", "acme/bot"];
    let with = |more: &[&'static str]| served.run(&set.into_iter().chain(more.iter().copied()).collect::<Vec<_>>());
    assert_eq!(with(&[]).code, Some(2), "it is said where");
    assert_eq!(with(&["--repo", "web", "--labels", "team=shop"]).code, Some(2), "by one of both");
    let unknown = with(&["--repo", "gone"]);
    assert!(unknown.code != Some(0) && unknown.stderr.contains("no repository `gone`"), "{}", unknown.stderr);
    let made = with(&["--repo", "web", "--description", "Ours"]);
    assert_eq!((made.code, made.stdout.as_str()), (Some(0), "Set `shop`\n"), "{}", made.stderr);
    let listed = served.does(&["role-binding", "list", "--org", "acme"]);
    assert!(listed.contains("shop  developer  acme/bot  web           Ours"), "{listed}");

    let token = served.place.run(&["service-account", "token", "bot", "builds", "--org", "acme"]).stdout;
    let run = |repo: &str| {
        let mut command = served.place.command(&["run", repo]);
        command.env("MONKEYCI_SERVER", &served.url).env("MONKEYCI_TOKEN", token.trim());
        Ran::of(command.output().expect("the program starts"))
    };
    let built = run("acme/web");
    assert_eq!(built.code, Some(0), "{}", built.stderr);
    let mut whoami = served.place.command(&["whoami"]);
    whoami.env("MONKEYCI_SERVER", &served.url).env("MONKEYCI_TOKEN", token.trim());
    let me = Ran::of(whoami.output().expect("the program starts")).stdout;
    assert!(me.contains("acme  viewer") && me.contains("acme/web    developer"), "{me}");
    let refused = run("acme/lib");
    assert!(refused.code != Some(0) && refused.stderr.contains("`developer` in `acme/lib`"), "{}", refused.stderr);
    assert!(served.does(&["org", "export", "acme"]).contains("\"roleBindings\""));
    assert_eq!(served.does(&["role-binding", "remove", "shop", "--org", "acme"]), "Removed `shop`\n");
    assert_ne!(run("acme/web").code, Some(0));
}
