//! What the server refuses, told to the user of Terraform.

use monkeyci_client::ClientError;
use tfplugin::{Diagnostic, Diagnostics, Path, Schema, Step};

/// An error of the client, about an object. Each field that the server finds wrong stands at its attribute; `attribute`
/// says by what pointer the schema knows a pointer into the body.
pub(crate) fn refused(
    noun: &str,
    schema: &Schema,
    attribute: impl Fn(&str) -> String,
    error: &ClientError,
) -> Diagnostics {
    let fields = error.problem().map(|problem| problem.errors.as_slice()).unwrap_or_default();
    let mut said = Diagnostics::new();
    for field in fields {
        let path = Path::of_pointer(schema, &attribute(&field.pointer));
        let seen = seen(&path);
        let place = if seen == path { String::new() } else { format!("`{path}`: ") };
        let detail = format!("{place}{}", sentence(&field.detail));
        let one = Diagnostic::error(format!("The server refuses the {noun}"), detail);
        said.push(if path.0.is_empty() { one } else { one.at(seen) });
    }
    if fields.is_empty() {
        said.push(whole(noun, error));
    }
    said
}

/// As much of a path as Terraform finds the line of: an attribute of the resource, and an element of that.
fn seen(path: &Path) -> Path {
    let is_element = |step: &&Step| !matches!(step, Step::Attribute(_));
    Path(path.0.iter().take(1).chain(path.0.get(1).filter(is_element)).cloned().collect())
}

/// An error that is about no attribute.
pub(crate) fn whole(noun: &str, error: &ClientError) -> Diagnostic {
    let told = sentence(&error.to_string());
    if error.problem().and_then(|problem| problem.code.as_deref()) == Some("last-owner") {
        let help = "Where the organisation is to go as well, let Terraform forget this member instead, with a `removed` block \
                    or `terraform state rm`.";
        return Diagnostic::error("The last owner of an organisation stays", format!("{told} {help}"));
    }
    let (summary, help) = match (error, error.status()) {
        (ClientError::Unreachable { .. }, _) => (
            "The server cannot be reached".to_owned(),
            "It was tried several times (`max_retries`). Is it up, and is `url` right? The next apply goes on from here.",
        ),
        (ClientError::Protocol { .. }, _) => {
            ("The server cannot be understood".to_owned(), "Is `url` that of a MonkeyCI server, and of this version?")
        }
        (ClientError::GivenUp, _) => (
            "Interrupted".to_owned(),
            "Whether it was done is not known; the next plan shows it, and the next apply goes on from there.",
        ),
        (_, Some(401)) => {
            ("The token is not accepted".to_owned(), "Set `token`, or MONKEYCI_TOKEN, to one that is good.")
        }
        (_, Some(403)) => (format!("The token may not set up the {noun}"), "Use one whose owner has the role for it."),
        (_, Some(404)) => (format!("The {noun} is not there"), ""),
        (_, Some(409)) => (format!("The {noun} cannot be changed as it stands"), ""),
        (_, Some(412)) => (
            format!("The {noun} was changed by somebody else"),
            "It changed after Terraform had read it. Plan again, and look at what is different.",
        ),
        (_, Some(429)) => (
            "The server asks for patience".to_owned(),
            "Try again later, with a smaller `parallelism`, or with more of `max_retries` and `max_retry_wait`.",
        ),
        (_, Some(500..)) => (
            "The server is in trouble".to_owned(),
            "It was tried several times (`max_retries`). Look into its log; the next apply goes on from here.",
        ),
        _ => (format!("The server refuses the {noun}"), ""),
    };
    Diagnostic::error(summary, if help.is_empty() { told } else { format!("{told} {help}") })
}

/// Some words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let end = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
