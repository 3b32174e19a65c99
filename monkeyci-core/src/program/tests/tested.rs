//! The tests of scripts, and what is told while a script is loaded.

use std::sync::Mutex;

use monkeyci_model::trigger::{Git, Source};

use super::*;
use crate::log::{Chunk, MarkKind};
use crate::scope::Scope;

const JOBS: &str = r#"{"protocol":1,"jobs":[{"id":"unit"}]}"#;

/// Each run of it leaves a line in the file `RUNS`.
const TESTS: &str = r#"
#[cfg(test)]
mod tests {
    use std::io::Write;

    #[test]
    fn it_ran() {
        let runs = std::fs::OpenOptions::new().create(true).append(true).open("RUNS");
        runs.expect("a file").write_all(b"ran\n").expect("written");
    }

    #[test]
    fn all_is_well() {
        println!("the token is hunter22");
        assert!(WELL);
    }
}
"#;

/// A script with two tests, one of which asks whether all is well.
fn tested(runs: &Path, is_well: bool) -> TempDir {
    let tests = TESTS.replace("RUNS", &runs.display().to_string()).replace("WELL", &is_well.to_string());
    checkout(&[(".monkeyci/Cargo.toml", ALONE), (".monkeyci/src/main.rs", &format!("{SCRIPT}{tests}"))])
}

/// Whoever sits at a terminal.
const MAIN: Scope = Scope::Protected;

fn trigger(scope: &Scope) -> Trigger {
    let git = match scope {
        Scope::Branch(name) => Some(Git { reference: Some(name.clone()), ..Git::default() }),
        _ => None,
    };
    let source = if git.is_some() { Source::Api } else { Source::default() };
    let fork = matches!(scope, Scope::Fork(_));
    Trigger { source, git, fork, params: [("answer".to_owned(), JOBS.into())].into(), ..Trigger::default() }
}

async fn load(programs: &Programs, checkout: &TempDir, scope: &Scope) -> Result<(Script, Option<u64>), ProgramError> {
    let trigger = trigger(scope);
    let asked = Asked { checkout: checkout.path(), script_dir: None, build: None, trigger: &trigger, in_place: false };
    programs.load_tested(asked, &Extensions::none(), &CancellationToken::new()).await
}

fn count(runs: &Path) -> usize {
    fs::read_to_string(runs).map_or(0, |text| text.lines().count())
}

#[tokio::test]
async fn tests_run_once_for_what_a_script_is_made_of_and_in_each_scope_that_is_not_trusted() {
    if !cargo("tests_run_once_for_what_a_script_is_made_of_and_in_each_scope_that_is_not_trusted") {
        return;
    }
    let house = House::new(Secrets::new());
    let runs = house.home.path().join("runs.txt");
    let repository = tested(&runs, true);
    assert_eq!(ids(&house.load(&repository, JOBS).await.expect("jobs")), ["unit"]);
    assert_eq!(count(&runs), 0, "who only looks at jobs runs no tests");
    let (fork, topic) = (Scope::Fork("mallory/web".into()), Scope::Branch("refs/heads/topic".into()));
    for (scope, passed, so_far) in [
        (&fork, Some(2), 1),
        (&fork, None, 1),
        (&topic, Some(2), 2),
        (&MAIN, Some(2), 3),
        (&MAIN, None, 3),
        (&topic, None, 3),
        (&fork, None, 3),
    ] {
        let (script, tests) = load(&house.programs, &repository, scope).await.expect("jobs");
        assert_eq!((ids(&script), tests, count(&runs)), (vec!["unit"], passed, so_far), "{scope:?}");
    }
    // What those who are trusted have passed is passed for all; what is in between is not.
    put(repository.path(), ".monkeyci/src/more.rs", "// A script of a branch.\n");
    for (scope, passed) in [(&topic, Some(2)), (&fork, Some(2)), (&MAIN, Some(2))] {
        assert_eq!(load(&house.programs, &repository, scope).await.expect("jobs").1, passed, "{scope:?}");
    }
    put(repository.path(), ".monkeyci/src/more.rs", "// A script of the main branch.\n");
    for (scope, passed) in [(&MAIN, Some(2)), (&topic, None), (&fork, None)] {
        assert_eq!(load(&house.programs, &repository, scope).await.expect("jobs").1, passed, "{scope:?}");
    }
    put(repository.path(), ".monkeyci/src/more.rs", "// Another script.\n");
    assert_eq!(load(&house.programs, &repository, &MAIN).await.expect("jobs").1, Some(2));
    // Whoever asks for the tests themselves gets them, and what they pass then need not be passed again.
    put(repository.path(), ".monkeyci/src/more.rs", "// And another one.\n");
    let trigger = trigger(&MAIN);
    let asked =
        Asked { checkout: repository.path(), script_dir: None, build: None, trigger: &trigger, in_place: false };
    let token = CancellationToken::new();
    for (args, passed) in [(vec!["it_ran".to_owned()], 1), (Vec::new(), 2)] {
        let before = markers(&house);
        let tested = house.programs.test(asked, &args, &token).await.expect("they run");
        assert_eq!((tested.passed, tested.count), (true, passed), "{}", tested.output);
        assert_eq!(markers(&house) > before, args.is_empty(), "only all of them count");
    }
    assert_eq!(load(&house.programs, &repository, &MAIN).await.expect("jobs").1, None);
}

