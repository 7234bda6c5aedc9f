//! What an org shows of its kinds: how far each was read, and what that proves.
//!
//! Asks nothing. Invariant: absence is decided in one place, [`Listing::proves_absent`]; a kind without an
//! entry is unlisted, never empty.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::entities::Entities;
use crate::entity::{Entity, EntityId};
use crate::kind::{Filling, Kind, Visibility};
use crate::name;

/// What a request for one id answered.
#[derive(Clone, Debug, PartialEq)]
pub enum ById {
    /// It exists.
    Present(Entity),
    /// The API answered 404.
    Absent,
}

/// How far one kind was read in one org.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// Every entity that the listing showed.
    pub entities: Entities,
    /// True if every page was read.
    pub is_complete: bool,
    /// Soft-deleted entities; `None` if that list was not read or not allowed.
    pub deleted: Option<Entities>,
    /// How many entities the org may have; `None` if not asked.
    pub limit: Option<u64>,
    /// Answers to requests by id, for ids that the listing lacked.
    pub by_id: BTreeMap<EntityId, ById>,
    /// What contradicts itself in the listing; none in one that is complete.
    pub flaws: Vec<Flaw>,
    /// What filled the paths that were read, where the kind's path has placeholders.
    pub read: BTreeSet<Filling>,
}

/// What contradicts itself in a listing, so that absence from it proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It shows another number of entities than it says there are.
    Count {
        /// How many different ids were shown.
        shown: u64,
        /// How many there are, by the listing's own word.
        told: u64,
    },
    /// Its pages said different totals: it changed while it was read.
    Changed,
    /// It was given up after so many pages: they repeat, or bring next to nothing.
    Pages {
        /// How many pages were read.
        read: u64,
    },
    /// One id has two names.
    TwoNames {
        /// The id.
        id: EntityId,
        /// Both names.
        names: [String; 2],
    },
    /// So many entries have no id or no name.
    Nameless {
        /// How many.
        count: u64,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { shown, told } => {
                write!(f, "the API counts {told} and lists {shown}")
            }
            Self::Changed => f.write_str("the list changed while it was read"),
            Self::Pages { read } => {
                write!(f, "the list has no end: it was given up after {read} pages")
            }
            Self::TwoNames { id, names: [one, other] } => write!(
                f,
                "the id {} is listed as {} and as {}",
                name::visible(id.as_str()),
                name::visible(one),
                name::visible(other)
            ),
            Self::Nameless { count } => write!(f, "{count} entries have no id or no name"),
        }
    }
}

impl Listing {
    /// Returns what contradicts itself in the listing, as one clause; `None` if nothing does.
    pub fn gap(&self) -> Option<String> {
        const SHOWN: usize = 3;
        let flaws: Vec<String> = self.flaws.iter().take(SHOWN).map(Flaw::to_string).collect();
        (!flaws.is_empty()).then(|| flaws.join(", and "))
    }

    /// Returns whether the entities beside which this one would be were read.
    pub fn covers(&self, filling: &Filling) -> bool {
        filling.is_empty() || self.read.contains(filling)
    }

    /// Takes in what was read of the same kind elsewhere.
    pub fn join(&mut self, other: Self) {
        self.is_complete &= other.is_complete;
        for entity in Vec::from(other.entities) {
            if self.entities.with_id(&entity.id).is_none() {
                self.entities.add(entity);
            }
        }
        self.flaws.extend(other.flaws);
        self.read.extend(other.read);
    }

    /// Returns an entity, from the listing or from a request for its id.
    pub fn entity(&self, id: &EntityId) -> Option<&Entity> {
        self.entities.with_id(id).or_else(|| match self.by_id.get(id)? {
            ById::Present(entity) => Some(entity),
            ById::Absent => None,
        })
    }

