//! Words that are nearly the one that was typed.

/// Letters that may differ.
const FAR: usize = 2;

/// The word that was probably meant.
#[must_use]
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = typed.chars().take(40).flat_map(char::to_lowercase).collect();
    let near = known.into_iter().map(|word| (distance(&typed, &word.chars().collect::<Vec<_>>()), word));
    // Half of a short word is another word.
    near.filter(|(far, word)| *far <= FAR && far * 2 < word.len()).min_by_key(|(far, _)| *far).map(|(_, word)| word)
}

/// Letters that are added, left out, changed, or changed places, to come from one word to the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let changed = last[j] + usize::from(x != y);
            let mut least = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_probably_meant_is_found_and_nothing_else() {
        let known = ["run", "retry", "reject", "subscribe", "subscriptions", "logs"];
        for (typed, meant) in [
            ("rety", Some("retry")),
            ("RETRY", Some("retry")),
            ("rnu", Some("run")),
            ("subscirbe", Some("subscribe")),
            ("log", Some("logs")),
            ("deploy", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
    }
}
