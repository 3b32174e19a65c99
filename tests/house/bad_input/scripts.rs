//! Scripts, files and arguments that cannot be.

use std::fmt::Write as _;

use super::holds;
use crate::program::Home;

/// A script, how its build ends, and what a person reads.
const SCRIPTS: &[(&str, &str, &[&str])] = &[
    ("unknown key", "- id: bad\n  scirpt: [make]\n", &["scirpt", "`script`", "build.yaml:2"]),
    ("no YAML", "- id: [bad\n", &["build.yaml"]),
    (
        "cycle",
        "- {id: a, script: [x], dependencies: [b]}\n- {id: b, script: [x], dependencies: [a]}\n",
        &["`a`", "`b`"],
    ),
    ("unknown job", "- {id: a, script: [x], dependencies: [nobody]}\n", &["nobody"]),
    ("duplicate id", "- {id: a, script: [x]}\n- {id: a, script: [y]}\n", &["`a`"]),
    (
        "aliases that multiply",
        "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
         d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
        &["build.yaml"],
    ),
];

#[test]
fn a_script_that_cannot_be_is_refused_with_its_place() {
    for (name, script, says) in SCRIPTS {
        let home = Home::new();
        let repository = home.repository(script).display().to_string();
        holds(name, &home, &home.run(&["build", &repository]), 1, says);
        holds(name, &home, &home.run(&["verify", &repository]), 1, says);
    }
}

#[test]
fn bombs_are_refused() {
    let deep = format!("- id: bad\n  script: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let big = format!("- id: bad\n  script: ['{}']\n", "x".repeat(17 << 20));
    let mut many = String::new();
    for job in 0..100_001 {
        writeln!(many, "- {{id: j{job}, script: [x]}}").expect("text");
    }
    let matrix = "- id: bad\n  script: [x]\n  matrix:\n".to_owned()
        + &(0..9).map(|n| format!("    A{n}: [0,1,2,3,4,5,6,7,8,9]\n")).collect::<String>();
    for (name, script) in [("depth", deep), ("size", big), ("too many jobs", many), ("matrix", matrix)] {
        let home = Home::new();
        let repository = home.repository(&script).display().to_string();
        let began = std::time::Instant::now();
        holds(name, &home, &home.run(&["build", &repository]), 1, &["build.yaml"]);
        // A few seconds, and more on a busy machine; what blows up takes all memory, or hours.
        assert!(began.elapsed().as_secs() < 120, "{name}: it took {:?}", began.elapsed());
    }
}

#[test]
fn a_repository_without_a_script_says_so() {
    let home = Home::new();
    std::fs::create_dir(home.file("empty")).expect("a folder");
    let empty = home.file("empty").display().to_string();
    holds("no script", &home, &home.run(&["build", &empty]), 3, &[".monkeyci"]);
    std::fs::create_dir(home.file("empty/.monkeyci")).expect("a folder");
    std::fs::write(home.file("empty/.monkeyci/build.clj"), "(ns build)").expect("a script");
    holds("a script of later", &home, &home.run(&["build", &empty]), 3, &["build.clj"]);
    let nowhere = home.file("nowhere").display().to_string();
    let said = home.run(&["build", &nowhere]);
    holds("no folder", &home, &said, 2, &["nowhere"]);
}

#[test]
fn garbage_in_a_param_file_is_refused() {
    let home = Home::new();
    let repository = home.repository("- id: good\n  script: [echo good]\n").display().to_string();
    for kind in ["yaml", "json", "edn", "toml"] {
        let name = format!("params.{kind}");
        std::fs::write(home.file(&name), b"\xff\xfe{[(\0").expect("written");
        let said = home.run(&["build", "--param-file", &home.file(&name).display().to_string(), &repository]);
        holds(&name, &home, &said, 2, &[&name]);
    }
}

#[test]
fn a_url_runs_nothing() {
    let home = Home::new();
    let marker = home.file("marker").display().to_string();
    let repository = home.file("none").display().to_string();
    let attacks: &[&[&str]] = &[
        &["-u", &format!("ext::sh -c touch% {marker}")],
        &["-u", &format!("--upload-pack=touch {marker}")],
        &[&format!("--git-url=--upload-pack=touch {marker}")],
        &[&format!("--git-url=-oProxyCommand=touch {marker}")],
        &["-u", &format!("ssh://-oProxyCommand=touch {marker}/x")],
        &["-u", &format!("file://{repository}"), &format!("--branch=--upload-pack=touch {marker}")],
        &["-u", &format!("file://{repository}"), &format!("--commit-id=--upload-pack=touch {marker}")],
        &["-u", "https://example.com/a\nb"],
    ];
    for attack in attacks {
        let args: Vec<&str> = ["build"].iter().chain(*attack).copied().collect();
        holds(&args.join(" "), &home, &home.run(&args), 2, &[]);
        assert!(!home.file("marker").exists(), "{attack:?} ran something");
    }
    let said = home.run(&["build", "-u", &format!("file://{repository}")]);
    assert!(matches!(said.code, Some(1 | 4)), "{}", said.both());
}
