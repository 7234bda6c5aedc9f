//! What the orgs and the state say: where each provider configuration leads, what is there, and which
//! tracked instances stay.
//!
//! Never asks anybody. Invariant: each tracked instance is under the configuration whose org shows its
//! id: the protocol does not tell which alias of the state a configuration is.

use divvy_core::kind::Filling;
use divvy_core::survey::{
    Alias, AliasTarget, Change, Listing, Planned, Seen, Tracked, TrackedInstance, key_of,
};
use divvy_core::{Entity, Kind, OrgId};
use divvy_plugin::proxy::AliasToken;

use super::{FIRST_ALIAS, Ledger};
use crate::run::holdings::Held;
use crate::run::orgs::{Answer, Asked};

impl Ledger {
    /// Takes in what the state and, if there is one, the plan file hold; the first word counts.
    pub(crate) fn hold_once(&mut self, held: Held) {
        if self.is_held {
            return;
        }
        self.is_held = true;
        for (at, planned) in held.iter().flat_map(|held| &held.planned).enumerate() {
            self.planned_at.entry(planned.address.clone()).or_insert(at);
            if let Some(key) = planned.wanted_key() {
                self.planned_as.entry((planned.kind, key)).or_default().push(at);
            }
        }
        self.held = held;
        self.place_tracked();
    }

    /// Takes in where a provider configuration leads; once for each.
    pub(crate) fn lead(&mut self, token: &AliasToken, answer: &Answer) {
        if self.aliases.contains_key(token) {
            return;
        }
        let is_asked_by_name = answer.as_ref().is_ok_and(Asked::is_asked_by_name);
        let alias = if self.aliases.is_empty() {
            Alias::new(FIRST_ALIAS)
        } else {
            Alias::new(format!("{FIRST_ALIAS}.{token}"))
        };
        self.aliases.insert(token.clone(), alias.clone());
        if let Some(block) = self.evaluated.get(token) {
            self.labels.insert(alias.clone(), self.configuration.names.name(block));
        }
        if is_asked_by_name {
            self.by_name.insert(alias.clone());
        }
        self.survey.change(|survey| {
            let target = match answer {
                Ok(asked) => {
                    survey.orgs.entry(asked.id.clone()).or_insert_with(|| asked.org.clone());
                    self.credentials_from.insert(alias.clone(), asked.credentials_from.clone());
                    AliasTarget::Org(asked.id.clone())
                }
                Err(reason) => AliasTarget::Unresolved(reason.clone()),
            };
            survey.aliases.insert(alias, target);
        });
        self.place_tracked();
    }

    /// Takes in what an org has of a kind at one place; the first word counts.
    pub(crate) fn lists(
        &mut self,
        token: &AliasToken,
        kind: &'static Kind,
        filling: &Filling,
        seen: &Seen,
    ) {
        let Some(org) = self.org_of(token) else { return };
        if !self.listed.insert((org.clone(), kind, filling.clone())) {
            return;
        }
        self.survey.list(&org, kind, seen.clone());
        // Only where there are several does a listing tell which of them an instance is of.
        if self.survey.aliases.len() > 1 {
            self.place_tracked();
        }
    }

    fn org_of(&self, token: &AliasToken) -> Option<OrgId> {
        match self.survey.aliases.get(self.aliases.get(token)?)? {
            AliasTarget::Org(org) => Some(org.clone()),
            AliasTarget::Unresolved(_) => None,
        }
    }

    /// Puts everything that is tracked where it belongs, as far as the orgs are known by now.
    pub(super) fn place_tracked(&mut self) {
        let held = self.held.clone().ok();
        let instances = held.iter().flat_map(|held| &held.tracked.instances);
        let placed: Vec<_> = instances.filter_map(|instance| self.placed(instance)).collect();
        let staying: Vec<_> = placed.iter().filter_map(|instance| self.staying(instance)).collect();
        self.left.clear();
        for instance in &placed {
            self.may_be_left(instance);
        }
        let planned: Vec<_> =
            (0..self.entries.len()).map(|one| self.planned(one).clone()).collect();
        for (at, entry) in self.entries.iter_mut().enumerate() {
            entry.at = at;
        }
        self.survey.change(|survey| {
            let desired = survey.desired.get_or_insert_default();
            desired.planned = planned.into_iter().chain(staying).collect();
            if let Some(held) = held {
                let Tracked { presence, lineage, serial, .. } = held.tracked.clone();
                survey.tracked = Some(Tracked { presence, instances: placed, lineage, serial });
            }
        });
    }

