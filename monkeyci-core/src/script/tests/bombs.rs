//! Scripts that would blow up a careless reader.

use super::*;

/// A refusal takes ≤ 2 s in a release build; this allows for a debug build on a slow machine.
const SOON: Duration = Duration::from_secs(30);

fn refused(format: Format, text: &str, why: &str) {
    let start = worked();
    let error = parse(format, "build", text, &push(), &Extensions::none()).map(|script| script.jobs.len());
    let took = worked() - start;
    let error = error.expect_err(why).to_string();
    assert!(error.contains(why), "{why}: {}", error.chars().take(2000).collect::<String>());
    assert!(error.len() < 200_000, "{why}: {} bytes of error", error.len());
    assert!(took < SOON, "{why} took {took:?}");
    if std::env::var_os("MONKEYCI_TIMES").is_some() {
        eprintln!("{took:>12?} {why}");
    }
}

fn laughs() -> String {
    let mut text = "- &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ('b'..='j').zip('a'..) {
        text += &format!("- &{name} [{}]\n", vec![format!("*{before}"); 9].join(", "));
    }
    text
}

#[test]
fn bombs_of_yaml_are_refused() {
    // Case B1: YAML: aliases of aliases, 9^9 values
    refused(Format::Yaml, &laughs(), "too big");
    // Case B2: YAML: 100 000 deep
    refused(Format::Yaml, &"[".repeat(100_000), "nest");
    refused(Format::Yaml, &"- ".repeat(100_000), "nest");
    refused(Format::Yaml, &"? ".repeat(100_000), "nest");
    let deep: String = (0..1400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    refused(Format::Yaml, &deep, "nest");
    // Case B3: YAML: 100 000 anchors
    let anchors: String = (0..100_000).map(|n| format!("- &a{n}\n")).collect();
    refused(Format::Yaml, &anchors, "anchors");
    refused(Format::Yaml, &format!("- &a x\n{}", "- *a\n".repeat(100_000)), "aliases");
    // Case B4: YAML: a key of a megabyte
    refused(Format::Yaml, &format!("? {}\n: x\n", "k".repeat(1_000_000)), "no key");
    refused(Format::Yaml, &format!("- &a {}\n{}", "x".repeat(500_000), "- *a\n".repeat(900)), "too big");
    refused(Format::Yaml, &"x".repeat(17_000_000), "more than 16 MB");
    refused(Format::Yaml, &"- \n".repeat(1_000_001), "more than 1000000 values");
    // Case B5: YAML: merges of merges
    let merges: String = "- &a {k0: 1}\n".to_owned()
        + &(1..900).map(|n| format!("- &m{n} {{<<: [*a, *a], k{n}: 1}}\n")).collect::<String>();
    refused(Format::Yaml, &merges, "aliases");
}

#[test]
fn bombs_of_json_are_refused() {
    // Case B6: JSON: a million deep
    refused(Format::Json, &"[".repeat(1_000_000), "nested more than 64 deep");
    refused(Format::Json, &"{\"a\":".repeat(200_000), "nested more than 64 deep");
    // Case B7: JSON: 60 000 keys
    let keys: Vec<_> = (0..60_000).map(|n| format!("\"k{n}\":1")).collect();
    refused(Format::Json, &format!("{{{}}}", keys.join(",")), "no key");
    // Case B8: JSON: one key 100 000 times
    refused(Format::Json, &format!("{{{}}}", vec!["\"a\":1"; 100_000].join(",")), "here twice");
    // Case B9: JSON: a number of a megabyte
    refused(Format::Json, &format!("[{{\"id\": {}}}]", "9".repeat(1_000_000)), "too big");
    refused(Format::Json, &format!("[{}]", vec!["1"; 1_000_001].join(",")), "more than 1000000 values");
}

#[test]
fn bombs_of_edn_are_refused() {
    // Case B10: EDN: 100 000 deep, in every kind of bracket and tag
    for open in ["[", "{", "(", "#{", "#a ", "#_ ", "[#a ", "{:a #_[", "^{:a ", "'", "@"] {
        let why = if open.len() == 1 && "'@".contains(open) { "no EDN" } else { "nested" };
        let text = open.repeat(100_000);
        let refusal = parse(Format::Edn, "build.edn", &text, &push(), &Extensions::none());
        let error = refusal.expect_err(why).to_string();
        assert!(error.len() < 10_000, "{open}");
    }
    refused(Format::Edn, &"[".repeat(100_000), "nested");
    refused(Format::Edn, &"#a ".repeat(100_000), "nested");
    for many in ["[]", "a ", "\"\"", "{:a 1}", "\\a ", "é "] {
        refused(Format::Edn, &format!("[{}]", many.repeat(1_000_000)), "more than 1000000 values");
    }
    // Case B11: EDN: code that is run as it is read
    refused(Format::Edn, "#=(java.lang.System/exit 0)", "error");
    refused(Format::Edn, "[{:id 99999999999999999999}]", "64 bits");
}

#[test]
fn too_many_jobs_are_refused() {
    // Case B12: 100 001 jobs
    refused(Format::Json, &format!("[{}]", vec!["{}"; 100_001].join(",")), "at most 100000 jobs");
    let axis = format!("[{}]", (0..40).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    // Case B13: a matrix of millions of jobs
    let matrix = format!("[{{id: a, script: ls, matrix: {{a: {axis}, b: {axis}, c: {axis}, d: {axis}}}}}]");
    refused(Format::Yaml, &matrix, "more than 1000 combinations");
    let long = "x".repeat(500_000);
    // Case B14: a long script, once for each of many jobs
    let copies = format!("[{{id: a, script: {long}, matrix: {{a: {axis}}}}}]");
    refused(Format::Yaml, &copies, "too big");
    let value = format!("[{{id: a, script: \"{}\", matrix: {{a: [{long}]}}}}]", "${{ matrix.a }} ".repeat(20_000));
    refused(Format::Yaml, &value, "too big");
    let shared = format!("env: {{A: {long}}}\njobs: [{}]", vec!["{script: ls}"; 30_000].join(","));
    refused(Format::Yaml, &shared, "too big");
    let wide = (0..20).map(|n| format!("{{id: m{n}, script: ls, matrix: {{a: {axis}}}}}")).collect::<Vec<_>>();
    let needs = (0..20).map(|n| format!("m{n}")).collect::<Vec<_>>().join(",");
    refused(
        Format::Yaml,
        &format!("[{}, {{id: z, script: ls, needs: [{needs}]}}]", wide.join(",")),
        "too many dependencies",
    );
}

#[test]
fn matrices_that_would_multiply_are_refused() {
    let numbers = |n: usize| (0..n).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let matrix = |matrix: &str| format!("[{{id: a, script: ls, matrix: {{{matrix}}}}}]");
    let names = |n: usize| (0..n).map(|n| format!("a{n}: 1")).collect::<Vec<_>>().join(",");
    // Case B15: a matrix of 40 000 names
    let axes = (0..40_000).map(|n| format!("a{n}: [1]")).collect::<Vec<_>>().join(",");
    refused(Format::Yaml, &matrix(&axes), "at most 50 names");
    let include = format!("x: [{}], include: [{{{}}}]", numbers(1000), names(40_000));
    refused(Format::Yaml, &matrix(&include), "at most 50 names");
    let each = (0..60).map(|n| format!("{{a{n}: 1}}")).collect::<Vec<_>>().join(",");
    refused(Format::Yaml, &matrix(&format!("x: [1], include: [{each}]")), "at most 50 names");
    refused(Format::Yaml, &matrix(&format!("x: [1], exclude: [{}]", vec!["{x: 2}"; 1001].join(","))), "1000 entries");
    // A thousand copies of a long value would not fit into memory.
    let long = format!("x: [{}], y: [{}]", "x".repeat(8_000_000), numbers(1000));
    refused(Format::Yaml, &matrix(&long), "has 201 bytes");
    let many = format!("{{script: {1}, matrix: {{x: [{0}], y: [{0}]}}}}", numbers(31), "x".repeat(2000));
    refused(Format::Yaml, &format!("[{}]", vec![many.as_str(); 2000].join(",")), "too big");
}

#[test]
fn what_many_jobs_share_is_not_multiplied() {
    // Where a default is wrong, it is wrong in every job: its place is looked up once.
    let text = format!("jobs: [{}]\ntimeout: abc\n", vec!["{script: ls}"; 20_000].join(","));
    refused(Format::Yaml, &text, "build:2:10");
    let long = format!("[{{script: ls, artifacts: [{{id: a, path: {}}}]}}]", "p".repeat(1_000_000));
    refused(Format::Yaml, &long, "more than 1024 bytes");
    let save = format!("{{script: ls, artifacts: {{id: a, path: {}}}}}", "p".repeat(1024));
    let restore = vec!["{script: ls, restore-artifacts: a}"; 20_000].join(",");
    refused(Format::Yaml, &format!("[{save}, {restore}]"), "too big");
    // Case B16: 100 000 services
    let services = (0..100_000).map(|n| format!("s{n}: x")).collect::<Vec<_>>().join(",");
    refused(Format::Yaml, &format!("[{{script: ls, services: {{{services}}}}}]"), "at most 100 services");
    let trigger = Trigger { params: [("LONG".to_owned(), "x".repeat(100_000).into())].into(), ..push() };
    let text = format!("[{}]", vec!["{script: ls, params: LONG}"; 10_000].join(","));
    let error = parse(Format::Yaml, "build", &text, &trigger, &Extensions::none()).expect_err("1 GB");
    assert!(error.to_string().contains("too big"), "{error}");
}

#[test]
fn a_name_that_stands_for_many_jobs_is_written_out_once() {
    let axis = (0..500).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let needs = vec!["m"; 100_000].join(",");
    let text = format!("[{{id: m, script: ls, matrix: {{a: [{axis}]}}}}, {{script: ls, needs: [{needs}]}}]");
    let script = parse(Format::Yaml, "build", &text, &push(), &Extensions::none()).expect("a good script");
    assert_eq!(script.jobs[500].dependencies.len(), 500);
}

#[test]
fn patterns_are_bounded_and_one_that_many_jobs_have_counts_once() {
    // Case B17: hundreds of regular expressions
    let regexes = |n: usize| (0..n).map(|n| format!("/x{n}/")).collect::<Vec<_>>().join(",");
    refused(Format::Yaml, &format!("[{{script: ls, if: {{branch: [{}]}}}}]", regexes(600)), "500 regular expressions");
    let files = (0..600).map(|n| format!("\"{n}{}\"", "x".repeat(900))).collect::<Vec<_>>().join(",");
    refused(Format::Yaml, &format!("[{{script: ls, if: {{paths: [{files}]}}}}]"), "10000 different");
    let text = format!("[{}]", vec!["{script: ls, if: {branch: /m.*/, paths: src/**}}"; 20_000].join(","));
    let script = parse(Format::Yaml, "build", &text, &push(), &Extensions::none()).expect("a good script");
    assert_eq!(script.jobs.len(), 20_000);
}

/// Case B18: a hundred thousand mistakes.
#[test]
fn a_hundred_thousand_mistakes_are_shown_by_a_hundred() {
    let text = format!("[{}]", vec!["{id: a, needs: [nobody], imag: x}"; 20_000].join(","));
    let Err(ScriptError::Invalid(errors)) = parse(Format::Yaml, "build", &text, &push(), &Extensions::none()) else {
        panic!("a bad script was taken");
    };
    assert_eq!(errors.len(), 100);
}

#[test]
fn a_hundred_thousand_jobs_are_read() {
    let jobs: Vec<_> = (0..100_000).map(|n| format!("{{\"id\": \"job-{n}\", \"script\": \"make {n}\"}}")).collect();
    let script = parse(Format::Json, "build.json", &format!("[{}]", jobs.join(",")), &push(), &Extensions::none())
        .expect("a good script");
    assert_eq!(script.jobs.len(), 100_000);
}

#[test]
fn ten_thousand_jobs_are_read_in_time() {
    let jobs = |n: u32| {
        format!(
            "- id: job-{n}\n  image: rust:1\n  script:\n    - cargo build --release\n    - cargo test --release\n  env: \
             {{LEVEL: debug, COLOR: never}}\n  timeout: 20m\n  save-artifacts: [{{id: target-{n}, path: target}}]\n"
        )
    };
    let chained = |n: u32| jobs(n) + &format!("  dependencies: [job-{}]\n", n - 1);
    let text: String = jobs(0) + &(1..10_000).map(chained).collect::<String>();
    let start = worked();
    let script = parse(Format::Yaml, "build.yaml", &text, &push(), &Extensions::none()).expect("a good script");
    let took = worked() - start;
    assert_eq!(script.jobs.len(), 10_000);
    // Half a second in a release build.
    assert!(took < Duration::from_secs(20), "{took:?}");
    if std::env::var_os("MONKEYCI_TIMES").is_some() {
        eprintln!("{took:>12?} 10,000 jobs of {} bytes", text.len());
    }
}

/// Case B42: a regular expression that takes some engines for ever.
#[test]
fn no_regular_expression_takes_for_ever() {
    let git = Git { reference: Some(format!("refs/heads/{}!", "a".repeat(50_000))), ..Git::default() };
    let trigger = Trigger { git: Some(git), ..push() };
    let start = worked();
    for regex in ["(a+)+$", "(a|aa)+$", "(a*)*b", "([a-z]+)*z"] {
        let text = format!("[{{id: never, script: ls, if: {{branch: \"/{regex}/\"}}}}, {{id: always, script: ls}}]");
        let script = parse(Format::Yaml, "build", &text, &trigger, &Extensions::none()).expect("a good script");
        assert_eq!(script.jobs.len(), 1, "{regex}");
    }
    // Case B43: a regular expression that would take gigabytes.
    let huge = "[{script: ls, if: {branch: '/(((a{1,999}){1,999}){1,999}){1,999}/'}}]";
    assert!(parse(Format::Yaml, "build", huge, &trigger, &Extensions::none()).is_err());
    let took = worked() - start;
    assert!(took < SOON, "{took:?}");
}
