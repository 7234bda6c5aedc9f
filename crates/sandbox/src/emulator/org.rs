//! The org as a value: its divisions, who may have which name, and what is refused.
//!
//! Never does I/O: an operation answers with the record to keep, and [`super::store`] keeps it.
//! Invariant: exactly one division is home, and it never leaves the live ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::policy::{Duplicate, Policy};

/// The organization itself, as `organizations/me` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl Default for Organization {
    fn default() -> Self {
        Self { id: random_id(), name: "Emulated Org".to_owned() }
    }
}

/// An OAuth client of the org.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// What it may do (`authorization:division:add`; for `pathed` a scope: `division:write`).
    /// Left out: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeSet<String>>,
    /// The divisions where its role is granted, by id, or `home`: it sees no others. Left out: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub divisions: Option<BTreeSet<String>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("permissions", &self.permissions)
            .field("divisions", &self.divisions)
            .finish_non_exhaustive()
    }
}

/// Where a division stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The one that is always there.
    Home,
    /// Listed and readable.
    Live,
    /// It exists and holds its name, but no client is shown it.
    Hidden,
    /// Soft-deleted: only the list of deleted divisions shows it.
    Deleted,
}

/// A division as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its description; absent and empty are different, as in the request that set it.
    pub description: Option<String>,
    /// Where it stands.
    pub standing: Standing,
    /// Its place in the order of creation.
    pub sequence: u64,
    /// The ids of its objects, by object type.
    pub objects: BTreeMap<String, BTreeSet<String>>,
}

impl Division {
    /// Returns whether clients that see everything see it.
    pub(crate) fn is_shown(&self) -> bool {
        matches!(self.standing, Standing::Home | Standing::Live)
    }

    /// Answers with what a delete would leave; only by force while objects are in it.
    pub(crate) fn deleted(&self, force: bool) -> Result<Self, Refused> {
        if self.standing == Standing::Home {
            return Err(Refused::HomeStays);
        }
        if !force && self.objects.values().any(|ids| !ids.is_empty()) {
            let id = self.id.clone();
            return Err(Refused::HoldsObjects { id });
        }
        Ok(Self { standing: Standing::Deleted, objects: BTreeMap::new(), ..self.clone() })
    }
}

/// A division of the `pathed` dialect, as it is kept and as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PathedDivision {
    /// Its id.
    #[serde(default = "random_id")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its full path, the last segment included.
    pub path: String,
    /// Its description.
    #[serde(default)]
    pub description: String,
    /// An id of another system.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Whether it is in use.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// An object of a collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Object {
    /// Its Terraform type.
    pub(crate) kind: String,
    /// The ids of its parents, as the path of its collection has them.
    pub(crate) parents: Vec<String>,
    /// Its path, which ends with its id.
    pub(crate) address: String,
    /// Its place in the order of creation.
    pub(crate) sequence: u64,
    /// What it was sent with, its id and its division.
    pub(crate) fields: Map<String, Value>,
}

impl Object {
    /// Returns its id as its path has it.
    pub(crate) fn id(&self) -> &str {
        self.address.rsplit('/').next().unwrap_or_default()
    }
}

/// What a client asks to be written into a division.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Draft {
    /// The wanted name.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// The wanted description.
    #[serde(default)]
    pub(crate) description: Option<String>,
}

/// Why the org refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No division of this id is there (for this client).
    Absent,
    /// The request names no name.
    NoName,
    /// The name is taken.
    Duplicate { name: String, shown_as: Duplicate },
    /// The org has as many divisions as it may have.
    Limit { limit: usize },
    /// Home cannot be deleted.
    HomeStays,
    /// It still holds objects.
    HoldsObjects { id: String },
    /// `pathed`: name and path are taken.
    DuplicatePath { name: String, path: String },
    /// `pathed`: nothing is at the parent's path.
    ParentAbsent { parent: String },
    /// `pathed`: the path does not begin with a slash, or ends with one.
    BadPath { path: String },
}