    /// Returns a tracked instance under the configuration that it belongs to; none while nothing tells.
    fn placed(&self, instance: &TrackedInstance) -> Option<TrackedInstance> {
        let aliases = &self.survey.aliases;
        let alias = aliases.iter().find(|(_, target)| self.shows(target, instance));
        let provider_alias = match (alias, aliases.len()) {
            (Some((alias, _)), _) => {
                alias.as_str().split_once('.').map(|(_, token)| token.to_owned())
            }
            (None, 1) => None,
            (None, _) => return None,
        };
        Some(TrackedInstance { provider_alias, ..instance.clone() })
    }

    /// Remembers a tainted or deposed instance by its key.
    fn may_be_left(&mut self, instance: &TrackedInstance) {
        let key = key_of(instance.kind, &instance.attributes);
        if let Some(key) = key.filter(|_| instance.is_tainted || instance.is_deposed) {
            let left = self.left.entry((instance.kind, key)).or_default();
            left.push(instance.address.clone());
        }
    }

    fn shows(&self, target: &AliasTarget, instance: &TrackedInstance) -> bool {
        let AliasTarget::Org(org) = target else { return false };
        let listing = self.survey.orgs.get(org).and_then(|org| org.listings.get(instance.kind));
        listing.is_some_and(|listing| listing.entities.with_id(&instance.id).is_some())
    }

    /// Plans a tracked instance as one that stays, if its block is in the text under the name that it
    /// has, and no create is at its address.
    fn staying(&self, instance: &TrackedInstance) -> Option<Planned> {
        let key = key_of(instance.kind, &instance.attributes)?;
        let name = instance.kind.shown_key(&key);
        let is_written = self.written.contains(&(instance.address.as_str().to_owned(), name));
        if !is_written
            || instance.is_tainted
            || instance.is_deposed
            || self.numbers.contains_key(&instance.address)
        {
            return None;
        }
        let alias = match &instance.provider_alias {
            Some(token) => Alias::new(format!("{FIRST_ALIAS}.{token}")),
            None => Alias::new(FIRST_ALIAS),
        };
        Some(Planned::new(instance.address.clone(), instance.kind, alias, Change::NoOp))
    }

    /// Takes in an entity of an org that is asked name by name.
    pub(crate) fn found(&mut self, token: &AliasToken, entity: Entity) {
        let (kind, id) = (entity.kind, entity.id.clone());
        match self.listing(token, kind) {
            Some(listing) if listing.entities.with_id(&id).is_none() => {
                listing.entities.add(entity);
            }
            _ => return,
        }
        // Its address may have been without an org until now.
        let Ok(held) = self.held.clone() else { return };
        if self.survey.aliases.len() < 2 || !self.survey.holding(&id).is_empty() {
            return;
        }
        for instance in held.with_id(&id).filter(|one| one.kind == kind) {
            let Some(placed) = self.placed(instance) else { continue };
            if let Some(staying) = self.staying(&placed) {
                self.survey.plan(staying);
            }
            self.may_be_left(&placed);
            self.survey.track(placed);
        }
    }

    /// Takes in an entity that the first listing lacked.
    pub(crate) fn found_late(&mut self, token: &AliasToken, entity: Entity) {
        let listings = self.survey.orgs.values().flat_map(|org| org.listings.values());
        let mut known = listings.filter_map(|listing| listing.entities.with_id(&entity.id));
        let is_new = known.next().is_none();
        drop(known);
        if is_new {
            self.late.insert(entity.id.clone());
        }
        self.found(token, entity);
    }

    /// Takes in what was deleted and may be restored; once.
    pub(crate) fn found_deleted(&mut self, token: &AliasToken, kind: &Kind, deleted: &[Entity]) {
        if let Some(listing) = self.listing(token, kind) {
            listing.deleted.get_or_insert_with(|| deleted.iter().cloned().collect());
        }
    }

    fn listing(&mut self, token: &AliasToken, kind: &Kind) -> Option<&mut Listing> {
        let org = self.org_of(token)?;
        self.survey.listing_mut(&org, kind)
    }
}
