//! Making what is missing: parents first, siblings at the same time.
//!
//! Never repeats a create whose outcome is unknown without a look (the client sees to that), and
//! starts nothing new once a failure shows that the rest would fail too. Invariant: every wish has
//! exactly one outcome.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use divvy_core::name::nfc;
use divvy_core::wish::Wished;
use divvy_core::{Consent, Entity, EntityId, Kind};
use divvy_genesys::{Client, Dialect, Ensured, Error, NewEntity, PrintedRequest, Reason};
use futures_util::StreamExt as _;
use futures_util::stream;

use super::known::Known;
use super::near::Withheld;
use super::wish::Reading;

/// Creates under way at the same time; the client has its own limit on requests.
const TOGETHER: usize = 16;

/// What became of a wish.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Existed(Entity),
    Created(Entity),
    /// Missing, and nobody allowed to create it (`--dry-run`).
    Missing,
    Failed(Box<Failure>),
    /// Missing, and not created because a person has to say that it is meant.
    Withheld(Withheld),
    /// Not tried, because of an earlier failure.
    Skipped,
}

/// Why a wish did not come true.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The API refused, and what the org shows explains no more.
    Refused(Error),
    /// 409, and nothing of this name (and path) is visible.
    Hidden { error: Error, deleted: Option<PrintedRequest> },
    /// Nothing exists at the path (or of the name) that it lies in.
    NoParent(NewEntity),
    /// Several divisions match it.
    Ambiguous(Vec<Entity>),
    /// The create was answered with an id that another division has.
    ForeignId(Entity),
}

/// What is to be done, in which order.
pub(crate) struct Work {
    /// What all of it is.
    pub(crate) kind: &'static Kind,
    /// What was asked for, then the parents that nobody asked for and that are missing.
    pub(crate) wishes: Vec<NewEntity>,
    /// How many of them were asked for.
    pub(crate) asked: usize,
    pub(crate) outcomes: Vec<Outcome>,
    /// Indices of what is missing, one list for each level, parents before children.
    levels: Vec<Vec<usize>>,
    /// Place of each wish's parent.
    parents: Vec<Option<String>>,
    /// Indices of wishes whose create got another answer than a plain yes.
    doubtful: Vec<usize>,
    /// Divisions of one name (and path) that such a create left or met, each by the wish's index.
    pub(crate) twins: Vec<(usize, Vec<Entity>)>,
}

impl Work {
    /// Makes work of no wish at all.
    pub(crate) fn nothing(reading: Reading<'_>) -> Self {
        Self::new(Vec::new(), &Known::of(reading.kind, Vec::new()), reading, false)
    }

    /// Compares wishes with what is known. Without `with_parents` a wish whose parent is missing
    /// (and not wished for) has failed before anything is sent.
    pub(crate) fn new(
        asked: Vec<NewEntity>,
        known: &Known,
        reading: Reading<'_>,
        with_parents: bool,
    ) -> Self {
        let mut work = Self {
            kind: reading.kind,
            asked: asked.len(),
            outcomes: Vec::new(),
            levels: Vec::new(),
            parents: Vec::new(),
            doubtful: Vec::new(),
            twins: Vec::new(),
            wishes: asked,
        };
        let mut places: HashSet<String> = work.wishes.iter().map(place_of).collect();
        while let Some(unseen) =
            work.wishes.get(work.outcomes.len()..).filter(|new| !new.is_empty())
        {
            for answer in known.resolve(unseen) {
                let index = work.outcomes.len();
                let wish = &work.wishes[index];
                let parent = reading.parent(wish);
                let parent_is_there = parent.as_ref().is_none_or(|parent| {
                    places.contains(&place_of(parent)) || known.has_parent(parent)
                });
                work.parents.push(parent.as_ref().map(place_of));
                work.outcomes.push(match (answer, parent) {
                    (Wished::Exists(entity), _) => Outcome::Existed(entity),
                    (Wished::Ambiguous(entities), _) => {
                        Outcome::Failed(Box::new(Failure::Ambiguous(entities)))
                    }
                    (Wished::Missing(_), Some(parent)) if !parent_is_there && !with_parents => {
                        Outcome::Failed(Box::new(Failure::NoParent(parent)))
                    }
                    (Wished::Missing(_), parent) => {
                        let level = reading.levels_above(wish);
                        if work.levels.len() <= level {
                            work.levels.resize(level + 1, Vec::new());
                        }
                        work.levels[level].push(index);
                        if let Some(parent) = parent.filter(|_| !parent_is_there) {
                            places.insert(place_of(&parent));
                            work.wishes.push(parent);
                        }
                        Outcome::Missing
                    }
                });
            }
        }
        work
    }

