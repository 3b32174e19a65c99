//! A service account.

use std::ops::Deref;

use monkeyci_rest::{
    IdToken, NewIdToken, NewToken, Proof, ServiceAccount, ServiceAccountBody, Token, TokenSecret, Trust, TrustBody,
};

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

    /// Whom it trusts.
    pub fn trusts(&self) -> Pages<Trust> {
        Pages::new(self.place.at("trusts"))
    }

    /// One of these.
    pub fn trust(&self, name: &str) -> Object<Trust, TrustBody> {
        Object::new(self.place.at("trusts").at(name))
    }

    /// A token for a program that it trusts, which shows an ID token. This needs no token of the client.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with 401 when it is not trusted.
    pub async fn exchange(&self, proof: &Proof) -> Result<TokenSecret, ClientError> {
        self.place.at("exchange").post(proof).await
    }

    /// An ID token that says who it is, for clouds and vaults.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn id_token(&self, wanted: &NewIdToken) -> Result<IdToken, ClientError> {
        self.place.at("id-tokens").post(wanted).await
    }
}
