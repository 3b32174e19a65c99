//! Rows in columns, for people.

use console::{measure_text_width, truncate_str};

use super::escape::{Colours, neutral};
use super::style::{Style, Tone};

/// The widest cell; what is longer is cut, but in the last column, where it is in nobody's way.
const WIDEST: usize = 60;

/// A line for each of `rows` below the names of the columns. What a terminal would obey is left out of every cell.
pub fn draw<const N: usize>(head: [&str; N], rows: &[[String; N]], style: Style) -> String {
    draw_in(head, rows, style, |_, _| None)
}

/// The same, or `nothing` where there are no rows.
pub fn list<const N: usize>(nothing: &str, head: [&str; N], rows: &[[String; N]], style: Style) -> String {
    if rows.is_empty() { format!("{nothing}\n") } else { draw(head, rows, style) }
}

/// The rows of [`draw`], with cells in the tone that `tone` gives them by their row and column.
pub fn draw_in<const N: usize>(
    head: [&str; N],
    rows: &[[String; N]],
    style: Style,
    tone: impl Fn(usize, usize) -> Option<Tone>,
) -> String {
    let head = head.map(String::from);
    let rows: Vec<[String; N]> = rows.iter().map(fit).collect();
    let mut widths = [0; N];
    for row in std::iter::once(&head).chain(&rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = measure_text_width(cell).max(*width);
        }
    }
    let mut text = style.paint(Tone::Quiet, &line(&head, &widths, |_, cell| cell.to_owned()));
    text.push('\n');
    for (at, row) in rows.iter().enumerate() {
        text.push_str(&line(row, &widths, |column, cell| match tone(at, column) {
            Some(tone) => style.paint(tone, cell),
            None => cell.to_owned(),
        }));
        text.push('\n');
    }
    text
}

fn fit<const N: usize>(row: &[String; N]) -> [String; N] {
    let mut left = N;
    row.each_ref().map(|cell| {
        left -= 1;
        // In one line, and no words of two lines glued together.
        let cell = cell.lines().collect::<Vec<_>>().join(" ");
        let cell = neutral(&cell, Colours::Strip);
        if left == 0 { cell.into_owned() } else { truncate_str(&cell, WIDEST, "…").into_owned() }
    })
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N], paint: impl Fn(usize, &str) -> String) -> String {
    let last = cells.iter().rposition(|cell| !cell.is_empty()).unwrap_or(0);
    let mut text = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate().take(last + 1) {
        text.push_str(&paint(column, cell));
        if column < last {
            text.push_str(&" ".repeat(width - measure_text_width(cell) + 2));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_straight_columns_and_nothing_that_a_terminal_obeys() {
        let rows = [
            ["main".to_owned(), "x".repeat(70), String::new()],
            ["\x1b[2Jfix/\u{202e}é".to_owned(), "first\nsecond".to_owned(), "y".repeat(70)],
        ];
        let (cut, whole) = (format!("{}…", "x".repeat(WIDEST - 1)), "y".repeat(70));
        assert_eq!(
            draw(["BRANCH", "SAYS", ""], &rows, Style::PLAIN),
            format!("BRANCH  SAYS\nmain    {cut}\nfix/é   {:<WIDEST$}  {whole}\n", "first second")
        );
        let toned = draw_in(["A", "B"], &[["x".into(), "y".into()]], Style::COLOURED, |_, column| {
            (column == 0).then_some(Tone::Good)
        });
        assert_eq!(toned, "\x1b[2mA  B\x1b[0m\n\x1b[32mx\x1b[0m  y\n");
    }
}
