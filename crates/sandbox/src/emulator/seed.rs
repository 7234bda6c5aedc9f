//! Seeds: what an org holds when it is made, in the form of `fixtures/cases/*/org.json`.
//!
//! Never read from the environment. Invariant: a dump of an org is a seed that makes the same org
//! again, except that clients (and so their secrets) are never dumped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clients::Client;
use super::org::{Organization, PathedDivision};
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
    pub fn from_json(text: &str) -> Result<Self, super::Error> {
        Ok(serde_json::from_str(text)?)
    }

    /// Makes a seed of a Home and divisions of these names.
    pub fn with_divisions<const N: usize>(names: [&str; N]) -> Self {
        Self { divisions: names.map(SeedDivision::named).into(), ..Self::default() }
    }
}

/// Makes an id as the platform makes them: a random GUID in lower case.
pub(crate) fn random_id() -> String {
    Uuid::new_v4().to_string()
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
