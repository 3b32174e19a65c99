use std::collections::BTreeMap;

/// What a coverage report says, in whatever format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    files: BTreeMap<String, Count>,
}

/// Lines and branches, of one file or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) lines: Part,
    pub(crate) branches: Part,
}

/// How much of something was run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) all: u64,
    /// Never more than `all`.
    pub(crate) covered: u64,
}

impl Report {
    /// Adds what is known of a file; a file that is there already grows by it.
    pub(crate) fn add(&mut self, file: &str, count: Count) {
        let known = self.files.entry(file.to_owned()).or_default();
        *known = known.and(count);
    }

    /// All files together.
    pub(crate) fn total(&self) -> Count {
        self.files.values().fold(Count::default(), |total, count| total.and(*count))
    }

    pub(crate) fn files(&self) -> usize {
        self.files.len()
    }

    /// The files with the most lines that no test runs, first: where tests help most.
    pub(crate) fn least_covered(&self, most: usize) -> Vec<(&str, Part)> {
        let files = self.files.iter().map(|(file, count)| (file.as_str(), count.lines));
        let mut files: Vec<_> = files.filter(|(_, lines)| lines.missed() > 0).collect();
        // Files of as many missed lines stay in the order of their names.
        files.sort_by_key(|(_, lines)| std::cmp::Reverse(lines.missed()));
        files.truncate(most);
        files
    }
}

impl Count {
    fn and(self, other: Self) -> Self {
        Self { lines: self.lines.and(other.lines), branches: self.branches.and(other.branches) }
    }
}

impl Part {
    pub(crate) fn new(all: u64, covered: u64) -> Self {
        Self { all, covered: covered.min(all) }
    }

    /// How many were run of these.
    pub(crate) fn of(ran: impl Iterator<Item = bool>) -> Self {
        ran.fold(Self::default(), |part, ran| Self { all: part.all + 1, covered: part.covered + u64::from(ran) })
    }

    /// Both together; numbers without end end at the largest there is.
    pub(crate) fn and(self, other: Self) -> Self {
        Self::new(self.all.saturating_add(other.all), self.covered.saturating_add(other.covered))
    }

    pub(crate) fn missed(self) -> u64 {
        self.all - self.covered
    }

    /// Percent that was run; nothing of nothing.
    pub(crate) fn percent(self) -> Option<f64> {
        (self.all > 0).then(|| self.covered as f64 * 100.0 / self.all as f64)
    }

    /// How many more must be run to reach so many percent.
    pub(crate) fn short_of(self, percent: f64) -> u64 {
        // A float as an integer ends at the integer's bounds.
        let wanted = (self.all as f64 * percent / 100.0).ceil() as u64;
        wanted.saturating_sub(self.covered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_add_up_and_never_overflow() {
        let mut report = Report::default();
        report.add("a", Count { lines: Part::new(10, 4), ..Count::default() });
        report.add("b", Count { lines: Part::new(10, 10), ..Count::default() });
        report.add("c", Count { lines: Part::new(2, 0), ..Count::default() });
        assert_eq!(report.total().lines, Part::new(22, 14));
        assert_eq!(report.least_covered(5), [("a", Part::new(10, 4)), ("c", Part::new(2, 0))]);
        assert_eq!(report.least_covered(1).len(), 1);
        report.add("a", Count { lines: Part::new(u64::MAX, u64::MAX), ..Count::default() });
        assert_eq!(report.total().lines.percent(), Some(100.0));
        assert_eq!(Part::default().percent(), None);
        assert_eq!((Part::new(10, 4).short_of(75.0), Part::new(10, 9).short_of(75.0)), (4, 0));
        assert_eq!(Part::new(1, 7), Part::new(1, 1), "no more is run than there is");
    }
}
