//! The survey: everything that a decision may rest on, gathered before anything is decided.
//!
//! Types only. The readers (plan, state, logs) and the client produce them; [`crate::resolve`]
//! consumes them. Invariant: nothing here is a guess; what was not read is said to be unread.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::address::Address;
pub use crate::alias::Alias;
use crate::drift::Drift;
use crate::entity::{Attributes, Entity, EntityId, Key, OrgId};
use crate::failure::Failure;
use crate::kind::{DIVISION_ID, Kind, Scope};
pub use crate::listing::{ById, Flaw, Listing, Listings, Seen};
use crate::name::{self, Likeness};

/// What Terraform means to do with an instance (`change.actions` of the plan JSON).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `["no-op"]`.
    NoOp,
    /// `["create"]`.
    Create,
    /// `["read"]`.
    Read,
    /// `["update"]`.
    Update,
    /// `["delete"]`.
    Delete,
    /// `["delete","create"]`, or `["create","delete"]` under `create_before_destroy`.
    Replace {
        /// True where the new object is made before the old one goes.
        create_first: bool,
    },
    /// `["forget"]`: a `removed` block without destroy.
    Forget,
}

/// A planned instance of a kind: one entry of `resource_changes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The instance, spelled as the plan spells it.
    pub address: Address,
    /// Where a `moved` block takes it from (`previous_address`).
    pub previous_address: Option<Address>,
    /// Its kind.
    pub kind: &'static Kind,
    /// The provider configuration that serves it.
    pub alias: Alias,
    /// What the plan would do.
    pub change: Change,
    /// Attributes before; `None` where there is no object yet.
    pub before: Option<Attributes>,
    /// Attributes after, as far as they are known; `None` for a delete.
    pub after: Option<Attributes>,
    /// Names of top-level attributes that are known only after apply.
    pub unknown: BTreeSet<String>,
    /// Names of top-level attributes that Terraform holds to be sensitive: never shown.
    pub sensitive: BTreeSet<String>,
    /// Names of attributes that `ignore_changes` of the block names, as far as the configuration was
    /// read: what differs in them is no drift.
    pub ignored: BTreeSet<String>,
    /// The id of an import that the plan itself holds (`change.importing.id`).
    pub import_id: Option<EntityId>,
}

impl Planned {
    /// Makes an instance of which nothing more is known than what becomes of it.
    pub fn new(address: Address, kind: &'static Kind, alias: Alias, change: Change) -> Self {
        Self {
            address,
            previous_address: None,
            kind,
            alias,
            change,
            before: None,
            after: None,
            unknown: BTreeSet::new(),
            sensitive: BTreeSet::new(),
            ignored: BTreeSet::new(),
            import_id: None,
        }
    }

    /// Returns the key that the instance wants, `None` while any part of it is unknown or unset.
    pub fn wanted_key(&self) -> Option<Key> {
        let after = self.after.as_ref()?;
        // Of a map that is known in part only that part is there.
        let is_part = |attribute: &str| {
            self.unknown.contains(attribute) && after.get(attribute).is_some_and(Value::is_object)
        };
        if self.kind.key.iter().any(|part| is_part(part.terraform)) {
            return None;
        }
        key_of(self.kind, after)
    }

