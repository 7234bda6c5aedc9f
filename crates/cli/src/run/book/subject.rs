//! Which instance a create is of, what of it may be shown, and how far its org was seen.
//!
//! Never asks anybody. Invariants: no subject becomes its own rival; what is not proved to be shown is
//! sensitive.

use std::collections::BTreeSet;
use std::sync::Arc;

use divvy_core::survey::{AliasTarget, Change, Planned, TrackedInstance, key_of};
use divvy_core::{Address, Key, Kind};
use divvy_plugin::proxy::Create;

use super::Book;

impl Book {
    /// Finds the instance that a create is of, where something tells: what it replaces, what a plan file
    /// says, or what it leaves behind. A subject that was never told apart from itself would be its own
    /// rival.
    pub(super) fn instance_of(
        &self,
        create: &Create,
        kind: &'static Kind,
        key: Option<&Key>,
    ) -> Option<(Address, Change)> {
        let is_free =
            |address: &Address| !self.planned().iter().any(|planned| planned.address == *address);
        let tracked = || self.survey.tracked.iter().flat_map(|tracked| &tracked.instances);
        if let Some(id) = create.replaces.as_deref() {
            let is_it = |one: &&TrackedInstance| {
                one.kind == kind
                    && one.id.as_str() == id
                    && !one.is_deposed
                    && is_free(&one.address)
            };
            let address = &tracked().find(is_it)?.address;
            let create_first = self.creates_first(address);
            return Some((address.clone(), Change::Replace { create_first }));
        }
        let of_plan = self.held.iter().flat_map(|held| &held.planned).filter(|planned| {
            planned.kind == kind && key.is_some() && planned.wanted_key().as_ref() == key
        });
        let mut of_plan = of_plan.filter(|planned| planned.makes_an_object());
        if let (Some(planned), None) = (of_plan.next(), of_plan.next())
            && is_free(&planned.address)
        {
            return Some((planned.address.clone(), planned.change));
        }
        // Terraform deletes a tainted instance before it creates, and a deposed one after: that create
        // is of its address.
        let has_key = |one: &&TrackedInstance| {
            key.is_some() && one.kind == kind && key_of(kind, &one.attributes).as_ref() == key
        };
        let is_held =
            |address: &Address| tracked().any(|one| one.address == *address && !one.is_deposed);
        let mut left = tracked().filter(has_key).filter(|one| is_free(&one.address));
        let left = left.find(|one| one.is_tainted || one.is_deposed && !is_held(&one.address))?;
        let change =
            if left.is_deposed { Change::Create } else { Change::Replace { create_first: false } };
        Some((left.address.clone(), change))
    }

    /// Returns whether an instance is created before its object is destroyed. Terraform hands this on to
    /// whatever such an instance depends on; only the state tells that.
    fn creates_first(&self, address: &Address) -> bool {
        self.configuration.blocks.creates_first(address)
            || self.held.as_ref().is_ok_and(|held| held.create_first.contains(address))
    }

    /// Names the attributes of a create that Terraform may hold to be sensitive. A plan file says it;
    /// else what is not proved to be shown is hidden.
    pub(super) fn sensitive(&mut self, number: usize) -> BTreeSet<String> {
        let planned = &self.planned()[number];
        let (kind, address) = (planned.kind, planned.address.clone());
        let of_plan = self.held.iter().flat_map(|held| &held.planned);
        if let Some(of_plan) = of_plan.into_iter().find(|planned| planned.address == address) {
            return of_plan.sensitive.clone();
        }
        let drifting = kind.drifting().iter().map(|attribute| attribute.terraform);
        let names: Vec<&'static str> =
            kind.key.iter().map(|part| part.terraform).chain(drifting).collect();
        names
            .into_iter()
            .filter(|name| !self.is_shown(number, kind, name))
            .map(str::to_owned)
            .collect()
    }

    /// Returns whether the value of an attribute is proved to be shown: by all blocks of the type, or
    /// because it is written in plain text, as often as it is wanted.
    fn is_shown(&mut self, number: usize, kind: &'static Kind, attribute: &'static str) -> bool {
        let blocks = Arc::clone(&self.configuration.blocks);
        let visibility = self
            .visibility
            .entry((kind.terraform_type, attribute))
            .or_insert_with(|| blocks.visibility(kind.terraform_type, attribute))
            .clone();
        let value = |planned: &Planned| {
            planned
                .after
                .as_ref()
                .and_then(|after| after.get(attribute)?.as_str().map(str::to_owned))
        };
        let Some(wanted) = value(&self.planned()[number]) else { return visibility.is_whole };
        let written = visibility.written.iter().filter(|text| **text == wanted).count();
        let of_kind = self.planned().iter().filter(|planned| planned.kind == kind);
        visibility.is_whole
            || of_kind.filter(|planned| value(planned).as_ref() == Some(&wanted)).count() <= written
    }

    /// Says why the org of a create was not seen whole, where it was not.
    pub(super) fn gap(&self, number: usize) -> Option<String> {
        let planned = &self.planned()[number];
        let AliasTarget::Org(org) = self.survey.aliases.get(&planned.alias)? else { return None };
        if self.by_name.contains(&planned.alias) {
            return None;
        }
        let listing = self.survey.orgs.get(org)?.listings.get(planned.kind);
        let Some(listing) = listing else {
            return Some("The org was not asked for its divisions.".to_owned());
        };
        let tracks = |instance: &TrackedInstance| instance.kind == planned.kind;
        let is_tracked =
            self.survey.tracked.iter().flat_map(|tracked| &tracked.instances).any(tracks);
        if !listing.is_complete {
            Some("The listing of the org is not complete.".to_owned())
        } else if listing.only_home_is_visible() && is_tracked {
            Some("Only the home division is visible with these credentials.".to_owned())
        } else {
            None
        }
    }
}
