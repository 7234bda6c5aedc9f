//! One row of `kinds.json`, and the kind that is made of it.
//!
//! Never holds a fact. Invariant: a row whose facts do not suffice makes no kind, and says what is
//! missing.

use serde::Deserialize;

use super::home::{DIVISION_TYPE, HOME};
use crate::kind::{
    Adoption, DriftingAttribute, DuplicateReply, KeyPart, Kind, List, Paging, Permissions, Scope,
    Shows, Template, Visibility, Words, placeholders,
};

/// The facts, as the file has them.
pub const FACTS: &str = include_str!("../../kinds.json");

/// How the API answers where nobody knows better.
const USUAL_DUPLICATES: [(u16, Option<&str>); 2] = [(409, None), (400, Some("duplicate.name"))];

/// One row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The Terraform type.
    #[serde(rename = "type")]
    pub terraform_type: &'static str,
    /// `list`, `derived`, `not_needed` or `none`.
    pub adoption: &'static str,
    /// `org`, `division`, `parent`, `singleton` or `local`.
    pub scope: &'static str,
    #[serde(default)]
    noun: Option<&'static str>,
    #[serde(default)]
    plural: Option<&'static str>,
    #[serde(default)]
    in_provider: Option<&'static str>,
    /// The parts of its key.
    #[serde(default)]
    pub key: Vec<RowPart>,
    list: Option<RowList>,
    search: Option<&'static str>,
    create: Option<RowCreate>,
    item: Option<&'static str>,
    /// What an import takes.
    pub import_id: Option<&'static str>,
    duplicate: Option<RowDuplicate>,
    #[serde(default)]
    soft_delete: bool,
    #[serde(default)]
    replaced_by: Vec<&'static str>,
    #[serde(default)]
    secrets: Vec<&'static str>,
    drifting: Option<Vec<DriftingAttribute>>,
    limit: Option<&'static str>,
    deleted: Option<&'static str>,
    #[serde(default)]
    made_of_key: bool,
    updates_when: Option<&'static str>,
    #[serde(default)]
    permissions: RowPermissions,
    #[serde(rename = "source")]
    _source: serde::de::IgnoredAny,
}

/// One part of a key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowPart {
    /// The attribute, as a path.
    pub attribute: &'static str,
    /// The field in which a listing shows it, as a path.
    pub field: Option<&'static str>,
    or: Option<&'static str>,
    parent: Option<&'static str>,
    in_path: Option<&'static str>,
}

impl RowPart {
    fn template(&self) -> Option<Template> {
        let of_one = |name| format!("{{{name}}}").leak();
        self.in_path.map(|text| Template(if text.contains('{') { text } else { of_one(text) }))
    }

    /// Returns the placeholder of a path that it fills: the first, where its value is made of several.
    pub fn placeholder(&self) -> Option<&'static str> {
        placeholders(self.template()?.0).next()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowList {
    method: &'static str,
    path: &'static str,
    paging: &'static str,
    page_size: Option<u32>,
    #[serde(rename = "filter")]
    _filter: Option<&'static str>,
    cursor: Option<&'static str>,
    halves: Option<&'static str>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowCreate {
    way: &'static str,
    #[serde(rename = "method")]
    _method: Option<&'static str>,
    path: Option<&'static str>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowDuplicate {
    status: Option<u16>,
    code: Option<&'static str>,
    update_status: Option<u16>,
    #[serde(default)]
    accepted: bool,
    #[serde(default)]
    at_once: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, bound(deserialize = "'de: 'static"))]
struct RowPermissions {
    list: Vec<&'static str>,
    create: Vec<&'static str>,
    deleted: Vec<&'static str>,
    restore: Vec<&'static str>,
}

impl From<RowPermissions> for Permissions {
    fn from(row: RowPermissions) -> Self {
        Self {
            list: row.list.leak(),
            create: row.create.leak(),
            deleted: row.deleted.leak(),
            restore: row.restore.leak(),
        }
    }
}

/// What keeps a row from being a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Nothing in an org can be taken over: a file, or what has no key.
    NothingToAdopt,
    /// Nobody knows where a listing shows this part of the key.
    KeyPart(&'static str),
    /// Nobody knows how it is listed.
    List,
    /// Nobody knows what an import takes.
    ImportId,
}

/// Reads the rows of the table, in its order.
///
/// # Panics
/// If the file is damaged: a test of this crate reads it.
pub fn rows() -> Vec<Row> {
    #[derive(Deserialize)]
    #[serde(bound(deserialize = "'de: 'static"))]
    struct Facts {
        kinds: Vec<Row>,
    }
    let facts: Facts = serde_json::from_str(FACTS).expect("a test of this crate reads the table");
    facts.kinds
}