    /// Returns the Terraform type of the parent whose id is all that its key still lacks.
    pub fn awaited_parent(&self) -> Option<&'static str> {
        let mut unknown =
            self.kind.key.iter().filter(|part| self.unknown.contains(part.attribute()));
        let first = unknown.next()?.parent?;
        unknown.all(|part| part.parent.is_some()).then_some(first)
    }

    /// Returns the division that the instance is to be in, as far as the plan knows it.
    pub fn division(&self) -> Option<&str> {
        if self.kind.scope != Scope::Division {
            return None;
        }
        let division = self.after.as_ref()?.get(DIVISION_ID)?.as_str();
        division.filter(|division| !division.is_empty())
    }

    /// Returns whether an attribute has a value after the plan, known or not.
    pub fn sets(&self, attribute: &str) -> bool {
        let value = self.after.as_ref().and_then(|after| after.get(attribute));
        let has_value = value.is_some_and(|value| !value.is_null() && value.as_str() != Some(""));
        has_value || self.unknown.contains(attribute)
    }

    /// Returns whether an attribute is set to `true` after the plan.
    pub fn flag(&self, attribute: &str) -> bool {
        self.after.as_ref().and_then(|after| after.get(attribute)) == Some(&Value::Bool(true))
    }

    /// Returns whether a new object would be made (a create, or either order of a replace).
    pub fn makes_an_object(&self) -> bool {
        matches!(self.change, Change::Create | Change::Replace { .. })
    }

    /// Returns attributes in which an import of this entity would find the configuration different;
    /// the key is none of them.
    pub(crate) fn drift_from(&self, entity: &Entity) -> Vec<Drift> {
        let Some(after) = &self.after else {
            return Vec::new();
        };
        let known = self.kind.drifting().iter();
        known
            .filter(|attribute| !self.unknown.contains(attribute.terraform))
            .filter(|attribute| !self.ignored.contains(attribute.terraform))
            .filter_map(|attribute| {
                let set = |value: Option<&Value>| {
                    value.filter(|value| !attribute.zero.is_unset(value)).cloned()
                };
                let config = set(after.get(attribute.terraform));
                let org = set(entity.attributes.get(attribute.terraform));
                (config != org).then(|| Drift {
                    attribute: attribute.terraform,
                    config: config.map(Into::into),
                    org: org.map(Into::into),
                })
            })
            .collect()
    }

    /// Returns what an apply would change in this entity once the instance holds it: parts of its key
    /// first. Values that Terraform holds to be sensitive are concealed.
    pub fn changes_to(&self, entity: &Entity) -> Vec<Drift> {
        let mut changes = self.key_changes_to(entity);
        changes.extend(self.drift_from(entity));
        for change in changes.iter_mut().filter(|one| self.sensitive.contains(one.attribute)) {
            change.conceal();
        }
        changes
    }

    fn key_changes_to(&self, entity: &Entity) -> Vec<Drift> {
        let wanted = self.wanted_key();
        let Some(wanted) =
            wanted.filter(|key| name::compare_keys(key, &entity.key) != Likeness::Equal)
        else {
            return Vec::new();
        };
        let parts = self.kind.key.iter().zip(wanted.parts().iter().zip(entity.key.parts()));
        parts
            .filter(|(_, (wanted, present))| wanted != present)
            .map(|(part, (wanted, present))| Drift {
                attribute: part.terraform,
                config: Some(wanted.as_str().into()),
                org: Some(present.as_str().into()),
            })
            .collect()
    }

    /// Returns whether the entity has another key than the instance wants, or other attributes.
    pub fn differs_from(&self, entity: &Entity) -> bool {
        let has_other_key = self
            .wanted_key()
            .is_some_and(|key| name::compare_keys(&key, &entity.key) != Likeness::Equal);
        has_other_key || !self.drift_from(entity).is_empty()
    }

    /// Returns whether the address still belongs to the configuration after the plan.
    pub fn stays(&self) -> bool {
        !matches!(self.change, Change::Delete | Change::Forget)
    }
}

/// Reads the key of a kind out of Terraform's attributes; `None` unless every part is text.
pub fn key_of(kind: &Kind, attributes: &Attributes) -> Option<Key> {
    let parts = kind.key.iter().map(|part| part.of(attributes)).collect::<Option<Vec<_>>>()?;
    (!parts.is_empty()).then(|| Key::from_parts(parts))
}

/// What the plan wants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desired {
    /// Every planned instance of a kind, no-ops included.
    pub planned: Vec<Planned>,
    /// How many changes of all types are pending.
    pub pending: Pending,
}

/// Counts of planned changes over all types. A replace counts as one create and one delete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// Objects to be made.
    pub create: usize,
    /// Objects to be changed.
    pub update: usize,
    /// Objects to be deleted.
    pub delete: usize,
}

impl Pending {
    /// Returns whether nothing at all is pending.
    pub fn is_clean(self) -> bool {
        self == Self::default()
    }
}

