//! `terraform validate`, which knows no server.

use serde_json::Value;

use crate::workspace::Workspace;

const WRONG: &str = r#"resource "monkeyci_repo" "web" {
  name           = "web"
  url            = "https://git.example.com/acme/web.git"
  default_branch = "a..b"
}

resource "monkeyci_schedule" "nightly" {
  repo   = "acme/web"
  name   = "nightly"
  cron   = "0 25 * * *"
  branch = "-x"
}

resource "monkeyci_pipeline" "main" {
  name = "main"
  repo = "acme/web"
  jobs = {
    test   = { image = "alpine", script = ["true"] }
    deploy = { image = "alpine", script = ["true"], dependencies = ["tests"] }
  }
}

resource "monkeyci_pipeline" "round" {
  name = "round"
  jobs = {
    a = { image = "alpine", script = ["true"], dependencies = ["b"] }
    b = { image = "alpine", script = ["true"], dependencies = ["a"] }
  }
}
"#;

#[test]
fn a_bad_cron_job_or_ref_is_told_with_its_file_line_and_column() {
    let Some(w) = Workspace::with_program() else { return };
    w.write("main.tf", WRONG);
    let output = w.terraform(&["validate", "-json"]);
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["valid"], false, "{said:#}");
    let told = |one: &Value| {
        let (file, start) = (&one["range"]["filename"], &one["range"]["start"]);
        let place = format!("{}:{}:{}", file.as_str().unwrap_or_default(), start["line"], start["column"]);
        (place, one["detail"].as_str().unwrap_or_default().to_owned())
    };
    let found = said["diagnostics"].as_array().expect("a list");
    let found: Vec<_> = found.iter().filter(|one| one["severity"] == "error").map(told).collect();
    for (line, attribute, detail) in [
        (4, "a..b", "git could not have a branch of that name"),
        (10, "0 25", "`cron` has the hour 25; 0 to 23 are possible"),
        (11, "-x", "git could not have a branch of that name"),
        (19, "deploy", "\"deploy\" depends on \"tests\""),
        (26, "a = {", "in a circle"),
    ] {
        let text = WRONG.lines().nth(line - 1).expect("a line");
        assert!(text.contains(attribute), "line {line} is {text:?}");
        let begins = text.find('=').expect("an attribute") + 3;
        let place = format!("main.tf:{line}:{begins}");
        let is_told = found.iter().any(|(at, said)| *at == place && said.contains(detail));
        assert!(is_told, "{place} {detail}: {found:#?}");
    }
    assert_eq!(found.len(), 5, "{found:#?}");
    assert_eq!(w.requests(), 0);
}
