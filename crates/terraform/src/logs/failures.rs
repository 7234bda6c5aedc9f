//! The failures that a log tells of, each kept once however often it is told.
//!
//! Never reads text. Invariant: what is kept fits the [`Budget`].

use std::collections::HashMap;

use divvy_core::Failure;

use super::diagnostic::Damage;
use super::progress::{Budget, Progress};

/// Failures of one text in different units that are compared with another telling.
const MOST_TELLINGS: usize = 64;

/// All failures so far.
#[derive(Debug, Default)]
pub(super) struct Failures {
    pub(super) all: Vec<Failure>,
    /// Places in `all` by what two tellings of one failure share.
    index: HashMap<String, Vec<usize>>,
}

impl Failures {
    /// Keeps a failure, unless it has been told before; false if there is no room for it.
    pub(super) fn add(&mut self, failure: Failure, budget: &mut Budget) -> bool {
        let key = match (&failure.correlation_id, &failure.address) {
            (Some(id), _) => id.clone(),
            (None, Some(address)) => format!("{address}\n{}", failure.summary),
            (None, None) => failure.summary.clone(),
        };
        let places = self.index.get(&key).into_iter().flatten().copied();
        let known = places.take(MOST_TELLINGS).find(|&place| {
            let known = &self.all[place];
            may_be_same(known.address.as_ref(), failure.address.as_ref())
                && (failure.correlation_id.is_some()
                    || may_be_same(known.unit.as_ref(), failure.unit.as_ref()))
        });
        if let Some(place) = known {
            absorb(&mut self.all[place], failure);
            return true;
        }
        let cost = key.len() + failure.summary.len() + failure.name.as_ref().map_or(0, String::len);
        let fits = budget.take(cost + size_of::<Failure>());
        if fits {
            self.index.entry(key).or_default().push(self.all.len());
            self.all.push(failure);
        }
        fits
    }

    /// True if a diagnostic is cut and was not told again as a whole.
    pub(super) fn breaks_off(&self) -> bool {
        let is_cut = |damage: &String| damage == Damage::BreaksOff.words();
        self.all.iter().any(|failure| failure.damage.iter().any(is_cut))
    }

    /// Addresses whose operation began and of whose end the log says nothing, sorted.
    pub(super) fn unended<'p>(&self, progress: &'p Progress) -> Vec<&'p str> {
        let mut told: HashMap<&str, Vec<Option<&str>>> = HashMap::new();
        for failure in &self.all {
            if let Some(address) = &failure.address {
                told.entry(address.as_str()).or_default().push(failure.unit.as_deref());
            }
        }
        let is_told = |unit: Option<&str>, address: &str| {
            told.get(address).is_some_and(|units| {
                units.iter().any(|told| unit.is_none() || told.is_none() || *told == unit)
            })
        };
        let in_flight = progress.in_flight.keys();
        let mut unended: Vec<&'p str> = in_flight
            .filter(|(unit, address)| !is_told(unit.as_deref(), address))
            .map(|(_, address)| address.as_str())
            .collect();
        // A failure without an address may be the end of any of them.
        let unaddressed = self.all.iter().filter(|failure| failure.address.is_none()).count();
        if unended.len() <= unaddressed {
            return Vec::new();
        }
        unended.sort_unstable();
        unended
    }
}

/// True unless both are known and differ.
fn may_be_same<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// Adds what a second telling knows better; the place stays that of the first.
fn absorb(known: &mut Failure, other: Failure) {
    if other.damage.is_empty() && !known.damage.is_empty() {
        let first = std::mem::replace(known, other);
        known.line = first.line;
        return absorb(known, Failure { damage: Vec::new(), ..first });
    }
    known.unit = known.unit.take().or(other.unit);
    known.address = known.address.take().or(other.address);
    known.terraform_type = known.terraform_type.take().or(other.terraform_type);
    known.status = known.status.or(other.status);
    known.method = known.method.take().or(other.method);
    known.path = known.path.take().or(other.path);
    known.name = known.name.take().or(other.name);
    known.correlation_id = known.correlation_id.take().or(other.correlation_id);
}
