//! Seeds: what an org holds when it is made, in the form of `fixtures/cases/*/org.json`.
//!
//! Never read from the environment. Invariant: a dump of an org is a seed that makes the same org
//! again, except that clients (and so their secrets) are never dumped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::Error;
use super::kinds::{Collection, filled};
use super::objects::Objects;
use super::org::{
    Client, Division, Org, Organization, PathedDivision, Standing, object_counts, random_id,
};
use super::policy::Policy;

/// What an org holds when it is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seed {
    /// The region key; kept and dumped, without effect on the replies.
    #[serde(default = "default_region")]
    pub region: String,
    /// The org itself; left out, it gets a random id.
    #[serde(default)]
    pub org: Organization,
    /// The home division.
    #[serde(default = "default_home")]
    pub home: SeedDivision,
    /// What a listing shows beside Home, in this order.
    #[serde(default)]
    pub divisions: Vec<SeedDivision>,
    /// What only the list of deleted divisions shows.
    #[serde(default)]
    pub deleted: Vec<SeedDivision>,
    /// What exists and holds its name but is shown to no client.
    #[serde(default)]
    pub hidden: Vec<SeedDivision>,
    /// Divisions of the `pathed` dialect.
    #[serde(default)]
    pub pathed: Vec<PathedDivision>,
    /// Objects of other types, by the path that creates them; left out, an id is made up.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub collections: BTreeMap<String, Vec<Map<String, Value>>>,
    /// The clients; if none is named, any id and secret are taken and may do everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<Client>,
    /// How the org behaves.
    #[serde(default)]
    pub policy: Policy,
    /// How many divisions the org may have, Home and hidden ones included.
    #[serde(default = "default_limit")]
    pub limit: usize,
}

/// One division of a seed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeedDivision {
    /// Its id; left out, a random one.
    #[serde(default = "random_id")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its description, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Read and ignored: where the division stands says what it is.
    #[serde(default)]
    pub home_division: bool,
    /// How many objects of each type it holds; they get made-up ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub object_counts: BTreeMap<String, usize>,
}

impl SeedDivision {
    /// Makes a division with a random id.
    pub fn named(name: impl Into<String>) -> Self {
        Self { id: random_id(), name: name.into(), ..Self::default() }
    }

    /// Describes a division.
    fn of(division: &Division) -> Self {
        Self {
            id: division.id.clone(),
            name: division.name.clone(),
            description: division.description.clone(),
            home_division: division.standing == Standing::Home,
            object_counts: object_counts(division),
        }
    }

    /// Makes the division, at a place in the order of creation.
    pub(crate) fn into_division(self, standing: Standing, sequence: u64) -> Division {
        let objects = self
            .object_counts
            .into_iter()
            .map(|(kind, count)| (kind, (0..count).map(|_| random_id()).collect()))
            .collect();
        Division {
            id: self.id,
            name: self.name,
            description: self.description,
            standing,
            sequence,
            objects,
        }
    }
}

impl Default for Seed {
    fn default() -> Self {
        Self {
            region: default_region(),
            org: Organization::default(),
            home: default_home(),
            divisions: Vec::new(),
            deleted: Vec::new(),
            hidden: Vec::new(),
            pathed: Vec::new(),
            collections: BTreeMap::new(),
            clients: Vec::new(),
            policy: Policy::default(),
            limit: default_limit(),
        }
    }
}

impl Seed {
    /// Reads a seed file's text.
    ///
    /// # Errors
    /// If the text is no JSON, lacks a division's name, or has a field that no seed has.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        Ok(serde_json::from_str(text)?)
    }

    /// Makes a seed of a Home and divisions of these names.
    pub fn with_divisions<const N: usize>(names: [&str; N]) -> Self {
        Self { divisions: names.map(SeedDivision::named).into(), ..Self::default() }
    }

    /// Makes the org.
    pub(crate) fn into_org(self) -> Result<Org, Error> {
        let mut org = Org {
            region: self.region,
            about: self.org,
            policy: self.policy,
            limit: self.limit,
            clients: self.clients,
            divisions: BTreeMap::new(),
            pathed: BTreeMap::new(),
            objects: BTreeMap::new(),
            last_object: 0,
        };
        let groups = [
            (Standing::Home, vec![self.home]),
            (Standing::Live, self.divisions),
            (Standing::Hidden, self.hidden),
            (Standing::Deleted, self.deleted),
        ];
        let divisions = groups
            .into_iter()
            .flat_map(|(standing, seeds)| seeds.into_iter().map(move |seed| (standing, seed)));
        for (sequence, (standing, seed)) in (1..).zip(divisions) {
            let id = seed.id.clone();
            let division = seed.into_division(standing, sequence);
            if org.divisions.insert(id.clone(), division).is_some() {
                return Err(Error::DoubleId { id });
            }
        }
        for division in self.pathed {
            let id = division.id.clone();
            if org.pathed.insert(id.clone(), division).is_some() {
                return Err(Error::DoubleId { id });
            }
        }
        for (path, objects) in self.collections {
            let Some((collection, parents)) = Collection::created_at(&path) else {
                return Err(Error::NoCollection { path });
            };
            for fields in objects {
                let parents = parents.clone();
                let object = Objects { org: &org, collection, parents }.made(fields);
                let id = object.id().to_owned();
                if org.put_object(object).is_some() {
                    return Err(Error::DoubleId { id });
                }
            }
        }
        Ok(org)
    }

    /// Dumps an org, without its clients.
    pub(crate) fn of(org: &Org) -> Self {
        let standing = |wanted: Standing| {
            org.in_order().filter(move |division| division.standing == wanted).map(SeedDivision::of)
        };
        Self {
            region: org.region.clone(),
            org: org.about.clone(),
            home: SeedDivision::of(org.home()),
            divisions: standing(Standing::Live).collect(),
            deleted: standing(Standing::Deleted).collect(),
            hidden: standing(Standing::Hidden).collect(),
            pathed: org.pathed.values().cloned().collect(),
            collections: collections_of(org),
            clients: Vec::new(),
            policy: org.policy.clone(),
            limit: org.limit,
        }
    }
}

/// Dumps the objects of an org in the order of their creation.
fn collections_of(org: &Org) -> BTreeMap<String, Vec<Map<String, Value>>> {
    let mut objects: Vec<_> = org.objects.values().collect();
    objects.sort_by_key(|object| object.sequence);
    let mut collections = BTreeMap::<_, Vec<_>>::new();
    for object in objects {
        if let Some(collection) = Collection::named(&object.kind) {
            let path = filled(&collection.create, &object.parents);
            collections.entry(path).or_default().push(object.fields.clone());
        }
    }
    collections
}

fn default_region() -> String {
    "us-east-1".to_owned()
}

fn default_home() -> SeedDivision {
    SeedDivision::named("Home")
}

fn default_limit() -> usize {
    // The vendor names no figure; a wiki says 50. High enough that only a test that asks meets it.
    1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_a_seed_of_the_same_org() {
        let org = Seed::with_divisions(["Sales", "Claims"]).into_org().unwrap();
        let again = Seed::of(&org).into_org().unwrap();
        assert_eq!(again.divisions, org.divisions);
        assert_eq!(again.about, org.about);
    }
}
