//! What things are called at a terminal: the same as in a chat.

use crate::served::Served;

#[test]
fn a_build_is_named_in_every_way_in_which_it_is_shown() {
    let served = Served::with_script("- {id: unit, script: ['test -e MARKER']}\n");
    let failed = served.run(&["run", "acme/web@main", "WHERE=in the north"]);
    assert_eq!(failed.code, Some(1), "{}{}", failed.stdout, failed.stderr);
    let page = format!("{}/o/acme/r/web/b/1/j/unit#L1", served.url);
    for name in ["acme/web/1", "acme/web#1", "acme/web", &page] {
        let shown = served.does(&["show", name]);
        assert!(shown.starts_with("Build acme/web/1: failure"), "{name}: {shown}");
    }
    let listed = served.does(&["builds", "acme/web", "--mine", "--since", "1h"]);
    assert!(listed.contains("\n1      failure"), "{listed}");

    for (words, why) in [
        (&["show", "https://other.example.com/o/acme/r/web/b/1"][..], "`--server https://other.example.com`"),
        (&["show", "web#1"], "with its organisation"),
        (&["run", "acme/web", "main"], "a branch begins with `@`"),
        (&["builds", "acme/web", "--since", "yesterday"], "a length of time is `90m`, `24h` or `7d`"),
    ] {
        let ran = served.run(words);
        assert_eq!(ran.code, Some(2), "{words:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(why), "{words:?}: {}", ran.stderr);
    }
}
