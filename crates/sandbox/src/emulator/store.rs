//! Keeps an org in redb, in a file or in memory.
//!
//! Never answers a question about divisions: readers look at [`Store::org`]. Invariant: what
//! `org()` shows is what the last durable commit holds; a change that could not be committed is
//! not shown.

use std::path::Path;

use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::org::{Client, Division, Org, Organization, PathedDivision};
use super::policy::Policy;
use super::seed::Seed;

/// The version of the tables below. A file of another version is refused, never converted.
const SCHEMA: u64 = 1;

/// `schema` is a number, `settings` and `seed` are JSON.
const ABOUT: TableDefinition<&str, &[u8]> = TableDefinition::new("about");
/// Divisions by id, as JSON.
const DIVISIONS: TableDefinition<&str, &[u8]> = TableDefinition::new("divisions");
/// Divisions of the `pathed` dialect by id, as JSON.
const PATHED: TableDefinition<&str, &[u8]> = TableDefinition::new("pathed");

/// The org's parts that are no divisions.
#[derive(Serialize, Deserialize)]
struct Settings {
    region: String,
    about: Organization,
    policy: Policy,
    limit: usize,
    clients: Vec<Client>,
}

/// One change of the org.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A division is made or replaced.
    Put(Division),
    /// A division is gone without a trace.
    Remove(String),
    /// A division of the `pathed` dialect is made.
    PutPathed(PathedDivision),
    /// The org behaves differently from now on.
    Behave(Policy),
}

/// An org and the database that keeps it.
pub(crate) struct Store {
    database: Database,
    org: Org,
}

impl Store {
    /// Opens the org of a file, or makes it there (or in memory) from the seed.
    pub(crate) fn open(path: Option<&Path>, seed: Seed) -> Result<Self, Error> {
        let database = match path {
            Some(path) => Database::create(path),
            None => Database::builder().create_with_backend(InMemoryBackend::new()),
        }
        .map_err(redb::Error::from)?;
        if let Some(org) = load(&database)? {
            return Ok(Self { database, org });
        }
        let org = save(&database, seed)?;
        Ok(Self { database, org })
    }

    /// Returns the org as it was last committed.
    pub(crate) fn org(&self) -> &Org {
        &self.org
    }

    /// Commits changes as one, then shows them.
    pub(crate) fn keep(&mut self, changes: Vec<Change>) -> Result<(), Error> {
        let records = changes.iter().map(|change| Record::of(change, &self.org));
        let records = records.collect::<Result<Vec<_>, _>>()?;
        write(&self.database, |transaction| {
            records.iter().try_for_each(|record| record.write(transaction))
        })?;
        for change in changes {
            apply(&mut self.org, change);
        }
        Ok(())
    }

    /// Throws everything away and makes the org of this seed.
    pub(crate) fn replace(&mut self, seed: Seed) -> Result<(), Error> {
        self.org = save(&self.database, seed)?;
        Ok(())
    }

    /// Throws everything away and makes the org of the seed that it was last made from.
    pub(crate) fn reset(&mut self) -> Result<(), Error> {
        let seed = read_about(&self.database, "seed")?;
        self.replace(serde_json::from_slice(&seed.unwrap_or_default())?)
    }
}

fn apply(org: &mut Org, change: Change) {
    match change {
        Change::Put(division) => {
            org.divisions.insert(division.id.clone(), division);
        }
        Change::Remove(id) => {
            org.divisions.remove(&id);
        }
        Change::PutPathed(division) => {
            org.pathed.insert(division.id.clone(), division);
        }
        Change::Behave(policy) => org.policy = policy,
    }
}

/// One line of one table: what it holds afterwards, `None` if it is gone.
struct Record {
    table: TableDefinition<'static, &'static str, &'static [u8]>,
    key: String,
    value: Option<Vec<u8>>,
}

impl Record {
    fn of(change: &Change, org: &Org) -> Result<Self, serde_json::Error> {
        Ok(match change {
            Change::Put(division) => Self::put(DIVISIONS, &division.id, division)?,
            Change::Remove(id) => Self { table: DIVISIONS, key: id.clone(), value: None },
            Change::PutPathed(division) => Self::put(PATHED, &division.id, division)?,
            Change::Behave(policy) => {
                let settings = settings(org, policy.clone());
                Self::put(ABOUT, "settings", &settings)?
            }
        })
    }

    fn put(
        table: TableDefinition<'static, &'static str, &'static [u8]>,
        key: &str,
        value: &impl Serialize,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self { table, key: key.to_owned(), value: Some(serde_json::to_vec(value)?) })
    }

    fn write(&self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        let mut table = transaction.open_table(self.table)?;
        match &self.value {
            Some(value) => table.insert(self.key.as_str(), value.as_slice())?,
            None => table.remove(self.key.as_str())?,
        };
        Ok(())
    }
}

