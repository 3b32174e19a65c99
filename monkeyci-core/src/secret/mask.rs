//! Takes secrets out of a stream of bytes.

use std::collections::VecDeque;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use zeroize::Zeroize;

use super::encoding;

/// Bytes of a form that counts as short: those of pieces of base64 are.
const SHORT: usize = 32;

/// What stands in the place of a secret.
const MASK: &[u8] = b"***";

/// Takes secrets out of a stream of bytes, and keeps marks in the stream in their places.
///
/// A secret may be split over any number of pushes, and over marks: streams and lines may change in the middle of it. So
/// what could still become a secret is held back, and the marks after it with it:
///
/// ```
/// use monkeyci_core::secret::Masker;
///
/// let mut masker = Masker::new(["hunter22"]);
/// let first = masker.push(b"login hunt");
/// assert_eq!(first.bytes, b"login ");
/// masker.mark("stderr");
/// let second = masker.push(b"er22 done");
/// assert_eq!(second.bytes, b"*** done");
/// assert_eq!(second.marks, [(9, "stderr")]);
/// assert_eq!(masker.finish().bytes, b"");
/// ```
///
/// Offsets of marks are in the stream that comes out, from its very beginning. A mark within a secret moves to its end.
/// Where secrets overlap, one mask stands for all of them. Memory is bounded by the longest form of a secret, not by the
/// stream; the text held back is wiped.
pub struct Masker<T> {
    search: Option<AhoCorasick>,
    /// Every form, to tell whether the stream's end could be the beginning of one: the many short ones, and the few
    /// long ones, for which more of it must be looked at.
    beginnings: [Beginnings; 2],
    /// Taken in and not given out yet.
    held: Vec<u8>,
    /// As many bytes of `held` are within a secret whose mask is already out.
    covered: usize,
    /// Bytes that came in before `held`, and bytes that went out.
    before: u64,
    out: u64,
    marks: VecDeque<(u64, T)>,
}

/// Forms by what they begin with.
struct Beginnings {
    /// Sorted.
    forms: Vec<Vec<u8>>,
    first_bytes: Box<[bool; 256]>,
    longest: usize,
}

impl Beginnings {
    /// Sorted forms.
    fn new(forms: Vec<Vec<u8>>) -> Self {
        let mut first_bytes = Box::new([false; 256]);
        for form in &forms {
            first_bytes[usize::from(form[0])] = true;
        }
        let longest = forms.iter().map(Vec::len).max().unwrap_or(0);
        Self { forms, first_bytes, longest }
    }

    /// How many bytes of `held` can no longer be the beginning of a form.
    fn safe(&self, held: &[u8]) -> usize {
        let from = held.len().saturating_sub(self.longest.saturating_sub(1));
        let begins_form = |end: &[u8]| {
            let next = self.forms.partition_point(|form| form.as_slice() <= end);
            self.forms.get(next).is_some_and(|form| form.starts_with(end))
        };
        (from..held.len())
            .find(|&at| self.first_bytes[usize::from(held[at])] && begins_form(&held[at..]))
            .unwrap_or(held.len())
    }
}

/// What a [`Masker`] gives out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked<T> {
    /// The next bytes of the stream.
    pub bytes: Vec<u8>,
    /// Marks whose place is now known, in order, with their offsets in the stream that comes out.
    pub marks: Vec<(u64, T)>,
}

