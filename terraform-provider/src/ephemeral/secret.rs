//! `ephemeral.monkeyci_secret`.

use tfplugin::check::between;
use tfplugin::{Computed, Context, Diagnostic, Ephemeral, Object, Opened, Result};

use crate::server::Server;

/// Letters and digits, of which none looks like another in most fonts. There are 32, so that each is drawn as often.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A secret that is drawn by lot in each run. What takes it by a version, such as `secret_wo` of `monkeyci_webhook` and of the
/// forge's provider, takes it in the run in which both versions are counted up.
#[derive(Debug, Object)]
pub struct DrawnSecret {
    /// How many letters and digits; each is worth 5 bits.
    #[attribute(default = 40, check(between(16..=1024)))]
    length: u32,
    /// It.
    #[attribute(sensitive)]
    value: Computed<String>,
}

impl Ephemeral for DrawnSecret {
    type Client = Server;
    const NAME: &'static str = "secret";

    async fn open(self, _: &Context<Server>) -> Result<Opened<Self>> {
        let mut bytes = vec![0; self.length as usize];
        let undrawn = |error| Diagnostic::error("Nothing can be drawn by lot", format!("{error}."));
        getrandom::fill(&mut bytes).map_err(undrawn)?;
        let value: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        Ok(Self { value: value.into(), ..self }.into())
    }
}
