//! Blocks, as they are shown.

use std::fmt::Write as _;

use serde_json::Value;

use super::element::{self, Form};
use super::html::{escaped, link};
use super::markup::{marked, unmarked};
use super::rich;
use crate::world::World;

/// A text object as HTML.
pub(super) fn text(world: &World, text: &Value) -> String {
    let words = text["text"].as_str().unwrap_or_default();
    if text["type"] == "mrkdwn" { marked(world, words) } else { unmarked(words) }
}

/// Blocks as HTML. What is pressed in them is sent as `form` says.
pub(super) fn blocks(world: &World, blocks: &[Value], form: &Form) -> String {
    blocks.iter().map(|one| block(world, one, form)).collect()
}

fn block(world: &World, block: &Value, form: &Form) -> String {
    let list = |name: &str| block[name].as_array().map_or(&[][..], Vec::as_slice);
    let word = |name: &str| block[name].as_str().unwrap_or_default();
    let id = word("block_id");
    match word("type") {
        "section" => {
            let mut html = String::from(r#"<div class="section"><div class="said">"#);
            if block.get("text").is_some() {
                html.push_str(&text(world, &block["text"]));
            }
            if !list("fields").is_empty() {
                html.push_str(r#"<div class="fields">"#);
                list("fields").iter().for_each(|one| html.push_str(&format!("<div>{}</div>", text(world, one))));
                html.push_str("</div>");
            }
            html.push_str("</div>");
            if block.get("accessory").is_some() {
                html.push_str(&element::element(world, &block["accessory"], id, form));
            }
            html + "</div>"
        }
        "header" => format!("<h3>{}</h3>", text(world, &block["text"])),
        "divider" => "<hr>".to_owned(),
        "context" => {
            let one = |part: &Value| match part["type"].as_str() {
                Some("image") => picture(part, "small"),
                _ => format!("<span>{}</span>", text(world, part)),
            };
            format!(r#"<div class="context">{}</div>"#, list("elements").iter().map(one).collect::<String>())
        }
        "actions" | "context_actions" => {
            let all: String = list("elements").iter().map(|one| element::element(world, one, id, form)).collect();
            format!(r#"<div class="actions">{all}</div>"#)
        }
        "input" => {
            let hint =
                block.get("hint").map(|hint| format!("<small>{}</small>", text(world, hint))).unwrap_or_default();
            let optional = if block["optional"] == true { " <em>(optional)</em>" } else { "" };
            let label = text(world, &block["label"]);
            let field = element::field(&block["element"], id);
            format!(r#"<label class="input"><span>{label}{optional}</span>{field}{hint}</label>"#)
        }
        "image" => {
            format!("{}{}", block.get("title").map(|title| text(world, title)).unwrap_or_default(), picture(block, ""))
        }
        "markdown" => format!(r#"<div class="said">{}</div>"#, marked(world, &word("text").replace("**", "*"))),
        "rich_text" => rich::rich(world, block),
        "plan" => {
            let tasks: String = list("tasks").iter().map(|task| task_card(world, task)).collect();
            format!(r#"<div class="plan"><b>{}</b>{tasks}</div>"#, unmarked(word("title")))
        }
        "task_card" => task_card(world, block),
        "alert" => format!(r#"<div class="alert {}">{}</div>"#, escaped(word("level")), text(world, &block["text"])),
        "table" | "data_table" => table(world, list("rows")),
        "card" => {
            let part =
                |name: &str| block.get(name).map(|one| format!("<div>{}</div>", text(world, one))).unwrap_or_default();
            let actions: String = list("actions").iter().map(|one| element::element(world, one, id, form)).collect();
            let said = format!("<b>{}</b>{}{}", part("title"), part("subtitle"), part("body"));
            format!(r#"<div class="card">{said}<div class="actions">{actions}</div></div>"#)
        }
        "carousel" => format!(r#"<div class="carousel">{}</div>"#, blocks(world, list("elements"), form)),
        "container" => {
            let title = block.get("title").map(|title| text(world, title)).unwrap_or_default();
            format!(r#"<div class="card"><b>{title}</b>{}</div>"#, blocks(world, list("child_blocks"), form))
        }
        "video" => format!("{} {}", link(word("title_url"), &text(world, &block["title"])), picture(block, "")),
        other => format!("<div>[{}]</div>", escaped(other)),
    }
}

/// Pictures are not fetched: what they show is said.
fn picture(image: &Value, class: &str) -> String {
    let alt = escaped(image["alt_text"].as_str().unwrap_or_default());
    format!(r#"<span class="picture {class}" role="img" aria-label="{alt}">{alt}</span>"#)
}

fn task_card(world: &World, task: &Value) -> String {
    let word = |name: &str| task[name].as_str().unwrap_or_default();
    let sign = match word("status") {
        "complete" => "white_check_mark",
        "in_progress" => "large_blue_circle",
        "error" => "x",
        _ => "white_circle",
    };
    let more: String =
        ["details", "output"].iter().filter_map(|name| task.get(name)).map(|rich| rich::rich(world, rich)).collect();
    let one = |source: &Value| {
        link(source["url"].as_str().unwrap_or_default(), &escaped(source["text"].as_str().unwrap_or_default()))
    };
    let sources: String = task["sources"].as_array().into_iter().flatten().map(one).collect();
    let sign = super::emoji::emoji(sign);
    format!(r#"<div class="task">{sign}<div>{}{more}{sources}</div></div>"#, unmarked(word("title")))
}

fn table(world: &World, rows: &[Value]) -> String {
    let cell = |cell: &Value| match cell["type"].as_str() {
        Some("rich_text") => rich::rich(world, cell),
        _ => escaped(cell["text"].as_str().unwrap_or_default()),
    };
    let mut html = String::from("<table>");
    for (index, row) in rows.iter().enumerate() {
        let tag = if index == 0 { "th" } else { "td" };
        html.push_str("<tr>");
        for one in row.as_array().into_iter().flatten() {
            let _written = write!(html, "<{tag}>{}</{tag}>", cell(one));
        }
        html.push_str("</tr>");
    }
    html + "</table>"
}
