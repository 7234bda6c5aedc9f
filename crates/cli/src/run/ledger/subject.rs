//! Which instance a create is of, what of it may be shown, and how far its org was seen.
//!
//! Never asks anybody. Invariants: no subject becomes its own rival; what is not proved to be shown is
//! sensitive.

use std::collections::BTreeSet;

use divvy_core::survey::{AliasTarget, Change, TrackedInstance};
use divvy_core::{Address, Attributes, EntityId, Key, Kind};
use divvy_plugin::proxy::Create;

use super::Ledger;
use super::asked::Gap;
use super::plain_text::PlainText;
use crate::run::creates::{shown_paths, text_at, top_level};

impl Ledger {
    /// Finds the instance that a create is of, where something tells: what it replaces, what a plan file
    /// says, or what it leaves behind. A subject that was never told apart from itself would be its own
    /// rival.
    pub(super) fn instance_of(
        &self,
        create: &Create,
        kind: &'static Kind,
        key: Option<&Key>,
    ) -> Option<(Address, Change)> {
        let is_free = |address: &Address| !self.numbers.contains_key(address);
        if let Some(id) = create.replaces.as_deref() {
            let is_it = |one: &&TrackedInstance| {
                one.kind == kind && !one.is_deposed && is_free(&one.address)
            };
            let held = self.survey.holding(&EntityId::new(id));
            let address = &held.into_iter().find(is_it)?.address;
            let create_first = self.creates_first(address);
            return Some((address.clone(), Change::Replace { create_first }));
        }
        let key = (kind, key?.clone());
        let of_plan = self.planned_as.get(&key).into_iter().flatten();
        let of_plan = of_plan.filter_map(|at| self.held.as_ref().ok()?.planned.get(*at));
        let mut of_plan = of_plan.filter(|planned| planned.makes_an_object());
        if let (Some(planned), None) = (of_plan.next(), of_plan.next())
            && is_free(&planned.address)
        {
            return Some((planned.address.clone(), planned.change));
        }
        // Terraform deletes a tainted instance before it creates, and a deposed one after: that create
        // is of its address.
        let mut left = self.left.get(&key).into_iter().flatten();
        left.find_map(|address| {
            let tracked = self.survey.tracked_at(address);
            let change = match tracked {
                Some(tracked) if tracked.is_tainted => Change::Replace { create_first: false },
                Some(_) => return None,
                None => Change::Create,
            };
            is_free(address).then(|| (address.clone(), change))
        })
    }

    /// Returns whether an instance is created before its object is destroyed. Terraform hands this on to
    /// whatever such an instance depends on; only the state tells that.
    fn creates_first(&self, address: &Address) -> bool {
        self.configuration.blocks.creates_first(address)
            || self.held.as_ref().is_ok_and(|held| held.create_first.contains(address))
    }

    /// Names the attributes of a create that Terraform may hold to be sensitive. A plan file says it;
    /// else what is not proved to be shown is hidden.
    pub(super) fn sensitive(
        &self,
        address: &Address,
        kind: &'static Kind,
        after: &Attributes,
    ) -> BTreeSet<String> {
        let at = self.planned_at.get(address);
        let of_plan = at.zip(self.held.as_ref().ok()).and_then(|(at, held)| held.planned.get(*at));
        if let Some(of_plan) = of_plan {
            return of_plan.sensitive.clone();
        }
        let is_shown = |path: &&'static str| {
            let written = self.written_values.get(&(kind.terraform_type, *path));
            written.is_some_and(|written| written.shows(text_at(after, path)))
        };
        let hidden = shown_paths(kind).filter(|path| !is_shown(path));
        hidden.map(|path| top_level(path).to_owned()).collect()
    }

    /// Takes in which values a create wants now, in place of those before.
    pub(super) fn want_values(
        &mut self,
        kind: &'static Kind,
        before: Option<&Attributes>,
        after: &Attributes,
    ) {
        let blocks = &self.configuration.blocks;
        for path in shown_paths(kind) {
            let written = self
                .written_values
                .entry((kind.terraform_type, path))
                .or_insert_with(|| PlainText::of(blocks.visibility(kind.terraform_type, path)));
            if let Some(text) = before.and_then(|before| text_at(before, path))
                && let Some(count) = written.wanted.get_mut(text)
            {
                *count = count.saturating_sub(1);
            }
            if let Some(text) = text_at(after, path) {
                *written.wanted.entry(text.to_owned()).or_default() += 1;
            }
        }
    }

    /// Says why the org of a create was not seen whole, where it was not.
    pub(super) fn gap(&self, number: usize) -> Option<Gap> {
        let planned = self.planned(number);
        let AliasTarget::Org(org) = self.survey.aliases.get(&planned.alias)? else { return None };
        if self.by_name.contains(&planned.alias) {
            return None;
        }
        let plural = planned.kind.words.plural;
        let listing = self.survey.orgs.get(org)?.listings.get(planned.kind);
        let Some(listing) = listing else {
            let why = format!("The org was not asked for its {plural}.");
            return Some(Gap { why, is_flaw: false });
        };
        let tracks = |instance: &TrackedInstance| instance.kind == planned.kind;
        let mut tracked = self.survey.tracked.iter().flat_map(|tracked| &tracked.instances);
        if let Some(flaws) = listing.gap() {
            let why = format!("The org's listing of {plural} contradicts itself: {flaws}.");
            Some(Gap { why, is_flaw: true })
        } else if !listing.is_complete {
            let why = format!("The org's listing of {plural} is not complete.");
            Some(Gap { why, is_flaw: true })
        } else if listing.only_home_is_visible() && tracked.any(tracks) {
            let why = "Only the home division is visible with these credentials.".to_owned();
            Some(Gap { why, is_flaw: false })
        } else {
            None
        }
    }
}
