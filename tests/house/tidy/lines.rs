//! Files stay small enough to be read in one go.

use super::sources;

const MEDIAN: usize = 130;
const MOST: usize = 400;

/// Files that may be longer, and why.
const LONGER: &[(&str, &str)] = &[];

#[test]
fn files_are_short() {
    let mut sizes: Vec<(usize, String)> =
        sources::production().into_iter().map(|(name, text)| (sources::code(&text).len(), name)).collect();
    sizes.sort();
    let excused = |name: &str| LONGER.iter().any(|(file, _)| *file == name);
    let long: Vec<_> = sizes.iter().filter(|(lines, name)| *lines > MOST && !excused(name)).collect();
    assert!(long.is_empty(), "is there one noun in each of these? {long:#?}");
    let median = sizes[sizes.len() / 2].0;
    assert!(median <= MEDIAN, "the median file has {median} lines of code, {MEDIAN} are wanted");
    let stale: Vec<_> =
        LONGER.iter().filter(|(file, _)| !sizes.iter().any(|(n, name)| name == file && *n > MOST)).collect();
    assert!(stale.is_empty(), "no longer needs an excuse: {stale:?}");
}
