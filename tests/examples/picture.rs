//! Draws what a program shows on a terminal as an SVG.
//!
//! ```text
//! cargo run -p monkeyci-tests --example picture -- docs/pictures/build.svg monkeyci build examples/diamond
//! ```
//!
//! The program runs on a real terminal of 100 columns (by `script`, which every Linux has); what is on the screen when
//! it ends is what is drawn. The colours are those of the picture, so that it can be read on light and on dark pages.

use std::fmt::Write as _;
use std::process::{Command, ExitCode, Stdio};

const COLUMNS: u16 = 100;
const ROWS: u16 = 60;
const CELL: (f32, f32) = (8.4, 18.0);
const MARGIN: f32 = 14.0;
const BAR: f32 = 28.0;

/// The sixteen colours of a terminal, dark first.
const PALETTE: [&str; 16] = [
    "#21252b", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0", //
    "#7f848e", "#ef7c86", "#a8d389", "#f0cf8b", "#74bdf5", "#d48fe8", "#68c6d2", "#ffffff",
];
const PAPER: &str = "#1b1e24";
const INK: &str = "#d7dae0";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), command) = (arguments.next(), arguments.collect::<Vec<_>>()) else {
        return usage();
    };
    if command.is_empty() {
        return usage();
    }
    let line = command.join(" ");
    let shell = format!("stty cols {COLUMNS} rows {ROWS}; exec {line}");
    let shown = Command::new("script")
        .args(["--quiet", "--return", "--command", &shell, "/dev/null"])
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .output()
        .expect("`script` of util-linux runs");
    let size = |cells: u16| cells.try_into().expect("a terminal has cells");
    let mut terminal = vt100::Parser::new(size(ROWS), size(COLUMNS), 0);
    terminal.process(format!("\x1b[2m$\x1b[m {line}\r\n").as_bytes());
    terminal.process(&shown.stdout);
    std::fs::write(&file, draw(terminal.screen(), &line)).unwrap_or_else(|error| panic!("{file}: {error}"));
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: picture FILE.svg PROGRAM [ARGUMENT …]");
    ExitCode::from(2)
}

fn draw(screen: &vt100::Screen, title: &str) -> String {
    let filled =
        |row: &u16| (0..COLUMNS).any(|column| screen.cell(*row, column).is_some_and(vt100::Cell::has_contents));
    let rows = (0..ROWS).filter(filled).max().map_or(1, |row| row + 1);
    let (width, height) = (f32::from(COLUMNS) * CELL.0 + 2.0 * MARGIN, f32::from(rows) * CELL.1 + BAR + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"{title}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n\
         <g fill=\"#3a3f4b\"><circle cx=\"18\" cy=\"16\" r=\"5\"/><circle cx=\"34\" cy=\"16\" r=\"5\"/>\
         <circle cx=\"50\" cy=\"16\" r=\"5\"/></g>\n\
         <g font-family=\"ui-monospace, SFMono-Regular, Menlo, DejaVu Sans Mono, monospace\" font-size=\"14\">\n",
        title = escape(title),
    );
    for row in 0..rows {
        let y = BAR + MARGIN + (f32::from(row) + 0.75) * CELL.1;
        let mut column = 0;
        while column < COLUMNS {
            // Word by word, as viewers do not agree on what becomes of spaces.
            let Some(cell) = screen.cell(row, column).filter(is_ink) else {
                column += 1;
                continue;
            };
            let look = look(cell);
            let start = column;
            let mut text = String::new();
            while let Some(cell) = screen.cell(row, column).filter(is_ink)
                && self::look(cell) == look
            {
                text.push_str(cell.contents());
                column += if cell.is_wide() { 2 } else { 1 };
            }
            let x = MARGIN + f32::from(start) * CELL.0;
            let length = f32::from(column - start) * CELL.0;
            writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\" {look}>{}</text>", escape(&text))
                .expect("a string takes everything");
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn is_ink(cell: &&vt100::Cell) -> bool {
    cell.has_contents() && cell.contents() != " "
}

fn look(cell: &vt100::Cell) -> String {
    let colour = match cell.fgcolor() {
        vt100::Color::Default => INK.to_owned(),
        vt100::Color::Idx(index @ 0..16) => PALETTE[usize::from(index)].to_owned(),
        vt100::Color::Idx(_) => INK.to_owned(),
        vt100::Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    };
    let weight = if cell.bold() { " font-weight=\"bold\"" } else { "" };
    let faint = if cell.dim() { " fill-opacity=\"0.65\"" } else { "" };
    format!("fill=\"{colour}\"{weight}{faint}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
