//! What objects are called in states and imports: `acme/web/schedule/nightly`.

use tfplugin::{Diagnostic, Result};

/// The names in an address of this form, whose parts in capitals stand for them: `ORG/REPO/schedule/NAME`.
///
/// # Errors
/// Says at the attribute how it is written.
pub(crate) fn read<'a, const N: usize>(attribute: &str, form: &str, address: &'a str) -> Result<[&'a str; N]> {
    Ok(names(form, address).ok_or_else(|| wrong(form, address).at(attribute))?)
}

/// The same of what is imported.
///
/// # Errors
/// Says how it is written.
pub(crate) fn imported<'a, const N: usize>(form: &str, address: &'a str) -> Result<[&'a str; N]> {
    Ok(names(form, address).ok_or_else(|| wrong(form, address))?)
}

/// The names in an address, where it has this form.
pub(crate) fn names<'a, const N: usize>(form: &str, address: &'a str) -> Option<[&'a str; N]> {
    let (words, parts): (Vec<_>, Vec<_>) = (form.split('/').collect(), address.split('/').collect());
    let is_name = |word: &str| word.starts_with(|letter: char| letter.is_ascii_uppercase());
    let fits = |(word, part): (&&str, &&str)| if is_name(word) { !part.is_empty() } else { word == part };
    if words.len() != parts.len() || !words.iter().zip(&parts).all(fits) {
        return None;
    }
    let names = words.iter().zip(parts).filter(|(word, _)| is_name(word)).map(|(_, part)| part);
    names.collect::<Vec<_>>().try_into().ok()
}

fn wrong(form: &str, address: &str) -> Diagnostic {
    Diagnostic::error("Invalid address", format!("{address:?} is not written as `{form}`."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_form_or_is_none() {
        let form = "ORG/REPO/schedule/NAME";
        assert_eq!(names(form, "acme/web/schedule/nightly"), Some(["acme", "web", "nightly"]));
        for wrong in ["", "acme/web/nightly", "acme/web/trigger/nightly", "acme//schedule/x", "acme/web/schedule/x/y"] {
            assert_eq!(names::<3>(form, wrong), None, "{wrong}");
        }
    }
}