/// The org.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Org {
    pub(crate) region: String,
    pub(crate) about: Organization,
    pub(crate) policy: Policy,
    pub(crate) limit: usize,
    pub(crate) clients: Vec<Client>,
    pub(crate) divisions: BTreeMap<String, Division>,
    pub(crate) pathed: BTreeMap<String, PathedDivision>,
    /// What is no division, by address.
    pub(crate) objects: BTreeMap<String, Object>,
    /// The last place in the order of their creation.
    pub(crate) last_object: u64,
}

impl Org {
    /// Returns every division, in the order of creation.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &Division> {
        let mut all: Vec<_> = self.divisions.values().collect();
        all.sort_by_key(|division| division.sequence);
        all.into_iter()
    }

    /// Returns the home division.
    ///
    /// # Panics
    /// Never: seeds make one, and no operation takes it away.
    pub(crate) fn home(&self) -> &Division {
        self.divisions
            .values()
            .find(|division| division.standing == Standing::Home)
            .expect("every seed makes a home division and nothing removes it")
    }

    /// Answers with the division that a create would make.
    pub(crate) fn create(&self, draft: Draft) -> Result<Division, Refused> {
        let name = self.free_name(draft.name, None)?;
        let existing = self.divisions.values();
        if existing.filter(|d| d.standing != Standing::Deleted).count() >= self.limit {
            return Err(Refused::Limit { limit: self.limit });
        }
        Ok(Division {
            id: random_id(),
            name,
            description: draft.description,
            standing: Standing::Live,
            sequence: self.next_sequence(),
            objects: BTreeMap::new(),
        })
    }

    /// Answers with the division that an update would leave; a left-out description is taken away.
    pub(crate) fn update(&self, division: &Division, draft: Draft) -> Result<Division, Refused> {
        Ok(Division {
            name: self.free_name(draft.name, Some(&division.id))?,
            description: draft.description,
            ..division.clone()
        })
    }

    /// Answers with the division that a restore would bring back, under the body's name if it has
    /// one.
    pub(crate) fn restore(&self, id: &str, draft: Draft) -> Result<Division, Refused> {
        let deleted = self.divisions.get(id);
        let deleted = deleted
            .filter(|division| division.standing == Standing::Deleted)
            .ok_or(Refused::Absent)?;
        let name = draft.name.or_else(|| Some(deleted.name.clone()));
        Ok(Division {
            name: self.free_name(name, Some(id))?,
            description: draft.description.or_else(|| deleted.description.clone()),
            standing: Standing::Live,
            ..deleted.clone()
        })
    }

    /// Answers with every division that changes when objects move into one of them.
    pub(crate) fn assign(&self, to: &Division, kind: &str, ids: &[String]) -> Vec<Division> {
        let mut changed = Vec::new();
        for division in self.divisions.values() {
            let mut after = division.clone();
            for objects in after.objects.values_mut() {
                objects.retain(|id| !ids.contains(id));
            }
            if division.id == to.id {
                let objects = after.objects.entry(kind.to_owned()).or_default();
                objects.extend(ids.iter().cloned());
            }
            if after != *division {
                changed.push(after);
            }
        }
        changed
    }

    /// Answers with the `pathed` division that a create would make.
    pub(crate) fn create_pathed(&self, draft: PathedDivision) -> Result<PathedDivision, Refused> {
        if draft.name.is_empty() {
            return Err(Refused::NoName);
        }
        let path = &draft.path;
        let well_formed = path.len() > 1 && path.starts_with('/') && !path.ends_with('/');
        if !well_formed || path.contains("//") {
            return Err(Refused::BadPath { path: path.clone() });
        }
        let mut existing = self.pathed.values();
        let is_taken = existing.any(|other| other.name == draft.name && other.path == *path);
        if is_taken && !self.policy.accept_duplicates {
            let PathedDivision { name, path, .. } = draft;
            return Err(Refused::DuplicatePath { name, path });
        }
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if !parent.is_empty() && !self.pathed.values().any(|other| other.path == parent) {
            let parent = parent.to_owned();
            return Err(Refused::ParentAbsent { parent });
        }
        Ok(draft)
    }

    /// Returns a name as it will be kept, if nobody but `own_id` holds it.
    fn free_name(&self, name: Option<String>, own_id: Option<&str>) -> Result<String, Refused> {
        let name = name.filter(|name| !name.is_empty()).ok_or(Refused::NoName)?;
        let is_taken = self.divisions.values().any(|other| {
            !self.policy.accept_duplicates
                && Some(other.id.as_str()) != own_id
                && (other.standing != Standing::Deleted || self.policy.deleted_names_block)
                && self.policy.same_name(&other.name, &name)
        });
        if is_taken {
            let shown_as = self.policy.duplicate;
            return Err(Refused::Duplicate { name, shown_as });
        }
        Ok(self.policy.stored(&name))
    }

    /// Makes or replaces an object.
    pub(crate) fn put_object(&mut self, object: Object) -> Option<Object> {
        self.last_object = self.last_object.max(object.sequence);
        self.objects.insert(object.address.clone(), object)
    }

    /// Returns the place behind every division.
    pub(crate) fn next_sequence(&self) -> u64 {
        let last = self.divisions.values().map(|division| division.sequence);
        last.max().map_or(1, |last| last + 1)
    }
}