impl Masker<()> {
    /// A whole text in which secrets are masked. Texts may follow one another; no secret spans two of them.
    pub fn text(&mut self, text: &str) -> String {
        let mut bytes = self.push(text.as_bytes()).bytes;
        bytes.extend(self.finish().bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl<T> Masker<T> {
    /// Masks these values in all their forms; values shorter than [`SHORTEST`](super::SHORTEST) are not masked.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms: Vec<_> = values.into_iter().flat_map(encoding::forms).collect();
        forms.sort_unstable();
        forms.dedup();
        let search = (!forms.is_empty()).then(|| {
            let patterns = forms.iter();
            AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                // A table of all states and bytes would be tens of megabytes for one private key.
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build(patterns)
                .expect("fewer than 2^31 states: values are bounded where they are set")
        });
        let (short, long) = forms.into_iter().partition(|form| form.len() <= SHORT);
        Self {
            search,
            beginnings: [Beginnings::new(short), Beginnings::new(long)],
            held: Vec::new(),
            covered: 0,
            before: 0,
            out: 0,
            marks: VecDeque::new(),
        }
    }

    /// Takes in the next bytes, and gives out all that can no longer be part of a secret.
    pub fn push(&mut self, bytes: &[u8]) -> Masked<T> {
        self.held.extend_from_slice(bytes);
        let safe = self.beginnings.iter().map(|forms| forms.safe(&self.held)).min();
        self.give(safe.unwrap_or(self.held.len()))
    }

    /// Puts a mark after the last byte that was pushed. It comes out once its place is known.
    pub fn mark(&mut self, mark: T) {
        self.marks.push_back((self.before + self.held.len() as u64, mark));
    }

    /// Gives out what is held back: nothing follows.
    pub fn finish(&mut self) -> Masked<T> {
        self.give(self.held.len())
    }

    /// Bytes held back because they could be the beginning of a secret. A stream that pauses for long may be finished
    /// and gone on with: only a secret that spans the pause is lost by it.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.held.len()
    }

    /// Where secrets are in what is held, from left to right; those that overlap are one.
    fn secrets(&self) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        if self.covered > 0 {
            found.push((0, self.covered));
        }
        let Some(search) = &self.search else { return found };
        // Most of what is written holds no secret, and this is found out several times as fast.
        if !search.is_match(&self.held) {
            return found;
        }
        for one in search.find_overlapping_iter(&self.held) {
            // They come in the order of their ends.
            let (mut start, mut end) = (one.start(), one.end());
            while let Some(&(before, ended)) = found.last() {
                if ended <= start {
                    break;
                }
                (start, end) = (start.min(before), end.max(ended));
                found.pop();
            }
            found.push((start, end));
        }
        found
    }

    fn give(&mut self, until: usize) -> Masked<T> {
        let mut masked = Masked { bytes: Vec::with_capacity(until), marks: Vec::new() };
        let secrets = self.secrets();
        let printed = std::mem::take(&mut self.covered) > 0;
        let mut at = 0;
        for (index, (start, end)) in secrets.into_iter().enumerate().take_while(|(_, (start, _))| *start < until) {
            self.plain(at, start, &mut masked);
            if !(index == 0 && printed) {
                masked.bytes.extend_from_slice(MASK);
            }
            at = end;
            if end > until {
                self.covered = end - until;
                at = until;
            }
            self.place(at, masked.bytes.len() as u64, &mut masked.marks);
        }
        self.plain(at, until, &mut masked);
        self.out += masked.bytes.len() as u64;
        self.before += until as u64;
        let left = self.held.len() - until;
        self.held.copy_within(until.., 0);
        self.held[left..].zeroize();
        self.held.truncate(left);
        masked
    }

    /// Gives out bytes that are no secret, with the marks among them.
    fn plain(&mut self, from: usize, to: usize, masked: &mut Masked<T>) {
        let begins = masked.bytes.len();
        masked.bytes.extend_from_slice(&self.held[from..to]);
        while let Some((place, _)) = self.marks.front()
            && *place <= self.before + to as u64
        {
            let (place, mark) = self.marks.pop_front().expect("there is a first one");
            let into = place.saturating_sub(self.before + from as u64);
            masked.marks.push((self.out + begins as u64 + into, mark));
        }
    }

    /// Puts the marks before `until` at this place of what comes out.
    fn place(&mut self, until: usize, at: u64, marks: &mut Vec<(u64, T)>) {
        while let Some((place, _)) = self.marks.front()
            && *place < self.before + until as u64
        {
            let (_, mark) = self.marks.pop_front().expect("there is a first one");
            marks.push((self.out + at, mark));
        }
    }
}

