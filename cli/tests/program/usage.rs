use crate::place::Place;

#[test]
fn wrong_words_end_with_2_and_say_what_was_meant() {
    let place = Place::empty();
    for (arguments, hint) in [
        (&["biuld"][..], "build"),
        (&["plan", "--frmat", "svg"], "--format"),
        (&["plan", "--format", "pdf"], "possible values"),
        (&["schema", "jobs"], "the schemas are"),
        (&["build", "--jobs", "0"], "0"),
        (&["build", "/does/not/exist"], "/does/not/exist"),
        (&["build", "-p", "novalue"], "NAME=VALUE"),
        (&["build", "--resume", "7"], "no build 7"),
        (&["build", "-u", "ext::sh -c id"], "--git-url"),
        (&["build", "--filter", "["], "`[` is no glob"),
        (&["build", "--junit", "no/such/report.xml"], "no/such/report.xml"),
        (&["build", "-b", "a", "-t", "b"], "cannot be used with"),
        (&["run-build"], "no store is named"),
        (&["run-build", "--store", "s3://builds"], "oci://NAMESPACE/BUCKET/PREFIX"),
        (&["run-build", "--store", "file:///tmp", "no/such/trigger.json"], "no/such/trigger.json"),
        (&["run-build", "--store", "file:///tmp", "--queue", "here"], "--queue"),
        (&["show", "--store", "file:///tmp", "42"], "acme/web/42"),
        (&["show", "--store", "file:///tmp", "acme/web/42"], "no build acme/web/42"),
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}

#[test]
fn the_configuration_that_is_shown_is_right_and_a_wrong_one_is_told_with_its_place() {
    let place = Place::empty();
    let shown = place.run(&["config", "show"]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    place.write("server.toml", &shown.stdout);
    let checked = place.run(&["config", "check", "server.toml"]);
    assert_eq!((checked.code, checked.stdout.as_str()), (Some(0), "server.toml can be used\n"), "{}", checked.stderr);

    place.write("server.toml", &shown.stdout.replace("engine =", "engin ="));
    let wrong = place.run(&["config", "check", "server.toml"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stdout);
    assert!(wrong.stderr.contains("server.toml") && wrong.stderr.contains("engin"), "{}", wrong.stderr);
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    let ran = Place::empty().run(&["build", "--secret", "TOKEN=hunter2"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("TOKEN") && !ran.stderr.contains("hunter2"), "{}", ran.stderr);
}

#[test]
fn a_folder_without_a_script_ends_with_3_and_says_how_to_write_one() {
    let place = Place::empty();
    for command in ["verify", "plan", "build"] {
        let ran = place.run(&[command]);
        assert_eq!(ran.code, Some(3), "{command}: {}{}", ran.stdout, ran.stderr);
        let text = ran.stdout + &ran.stderr;
        assert!(text.contains(".monkeyci/build.yaml"), "{command}: {text}");
    }
}

#[test]
fn a_script_of_another_tool_is_named_and_not_skipped() {
    let place = Place::empty();
    place.write(".monkeyci/build.clj", "(ns build)");
    for command in ["verify", "build"] {
        let ran = place.run(&[command]);
        assert_eq!(ran.code, Some(3), "{command}: {}{}", ran.stdout, ran.stderr);
        assert!((ran.stdout + &ran.stderr).contains("build.clj"), "{command}");
    }
}

#[test]
fn completions_know_the_commands() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish"] {
        let ran = place.run(&["completions", shell]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.stdout.contains("verify"), "{shell}");
    }
}

#[test]
fn schemas_are_json() {
    let place = Place::empty();
    let names = place.run(&["schema", "--list"]).stdout;
    assert!(names.lines().any(|name| name == "script"), "{names}");
    for name in names.lines() {
        let ran = place.run(&["schema", name]);
        let schema: serde_json::Value = serde_json::from_str(&ran.stdout).expect(name);
        assert!(schema.is_object(), "{name}");
    }
}

#[test]
fn what_went_wrong_comes_with_what_to_do() {
    let place = Place::with_script("- {id: a, script: 'false', params: [VERSION]}\n");
    for (arguments, code, said) in [
        (&["build"][..], 1, "`-p VERSION=VALUE` or `--secret VERSION`"),
        (&["build", "-p", "VERSION=1", "-f", "nope*"], 1, "no job matches the filter `nope*`; the script has `a`"),
        (&["build", "-p", "VERSION=1"], 1, ": its only job failed\n"),
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(said), "{arguments:?}: {}", ran.stdout);
    }
    let file = place.repo().join("file");
    place.write("file", "no folder");
    let ran = place.command(&["build"]).env("XDG_DATA_HOME", &file).output().map(crate::place::Ran::of);
    let ran = ran.expect("the program starts");
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(ran.stderr.contains("repo/file/") && ran.stderr.contains("hint: set `XDG_DATA_HOME`"), "{}", ran.stderr);
    let ran = place.command(&["build"]).env("XDG_CACHE_HOME", &file).output().map(crate::place::Ran::of);
    assert_eq!(ran.expect("the program starts").code, Some(4));
    let ran = place.run(&["build", "--dry-run", "-p", "VERSION=1"]);
    assert!(!ran.stdout.contains("has not ended"), "what never began is not offered: {}", ran.stdout);
}
