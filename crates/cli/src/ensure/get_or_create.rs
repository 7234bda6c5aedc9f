//! The whole of get-or-create: look, wait for a turn, create, and look at what is in doubt.
//!
//! Never prints: whoever calls hears of [`Event`]s. Invariant: without a fault and without another
//! creator the requests are a token, one look-up, and one create for each missing division.

use divvy_core::Consent;
use divvy_genesys::{Client, Error, NewEntity};
use tokio_util::sync::CancellationToken;

use super::known::Known;
use super::make::Work;
use super::turn::{NoTurn, Turn};
use super::wish::Reading;

/// What is asked for.
pub(crate) struct Order<'o> {
    pub(crate) client: &'o Client,
    pub(crate) reading: Reading<'o>,
    pub(crate) with_parents: bool,
    pub(crate) interrupt: &'o CancellationToken,
    /// The consent to create, and the turn to do it in; none for a look alone.
    pub(crate) create: Option<(&'o Consent, Turn)>,
}

/// What happens meanwhile.
pub(crate) enum Event<'e> {
    LooksUp,
    /// Another process creates; it is waited for.
    Waits,
    /// There was no turn; it goes on without.
    HasNoTurn(NoTurn),
    /// This is missing, and is created now.
    Creates(&'e Work, &'e Known),
    /// So many are done.
    HasCreated(usize),
    /// Some answers were no plain yes.
    LooksAgain,
    /// The second look failed; what the first answers said stands.
    CannotLookAgain(Error),
}

/// Gets what exists and creates what is missing.
///
/// # Errors
/// If not even the look-up succeeded; what fails later is an outcome.
pub(crate) async fn get_or_create(
    order: Order<'_>,
    wishes: Vec<NewEntity>,
    tell: impl Fn(Event<'_>),
) -> Result<Work, Error> {
    let Order { client, reading, with_parents, interrupt, create } = order;
    let (consent, mut turn) = create.unzip();
    // Taken before the look-up, nothing can come between looking and creating.
    let mut taken = turn.as_mut().map_or(Ok(()), Turn::take);
    tell(Event::LooksUp);
    let mut known = Known::ask(client, &wishes).await?;
    let mut work = Work::new(wishes, &known, reading, with_parents);
    let (Some(consent), Some(turn)) = (consent, turn.as_mut()) else { return Ok(work) };
    if work.has_failed() || work.missing() == 0 {
        return Ok(work);
    }
    if taken == Err(NoTurn::Busy) {
        tell(Event::Waits);
        taken = turn.wait(interrupt).await;
        // What the other one made meanwhile exists.
        let wishes = work.into_asked();
        known = Known::ask(client, &wishes).await?;
        work = Work::new(wishes, &known, reading, with_parents);
    }
    if let Err(reason) = taken {
        tell(Event::HasNoTurn(reason));
    }
    if work.has_failed() || work.missing() == 0 {
        return Ok(work);
    }
    tell(Event::Creates(&work, &known));
    work.carry_out(client, consent, |done| tell(Event::HasCreated(done))).await;
    if work.is_in_doubt() {
        tell(Event::LooksAgain);
        match Known::all(client).await {
            Ok(known) => work.settle(&known),
            Err(error) => tell(Event::CannotLookAgain(error)),
        }
    }
    Ok(work)
}
