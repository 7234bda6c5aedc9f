//! How divisions are written: the entity that `list` and `ensure` share, and `ensure`'s forms.
//!
//! Never looks anything up. Invariant: Home never gets an import line or block; a later destroy
//! would begin with it.

use std::fmt::Write as _;

use divvy_core::Entity;
use divvy_core::name::visible;
use divvy_genesys::Dialect;
use serde_json::{Value, json};

use super::make::Outcome;
use crate::arguments::EnsureFormat;
use crate::render::blocks::import_block;
use crate::render::commands::Shell;

/// One division that `ensure` was asked for, and what became of it.
pub(crate) struct Item<'w> {
    pub(crate) name: &'w str,
    pub(crate) path: Option<&'w str>,
    pub(crate) description: Option<&'w str>,
    pub(crate) outcome: &'w Outcome,
    pub(crate) address: String,
}

impl Item<'_> {
    /// Returns the division, if it exists.
    pub(crate) fn entity(&self) -> Option<&Entity> {
        match self.outcome {
            Outcome::Existed(entity) | Outcome::Created(entity) => Some(entity),
            Outcome::Missing | Outcome::Failed(_) | Outcome::Skipped => None,
        }
    }

    /// Returns the line that imports it; `None` for Home, and where no quoting makes it safe.
    pub(crate) fn import_command(&self) -> Option<String> {
        let entity = self.entity().filter(|entity| !entity.is_home)?;
        Shell::Sh.import_line("terraform", &self.address, entity.id.as_str())
    }

    fn import_block(&self) -> Option<String> {
        let entity = self.entity().filter(|entity| !entity.is_home)?;
        import_block(&self.address, entity.id.as_str())
    }

    fn json(&self) -> Option<Value> {
        let mut value = match (self.outcome, self.entity()) {
            (_, Some(entity)) => entity_json(entity),
            (Outcome::Missing, None) => {
                let mut value = json!({
                    "id": null, "name": self.name, "description": self.description, "home": false,
                });
                if let Some(path) = self.path {
                    value["path"] = path.into();
                }
                value
            }
            _ => return None,
        };
        value["created"] = matches!(self.outcome, Outcome::Created(_)).into();
        value["import_command"] = self.import_command().into();
        Some(value)
    }
}

/// Writes what exists now (under `--dry-run` also what is missing) in one form.
pub(crate) fn render(items: &[Item<'_>], format: EnsureFormat, is_one: bool) -> Vec<u8> {
    let text = match format {
        EnsureFormat::Json => {
            let mut all: Vec<Value> = items.iter().filter_map(Item::json).collect();
            match all.pop() {
                Some(only) if is_one => format!("{only:#}\n"),
                None if is_one => String::new(),
                last => {
                    all.extend(last);
                    format!("{:#}\n", Value::from(all))
                }
            }
        }
        EnsureFormat::Table => items.iter().filter_map(line).collect(),
        EnsureFormat::Commands => lines(items.iter().filter_map(Item::import_command)),
        EnsureFormat::Blocks => lines(items.iter().filter_map(Item::import_block)),
        EnsureFormat::Ids => {
            let ids = items.iter().filter_map(Item::entity);
            lines(ids.map(|entity| entity.id.to_string()))
        }
    };
    text.into_bytes()
}

fn lines(all: impl Iterator<Item = String>) -> String {
    all.map(|line| line + "\n").collect()
}

fn line(item: &Item<'_>) -> Option<String> {
    Some(match item.outcome {
        Outcome::Created(entity) => format!("created  {}\n", entity_line(entity)),
        Outcome::Existed(entity) => format!("existed  {}\n", entity_line(entity)),
        Outcome::Missing => format!("missing  {}\n", visible(item.path.unwrap_or(item.name))),
        Outcome::Failed(_) | Outcome::Skipped => return None,
    })
}

/// Writes an entity as every command prints it. What only the pathed dialect has is there if the
/// API sent it.
pub(crate) fn entity_json(entity: &Entity) -> Value {
    let mut value = json!({
        "id": entity.id,
        "name": entity.key.to_string(),
        "description": entity.text("description"),
        "home": entity.is_home,
    });
    for attribute in ["path", "external_id", "active"] {
        if let Some(sent) = entity.attributes.get(attribute) {
            value[attribute] = sent.clone();
        }
    }
    value
}

/// Writes an entity as one line for people: id, path or name, what else there is to say.
pub(crate) fn entity_line(entity: &Entity) -> String {
    let name = visible(&entity.key.to_string());
    let mut line = format!("{}  {name}", entity.id);
    // Writing to a String cannot fail.
    if let Some(path) = entity.text("path") {
        let _ = write!(line, "  {}", visible(path));
    }
    if entity.is_home {
        line.push_str("  (home)");
    }
    if let Some(description) = entity.text("description").filter(|text| !text.is_empty()) {
        let _ = write!(line, "  {}", visible(description));
    }
    line
}

/// Refuses what a dialect does not have.
pub(crate) fn refuse_path(dialect: Dialect, path: Option<&str>) -> Result<(), String> {
    match (dialect, path) {
        (Dialect::Published, Some(path)) => Err(format!(
            "--path {path}: divisions have no path in the published API, they are flat"
        )),
        _ => Ok(()),
    }
}