impl<T> Drop for Masker<T> {
    fn drop(&mut self) {
        self.held.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mask(values: &[&str], pieces: &[&[u8]]) -> (String, Vec<(u64, usize)>) {
        let mut masker = Masker::new(values.iter().copied());
        let (mut out, mut marks) = (Vec::new(), Vec::new());
        for (index, piece) in pieces.iter().enumerate() {
            let masked = masker.push(piece);
            out.extend(masked.bytes);
            marks.extend(masked.marks);
            masker.mark(index);
        }
        let masked = masker.finish();
        out.extend(masked.bytes);
        marks.extend(masked.marks);
        (String::from_utf8(out).expect("text"), marks)
    }

    #[test]
    fn every_form_that_a_program_makes_is_masked() {
        let value = "p4ss'w\"rd/é\n&second line of it";
        let base64 = |text: &str| encoding_of(text);
        for (case, form) in [
            ("S2 as it is", value.to_owned()),
            ("S3 one of its lines", "&second line of it".into()),
            ("S4 base64", base64(value)),
            ("S5 base64 of base64", base64(&base64(value))),
            ("S6 base64 of a line of base64", base64(&format!("{}\n", base64(value)))),
            ("S7 base64 for addresses", base64(value).replace('+', "-").replace('/', "_")),
            ("S8 hex", hex(value)),
            ("S9 hex in capitals", hex(value).to_uppercase()),
            ("S10 percent-encoded", "p4ss%27w%22rd%2F%C3%A9%0A%26second%20line%20of%20it".into()),
            ("S11 percent-encoded as a path", "p4ss%27w%22rd/%c3%a9%0a%26second%20line%20of%20it".into()),
            ("S12 percent-encoded as a form", "p4ss'w%22rd%2F%C3%A9%0A%26second+line+of+it".into()),
            ("S13 as JSON", r#"p4ss'w\"rd/é\n&second line of it"#.into()),
            ("S14 as JSON in ASCII", r#"p4ss'w\"rd/\u00e9\n&second line of it"#.into()),
            ("S15 quoted for a shell", "p4ss'\\''w\"rd/é\n&second line of it".into()),
        ] {
            let bytes = form.as_bytes();
            let halves = bytes.split_at(bytes.len() / 2);
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            // At once, in two parts, byte by byte.
            for pieces in [&[bytes][..], &[halves.0, halves.1], &single] {
                let (out, _) = mask(&[value], &[&[&b"<"[..]], pieces, &[b">"]].concat());
                let core = out.trim_start_matches('<').trim_end_matches('>').replace("***", "");
                // Of base64 the last characters, which hold less than one byte of the secret, may be left.
                assert!(out.contains("***") && core.len() <= 6, "{case}: {form:?} became {out:?}");
            }
        }
        // Case S16: base64 of a longer text in which it stands, at each of the three alignments.
        for before in ["", "u", "us", "user:"] {
            let (out, _) = mask(&[value], &[base64(&format!("{before}{value}; more")).as_bytes()]);
            assert!(out.contains("***"), "base64 after {before:?} became {out:?}");
        }
    }

    /// Case S17: base64 that is cut into lines.
    #[test]
    fn base64_that_is_cut_into_lines_is_masked() {
        let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
        let key: String = (0..30_u32).map(|n| format!("{:064}\n", n.wrapping_mul(2_654_435_761))).collect();
        for value in [token, &key, "hunter22"] {
            let before = [0, 1, 2, 3, 17, 38, 46, 47, 48, 50, 55, 56, 57];
            for (width, before) in [76, 64].into_iter().flat_map(|width| before.map(|before| (width, before))) {
                let text = encoding_of(&format!("{}{value}", "-".repeat(before)));
                let wrapped: Vec<_> = text.as_bytes().chunks(width).map(String::from_utf8_lossy).collect();
                let (out, _) = mask(&[value], &[wrapped.join("\n").as_bytes()]);
                // What is left holds the bytes before, and of the secret no whole one at either end.
                let left: usize = out.split('\n').map(|line| line.replace("***", "").len()).sum();
                assert!(left <= before.div_ceil(3) * 4 + 4, "{value} after {before} at {width} became {out}");
            }
        }
    }

    /// Case S18: a private key, line by line.
    #[test]
    fn a_private_key_is_masked_line_by_line() {
        let lines: Vec<_> = (0..4_u64).map(|n| format!("MIIEv{:059}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
        let key = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
        let file = serde_json::json!({"type": "service_account", "private_key": key}).to_string();
        for value in [&key, &key.replace('\n', "\r\n"), &file] {
            for line in &lines {
                assert_eq!(mask(&[value], &[b"> ", line.as_bytes(), b"\r\n"]).0, "> ***\r\n");
            }
        }
    }

    fn encoding_of(text: &str) -> String {
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, text)
    }

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Case S19: secrets that overlap, or hold one another.
    #[test]
    fn secrets_that_overlap_or_contain_one_another_leave_nothing() {
        let values = ["password1", "word1234", "hunter2", "hunter22-long"];
        assert_eq!(mask(&values, &[b"a password1234 b"]).0, "a *** b");
        assert_eq!(mask(&values, &[b"hunter22-lon", b"g; hunter2, hunter22"]).0, "***; ***, ***2");
        assert_eq!(mask(&values, &[b"pass", b"word", b"12", b"34x"]).0, "***x");
        let (out, _) = mask(&["aaaaaa"], &[&b"a".repeat(1000), &b"a".repeat(1000), b"b"]);
        assert_eq!(out, "***b", "a secret that overlaps itself");
    }

    #[test]
    fn short_values_and_no_values_mask_nothing() {
        assert_eq!(mask(&["-", "12345", ""], &[b"- 12345 -"]).0, "- 12345 -");
        let mut masker = Masker::<()>::new([]);
        assert_eq!(masker.push(b"at once").bytes, b"at once");
    }

    #[test]
    fn what_cannot_become_a_secret_is_not_held_back() {
        let mut masker = Masker::<()>::new(["a long secret, such as a private key"]);
        assert_eq!(masker.push(b"Password: ").bytes, b"Password: ");
        assert_eq!(masker.pending(), 0);
    }

    #[test]
    fn marks_keep_their_places() {
        let (out, marks) = mask(&["hunter22"], &[b"one ", b"hunt", b"er22 two", b"hunter", b" three"]);
        assert_eq!(out, "one *** twohunter three");
        assert_eq!(marks, [(4, 0), (7, 1), (11, 2), (17, 3), (23, 4)]);
    }

    proptest! {
        #[test]
        fn no_chunking_lets_a_form_through(
            secret in "[ -~]{6,24}(\n[ -~]{8,16})?",
            words in prop::collection::vec((0_usize..40, "[\u{e0}-\u{f0}]{0,5}"), 1..12),
            cuts in prop::collection::vec(1_usize..9, 1..200),
        ) {
            let forms: Vec<_> = encoding::forms(&secret).into_iter().collect();
            let (mut text, mut expected) = (Vec::new(), Vec::new());
            for (index, plain) in &words {
                // Among letters that no form has, so that what is left can be told from what is masked.
                text.extend_from_slice("«".as_bytes());
                expected.extend_from_slice("«".as_bytes());
                text.extend_from_slice(plain.as_bytes());
                expected.extend_from_slice(plain.as_bytes());
                if let Some(form) = forms.get(*index) {
                    text.extend_from_slice(form);
                    expected.extend_from_slice(MASK);
                }
                text.extend_from_slice("»".as_bytes());
                expected.extend_from_slice("»".as_bytes());
            }
            let mut masker = Masker::new([secret.as_str()]);
            let (mut out, mut marks, mut rest) = (Vec::new(), Vec::new(), text.as_slice());
            for cut in cuts.iter().cycle() {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                let masked = masker.push(piece);
                out.extend(masked.bytes);
                marks.extend(masked.marks);
                masker.mark(marks.len());
                rest = after;
                if rest.is_empty() { break }
            }
            let masked = masker.finish();
            out.extend(masked.bytes);
            marks.extend(masked.marks);
            prop_assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&expected));
            prop_assert!(marks.is_sorted_by_key(|(place, _)| *place));
            prop_assert_eq!(marks.last().map(|(place, _)| *place), Some(out.len() as u64));
        }
    }
}
