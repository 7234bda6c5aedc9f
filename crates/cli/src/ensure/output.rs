//! How divisions are written: the entity that `list` and `ensure` share, and `ensure`'s forms.
//!
//! Never looks anything up. Invariant: Home never gets an import line or block; a later destroy
//! would begin with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use divvy_core::Entity;
use divvy_core::name::visible;
use divvy_genesys::Dialect;
use serde::Serialize;
use serde_json::Value;

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
    pub(crate) typed: Typed<'w>,
}

/// How Terraform is called where the import lines are typed.
#[derive(Clone, Copy)]
pub(crate) struct Typed<'w> {
    /// `terraform` or `tofu`.
    pub(crate) program: &'w str,
    /// The configuration's directory, where it is another one.
    pub(crate) chdir: Option<&'w str>,
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
        let Typed { program, chdir } = self.typed;
        Shell::Sh.import_line(program, chdir, &self.address, entity.id.as_str())
    }

    fn import_block(&self) -> Option<String> {
        let entity = self.entity().filter(|entity| !entity.is_home)?;
        import_block(&self.address, entity.id.as_str())
    }

    fn shown(&self) -> Option<Shown<'_>> {
        let shown = match (self.outcome, self.entity()) {
            (_, Some(entity)) => Shown::of(entity),
            (Outcome::Missing, None) => Shown {
                name: self.name.to_owned(),
                path: self.path,
                description: self.description,
                ..Shown::default()
            },
            _ => return None,
        };
        let created = matches!(self.outcome, Outcome::Created(_));
        let import_command = self.import_command();
        Some(Shown { ensured: Some(Ensured { created, import_command }), ..shown })
    }
}

/// Writes what exists now (under `--dry-run` also what is missing) in one form.
pub(crate) fn render(items: &[Item<'_>], format: EnsureFormat, is_one: bool) -> Vec<u8> {
    let text = match format {
        EnsureFormat::Json => {
            let all: Vec<Shown<'_>> = items.iter().filter_map(Item::shown).collect();
            match &all[..] {
                [only] if is_one => json(only),
                [] if is_one => String::new(),
                all => json(all),
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

/// An entity as every command prints it as JSON (docs/divisions.schema.json).
#[derive(Default, Serialize)]
pub(crate) struct Shown<'e> {
    /// Null for what does not exist (`--dry-run`).
    id: Option<&'e str>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'e str>,
    description: Option<&'e str>,
    home: bool,
    /// Fields of the pathed dialect, as the API sent them.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'e Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<&'e Value>,
    /// `list --counts`: objects by type.
    #[serde(skip_serializing_if = "Option::is_none")]
    object_counts: Option<BTreeMap<String, u64>>,
    #[serde(flatten)]
    ensured: Option<Ensured>,
}

/// What only `ensure` says of an entity.
#[derive(Serialize)]
struct Ensured {
    created: bool,
    /// Null for Home, and for what does not exist.
    import_command: Option<String>,
}

impl<'e> Shown<'e> {
    pub(crate) fn of(entity: &'e Entity) -> Self {
        Self {
            id: Some(entity.id.as_str()),
            name: entity.key.to_string(),
            path: entity.text("path"),
            description: entity.text("description"),
            home: entity.is_home,
            external_id: entity.attributes.get("external_id"),
            active: entity.attributes.get("active"),
            ..Self::default()
        }
    }

    pub(crate) fn with_object_counts(self, object_counts: Option<BTreeMap<String, u64>>) -> Self {
        Self { object_counts, ..self }
    }
}

/// Writes JSON for people and programs.
pub(crate) fn json(value: &(impl Serialize + ?Sized)) -> String {
    // Texts, numbers and maps with text keys always become JSON.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
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
