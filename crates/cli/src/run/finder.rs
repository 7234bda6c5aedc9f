//! The look-up through the provider's own data sources, which needs no credentials of ours.
//!
//! The official provider lists all divisions once and finds names in that list under their lower
//! case; what the list lacks it asks for again and again for 15 s. So the list is filled first, with
//! Home's own name, and a question that is not answered soon is taken back. Reads only. Invariant:
//! a data source says at most which id to read; name, attributes and the home flag are the
//! resource's own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use divvy_core::kinds::division::{DIVISION, HOME_ATTRIBUTE, HOME_DATA_SOURCE};
use divvy_core::survey::key_of;
use divvy_core::{Entity, EntityId, Key, Kind, OrgId};
use divvy_plugin::Value;
use divvy_plugin::proxy::{Inquirer, Inquiry};
use tokio::sync::{RwLock, RwLockWriteGuard, Semaphore};
use tokio::time::{Instant, timeout};

use crate::run::creates::attributes_of;

/// The data source that reads the org.
const ORGANIZATION_DATA_SOURCE: &str = "genesyscloud_organizations_me";
/// For everything that is not expected to be missing.
const PATIENCE: Duration = Duration::from_secs(60);
/// A name that the list holds is answered within a few milliseconds.
const PATIENCE_IN_PLAN: Duration = Duration::from_millis(300);
/// After a refused create something is there: worth a second try of the provider's.
const PATIENCE_IN_APPLY: Duration = Duration::from_millis(2500);

/// Finds entities by name in the org of one provider configuration.
pub(crate) struct Finder {
    inquirer: Inquirer,
    listed: RwLock<Listed>,
    /// As many as the provider answers at once: one that waits its turn looks like one that is
    /// missing.
    turns: Semaphore,
    /// What the plan has asked; an apply plans twice.
    asked: Mutex<BTreeMap<Key, Option<Entity>>>,
}

/// What the provider says of the org.
pub(crate) struct Organization {
    pub(crate) id: OrgId,
    pub(crate) name: Option<String>,
}

/// A process whose list of divisions is filled.
struct Listed {
    inquiry: Inquiry,
    since: Instant,
}

impl Finder {
    /// Lets the provider list; the error is the reason, for the user.
    pub(crate) async fn begin(
        inquirer: Inquirer,
        at_once: usize,
    ) -> Result<(Self, Organization), String> {
        let listed = Listed::fill(&inquirer).await?;
        let organization = listed.inquiry.data_source(ORGANIZATION_DATA_SOURCE, &[]);
        let organization = patiently(organization).await?;
        let text = |name| organization.get(name).as_str().filter(|text| !text.is_empty());
        let organization = Organization {
            id: OrgId::new(text("id").ok_or("the provider tells no id of the org")?),
            name: text("name").map(str::to_owned),
        };
        let finder = Self {
            inquirer,
            listed: RwLock::new(listed),
            turns: Semaphore::new(at_once.max(1)),
            asked: Mutex::default(),
        };
        Ok((finder, organization))
    }

    /// Returns whether entities of a kind are looked for: the others' data sources take 15 s for a miss,
    /// and some find another name.
    pub(crate) fn finds(kind: &Kind) -> bool {
        *kind == **DIVISION
    }

    /// Looks for an entity while the plan is made. The name may differ in case: the provider's list
    /// knows lower case only.
    pub(crate) async fn find(&self, kind: &'static Kind, key: &Key) -> Option<Entity> {
        if !Self::finds(kind) {
            return None;
        }
        let known = self.asked.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        if let Some(known) = known {
            return known;
        }
        let found = self.listed.read().await.ask(kind, key, PATIENCE_IN_PLAN, &self.turns).await;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(key.clone(), found.clone());
        found
    }

    /// Looks for an entity that may have come to be a moment ago: in a list that is younger.
    pub(crate) async fn find_lately_made(&self, kind: &'static Kind, key: &Key) -> Option<Entity> {
        if !Self::finds(kind) {
            return None;
        }
        let now = Instant::now();
        let mut listed = self.listed.read().await;
        if listed.since < now {
            drop(listed);
            let mut old = self.listed.write().await;
            if old.since < now {
                match Listed::fill(&self.inquirer).await {
                    Ok(fresh) => std::mem::replace(&mut *old, fresh).inquiry.end().await,
                    Err(reason) => {
                        tracing::warn!(reason, "the provider could not be asked again");
                        return None;
                    }
                }
            }
            listed = RwLockWriteGuard::downgrade(old);
        }
        listed.ask(kind, key, PATIENCE_IN_APPLY, &self.turns).await
    }
}

impl Listed {
    /// Starts a process and lets it list all divisions.
    async fn fill(inquirer: &Inquirer) -> Result<Self, String> {
        let since = Instant::now();
        let inquiry = patiently(inquirer.begin()).await?;
        let home = patiently(inquiry.data_source(HOME_DATA_SOURCE, &[])).await?;
        let name = home.get("name").as_str().unwrap_or_default();
        patiently(inquiry.data_source(DIVISION.data_source, &[("name", name)])).await?;
        Ok(Self { inquiry, since })
    }

    async fn ask(
        &self,
        kind: &'static Kind,
        key: &Key,
        patience: Duration,
        turns: &Semaphore,
    ) -> Option<Entity> {
        let arguments = [("name", key.parts().first()?.as_str())];
        let Ok(_turn) = turns.acquire().await else { return None };
        let question = self.inquiry.data_source(kind.data_source, &arguments);
        let id = match timeout(patience, question).await {
            Ok(Ok(answer)) => answer.get("id").as_str()?.to_owned(),
            Ok(Err(reason)) => {
                tracing::debug!(reason, "the provider's data source finds nothing");
                return None;
            }
            Err(_) => return None,
        };
        match patiently(self.inquiry.resource(kind.terraform_type, &id)).await {
            Ok(state) => entity(kind, &id, &state),
            Err(reason) => {
                tracing::debug!(reason, "the provider does not read what its data source found");
                None
            }
        }
    }
}

async fn patiently<T>(answer: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let in_time = timeout(PATIENCE, answer).await;
    in_time.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
}

/// Reads an entity out of a resource's state; none if there is nothing with its id.
fn entity(kind: &'static Kind, id: &str, state: &Value) -> Option<Entity> {
    let (mut attributes, _) = attributes_of(state, kind);
    attributes.remove(HOME_ATTRIBUTE);
    Some(Entity {
        kind,
        id: EntityId::new(id),
        key: key_of(kind, &attributes)?,
        attributes,
        is_home: state.get(HOME_ATTRIBUTE).as_bool().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entity_is_what_the_resource_says_not_what_was_asked_for() {
        let state = json!({ "id": "x", "name": "SALES", "description": "IT", "home": true });
        let found = entity(&DIVISION, "x", &Value::from(state)).unwrap();
        assert_eq!((found.key, found.is_home), (Key::name("SALES"), true));
        assert_eq!(found.attributes["description"], "IT");
        assert_eq!(entity(&DIVISION, "x", &Value::Null), None);
    }
}
