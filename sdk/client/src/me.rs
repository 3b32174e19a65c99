//! Whoever asks: their browsers, and the accounts elsewhere that they sign in by.

use monkeyci_rest::{
    Begin, Begun, ChatIdentity, Exchange, Grant, Granted, Identity, LinkCode, LinkRequest, Provider, Session,
    TokenSecret,
};

use crate::place::Place;
use crate::{Client, ClientError, Pages};

impl Client {
    /// Browsers that one is signed in with.
    pub fn sessions(&self) -> Pages<Session> {
        Pages::new(self.own("sessions"))
    }

    /// Ends the session of that id.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none.
    pub async fn end_session(&self, id: &str) -> Result<(), ClientError> {
        self.own("sessions").at(id).delete(None).await
    }

    /// Signs out everywhere. Tokens stay good.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn end_sessions(&self) -> Result<(), ClientError> {
        self.own("sessions").delete(None).await
    }

    /// Where people sign in by.
    pub fn providers(&self) -> Pages<Provider> {
        Pages::new(self.root().at("v1").at("sign-in"))
    }

    /// Begins to sign in by a provider. What is begun goes on in a browser, which keeps the cookie of the answer.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn begin_sign_in(&self, provider: &str, begin: &Begin) -> Result<Begun, ClientError> {
        self.root().at("v1").at("sign-in").at(provider).post(begin).await
    }

    /// Accounts elsewhere that one signs in by.
    pub fn identities(&self) -> Pages<Identity> {
        Pages::new(self.own("identities"))
    }

    /// Begins to link one more, in a browser as well.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn link_identity(&self, provider: &str, begin: &Begin) -> Result<Begun, ClientError> {
        self.own("identities").at(provider).post(begin).await
    }

    /// Signs in by that account no more.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when it is not linked.
    pub async fn unlink_identity(&self, provider: &str, subject: &str) -> Result<(), ClientError> {
        self.own("identities").at(provider).at(subject).delete(None).await
    }

    /// Users of chats that one is.
    pub fn own_chat_identities(&self) -> Pages<ChatIdentity> {
        Pages::new(self.own("chat-identities"))
    }

    /// Is such a user no more.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when one was not.
    pub async fn unlink_chat(&self, org: &str, provider: &str, subject: &str) -> Result<(), ClientError> {
        self.own("chat-identities").at(org).at(provider).at(subject).delete(None).await
    }

    /// What a code asks, which was told in a chat.
    ///
    /// # Errors
    /// When the code is not known, was used, or is over.
    pub async fn preview_link(&self, code: &str) -> Result<LinkRequest, ClientError> {
        self.root().at("v1").at("links").at("preview").post(&LinkCode { code: code.to_owned() }).await
    }

    /// Is from now on who the code asks for.
    ///
    /// # Errors
    /// The same, and [`ClientError::Conflict`] when somebody else is that user.
    pub async fn confirm_link(&self, code: &str) -> Result<ChatIdentity, ClientError> {
        self.root().at("v1").at("links").at("confirm").post(&LinkCode { code: code.to_owned() }).await
    }

    /// Lets a program have a token, by a code that it exchanges.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn grant(&self, grant: &Grant) -> Result<Granted, ClientError> {
        self.own("grants").post(grant).await
    }

    /// Exchanges a code for a token. Its secret is told this once.
    ///
    /// # Errors
    /// When the code is not known, was used, or is over.
    pub async fn exchange(&self, exchange: &Exchange) -> Result<TokenSecret, ClientError> {
        self.root().at("v1").at("tokens").at("exchange").post(exchange).await
    }

    fn own(&self, name: &str) -> Place {
        self.root().at("v1").at("me").at(name)
    }
}
