//! The token of a run: asked for once, shared by everyone who waits for it, renewed when rejected.
//!
//! Never writes a token anywhere, never asks for one itself. Invariant: at most one request for a token
//! is under way, and wrong credentials are tried once.

use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::error::{Error, Reason};

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

impl TokenSlot {
    /// Returns a token that is newer than the rejected one, and asks for it if nobody has.
    pub(crate) async fn after<Login: Future<Output = Result<SecretString, Error>>>(
        &self,
        rejected: Option<&Token>,
        login: impl FnOnce() -> Login,
    ) -> Result<Token, Error> {
        // Whoever comes first holds the lock while asking; the others find the answer.
        let mut state = self.0.lock().await;
        match &*state {
            State::Issued(token) if rejected.is_none_or(|old| old.number < token.number) => {
                return Ok(token.clone());
            }
            State::Refused(error) => return Err(error.clone()),
            State::Issued(_) | State::Empty => {}
        }
        let number = rejected.map_or(0, |old| old.number + 1);
        match login().await {
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
}