/// Markers in the cache.
fn markers(house: &House) -> usize {
    let names = fs::read_dir(house.cache()).expect("a folder").flatten().map(|entry| entry.file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".tested")).count()
}

#[tokio::test]
async fn a_script_that_fails_its_tests_gives_no_jobs_and_says_which_failed() {
    if !cargo("a_script_that_fails_its_tests_gives_no_jobs_and_says_which_failed") {
        return;
    }
    let (_, secrets) = secret("TOKEN", "hunter22");
    let house = House::new(secrets);
    let runs = house.home.path().join("runs.txt");
    let repository = tested(&runs, false);
    for expected in [1, 2] {
        let error = load(&house.programs, &repository, &MAIN).await.expect_err("no jobs");
        assert!(!error.is_ours(), "{error}");
        let text = error.to_string();
        let first = "a test of the script `.monkeyci/Cargo.toml` fails: `tests::all_is_well`\n";
        assert!(text.starts_with(first) && text.contains("the token is ***"), "{text}");
        assert!(!text.contains("hunter22") && !text.contains("   Compiling "), "{text}");
        assert_eq!(error.without_output().to_string(), first.trim_end());
        assert_eq!(count(&runs), expected, "what failed is run again");
    }
    put(repository.path(), ".monkeyci/src/main.rs", &format!("{SCRIPT}\n#[test]\nfn broken() {{ missing(); }}\n"));
    let text = load(&house.programs, &repository, &MAIN).await.expect_err("no jobs").to_string();
    assert!(text.contains("do not pass: cargo: it ended with code 101") && text.contains("`missing`"), "{text}");
}

#[tokio::test]
async fn a_script_without_tests_is_not_compiled_for_them() {
    if !cargo("a_script_without_tests_is_not_compiled_for_them") {
        return;
    }
    let house = House::new(Secrets::new());
    let main = format!("{SCRIPT}\n#[allow(dead_code)]\nfn test() -> &'static str {{ \"test\" }}\n");
    let repository = checkout(&[(".monkeyci/Cargo.toml", ALONE), (".monkeyci/src/main.rs", &main)]);
    assert_eq!(load(&house.programs, &repository, &MAIN).await.expect("jobs").1, None);
    let kept = fs::read_dir(house.cache().join("target/debug/deps")).expect("a folder").flatten();
    let compiled = kept.filter(|entry| entry.file_name().to_string_lossy().ends_with(".d")).count();
    assert_eq!(compiled, 1, "it was compiled for more than its jobs");
    assert_eq!(markers(&house), 1, "it is not known to have none");
    // A macro could write the attribute.
    let hidden = "macro_rules! hide { ($is:ident) => { #[$is] fn hidden() {} } }\nhide!(test);\n";
    put(repository.path(), ".monkeyci/src/main.rs", &format!("{SCRIPT}{hidden}"));
    assert_eq!(load(&house.programs, &repository, &MAIN).await.expect("jobs").1, Some(1));
}

#[tokio::test]
async fn what_a_script_does_and_prints_is_told_while_it_does_and_secrets_are_masked() {
    if !cargo("what_a_script_does_and_prints_is_told_while_it_does_and_secrets_are_masked") {
        return;
    }
    let (_, secrets) = secret("TOKEN", "hunter22");
    let house = House::new(secrets);
    let repository = tested(&house.home.path().join("runs.txt"), true);
    // Its build script prints a word, and goes on once somebody has heard it.
    let heard = house.home.path().join("heard");
    let waits = format!(
        "fn main() {{ println!(\"cargo::warning=here I am, hunter22\"); \
         while !std::path::Path::new({heard:?}).exists() {{ std::thread::yield_now(); }} }}"
    );
    put(repository.path(), ".monkeyci/build.rs", &waits);
    let told = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let hears = Arc::clone(&told);
    let programs = house.programs.logged(0, move |chunk: &Chunk| {
        let mut told = hears.lock().expect("whole");
        let (bytes, marks) = &mut *told;
        assert_eq!(chunk.offset, bytes.len() as u64);
        bytes.extend_from_slice(&chunk.bytes);
        marks.extend(chunk.marks.iter().map(|mark| mark.kind));
        if String::from_utf8_lossy(bytes).contains("Compiling script") {
            fs::write(&heard, "").expect("written");
        }
    });
    load(&programs, &repository, &MAIN).await.expect("jobs");
    let (bytes, marks) = &*told.lock().expect("whole");
    let text = String::from_utf8_lossy(bytes);
    for said in ["Compiling script", "here I am, ***", "test tests::it_ran ... ok", "the script was asked to plan"] {
        assert!(text.contains(said), "`{said}` is missing in {text}");
    }
    assert!(!text.contains("hunter22"), "{text}");
    let steps: Vec<_> =
        marks.iter().filter(|kind| matches!(kind, MarkKind::LineStart(_) | MarkKind::LineEnd(..))).collect();
    let expected = Step::ALL.map(Step::index).map(|step| [MarkKind::LineStart(step), MarkKind::LineEnd(step, 0)]);
    assert_eq!(steps, expected.iter().flatten().collect::<Vec<_>>());
}