    /// Returns what is to be created, parents before children.
    pub(crate) fn to_create(&self) -> Vec<usize> {
        self.levels.iter().flatten().copied().collect()
    }

    /// Leaves one out of what is to be created; what would lie in it is then skipped.
    pub(crate) fn withhold(&mut self, index: usize, why: Withheld) {
        self.outcomes[index] = Outcome::Withheld(why);
        for level in &mut self.levels {
            level.retain(|other| *other != index);
        }
    }

    /// Gives back what was asked for.
    pub(crate) fn into_asked(mut self) -> Vec<NewEntity> {
        self.wishes.truncate(self.asked);
        self.wishes
    }

    /// Counts what is to be created.
    pub(crate) fn missing(&self) -> usize {
        self.levels.iter().map(Vec::len).sum()
    }

    /// Returns whether something failed before anything was sent.
    pub(crate) fn has_failed(&self) -> bool {
        self.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    /// Returns whether a second look is worth a request: something is in doubt, and nothing keeps the
    /// org from answering.
    pub(crate) fn is_in_doubt(&self) -> bool {
        let is_over = |outcome: &Outcome| matches!(outcome, Outcome::Failed(failure) if failure.holds_for_all());
        !self.doubtful.is_empty() && !self.outcomes.iter().any(is_over)
    }

    /// Puts everything in doubt that was created here: somebody else created at the same time.
    /// Returns whether there is any.
    pub(crate) fn doubt_what_was_created(&mut self) -> bool {
        let created = |index: &usize| matches!(self.outcomes[*index], Outcome::Created(_));
        let new = (0..self.outcomes.len()).filter(created);
        let new: Vec<usize> = new.filter(|index| !self.doubtful.contains(index)).collect();
        self.doubtful.extend(new);
        self.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Created(_)))
    }

    /// Looks at what is in doubt once more. Of several divisions of one name the one with the first
    /// id is taken, so that everybody who sees them all takes the same.
    pub(crate) fn settle(&mut self, known: &Known) {
        let doubtful = std::mem::take(&mut self.doubtful);
        let answers = known.resolve(doubtful.iter().map(|index| &self.wishes[*index]));
        for (index, answer) in doubtful.into_iter().zip(answers) {
            let mut found: Vec<Entity> = match answer {
                Wished::Missing(_) => continue,
                Wished::Exists(entity) => vec![entity],
                Wished::Ambiguous(twins) => twins,
            };
            // A list that lags may show somebody else's and not yet ours.
            if let Outcome::Created(own) = &self.outcomes[index]
                && found.iter().all(|entity| entity.id != own.id)
            {
                found.push(own.clone());
            }
            found.sort_by(|a, b| a.id.cmp(&b.id));
            let entity = found[0].clone();
            if found.len() > 1 {
                self.twins.push((index, found));
            }
            let outcome = &mut self.outcomes[index];
            *outcome = match outcome {
                Outcome::Created(_) => Outcome::Created(entity),
                Outcome::Failed(failure) if failure.is_open() => Outcome::Created(entity),
                _ => Outcome::Existed(entity),
            };
        }
    }

    /// Creates what is missing; `told` hears of each one that is done, how many are.
    pub(crate) async fn carry_out(
        &mut self,
        client: &Client,
        consent: &Consent,
        known: &Known,
        told: impl Fn(usize),
    ) {
        let (kind, is_over) = (self.kind, Cell::new(false));
        let withheld = self.wishes.iter().zip(&self.outcomes);
        let withheld = withheld.filter(|(_, outcome)| matches!(outcome, Outcome::Withheld(_)));
        let lost: RefCell<HashSet<String>> =
            RefCell::new(withheld.map(|(wish, _)| place_of(wish)).collect());
        let mut ids: HashSet<EntityId> = known.ids().cloned().collect();
        let mut done = 0;
        for level in std::mem::take(&mut self.levels) {
            let (wishes, parents) = (&self.wishes, &self.parents);
            let one = |index: usize| {
                let (is_over, lost) = (&is_over, &lost);
                async move {
                    let is_orphan = (parents[index].as_ref())
                        .is_some_and(|parent| lost.borrow().contains(parent));
                    let (outcome, is_doubtful) = if is_over.get() || is_orphan {
                        (Outcome::Skipped, false)
                    } else {
                        ensure(client, kind, &wishes[index], consent).await
                    };
                    if let Outcome::Failed(failure) = &outcome {
                        is_over.set(is_over.get() || failure.holds_for_all());
                    }
                    if matches!(outcome, Outcome::Failed(_) | Outcome::Skipped) {
                        lost.borrow_mut().insert(place_of(&wishes[index]));
                    }
                    (index, outcome, is_doubtful)
                }
            };
            let mut running = stream::iter(level).map(one).buffer_unordered(TOGETHER);
            while let Some((index, mut outcome, mut is_doubtful)) = running.next().await {
                if let Outcome::Created(entity) = &outcome
                    && !ids.insert(entity.id.clone())
                {
                    is_doubtful = true;
                    outcome = Outcome::Failed(Box::new(Failure::ForeignId(entity.clone())));
                }
                self.outcomes[index] = outcome;
                self.doubtful.extend(is_doubtful.then_some(index));
                done += 1;
                told(done);
            }
        }
    }
}

