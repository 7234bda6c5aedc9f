//! The data sources, with the official provider's peculiarities.
//!
//! `genesyscloud_auth_division` lists all divisions once and keeps them under their lower-cased
//! names, so any spelling finds *some* division; a miss is asked for 15 s, and then compares the
//! lower-cased name exactly. Invariant: one list per configured provider.

use std::time::Duration;

use divvy_plugin::Value;
use divvy_plugin::messages::Diagnostic;
use serde_json::Value as Json;

use super::call::{About, escape};
use super::division::{DIVISIONS, HOME, Outcome, get};
use super::name_cache::NameCache;
use super::refusal::Refusal;
use super::retry::Patience;
use super::schema::{HOME_DATA, ORGANIZATION_DATA, TypeRow};
use super::session::Session;

const ORGANIZATION: &str = "/api/v2/organizations/me";
const MISS_PATIENCE: Duration = Duration::from_secs(15);
const ABOUT: About<'static> =
    About { resource_type: "genesyscloud_auth_division", id: None, name: None };

/// Reads a data source of any type that the schema names.
pub(crate) async fn read(session: &Session, type_name: &str, config: &Value) -> Outcome {
    let read = if type_name == HOME_DATA.name {
        one(session, HOME, &HOME_DATA, "home division").await
    } else if type_name == ORGANIZATION_DATA.name {
        one(session, ORGANIZATION, &ORGANIZATION_DATA, "current organization").await
    } else {
        by_name(session, config).await
    };
    match read {
        Ok(state) => Outcome::of(state),
        Err(diagnostic) => Outcome { state: Value::Null, diagnostics: vec![diagnostic] },
    }
}

/// Reads what there is one of; texts only.
async fn one(
    session: &Session,
    path: &str,
    row: &TypeRow,
    noun: &str,
) -> Result<Value, Diagnostic> {
    let about = About { resource_type: row.name, ..ABOUT };
    let reply = session.ask(get(path, "", about)).await.map_err(|refusal| {
        refusal.diagnostic(&format!("Failed to query {noun}: {}", refusal.text))
    })?;
    let json = reply.json();
    let attributes = row.attributes.iter().map(|attribute| {
        let field = match attribute.name {
            "default_country_code" => "defaultCountryCode",
            "default_language" => "defaultLanguage",
            name => name,
        };
        let text = json.get(field).and_then(Json::as_str).unwrap_or_default();
        (attribute.name, Value::from(text))
    });
    Ok(Value::object(attributes))
}

async fn by_name(session: &Session, config: &Value) -> Result<Value, Diagnostic> {
    let name = config.get("name").as_str().unwrap_or_default();
    let key = name.to_lowercase();
    let found = {
        let mut names = session.names.lock().await;
        if names.is_none() {
            let listed = list_all(session).await.map_err(|refusal| {
                let text = refusal.text;
                Diagnostic::error(
                    format!("failed to collect all auth divisions. Error: {text}"),
                    "",
                )
            })?;
            *names = Some(listed);
        }
        names.as_ref().and_then(|names| names.get(&key)).cloned()
    };
    let id = match found {
        Some(id) => id,
        None => ask_for(session, &key).await?,
    };
    Ok(Value::object([("id", Value::from(id)), ("name", name.into())]))
}

async fn list_all(session: &Session) -> Result<NameCache, Refusal> {
    let mut names = NameCache::new();
    let (mut page, mut pages) = (1, 1);
    while page <= pages {
        let query = format!("pageSize=100&pageNumber={page}&objectCount=false");
        let reply = session.ask(get(DIVISIONS, &query, ABOUT)).await?;
        let json = reply.json();
        pages = json.get("pageCount").and_then(Json::as_u64).unwrap_or_default();
        for (name, id) in entities(&json) {
            names.insert(name.to_lowercase(), id.to_owned());
        }
        page += 1;
    }
    Ok(names)
}

fn entities(page: &Json) -> impl Iterator<Item = (&str, &str)> {
    let entities = page.get("entities").and_then(Json::as_array).map(Vec::as_slice);
    entities
        .unwrap_or_default()
        .iter()
        .filter_map(|entity| Some((entity.get("name")?.as_str()?, entity.get("id")?.as_str()?)))
}

/// Asks for one name until the patience is over. The name is already lower-cased and compared
/// exactly, so a name with capitals is never found here.
async fn ask_for(session: &Session, key: &str) -> Result<String, Diagnostic> {
    let query = format!("pageSize=100&pageNumber=1&objectCount=false&name={}", escape(key));
    let missing = format!("unable to find auth division with name {key}");
    let find =
        |page: &Json| entities(page).find(|(name, _)| *name == key).map(|(_, id)| id.to_owned());
    let mut patience = Patience::of(MISS_PATIENCE);
    loop {
        let refusal = match session.ask_for(get(DIVISIONS, &query, ABOUT), find, &missing).await {
            Ok(id) => return Ok(id),
            Err(refusal) => refusal,
        };
        if refusal.status != Some(200) || !patience.allows_another_try().await {
            let summary = format!("Could not find division \"{key}\" | error: {}", refusal.text);
            return Err(refusal.retried_diagnostic(&summary));
        }
    }
}
