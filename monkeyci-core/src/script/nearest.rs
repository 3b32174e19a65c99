//! The known name that somebody probably meant.

/// The known name nearest to `name`, when one is near enough to be a slip.
pub(crate) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // The distance takes time in proportion to both lengths, and nobody's slip is that long.
    if name.len() > 100 {
        return None;
    }
    let folded = name.to_lowercase();
    let length = folded.chars().count();
    // Of a single letter another one is no slip.
    let allowed = (length / 3).max(usize::from(length > 1));
    known
        .into_iter()
        .map(|candidate| (distance(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?`
pub(crate) fn did_you_mean<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    nearest(name, known).map(|near| format!("did you mean `{near}`?"))
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from one to the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().take(120).collect());
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_name_and_other_words_find_none() {
        let known = ["image", "script", "save-artifacts", "dependencies", "if"];
        let cases = [
            ("imgae", Some("image")),
            ("Script", Some("script")),
            ("save-artefacts", Some("save-artifacts")),
            ("dependancies", Some("dependencies")),
            ("banana", None),
            ("", None),
        ];
        for (slip, meant) in cases {
            assert_eq!(nearest(slip, known), meant, "{slip}");
        }
    }
}
