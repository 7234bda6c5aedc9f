//! How divisions are written: the entity that `list` and `ensure` share, and `ensure`'s forms.
//!
//! Never looks anything up. Invariant: Home never gets an import line or block; a later destroy
//! would begin with it.

use std::collections::BTreeMap;

use divvy_core::Entity;
use divvy_core::kinds::division::DIVISION;
use divvy_core::name::visible;
use divvy_genesys::Dialect;
use serde::Serialize;
use serde_json::Value;

use super::make::Outcome;
use crate::arguments::EnsureFormat;
use crate::render::blocks::import_block;
use crate::render::commands::Shell;
use crate::render::text;

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
            Outcome::Missing | Outcome::Failed(_) | Outcome::Withheld(_) | Outcome::Skipped => None,
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
        EnsureFormat::Table => table(items),
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

/// Writes what exists, and what is missing, with a header; nothing where there is nothing.
fn table(items: &[Item<'_>]) -> String {
    let header = ["STATUS", "ID", "NAME", "PATH", "DESCRIPTION"].map(str::to_owned);
    let row = |item: &Item<'_>| {
        let (status, cells) = match item.outcome {
            Outcome::Created(entity) => ("created", Cells::of(entity)),
            Outcome::Existed(entity) => ("existed", Cells::of(entity)),
            Outcome::Missing => {
                let path = item.path.map(visible).unwrap_or_default();
                let cells = Cells { name: visible(item.name), path, ..Cells::default() };
                ("missing", cells)
            }
            Outcome::Withheld(_) => {
                let path = item.path.map(visible).unwrap_or_default();
                let cells = Cells { name: visible(item.name), path, ..Cells::default() };
                ("left out", cells)
            }
            Outcome::Failed(_) | Outcome::Skipped => return None,
        };
        let Cells { id, name, path, description } = cells;
        Some([status.to_owned(), id, name, path, description])
    };
    let rows: Vec<_> = items.iter().filter_map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
}

/// What tables show of an entity.
#[derive(Default)]
pub(crate) struct Cells {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) description: String,
}

/// Returns what an entity is called: all of its own key, but for the path of a division, which has a
/// column of its own.
pub(crate) fn name_of(entity: &Entity) -> String {
    match entity.key.parts() {
        [name, _path] if *entity.kind == **DIVISION => name.clone(),
        _ => entity.kind.shown_key(&entity.key),
    }
}

impl Cells {
    pub(crate) fn of(entity: &Entity) -> Self {
        let shown = |text: Option<&str>| {
            text.filter(|text| !text.is_empty()).map(visible).unwrap_or_default()
        };
        let home = if entity.is_home { " (home)" } else { "" };
        Self {
            id: text::shown(entity.id.as_str()),
            name: format!("{}{home}", visible(&name_of(entity))),
            path: shown(entity.text("path")),
            description: shown(entity.text("description")),
        }
    }
}

/// Aligns rows below their header; a column that is empty but for its header is left out, and one
/// very long cell does not widen the others.
pub(crate) fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    const GAP: usize = 2;
    const WIDEST: usize = 60;
    let is_used: Vec<bool> =
        (0..N).map(|at| rows.iter().skip(1).any(|row| !row[at].is_empty())).collect();
    let width = |at: usize| {
        let widths =
            rows.iter().map(|row| text::columns(&row[at])).filter(|width| *width <= WIDEST);
        widths.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let mut line = String::new();
        for at in (0..N).filter(|at| is_used[*at]) {
            line.push_str(&row[at]);
            let padding = widths[at].saturating_sub(text::columns(&row[at])) + GAP;
            line.extend(std::iter::repeat_n(' ', padding));
        }
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
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
            name: name_of(entity),
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

/// Refuses what a dialect does not have.
pub(crate) fn refuse_path(dialect: Dialect, path: Option<&str>) -> Result<(), String> {
    match (dialect, path) {
        (Dialect::Published, Some(path)) => Err(format!(
            "--path {path}: divisions have no path in the published API, they are flat"
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_header_and_empty_ones_are_left_out() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned);
        let rows = [
            row(["ID", "NAME", "PATH", "DESCRIPTION"]),
            row(["1", "\"Zürich\"", "", "x"]),
            row(["22", "\"東京\"", "", ""]),
        ];
        assert_eq!(aligned(&rows), "ID  NAME      DESCRIPTION\n1   \"Zürich\"  x\n22  \"東京\"\n");
    }
}