fn settings(org: &Org, policy: Policy) -> Settings {
    Settings {
        region: org.region.clone(),
        about: org.about.clone(),
        policy,
        limit: org.limit,
        clients: org.clients.clone(),
    }
}

/// Writes in one durable transaction: when this returns, a killed process has lost nothing.
fn write(
    database: &Database,
    fill: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    fill(&transaction)?;
    transaction.commit()?;
    Ok(())
}

/// Makes the org of a seed in place of whatever was there.
fn save(database: &Database, seed: Seed) -> Result<Org, Error> {
    let seed_record = Record::put(ABOUT, "seed", &seed)?;
    let org = seed.into_org()?;
    let mut records = vec![
        seed_record,
        Record::put(ABOUT, "schema", &SCHEMA)?,
        Record::put(ABOUT, "settings", &settings(&org, org.policy.clone()))?,
    ];
    for division in org.divisions.values() {
        records.push(Record::put(DIVISIONS, &division.id, division)?);
    }
    for division in org.pathed.values() {
        records.push(Record::put(PATHED, &division.id, division)?);
    }
    write(database, |transaction| {
        for table in [ABOUT, DIVISIONS, PATHED] {
            transaction.delete_table(table)?;
            transaction.open_table(table)?;
        }
        records.iter().try_for_each(|record| record.write(transaction))
    })?;
    Ok(org)
}

/// Reads the org of a database, `None` if it holds none yet.
fn load(database: &Database) -> Result<Option<Org>, Error> {
    let Some(schema) = read_about(database, "schema")? else {
        return Ok(None);
    };
    let found = serde_json::from_slice(&schema)?;
    if found != SCHEMA {
        let known = SCHEMA;
        return Err(Error::Schema { found, known });
    }
    let settings = read_about(database, "settings")?.unwrap_or_default();
    let settings: Settings = serde_json::from_slice(&settings)?;
    let mut org = Org {
        region: settings.region,
        about: settings.about,
        policy: settings.policy,
        limit: settings.limit,
        clients: settings.clients,
        divisions: [].into(),
        pathed: [].into(),
    };
    for value in values(database, DIVISIONS)? {
        apply(&mut org, Change::Put(serde_json::from_slice(&value)?));
    }
    for value in values(database, PATHED)? {
        apply(&mut org, Change::PutPathed(serde_json::from_slice(&value)?));
    }
    Ok(Some(org))
}

fn read_about(database: &Database, key: &str) -> Result<Option<Vec<u8>>, redb::Error> {
    let transaction = database.begin_read()?;
    match transaction.open_table(ABOUT) {
        Ok(table) => Ok(table.get(key)?.map(|value| value.value().to_vec())),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn values(
    database: &Database,
    table: TableDefinition<'static, &'static str, &'static [u8]>,
) -> Result<Vec<Vec<u8>>, redb::Error> {
    let transaction = database.begin_read()?;
    let table = transaction.open_table(table)?;
    let mut values = Vec::new();
    for entry in table.iter()? {
        values.push(entry?.1.value().to_vec());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::{SeedDivision, Standing};

    #[test]
    fn a_file_keeps_its_org_and_ignores_a_later_seed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("org.redb");
        let mut store = Store::open(Some(&path), Seed::with_divisions(["Sales"])).unwrap();
        let made = SeedDivision::named("Claims").into_division(Standing::Live, 3);
        store.keep(vec![Change::Put(made)]).unwrap();
        let before = store.org().clone();
        drop(store);

        let again = Store::open(Some(&path), Seed::default()).unwrap();
        assert_eq!(again.org().divisions, before.divisions);
        assert_eq!(again.org().about, before.about);
    }

    #[test]
    fn a_reset_brings_the_seed_back() {
        let mut store = Store::open(None, Seed::with_divisions(["Sales"])).unwrap();
        let before = store.org().clone();
        let home = before.home().id.clone();
        let sales = before.in_order().find(|d| d.id != home).unwrap();
        store.keep(vec![Change::Remove(sales.id.clone())]).unwrap();
        assert_eq!(store.org().divisions.len(), 1);
        store.reset().unwrap();
        assert_eq!(store.org().divisions, before.divisions);
    }

    #[test]
    fn a_file_of_another_schema_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("org.redb");
        let store = Store::open(Some(&path), Seed::default()).unwrap();
        let record = Record::put(ABOUT, "schema", &(SCHEMA + 1)).unwrap();
        write(&store.database, |transaction| record.write(transaction)).unwrap();
        drop(store);
        let refused = Store::open(Some(&path), Seed::default()).err();
        assert!(matches!(refused, Some(Error::Schema { found, .. }) if found == SCHEMA + 1));
    }
}