    /// Returns whether what this client does not see of the kind is not there: a role granted in some
    /// divisions only hides the others, and what belongs to a division is hidden with it.
    pub fn shows_all(&self, kind: &Kind) -> bool {
        match kind.visibility {
            Visibility::WholeOrg => !self.only_home_is_visible(),
            Visibility::ByDivision => false,
        }
    }

    /// Returns whether an id is proved to be absent: a request for it said 404, and this client sees
    /// all of the kind. A listing that lacks it proves nothing. The one place that decides absence.
    pub fn proves_absent(&self, kind: &Kind, id: &EntityId) -> bool {
        self.by_id.get(id) == Some(&ById::Absent) && self.shows_all(kind)
    }

    /// Returns whether the home entity is all that this client sees: absence proves nothing then.
    pub fn only_home_is_visible(&self) -> bool {
        !self.entities.is_empty() && self.entities.iter().all(|entity| entity.is_home)
    }
}

/// What is known of one kind in one org.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one for each org and kind")]
pub enum Seen {
    /// It was listed, as far as the listing says.
    Listed(Listing),
    /// It was not; the text says why.
    Unlisted(Cow<'static, str>),
}

/// Why a kind is unlisted that nobody asked for.
static UNASKED: Seen = Seen::Unlisted(Cow::Borrowed("it was not asked for them"));

/// The listings of one org, by kind. Complete by construction: a kind without an entry is unlisted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listings(BTreeMap<&'static Kind, Seen>);

impl Listings {
    /// Begins with what was listed of one kind.
    pub fn of(kind: &'static Kind, listing: Listing) -> Self {
        Self(BTreeMap::from([(kind, Seen::Listed(listing))]))
    }

    /// Adds what was listed of a kind, or why it could not be.
    pub fn insert(&mut self, kind: &'static Kind, seen: Seen) {
        self.0.insert(kind, seen);
    }

    /// Adds what was listed of a kind somewhere, to what was listed elsewhere; a part that could not be
    /// listed makes all of it unlisted.
    pub fn add(&mut self, kind: &'static Kind, seen: Seen) {
        match (self.0.get_mut(kind), seen) {
            (Some(Seen::Listed(known)), Seen::Listed(more)) => known.join(more),
            (Some(Seen::Unlisted(_)), Seen::Listed(_)) => {}
            (_, seen) => self.insert(kind, seen),
        }
    }

    /// Returns what is known of a kind.
    pub fn seen(&self, kind: &Kind) -> &Seen {
        self.0.get(kind).unwrap_or(&UNASKED)
    }

    /// Returns whether nobody asked for a kind so far.
    pub fn is_unasked(&self, kind: &Kind) -> bool {
        !self.0.contains_key(kind)
    }

    /// Returns the listing of a kind, where there is one.
    pub fn get(&self, kind: &Kind) -> Option<&Listing> {
        match self.seen(kind) {
            Seen::Listed(listing) => Some(listing),
            Seen::Unlisted(_) => None,
        }
    }

    /// As [`Self::get`], to add to it.
    pub fn get_mut(&mut self, kind: &Kind) -> Option<&mut Listing> {
        match self.0.get_mut(kind)? {
            Seen::Listed(listing) => Some(listing),
            Seen::Unlisted(_) => None,
        }
    }

    /// Returns every listing with its kind.
    pub fn listed(&self) -> impl Iterator<Item = (&'static Kind, &Listing)> {
        self.0.iter().filter_map(|(kind, seen)| match seen {
            Seen::Listed(listing) => Some((*kind, listing)),
            Seen::Unlisted(_) => None,
        })
    }

    /// Returns every listing.
    pub fn values(&self) -> impl Iterator<Item = &Listing> {
        self.listed().map(|(_, listing)| listing)
    }

    /// Returns every listing, to add to it.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Listing> {
        self.0.values_mut().filter_map(|seen| match seen {
            Seen::Listed(listing) => Some(listing),
            Seen::Unlisted(_) => None,
        })
    }
}
