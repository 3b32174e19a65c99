//! Programs that do not do what they should.

use super::*;

fn plain() -> TempDir {
    checkout(&[(".monkeyci/Cargo.toml", ALONE), (".monkeyci/src/main.rs", SCRIPT)])
}

#[tokio::test]
async fn whatever_a_program_does_the_error_says_so_and_nothing_is_left() {
    if !cargo("whatever_a_program_does_the_error_says_so_and_nothing_is_left") {
        return;
    }
    let repository = plain();
    let error = House::with_limit(Duration::from_secs(10)).error(&repository, "hang").await;
    assert!(error.contains("gave no jobs: it took longer than 10 s") && error.contains("was asked to plan"), "{error}");
    let house = House::new(Secrets::new());
    let cycle = r#"{"protocol":1,"jobs":[{"id":"a","dependencies":["b"]},{"id":"b","dependencies":["a"]}]}"#;
    let image = r#"{"protocol":1,"jobs":[{"id":"a","image":"x","script":["\"$MONKEYCI_SCRIPT\" act a"]}]}"#;
    let many: Vec<_> = (0..=100_000).map(|id| format!(r#"{{"id":"j{id}"}}"#)).collect();
    let many = format!(r#"{{"protocol":1,"jobs":[{}]}}"#, many.join(","));
    for (answer, expected) in [
        ("crash", "gave no jobs: it was ended by signal 6"),
        ("loud", "gave no jobs: it printed more than 16 MB"),
        ("nothing", "gave no jobs: it ended well and wrote no answer to the file that `MONKEYCI_SCRIPT_ANSWER` names"),
        ("link", "answer.json` is a link"),
        ("huge", "answer.json` has more than 268435456 bytes"),
        ("garbage", "cannot be a build: the answer is no plan: expected value at line 1 column 1"),
        (r#"{"protocol":2,"jobs":[]}"#, "its answer is of protocol 2"),
        (&many, "a build has at most 100000 jobs"),
        (cycle, "jobs wait for each other: `a` → `b` → `a`"),
        (image, "job `a` has an image and runs the script program"),
    ] {
        let error = house.error(&repository, answer).await;
        assert!(error.contains(expected), "{answer:.100}: {error}");
        assert!(error.contains(if answer == "loud" { "loud" } else { "was asked to plan" }), "{answer:.100}: {error}");
        assert!(error.len() < 80_000, "{answer:.100}: {} bytes", error.len());
    }
    assert!(house.error(&repository, "crash").await.contains("going down"));
    // No other test, in no other process, has a child that sleeps so long.
    let seconds = (1_000_000 + std::process::id()).to_string();
    assert!(house.load(&repository, &format!("orphan {seconds}")).await.expect("jobs").jobs.is_empty());
    assert!(house.load(&repository, "write").await.expect("jobs").jobs.is_empty());
    assert!(!repository.path().join("new-file").exists(), "the checkout was written");
    let orphan = |entry: fs::DirEntry| {
        let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        words == format!("sleep\0{seconds}\0").into_bytes()
    };
    let mut processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    assert!(!processes.any(orphan), "a child lives on");
}

#[tokio::test]
async fn a_secret_param_is_told_by_its_value_and_comes_back_as_a_reference_but_never_to_a_fork() {
    if !cargo("a_secret_param_is_told_by_its_value_and_comes_back_as_a_reference_but_never_to_a_fork") {
        return;
    }
    let (token, secrets) = secret("TOKEN", "hunter22");
    let house = House::new(secrets);
    let repository = plain();
    let mut trigger = Trigger::default();
    trigger.params.insert("TOKEN".into(), Text::secret(token));
    trigger.params.insert("answer".into(), "env".into());
    let none = CancellationToken::new();
    let script = house.load_for(&repository, &trigger, &none).await.expect("jobs");
    assert_eq!(script.jobs[0].env["T"].to_string(), "«TOKEN@1»");
    trigger.fork = true;
    let script = house.load_for(&repository, &trigger, &none).await.expect("jobs");
    assert_eq!(script.jobs[0].env["T"], Text::from(""));

    trigger.fork = false;
    trigger.params.insert("answer".into(), "garbage that holds hunter22".into());
    let error = house.load_for(&repository, &trigger, &none).await.expect_err("garbage").to_string();
    assert!(!error.contains("hunter22"), "{error}");
    trigger.params.insert("OTHER".into(), Text::secret(SecretRef { name: "OTHER".into(), version: 2 }));
    let error = house.load_for(&repository, &trigger, &none).await.expect_err("unknown").to_string();
    assert!(error.starts_with("param `OTHER`: secret `OTHER@2` is not known"), "{error}");
}

#[tokio::test]
async fn what_a_dead_one_left_is_swept() {
    let house = House::new(Secrets::new());
    let left = house.home.path().join("runs/mci-test-script-1/control/question.json");
    fs::create_dir_all(left.parent().expect("a parent")).expect("made");
    fs::write(&left, "secrets").expect("written");
    house.programs.sweep().await;
    assert!(!house.home.path().join("runs").exists());
}