/// An instance of a kind in a state.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackedInstance {
    /// Where the state holds it.
    pub address: Address,
    /// Its kind.
    pub kind: &'static Kind,
    /// The alias of its provider configuration as the state names it, `None` for the default one.
    pub provider_alias: Option<String>,
    /// The id that the state holds.
    pub id: EntityId,
    /// Attributes as stored, whichever of `attributes` and `attributes_flat` held them.
    pub attributes: Attributes,
    /// Names of top-level attributes that the state holds to be sensitive: never shown.
    pub sensitive: BTreeSet<String>,
    /// True for `"status": "tainted"`: the next apply deletes the real object and makes another.
    pub is_tainted: bool,
    /// True for a deposed object, left by an interrupted `create_before_destroy`.
    pub is_deposed: bool,
}

/// What `terraform state pull` printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatePresence {
    /// Nothing at all: this backend and workspace never held a state.
    #[default]
    Nothing,
    /// A state (with a lineage), perhaps without instances.
    Present,
}

/// What the state holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tracked {
    /// Whether there is a state at all.
    pub presence: StatePresence,
    /// Every instance of a kind.
    pub instances: Vec<TrackedInstance>,
    /// The state's lineage, where there is a state.
    pub lineage: Option<String>,
    /// The state's serial, where there is a state.
    pub serial: Option<u64>,
}

/// Where an alias leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AliasTarget {
    /// To this org.
    Org(OrgId),
    /// To no credentials; the text says why, without a secret.
    Unresolved(String),
}

/// One org, as far as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Org {
    /// Its name (`organizations/me`).
    pub name: Option<String>,
    /// The region key, where known.
    pub region: Option<String>,
    /// What was read of each kind.
    pub listings: Listings,
}

/// An `errored.tfstate` in the working directory, or a log line that says saving failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErroredState {
    /// Its lineage, if it could be read.
    pub lineage: Option<String>,
    /// Its serial, if it could be read.
    pub serial: Option<u64>,
}

impl ErroredState {
    /// Returns whether it can be pushed onto the stored state, whose lineage this is (`None` where
    /// nothing is stored yet). What is empty or cut off has no lineage that could be read.
    pub fn continues(&self, stored: Option<&str>) -> bool {
        self.lineage.as_deref().is_some_and(|own| stored.is_none_or(|stored| stored == own))
    }
}

/// Another state that somebody named with `--other-state`.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherState {
    /// What it was called on the command line.
    pub label: String,
    /// What it tracks.
    pub tracked: Tracked,
}

/// What lies around the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// An unsaved state of an earlier apply.
    pub errored_state: Option<ErroredState>,
    /// The backend's type (`local`, `pg`, `cloud`), `None` if none is configured.
    pub backend: Option<String>,
    /// The workspace, `None` for `default`.
    pub workspace: Option<String>,
    /// States of other roots.
    pub other_states: Vec<OtherState>,
}

/// Everything that was gathered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// The plan; `None` when only a log was read.
    pub desired: Option<Desired>,
    /// The state; `None` when only a log was read.
    pub tracked: Option<Tracked>,
    /// Each provider configuration and where it leads.
    pub aliases: BTreeMap<Alias, AliasTarget>,
    /// Each org that was read.
    pub orgs: BTreeMap<OrgId, Org>,
    /// Failures of a run, from a log or from the proxy.
    pub failures: Vec<Failure>,
    /// Ids that a person named, by address: looked at like any other, and never a reason for a
    /// verdict.
    pub chosen: BTreeMap<Address, EntityId>,
    /// What lies around.
    pub surroundings: Surroundings,
}

impl Survey {
    /// Returns whether the org is proved to lack the id that a planned instance imports.
    pub fn lacks_import(&self, planned: &Planned) -> bool {
        let listing = match self.aliases.get(&planned.alias) {
            Some(AliasTarget::Org(org)) => self.orgs.get(org),
            Some(AliasTarget::Unresolved(_)) | None => None,
        };
        let listing = listing.and_then(|org| org.listings.get(planned.kind));
        listing
            .zip(planned.import_id.as_ref())
            .is_some_and(|(listing, id)| listing.proves_absent(planned.kind, id))
    }
}