/// Creates one division, or returns what a concurrent creator made; and whether that is in doubt.
async fn ensure(
    client: &Client,
    kind: &'static Kind,
    wish: &NewEntity,
    consent: &Consent,
) -> (Outcome, bool) {
    let error = match client.create_or_find(kind, wish, consent).await {
        Ok(Ensured { entity, created: true, is_doubtful }) => {
            return (Outcome::Created(entity), is_doubtful);
        }
        Ok(Ensured { entity, created: false, is_doubtful }) => {
            return (Outcome::Existed(entity), is_doubtful);
        }
        Err(error) => error,
    };
    let is_duplicate = error.is_duplicate_of(kind);
    let is_doubtful = is_duplicate || error.may_have_changed_the_org();
    let failure = if is_duplicate {
        explain(client, kind, wish, error).await.unwrap_or_else(Failure::Refused)
    } else {
        Failure::Refused(error)
    };
    (Outcome::Failed(Box::new(failure)), is_doubtful)
}

/// Says what a 409 is about that no visible division explains.
async fn explain(
    client: &Client,
    kind: &'static Kind,
    wish: &NewEntity,
    error: Error,
) -> Result<Failure, Error> {
    if let Some(parent) = client.missing_parent(kind, wish).await? {
        return Ok(Failure::NoParent(parent));
    }
    let deleted = match client.connection().dialect() {
        Dialect::Published => client.deleted(kind).await?.unwrap_or_default(),
        Dialect::Pathed => Vec::new(),
    };
    let twin = deleted.into_iter().find(|entity| wish.is(entity));
    Ok(Failure::Hidden { error, deleted: twin.map(|twin| client.restore_request(&twin)) })
}

/// Returns what children name as their parent: a path, or a name where there are none.
fn place_of(new: &NewEntity) -> String {
    nfc(new.path().unwrap_or_else(|| new.name()))
}

impl Failure {
    /// Returns whether this run may have made the division all the same.
    fn is_open(&self) -> bool {
        match self {
            Self::Refused(error) => error.may_have_changed_the_org(),
            Self::ForeignId(_) => true,
            Self::Hidden { .. } | Self::NoParent(_) | Self::Ambiguous(_) => false,
        }
    }

    /// Returns whether every other create would fail in the same way.
    fn holds_for_all(&self) -> bool {
        let Self::Refused(error) = self else { return false };
        match error.reason {
            Reason::WrongCredentials
            | Reason::Forbidden { .. }
            | Reason::RateLimited { .. }
            | Reason::Unavailable
            | Reason::Network(_)
            | Reason::Tls
            | Reason::Proxy
            | Reason::NotJson { .. }
            | Reason::UnexpectedJson
            | Reason::Redirect { .. }
            | Reason::Interrupted => true,
            Reason::NotFound
            | Reason::Conflict
            | Reason::UnknownOutcome
            | Reason::TooLong
            | Reason::TooLarge { .. }
            | Reason::OtherEntity
            | Reason::TruncatedJson => false,
            // The limit of divisions is one for all; a name that is too long is not.
            Reason::Refused => {
                error.exchange.code.as_deref().is_some_and(|code| code.contains("limit"))
            }
        }
    }
}