/// Makes an id as the platform makes them: a random GUID in lower case.
pub(crate) fn random_id() -> String {
    Uuid::new_v4().to_string()
}

/// Counts a division's objects by type.
pub(crate) fn object_counts(division: &Division) -> BTreeMap<String, usize> {
    let counted = division.objects.iter();
    counted.map(|(kind, ids)| (kind.clone(), ids.len())).filter(|(_, count)| *count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::Seed;

    fn org(names: [&str; 2]) -> Org {
        Seed::with_divisions(names).into_org().unwrap()
    }

    fn draft(name: &str) -> Draft {
        Draft { name: Some(name.to_owned()), description: None }
    }

    fn named(org: &Org, name: &str) -> Division {
        org.in_order().find(|d| d.name == name).unwrap().clone()
    }

    #[test]
    fn a_deleted_name_is_free_until_the_policy_says_otherwise() {
        let mut org = org(["Sales", "Claims"]);
        let deleted = named(&org, "Sales").deleted(false).unwrap();
        org.divisions.insert(deleted.id.clone(), deleted);
        assert!(org.create(draft("Sales")).is_ok());
        org.policy.deleted_names_block = true;
        let refused = org.create(draft("Sales")).unwrap_err();
        assert!(matches!(refused, Refused::Duplicate { name, .. } if name == "Sales"));
    }

    #[test]
    fn a_division_may_keep_its_own_name() {
        let org = org(["Sales", "Claims"]);
        let sales = named(&org, "Sales");
        assert_eq!(org.update(&sales, draft("Sales")).unwrap(), sales);
        assert!(org.update(&sales, draft("Claims")).is_err());
    }

    #[test]
    fn objects_are_in_one_division_at_a_time() {
        let mut org = org(["Sales", "Claims"]);
        let ids = [random_id(), random_id()];
        for (target, expected) in [("Sales", [2, 0]), ("Claims", [0, 2])] {
            for changed in org.assign(&named(&org, target), "QUEUE", &ids) {
                org.divisions.insert(changed.id.clone(), changed);
            }
            let count = |name| object_counts(&named(&org, name)).get("QUEUE").copied();
            let counts = ["Sales", "Claims"].map(|name| count(name).unwrap_or(0));
            assert_eq!(counts, expected);
        }
        let refused = named(&org, "Claims").deleted(false).unwrap_err();
        assert!(matches!(refused, Refused::HoldsObjects { .. }));
        assert!(named(&org, "Claims").deleted(true).is_ok());
    }
}
