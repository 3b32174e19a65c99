//! Versions, as tags name them. The build script uses it as well.

/// The version that a tag names, when it is one that everybody may use: `v1.2.3`.
pub fn released(tag: &str) -> Option<[u64; 3]> {
    let mut parts = tag.strip_prefix('v')?.split('.');
    let mut next = || parts.next()?.parse().ok();
    let version = [next()?, next()?, next()?];
    parts.next().is_none().then_some(version)
}

#[test]
fn a_release_has_three_numbers() {
    assert_eq!(released("v1.20.3"), Some([1, 20, 3]));
    for other in ["1.2.3", "v1.2", "v1.2.3.4", "v1.2.3-rc1", "nightly"] {
        assert_eq!(released(other), None, "{other}");
    }
}
