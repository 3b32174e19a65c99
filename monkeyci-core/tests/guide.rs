//! The guide's tables say what the code does. With `MONKEYCI_UPDATE=1` this test writes them.

use monkeyci_core::model::job::limits;

/// The text with what stands between `<!-- NAME -->` and the next `<!-- end -->` replaced.
fn with(page: &str, name: &str, table: &str) -> String {
    let mark = format!("<!-- {name} -->\n");
    let start = page.find(&mark).unwrap_or_else(|| panic!("the guide lacks `{}`", mark.trim())) + mark.len();
    let end = start + page[start..].find("<!-- end -->").expect("an end");
    format!("{}{table}{}", &page[..start], &page[end..])
}

#[test]
fn the_guide_lists_the_variables_and_limits_of_jobs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide/jobs.md");
    let page = std::fs::read_to_string(path).expect("the guide is there");

    let source = include_str!("../src/worker/variables.rs");
    let rows = source.lines().filter_map(|line| line.strip_prefix("/// ")).filter(|line| line.starts_with('|'));
    let variables: String = rows.map(|row| format!("{row}\n")).collect();

    let gib = |bytes: u64| format!("{} GiB", bytes >> 30);
    let rows = [
        ("time of one attempt", format!("{} minutes", limits::TIMEOUT_MS / 60_000)),
        ("time between being asked to end and being killed", format!("{} s", limits::GRACE_MS / 1000)),
        ("log of one attempt", format!("{} MiB", limits::LOG_BYTES >> 20)),
        ("one artifact, unpacked", gib(limits::ARTIFACT_BYTES)),
        ("one cache, unpacked", gib(limits::CACHE_BYTES)),
        ("processor cores of a container", limits::CPUS.to_string()),
        ("memory of a container", format!("{} GiB", limits::MEMORY_GB)),
        ("processes and threads of a container", limits::PIDS.to_string()),
        ("jobs of one build", limits::JOBS.to_string()),
        ("dependencies of one job", limits::DEPENDENCIES.to_string()),
    ];
    let rows: String = rows.iter().map(|(what, limit)| format!("| {what} | {limit} |\n")).collect();
    let limits = format!("| what | limit |\n|---|---|\n{rows}");

    let wanted = with(&with(&page, "variables", &variables), "limits", &limits);
    if std::env::var_os("MONKEYCI_UPDATE").is_some() {
        std::fs::write(path, &wanted).expect("written");
    } else {
        assert_eq!(page, wanted, "run this test with MONKEYCI_UPDATE=1 to write the tables");
    }
}
