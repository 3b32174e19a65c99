//! `import_id`.

use tfplugin::{Function, FunctionError, Object};

/// What a resource is imported by, of its type and the names in it: `import_id("schedule", "acme", "web", "nightly")` is
/// `acme/web/schedule/nightly`.
#[derive(Debug, Object)]
pub struct ImportId {
    /// The type, without `monkeyci_`.
    kind: String,
    /// The names, from the organisation on.
    #[attribute(variadic)]
    names: Vec<String>,
}

/// How each type is imported; names stand in capitals. A param has as many forms as there are scopes.
const FORMS: &[(&str, &str)] = &[
    ("org", "ORG"),
    ("org_member", "ORG/NAME"),
    ("role_binding", "ORG/role/NAME"),
    ("service_account", "ORG/sa/NAME"),
    ("trust", "ORG/sa/NAME/trust/NAME"),
    ("api_token", "ORG/sa/NAME/token/ID"),
    ("repo", "ORG/REPO"),
    ("webhook", "ORG/REPO/webhook/NAME"),
    ("schedule", "ORG/REPO/schedule/NAME"),
    ("trigger", "ORG/REPO/trigger/NAME"),
    ("environment", "ORG/REPO/env/NAME"),
    ("pipeline", "ORG/pipeline/NAME"),
    ("param_set", "ORG/param-set/NAME"),
    ("param", "ORG/param/NAME"),
    ("param", "ORG/REPO/param/NAME"),
    ("param", "ORG/REPO/env/NAME/param/NAME"),
    ("ssh_key", "ORG/ssh-key/NAME"),
    ("registry_credential", "ORG/registry/NAME"),
    ("subscription", "ORG/subscription/NAME"),
    ("slack_subscription", "ORG/subscription/NAME"),
    ("slack_user_link", "ORG/slack/WORKSPACE/USER"),
];

impl Function for ImportId {
    type Output = String;
    const NAME: &'static str = "import_id";

    fn call(self) -> Result<String, FunctionError> {
        let kind = self.kind.strip_prefix("monkeyci_").unwrap_or(&self.kind);
        let forms: Vec<&str> = FORMS.iter().filter(|(known, _)| *known == kind).map(|(_, form)| *form).collect();
        if forms.is_empty() {
            return Err(
                FunctionError::new(format!("there is no resource `monkeyci_{kind}` that is imported")).at("kind")
            );
        }
        if let Some(wrong) = self.names.iter().find(|name| name.is_empty() || name.contains('/')) {
            return Err(FunctionError::new(format!("{wrong:?} is no name")).at("names"));
        }
        let is_name = |word: &str| word.starts_with(|letter: char| letter.is_ascii_uppercase());
        let fits = |form: &&&str| form.split('/').filter(|word| is_name(word)).count() == self.names.len();
        let Some(form) = forms.iter().find(fits) else {
            return Err(
                FunctionError::new(format!("`monkeyci_{kind}` is imported as `{}`", forms.join("` or `"))).at("names")
            );
        };
        let mut names = self.names.iter();
        let part = |word: &str| if is_name(word) { names.next().cloned().unwrap_or_default() } else { word.to_owned() };
        Ok(form.split('/').map(part).collect::<Vec<_>>().join("/"))
    }
}
