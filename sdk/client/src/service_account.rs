//! A service account.

use std::ops::Deref;

use monkeyci_rest::{NewToken, ServiceAccount, ServiceAccountBody, Token, TokenSecret};

use crate::place::Place;
use crate::{ClientError, Object, Pages, TokenRef};

/// A service account of an organisation, which is had, set and removed as an [`Object`].
#[derive(Debug, Clone)]
#[must_use = "nothing is asked before an answer is awaited"]
pub struct ServiceAccountRef {
    place: Place,
    object: Object<ServiceAccount, ServiceAccountBody>,
}

impl Deref for ServiceAccountRef {
    type Target = Object<ServiceAccount, ServiceAccountBody>;
    fn deref(&self) -> &Self::Target {
        &self.object
    }
}

impl ServiceAccountRef {
    pub(crate) fn new(place: Place) -> Self {
        Self { object: Object::new(place.clone()), place }
    }

    /// Its tokens.
    pub fn tokens(&self) -> Pages<Token> {
        Pages::new(self.place.at("tokens"))
    }

    /// One of them.
    pub fn token(&self, id: &str) -> TokenRef {
        TokenRef::new(self.place.at("tokens").at(id))
    }

    /// Makes a token for it. Its secret is told this once.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn make_token(&self, token: &NewToken) -> Result<TokenSecret, ClientError> {
        self.place.at("tokens").post(token).await
    }
}
