//! Who somebody is here, whom a provider vouches for.

use monkeyci_core::model::Millis;
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::Identity;

use super::provider::Person;
use super::settings::SignIn;
use crate::audit::Change;
use crate::table::{identity, person};

/// Names that are tried for somebody whose own is taken.
const TRIES: u32 = 1000;

/// Why somebody whom a provider vouches for is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// They have no account, and get none.
    Unknown,
    /// Their account is disabled.
    Disabled,
    /// This identity is somebody else's.
    Taken,
    /// They sign in again and again.
    Often,
}

/// Whether the rules of a provider let somebody in.
pub fn allows(settings: &SignIn, person: &Person) -> bool {
    if settings.organisations.is_empty() && settings.domains.is_empty() {
        return true;
    }
    let is_same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let belongs = settings.organisations.iter().any(|org| person.organisations.iter().any(|own| is_same(own, org)));
    let domain = person.email.as_deref().and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
    let is_in = domain.is_some_and(|domain| settings.domains.iter().any(|allowed| is_same(allowed, domain)));
    belongs || is_in
}

/// The account of somebody whom a provider vouches for, and allows; a new one where that is so set. With `link`, the
/// identity becomes one more of that account.
///
/// # Errors
/// When the database refuses.
pub fn settle(
    sql: &mut dyn Sql,
    settings: &SignIn,
    who: &Person,
    link: Option<&str>,
    now: Millis,
) -> Result<Result<String, Refused>, StoreError> {
    let linked = identity::person(sql, &settings.id, &who.subject)?;
    let name = match (linked, link) {
        (Some(own), Some(link)) if own != link => return Ok(Err(Refused::Taken)),
        (Some(own), _) => own,
        (None, Some(link)) => {
            change(link, "identity/link", settings, who).write(sql)?;
            link.to_owned()
        }
        (None, None) => match unlinked(sql, settings, who, now)? {
            Some(name) => name,
            None => return Ok(Err(Refused::Unknown)),
        },
    };
    if person::find(sql, &name)?.is_none_or(|found| found.disabled) {
        return Ok(Err(Refused::Disabled));
    }
    let (subject, shown) = (who.subject.clone(), who.name.chars().take(200).collect());
    let provider = settings.id.clone();
    let seen = Identity { provider, subject, name: shown, email: who.email.clone(), created: now, used: now };
    identity::put(sql, &name, &seen)?;
    Ok(Ok(name))
}

/// The account of somebody who was never here by this identity.
fn unlinked(sql: &mut dyn Sql, settings: &SignIn, who: &Person, now: Millis) -> Result<Option<String>, StoreError> {
    // Addresses with other letters than ASCII look like others; what is folded by nobody else is folded by nobody here.
    if let Some(email) = who.email.as_deref().filter(|email| settings.link_by_email && email.is_ascii())
        && let Some(name) = person::with_email(sql, &email.to_ascii_lowercase())?
        && identity::list(sql, &name)?.is_empty()
    {
        change(&name, "identity/link", settings, who).with("by", "e-mail").write(sql)?;
        return Ok(Some(name));
    }
    if !settings.new_people {
        return Ok(None);
    }
    let wanted = wanted(who);
    for number in 1..TRIES {
        let name = if number == 1 { wanted.clone() } else { format!("{wanted}-{number}") };
        // Whoever is called so already is somebody else.
        if person::find(sql, &name)?.is_none() {
            person::add(sql, &name, false, now)?;
            change(&name, "person/create", settings, who).write(sql)?;
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn change(name: &str, action: &str, settings: &SignIn, who: &Person) -> Change {
    let object = format!("/v1/me/identities/{}/{}", settings.id, who.subject);
    Change::of(name, None, "", action, object)
}

/// What somebody is to be called: as there, without what a name may not have. Never an address: an account that is called
/// by one belongs to who has it.
fn wanted(who: &Person) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
    let local = who.name.split('@').next().unwrap_or_default();
    let name: String = local.chars().filter(is_plain).take(60).collect();
    if name.is_empty() { "somebody".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(name: &str, email: Option<&str>, orgs: &[&str]) -> Person {
        let organisations = orgs.iter().map(|&org| org.to_owned()).collect();
        Person { subject: "1".into(), name: name.into(), email: email.map(str::to_owned), organisations }
    }

    #[test]
    fn rules_ask_for_an_organisation_or_a_domain() {
        let settings = |more: &str| -> SignIn {
            toml::from_str(&format!("id = 'a'\nkind = 'github'\nclient-id = 'x'\n{more}")).expect("settings")
        };
        let ann = who("ann", Some("ann@Example.com"), &["Acme"]);
        let eve = who("eve", Some("eve@example.com.evil.example.net"), &["acme-not"]);
        assert!(allows(&settings(""), &eve));
        for more in [
            "organisations = ['acme']",
            "domains = ['example.com']",
            "organisations = ['x']\ndomains = ['example.com']",
        ] {
            assert!(allows(&settings(more), &ann), "{more}");
            assert!(!allows(&settings(more), &eve), "{more}");
        }
        assert!(!allows(&settings("domains = ['example.com']"), &who("bob", None, &[])), "an address must be verified");
    }

    #[test]
    fn a_name_from_elsewhere_becomes_one_that_may_be_here_and_never_an_address() {
        for (name, wanted_name) in
            [("ann", "ann"), ("ann@example.com", "ann"), ("acme/deploy", "acmedeploy"), ("Zoë", "Zo"), ("", "somebody")]
        {
            assert_eq!(wanted(&who(name, None, &[])), wanted_name, "{name}");
        }
    }
}
