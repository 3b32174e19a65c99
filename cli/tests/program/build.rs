use crate::place::{Place, Ran};

const HELLO: &str = "
- id: greet
  script: ['echo hello', 'echo oops >&2']
- id: count
  script: ['seq 3']
  dependencies: [greet]
";

const FAILING: &str = "
- id: test
  script: ['echo before', 'echo broken; exit 3', 'echo never']
- id: deploy
  script: ['echo never']
  dependencies: [test]
- id: tell
  script: ['echo told']
  dependencies: [test]
  when: failure
";

#[test]
fn a_build_runs_its_jobs_and_prints_what_they_say() {
    let place = Place::with_script(HELLO);
    let ran = place.run(&["build", "-j", "1"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    insta::assert_snapshot!(place.tidy(&ran.stdout));
}

#[test]
fn a_build_that_fails_ends_with_1_and_shows_the_line() {
    let place = Place::with_script(FAILING);
    let ran = place.run(&["build", "-j", "1"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{}", ran.stdout);
    insta::assert_snapshot!(place.tidy(&ran.stdout));
    let ran = place.run(&["build", "--quiet"]);
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!("quiet", place.tidy(&ran.stdout));
}

#[test]
fn with_json_every_line_is_an_object_and_the_whole_story_is_there() {
    let place = Place::with_script(HELLO);
    let ran = place.run(&["build", "--json", "-j", "1"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let types: Vec<String> = ran
        .stdout
        .lines()
        .map(|line| {
            let object: serde_json::Value = serde_json::from_str(line).expect(line);
            let kind = object["type"].as_str().expect("a type").to_owned();
            match object["text"].as_str() {
                Some(text) => format!("{kind} {text}"),
                None => kind,
            }
        })
        .collect();
    insta::assert_snapshot!(types.join("\n"));
}

#[test]
fn a_filter_takes_what_the_jobs_need_and_leaves_the_rest() {
    let place = Place::with_script(
        "- {id: a, script: [echo a]}\n- {id: b, script: [echo b], dependencies: [a]}\n- {id: c, script: [echo c]}\n",
    );
    let ran = place.run(&["build", "--filter", "b*"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("[a] a") && ran.stdout.contains("[b] b") && !ran.stdout.contains("[c]"));
    let ran = place.run(&["build", "--filter", "nothing"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("`a`"), "{}", ran.stdout);
}

#[test]
fn a_dry_run_runs_nothing() {
    let place = Place::with_script(
        "- {id: a, image: no.example.com/such/image, blocked: true, script: ['touch \"$MARKER\"']}\n",
    );
    let ran = place.run(&["build", "--dry-run"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("Build succeeded"), "nobody is asked where nothing runs: {}", ran.stdout);
    assert!(ran.stdout.contains("touch") && !place.marker().exists(), "{}", ran.stdout);
}

#[test]
fn parameters_come_from_the_command_line_and_from_files() {
    let place = Place::with_script("- {id: a, params: [NAME, VERSION], script: ['echo \"$NAME-$VERSION\"']}\n");
    place.write("params.yaml", "NAME: file\nVERSION: 1.10\n");
    let ran = place.run(&["build", "--param-file", "params.yaml", "-p", "NAME=line"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("[a] line-1.10"), "{}", ran.stdout);
}

#[test]
fn secrets_reach_the_job_and_nothing_else() {
    let place =
        Place::with_script("- {id: a, params: [TOKEN], script: ['test ${#TOKEN} = 21', 'echo \"token $TOKEN\"']}\n");
    let mut command = place.command(&["build", "--json", "--secret", "TOKEN"]);
    let ran = Ran::of(command.env("TOKEN", "correct-horse-battery").output().expect("the program starts"));
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("token ") && !ran.stdout.contains("correct-horse"), "{}", ran.stdout);
    let mut open = vec![place.data()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).expect("listed").map(|entry| entry.expect("an entry").path()));
        } else {
            let bytes = std::fs::read(&path).expect("read");
            let found = bytes.windows(13).any(|window| window == b"correct-horse");
            assert!(!found, "`{}` holds the secret", path.display());
        }
    }
}

#[test]
fn a_junit_file_has_every_job() {
    let place = Place::with_script(FAILING);
    let ran = place.run(&["build", "--junit", "report.xml"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let xml = std::fs::read_to_string(place.repo().join("report.xml")).expect("a file");
    assert!(xml.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{xml}");
}

#[test]
fn a_build_that_has_ended_keeps_no_room_for_a_full_disk() {
    let place = Place::with_script(HELLO);
    assert_eq!(place.run(&["build"]).code, Some(0));
    let mut open = vec![place.data()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).expect("listed").map(|entry| entry.expect("an entry").path()));
        } else {
            let size = path.metadata().expect("a size").len();
            assert!(size < 1024 * 1024, "`{}` has {size} bytes", path.display());
        }
    }
}

#[test]
fn what_waits_for_approval_can_be_gone_on_with() {
    let place = Place::with_script(
        "- {id: test, script: [echo tested]}\n- {id: deploy, blocked: true, script: [echo deployed], dependencies: [test]}\n",
    );
    let ran = place.run(&["build"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("monkeyci build --resume 1 --approve deploy"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("deployed"));
    let ran = place.run(&["build", "--resume", "1", "--approve", "deploy"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("[deploy] deployed") && !ran.stdout.contains("[test] tested"), "{}", ran.stdout);
    assert!(ran.stdout.contains("Resuming build local/repo/build-1: 1 of 2 jobs ended before\n"), "{}", ran.stdout);
    let ran = place.run(&["build", "--resume", "1"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("has ended"), "{}", ran.stderr);
    let ran = place.run(&["build", "--approve", "*"]);
    assert!(ran.code == Some(0) && ran.stdout.contains("[deploy] deployed"), "{}", ran.stdout);
}

#[test]
fn the_folder_is_never_written_and_git_tells_the_branch() {
    let place = Place::with_script("- {id: a, script: ['echo \"on $MONKEYCI_BRANCH\"', 'touch new', 'rm keep']}\n");
    place.write("keep", "kept");
    for arguments in [&["init", "-q", "-b", "topic"][..], &["add", "."]] {
        let git = std::process::Command::new("git").args(arguments).current_dir(place.repo()).status();
        assert!(git.expect("git starts").success());
    }
    let ran = place.run(&["build"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("[a] on topic"), "{}", ran.stdout);
    assert!(place.repo().join("keep").exists() && !place.repo().join("new").exists());
}

#[test]
fn id_tokens_are_a_servers_to_give_and_a_build_here_ends_before_it_begins() {
    let place = Place::with_script(
        "- {id: before, script: [echo ran]}\n- {id: ship, script: [ship], id-tokens: {CLOUD: {audience: sts.amazonaws.com}}}\n",
    );
    let ran = place.run(&["build"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    let told = "job `ship` asks for ID tokens, which only a server gives";
    assert!(ran.stdout.contains(told) || ran.stderr.contains(told), "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("[before]"), "nothing has run: {}", ran.stdout);
    assert_eq!(place.run(&["verify"]).code, Some(0), "the script itself is good");
    assert_eq!(place.run(&["build", "-f", "before"]).code, Some(0), "jobs without one run");
}
