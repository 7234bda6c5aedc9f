//! The token of a run: asked for once, shared by everyone who waits for it, renewed when rejected.
//!
//! Never writes a token anywhere. Invariant: at most one request for a token is under way, and
//! wrong credentials are tried once.

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::call::{Authorization, Call};
use crate::client::Client;
use crate::connection::Credentials;
use crate::error::{Error, Reason};
use crate::wire::TokenReply;

/// A token, and how many came before it.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    number: u32,
    pub(crate) secret: SecretString,
}

/// Where the token is kept.
#[derive(Debug, Default)]
pub(crate) struct TokenSlot(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Empty,
    Issued(Token),
    /// The credentials were refused: that is everyone's answer.
    Refused(Error),
}

impl Client {
    /// Makes sure that there is a token, before anything is asked with it. A token that was made
    /// elsewhere is taken as it is: the first request shows whether it is good.
    ///
    /// # Errors
    /// If the login service gives none.
    pub async fn authenticate(&self) -> Result<(), Error> {
        self.token().await.map(drop)
    }

    /// Returns the run's token, asking for it if nobody has.
    pub(crate) async fn token(&self) -> Result<Token, Error> {
        self.token_after(None).await
    }

    /// Returns another token than the rejected one, or `None` where there can be no other.
    pub(crate) async fn renewed_token(&self, rejected: &Token) -> Result<Option<Token>, Error> {
        match self.connection().credentials {
            Credentials::AccessToken(_) => Ok(None),
            Credentials::Client { .. } => self.token_after(Some(rejected)).await.map(Some),
        }
    }

    async fn token_after(&self, rejected: Option<&Token>) -> Result<Token, Error> {
        // Whoever comes first holds the lock while asking; the others find the answer.
        let mut state = self.token_slot.0.lock().await;
        match &*state {
            State::Issued(token) if rejected.is_none_or(|old| old.number < token.number) => {
                return Ok(token.clone());
            }
            State::Refused(error) => return Err(error.clone()),
            State::Issued(_) | State::Empty => {}
        }
        let number = rejected.map_or(0, |old| old.number + 1);
        match self.login().await {
            Ok(secret) => {
                let token = Token { number, secret };
                *state = State::Issued(token.clone());
                Ok(token)
            }
            Err(error) => {
                if error.reason == Reason::WrongCredentials {
                    *state = State::Refused(error.clone());
                }
                Err(error)
            }
        }
    }

    async fn login(&self) -> Result<SecretString, Error> {
        let (id, secret) = match &self.connection().credentials {
            Credentials::AccessToken(token) => return Ok(token.clone()),
            Credentials::Client { id, secret } => (id, secret),
        };
        let reply: TokenReply =
            self.exchange(&Call::login(), Authorization::Client { id, secret }).await?;
        let token = reply.access_token.0;
        self.hide(token.expose_secret());
        Ok(token)
    }
}