impl Row {
    /// Makes the kind of the row.
    ///
    /// # Errors
    /// What its facts lack.
    pub fn kind(self) -> Result<Kind, Gap> {
        let adoption = match self.adoption {
            "list" | "derived" => Adoption::ByKey,
            "not_needed" => Adoption::NotNeeded,
            _ => return Err(Gap::NothingToAdopt),
        };
        let is_by_key = adoption == Adoption::ByKey;
        let list = if is_by_key { Some(self.readable()?) } else { None };
        let key = if is_by_key { self.key_parts()? } else { Vec::new() };
        let import_id = match self.import_id {
            Some(template) => template,
            None if is_by_key => return Err(Gap::ImportId),
            None => "{id}",
        };
        let scope = match self.scope {
            "division" => Scope::Division,
            "parent" => Scope::Parent,
            _ => Scope::Org,
        };
        let duplicates = self.duplicates();
        let rename_clash = self.duplicate.as_ref().and_then(|duplicate| duplicate.update_status);
        let terraform_type = self.terraform_type;
        Ok(Kind {
            terraform_type,
            words: self.words(),
            adoption,
            scope,
            key: key.leak(),
            list,
            collection: self.create.as_ref().and_then(|create| create.path).unwrap_or_default(),
            item: self.item,
            visibility: match scope {
                Scope::Org => Visibility::WholeOrg,
                // What a division hides, and what is below it, is hidden from whoever lists it.
                Scope::Division | Scope::Parent => Visibility::ByDivision,
            },
            import_id: Template(import_id),
            limit: self.limit,
            deleted: self.deleted,
            is_made_of_key: self.made_of_key,
            updates_when: self.updates_when,
            duplicates: duplicates.leak(),
            refuses_at_once: self.duplicate.as_ref().is_some_and(|duplicate| duplicate.at_once),
            rename_clash,
            drifting: self.drifting.map(|drifting| &*drifting.leak()),
            replacing: self.replaced_by.leak(),
            secrets: self.secrets.leak(),
            permissions: self.permissions.into(),
            data_source: terraform_type,
            special: (terraform_type == DIVISION_TYPE).then_some(&HOME),
        })
    }

    fn key_parts(&self) -> Result<Vec<KeyPart>, Gap> {
        let part = |row: &RowPart| {
            let shows = match (row.template(), row.field) {
                // What fills the path that is read is known from it.
                (Some(template), _) if self.reads().iter().any(|name| template.holds(name)) => {
                    Shows::InPath(template)
                }
                (_, Some(field)) => Shows::Field(field),
                (_, None) => return Err(Gap::KeyPart(row.attribute)),
            };
            Ok(KeyPart { terraform: row.attribute, or: row.or, shows, parent: row.parent })
        };
        self.key.iter().map(part).collect()
    }

    /// The placeholders of the path that is read.
    fn reads(&self) -> Vec<&'static str> {
        self.readable().map(|list| placeholders(list.path).collect()).unwrap_or_default()
    }

    /// Returns how its entities are read: from a listing, or one by one where the id follows from the key
    /// and no listing shows it.
    fn readable(&self) -> Result<List, Gap> {
        let own_parts_are_listed =
            self.key.iter().all(|part| part.field.is_some() || part.parent.is_some());
        if self.adoption == "derived" && !own_parts_are_listed {
            let path = self.item.ok_or(Gap::List)?;
            let paging = Paging::Whole;
            return Ok(List {
                path,
                is_query: false,
                paging,
                page_size: None,
                is_item: true,
                halves: None,
            });
        }
        let list = self.list.as_ref().ok_or(Gap::List)?;
        let paging = match list.paging {
            "pages" => Paging::Numbered,
            "cursor" => Paging::Cursor(list.cursor.unwrap_or("after")),
            "next_uri" => Paging::NextUri,
            "next_page" => Paging::NextPage,
            "none" => Paging::Whole,
            _ => return Err(Gap::List),
        };
        Ok(List {
            path: list.path,
            is_query: list.method == "POST",
            paging,
            page_size: list.page_size,
            is_item: false,
            halves: list.halves,
        })
    }

    fn duplicates(&self) -> Vec<DuplicateReply> {
        let told = self.duplicate.as_ref();
        if told.is_some_and(|told| told.accepted) {
            return Vec::new();
        }
        let usual = USUAL_DUPLICATES.iter().map(|(status, code)| (*status, *code));
        let own = told.and_then(|told| Some((told.status?, told.code)));
        let own = own.filter(|(status, _)| *status != 409);
        usual.chain(own).map(|(status, code)| DuplicateReply { status, code }).collect()
    }

    fn words(&self) -> Words {
        let noun = self.noun.unwrap_or_else(|| {
            let words = self.terraform_type.trim_start_matches("genesyscloud_").replace('_', " ");
            words.leak()
        });
        let plural = self.plural.unwrap_or_else(|| {
            let plural = match noun.strip_suffix('y') {
                Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
                _ if noun.ends_with('s') => noun.to_owned(),
                _ => format!("{noun}s"),
            };
            plural.leak()
        });
        Words { noun, plural, in_provider: self.in_provider }
    }

    /// Returns how a create is done: `post`, `update`, `adopts`, `job` and so on.
    pub fn create_way(&self) -> Option<&'static str> {
        self.create.as_ref().map(|create| create.way)
    }

    /// Returns whether a deleted one keeps its name until it is gone for good.
    pub fn is_soft_deleted(&self) -> bool {
        self.soft_delete
    }

    /// Returns where its entities are searched for by exact values.
    pub fn search(&self) -> Option<&'static str> {
        self.search
    }

    /// Returns the method and path of its listing.
    pub fn listing(&self) -> Option<(&'static str, &'static str)> {
        self.list.as_ref().map(|list| (list.method, list.path))
    }
}
