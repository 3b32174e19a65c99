//! From sources to jobs.

use super::*;

const ONE: &str = r#"{"protocol":1,"jobs":[{"id":"unit","script":["make"]}],"warnings":["mind the gap"]}"#;

fn plain() -> TempDir {
    checkout(&[(".monkeyci/Cargo.toml", ALONE), (".monkeyci/src/main.rs", SCRIPT)])
}

#[tokio::test]
async fn a_program_is_compiled_once_and_its_jobs_are_joined_with_those_of_the_files() {
    if !cargo("a_program_is_compiled_once_and_its_jobs_are_joined_with_those_of_the_files") {
        return;
    }
    let house = House::new(Secrets::new());
    let repository = plain();
    let yaml = "- {id: lint, script: ls}\n- {id: last, script: ls, dependencies: [unit, lint], \
                restore-artifacts: [{id: out, path: x}]}\n";
    put(repository.path(), ".monkeyci/build.yaml", yaml);
    let script = house.load(&repository, ONE).await.expect("jobs");
    assert_eq!(ids(&script), ["lint", "last", "unit"]);
    let dependencies: Vec<_> = script.jobs[1].dependencies.iter().map(monkeyci_model::JobId::as_str).collect();
    assert_eq!(dependencies, ["lint", "unit"]);
    assert_eq!(script.warnings, ["mind the gap"]);
    assert_eq!(script.files, [PathBuf::from(".monkeyci/build.yaml"), ".monkeyci/Cargo.toml".into()]);

    // What cargo built is gone: from now on it cannot be called without being noticed.
    fs::remove_dir_all(house.cache().join("target")).expect("removed");
    let asked = house.load(&repository, r#"{"protocol":1,"jobs":[{"id":"unit"}]}"#).await.expect("jobs");
    assert_eq!(ids(&asked), ["lint", "last", "unit"]);
    assert!(!house.cache().join("target").exists());

    put(repository.path(), ".monkeyci/build.yaml", "- {id: unit, script: ls}\n");
    let twice = house.error(&repository, ONE).await;
    assert!(twice.contains("two jobs have the id `unit`") && twice.contains("was asked to plan"), "{twice}");
    put(repository.path(), ".monkeyci/build.yaml", "- {id: lint, script: ls, dependencies: untit}\n");
    let unknown = house.error(&repository, ONE).await;
    assert!(unknown.contains("job `lint` depends on `untit`"), "{unknown}");
}

#[tokio::test]
async fn a_program_in_a_workspace_uses_its_packages_and_nothing_else_of_it() {
    if !cargo("a_program_in_a_workspace_uses_its_packages_and_nothing_else_of_it") {
        return;
    }
    let house = House::new(Secrets::new());
    let manifest = format!("{ALONE}[dependencies]\njobs = {{ path = \"../jobs\" }}\n");
    let main = "fn main() {\n    let to = std::env::var(\"MONKEYCI_SCRIPT_ANSWER\").expect(\"set\");\n    \
                std::fs::write(to, jobs::plan()).expect(\"written\");\n}\n";
    let lib = "pub fn plan() -> &'static str { r#\"{\"protocol\":1,\"jobs\":[{\"id\":\"NAME\"}]}\"# }\n";
    let repository = checkout(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"jobs\", \"gone\"]\n[workspace.package]\nversion = \"1.2.3\"\n"),
        (".cargo/config.toml", "[build]\nrustflags = [\"--no-such-flag\"]\n"),
        ("jobs/Cargo.toml", "[package]\nname = \"jobs\"\nversion.workspace = true\nedition = \"2024\"\n"),
        ("jobs/src/lib.rs", &lib.replace("NAME", "first")),
        (".monkeyci/Cargo.toml", &manifest),
        (".monkeyci/src/main.rs", main),
    ]);
    assert_eq!(ids(&house.load(&repository, "").await.expect("jobs")), ["first"]);
    put(repository.path(), "jobs/src/lib.rs", &lib.replace("NAME", "second"));
    assert_eq!(ids(&house.load(&repository, "").await.expect("jobs")), ["second"]);
    // What was compiled first is still there, and still what it was.
    put(repository.path(), "jobs/src/lib.rs", &lib.replace("NAME", "first"));
    assert_eq!(ids(&house.load(&repository, "").await.expect("jobs")), ["first"]);
}

