//! The whole of get-or-create: look, wait for a turn, create, and look at what is in doubt.
//!
//! Never prints: whoever calls hears of [`Event`]s and is asked for a word. Invariant: without a
//! fault and without another creator the requests are a token, one look-up, and one create for each
//! missing division; a name that nobody may have meant is not created without a person's word.

use std::collections::HashSet;
use std::time::Duration;

use divvy_core::wish::Near;
use divvy_core::{Consent, Key};
use divvy_genesys::{Client, Error, NewEntity};
use tokio_util::sync::CancellationToken;

use super::known::Known;
use super::make::Work;
use super::near::{Withheld, near_ones};
use super::turn::{NoTurn, Turn};
use super::wish::{Reading, identity};
use crate::error::CommandResult;
use crate::org::of_api;

/// How long a list may lag behind a create before twins of somebody else show in it.
pub(crate) const LAG: Duration = Duration::from_secs(3);

/// What is asked for.
pub(crate) struct Order<'o> {
    pub(crate) client: &'o Client,
    pub(crate) reading: Reading<'o>,
    pub(crate) with_parents: bool,
    pub(crate) interrupt: &'o CancellationToken,
    /// What a person called new, however near something is.
    pub(crate) meant: &'o HashSet<Key>,
    /// How long to wait before what others may have made is looked at.
    pub(crate) lag: Duration,
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
    Creates(&'e Work),
    /// So many are done.
    HasCreated(usize),
    /// Others created at the same time; what they made is looked for.
    LooksForTwins,
    /// Some answers were no plain yes.
    LooksAgain,
    /// The second look failed; what the first answers said stands.
    CannotLookAgain(Error),
}

/// Gets what exists and creates what is missing. `is_new` is asked about a missing name that nearly
/// exists.
///
/// # Errors
/// If not even the look-up succeeded, or an interrupt ends a question; what fails later is an outcome.
pub(crate) async fn get_or_create(
    order: Order<'_>,
    wishes: Vec<NewEntity>,
    tell: impl Fn(Event<'_>),
    is_new: impl AsyncFn(&NewEntity, &[Near]) -> CommandResult<bool>,
) -> CommandResult<Work> {
    let Order { client, reading, with_parents, interrupt, meant, lag, create } = order;
    let (consent, mut turn) = create.unzip();
    // Taken before the look-up, nothing can come between looking and creating.
    let mut taken = turn.as_mut().map_or(Ok(()), Turn::take);
    tell(Event::LooksUp);
    let mut known = Known::ask(client, reading.kind, &wishes).await.map_err(of_api)?;
    let mut work = Work::new(wishes, &known, reading, with_parents);
    let (Some(consent), Some(turn)) = (consent, turn.as_mut()) else {
        withhold(&mut work, &known, meant, async |_, _| Ok(false)).await?;
        return Ok(work);
    };
    if work.has_failed() || work.missing() == 0 {
        return Ok(work);
    }
    if taken == Err(NoTurn::Busy) {
        tell(Event::Waits);
        taken = turn.wait(interrupt).await;
        // What the other one made meanwhile exists.
        let wishes = work.into_asked();
        known = Known::ask(client, reading.kind, &wishes).await.map_err(of_api)?;
        work = Work::new(wishes, &known, reading, with_parents);
    }
    if let Err(reason) = taken {
        tell(Event::HasNoTurn(reason));
    }
    if work.has_failed() || work.missing() == 0 {
        return Ok(work);
    }
    withhold(&mut work, &known, meant, is_new).await?;
    tell(Event::Creates(&work));
    work.carry_out(client, consent, &known, |done| tell(Event::HasCreated(done))).await;
    if turn.is_shared() && work.doubt_what_was_created() {
        turn.end();
        tell(Event::LooksForTwins);
        tokio::select! {
            () = interrupt.cancelled() => {}
            () = tokio::time::sleep(lag) => {}
        }
    }
    if work.is_in_doubt() {
        tell(Event::LooksAgain);
        match Known::all(client, reading.kind).await {
            Ok(known) => work.settle(&known),
            Err(error) => tell(Event::CannotLookAgain(error)),
        }
    }
    Ok(work)
}

/// Takes out of the work what a person has to call new first, unless one does so now.
async fn withhold(
    work: &mut Work,
    known: &Known,
    meant: &HashSet<Key>,
    is_new: impl AsyncFn(&NewEntity, &[Near]) -> CommandResult<bool>,
) -> CommandResult<()> {
    let missing = work.to_create();
    for (index, near) in near_ones(&work.wishes, &missing, known, meant) {
        if !is_new(&work.wishes[index], &near).await? {
            work.withhold(index, Withheld::Near(near));
        }
    }
    let Some(gap) = known.gap() else { return Ok(()) };
    for index in work.to_create() {
        if !meant.contains(&identity(&work.wishes[index].key)) {
            work.withhold(index, Withheld::Gap(gap.clone()));
        }
    }
    Ok(())
}