#[tokio::test]
async fn what_does_not_compile_is_shown_whole_with_what_to_do() {
    if !cargo("what_does_not_compile_is_shown_whole_with_what_to_do") {
        return;
    }
    let house = House::new(Secrets::new());
    let repository = checkout(&[
        (".monkeyci/Cargo.toml", ALONE),
        (".monkeyci/src/main.rs", "fn main() {\n    let jobs: u32 = \"none\";\n    missing();\n}\n"),
    ]);
    let error = house.error(&repository, "").await;
    assert!(error.starts_with("the script `.monkeyci/Cargo.toml` does not compile: "), "{error}");
    assert!(error.contains("mismatched types") && error.contains("--> src/main.rs:2:"), "{error}");
    assert!(error.contains("cannot find function `missing`"), "{error}");

    fs::remove_file(repository.path().join(".monkeyci/src/main.rs")).expect("removed");
    put(repository.path(), ".monkeyci/src/lib.rs", "");
    let none = house.error(&repository, "").await;
    assert!(none.contains("it has no program: add `src/main.rs`"), "{none}");
    put(repository.path(), ".monkeyci/src/bin/one.rs", "fn main() {}\n");
    put(repository.path(), ".monkeyci/src/bin/two.rs", "fn main() {}\n");
    let two = house.error(&repository, "").await;
    assert!(two.contains("`one`") && two.contains("`two`") && two.contains("exactly one"), "{two}");
    put(repository.path(), ".monkeyci/Cargo.toml", "[package\n");
    let manifest = house.error(&repository, "").await;
    assert!(manifest.contains("does not compile: cargo: it ended with code 101"), "{manifest}");
}

#[tokio::test]
async fn a_canceled_compilation_ends_at_once_and_the_next_one_is_whole() {
    if !cargo("a_canceled_compilation_ends_at_once_and_the_next_one_is_whole") {
        return;
    }
    let house = House::new(Secrets::new());
    // Its build script says that it runs, and then never ends.
    let repository = plain();
    let started = repository.path().join("started");
    let hangs = format!("fn main() {{ std::fs::write({started:?}, \"\").unwrap(); loop {{ std::thread::park(); }} }}");
    put(repository.path(), ".monkeyci/build.rs", &hangs);
    let cancel = CancellationToken::new();
    let until_started = async {
        while !started.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await; // poll
        }
        cancel.cancel();
        std::future::pending::<()>().await;
    };
    let trigger = Trigger::default();
    let error = tokio::select! {
        error = house.load_for(&repository, &trigger, &cancel) => error,
        () = until_started => unreachable!("it waits for ever"),
    };
    assert!(matches!(error, Err(ProgramError::Canceled)));
    fs::remove_file(repository.path().join(".monkeyci/build.rs")).expect("removed");
    assert_eq!(ids(&house.load(&repository, ONE).await.expect("jobs")), ["unit"]);
}

#[tokio::test]
async fn two_that_compile_at_once_do_not_disturb_each_other_and_a_fork_gives_nothing_to_others() {
    if !cargo("two_that_compile_at_once_do_not_disturb_each_other_and_a_fork_gives_nothing_to_others") {
        return;
    }
    let house = House::new(Secrets::new());
    let (one, other) = (plain(), plain());
    put(other.path(), ".monkeyci/src/other.rs", "// Another script.\n");
    let fork = Trigger { fork: true, params: [("answer".to_owned(), ONE.into())].into(), ..Trigger::default() };
    let (none, token) = (Extensions::none(), CancellationToken::new());
    let (first, second, third, forked) = tokio::join!(
        house.programs.load(asked(&one, &fork), &none, &token),
        house.programs.load(asked(&other, &fork), &none, &token),
        house.programs.load(asked(&other, &fork), &none, &token),
        house.programs.load(asked(&one, &fork), &none, &token),
    );
    for script in [first, second, third, forked] {
        assert_eq!(ids(&script.expect("jobs")), ["unit"]);
    }
    let kept = |folder: PathBuf| {
        let names = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name.len() == 64).count()
    };
    assert_eq!((kept(house.cache().join("fork")), kept(house.cache())), (2, 0));
}

fn asked<'a>(checkout: &'a TempDir, trigger: &'a Trigger) -> Asked<'a> {
    Asked { checkout: checkout.path(), script_dir: None, build: None, trigger, in_place: false }
}
