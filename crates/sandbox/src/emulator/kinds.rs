//! The types that the emulator serves as collections, from the facts of `kinds.json`.
//!
//! Never holds an object, and shares the facts with the client but no type. Invariant: a type that
//! the facts do not describe whole (no listing, another create than a POST) has no collection.

use std::sync::LazyLock;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;

use super::endpoints;

/// Every collection, in the order of the facts.
pub(crate) static COLLECTIONS: LazyLock<Vec<Collection>> = LazyLock::new(|| {
    let facts: Facts = serde_json::from_str(include_str!("../../../core/kinds.json"))
        .expect("a test of the crate that owns the file reads it");
    facts.kinds.into_iter().filter_map(Collection::of).collect()
});

/// The division has handlers of its own: a listing with rules that other types do not have.
const NOT_HERE: &[&str] = &["genesyscloud_auth_division"];

/// A type that is served.
#[derive(Debug)]
pub(crate) struct Collection {
    /// The Terraform type.
    pub(crate) name: String,
    /// How its objects are listed.
    pub(crate) list: List,
    /// Where its objects are searched for by exact values, if anywhere.
    pub(crate) search: Option<String>,
    /// Where they are created; placeholders are ids of parents.
    pub(crate) create: String,
    /// Nobody creates them by a POST there: they come from elsewhere.
    pub(crate) is_read_only: bool,
    /// Where one is found; the last placeholder is its id.
    pub(crate) item: String,
    /// The id of an object is that of its parent: a parent has one.
    pub(crate) has_its_parents_id: bool,
    /// The fields that together belong to one object only.
    pub(crate) key: Vec<String>,
    /// Each object is in a division.
    pub(crate) has_division: bool,
    /// Two divisions may hold one key.
    pub(crate) is_keyed_by_division: bool,
    /// How a taken key is refused; `None` where that is not known.
    pub(crate) duplicate: Option<Duplicate>,
    /// A delete leaves the object there, marked as deleted.
    pub(crate) is_soft_deleted: bool,
}

/// How a collection is listed.
#[derive(Debug, Deserialize)]
pub(crate) struct List {
    /// `GET`, or `POST` with the paging in the body.
    pub(crate) method: String,
    /// Where; placeholders are ids of parents.
    pub(crate) path: String,
    /// How one gets to the next page.
    pub(crate) paging: Paging,
    /// The parameter that names the parent, where the path does not, and the field that does.
    #[serde(skip)]
    pub(crate) below: Option<(String, String)>,
    /// The parameter that searches by name, if one does.
    #[serde(default)]
    pub(crate) filter: Option<String>,
    /// The parameter, and field, that tells the listing in halves: without it the half that lacks it is shown.
    #[serde(default)]
    pub(crate) halves: Option<String>,
}

/// How one gets to the next page of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Paging {
    /// By its number.
    Pages,
    /// By a cursor in the parameter `after` (in some listings `cursor`).
    Cursor,
    /// By the link `nextUri`.
    NextUri,
    /// By a cursor in the parameter `nextPage`.
    NextPage,
    /// There is one page.
    None,
}

/// How a taken key is refused.
#[derive(Debug, Deserialize)]
pub(crate) struct Duplicate {
    /// The status; `None` where it is not known.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// The code of the error body; `None` where it is not known.
    #[serde(default)]
    pub(crate) code: Option<String>,
    /// It is not refused.
    #[serde(default)]
    pub(crate) accepted: bool,
}

#[derive(Deserialize)]
struct Facts {
    kinds: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "type")]
    name: String,
    adoption: String,
    scope: String,
    #[serde(default)]
    key: Vec<KeyPart>,
    list: Option<serde_json::Value>,
    search: Option<String>,
    create: Option<Create>,
    item: Option<String>,
    duplicate: Option<Duplicate>,
    #[serde(default)]
    soft_delete: bool,
}

#[derive(Deserialize)]
struct KeyPart {
    field: Option<String>,
    in_path: Option<String>,
    parent: Option<String>,
}

impl KeyPart {
    /// It is the object's own, and known: a create says it.
    fn is_own(&self) -> bool {
        self.parent.is_none() && (self.field.is_some() || self.in_path.is_some())
    }
}

#[derive(Deserialize)]
struct Create {
    way: String,
    path: Option<String>,
}

impl List {
    /// Takes the parameter off the path: `…?libraryId={libraryId}`.
    fn take_parameter(&mut self, key: &[KeyPart]) {
        let parameter = self.path.find('?').map(|at| self.path.split_off(at));
        let Some(name) = parameter.and_then(|text| Some(text[1..].split_once('=')?.0.to_owned()))
        else {
            return;
        };
        let mut parts = key.iter().filter(|part| part.in_path.as_ref() == Some(&name));
        self.below = parts.find_map(|part| part.field.clone()).map(|field| (name, field));
    }
}

impl Collection {
    fn of(row: Row) -> Option<Self> {
        let create = row.create?;
        let is_served = match (row.adoption.as_str(), create.way.as_str()) {
            ("list", "post" | "upload") | ("not_needed", "adopts") => true,
            // The id is a part of the key, which a create says.
            ("derived", "post") => row.item.is_some() && row.key.iter().any(KeyPart::is_own),
            _ => false,
        };
        if !is_served || NOT_HERE.contains(&row.name.as_str()) {
            return None;
        }
        // What is found one by one is listed where it is created, as far as anybody knows.
        let unlisted = create.path.as_ref().filter(|_| row.adoption == "derived");
        let unlisted =
            unlisted.map(|path| json!({ "method": "GET", "path": path, "paging": "none" }));
        let mut list: List = serde_json::from_value(row.list.or(unlisted)?).ok()?;
        list.take_parameter(&row.key);
        let is_read_only = create.path.is_none();
        let create = create.path.unwrap_or_else(|| list.path.clone());
        let item = row.item.unwrap_or_else(|| format!("{create}/{{id}}"));
        Some(Self {
            has_division: row.scope == "division" || endpoints::of(&row.name).in_division,
            is_keyed_by_division: row.scope == "division",
            name: row.name,
            list,
            search: row.search,
            item,
            has_its_parents_id: row.key.iter().any(|part| part.field.as_deref() == Some("id")),
            create,
            is_read_only,
            key: row.key.into_iter().filter_map(|part| part.field).collect(),
            duplicate: row.duplicate,
            is_soft_deleted: row.soft_delete,
        })
    }

    /// Returns where the object of an id is, below its parents.
    pub(crate) fn address(&self, parents: &[String], id: &str) -> String {
        let above = self.item.matches('{').count().saturating_sub(1).min(parents.len());
        filled(&self.item, &[&parents[..above], &[escaped(id)]].concat())
    }

    /// Returns the collection of a type.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        COLLECTIONS.iter().find(|collection| collection.name == name)
    }

    /// Returns the collection that creates under a path, and the ids of the parents in it.
    pub(crate) fn created_at(path: &str) -> Option<(&'static Self, Vec<String>)> {
        let path = canonical(path);
        COLLECTIONS
            .iter()
            .find_map(|collection| Some((collection, parents(&collection.create, &path)?)))
    }
}

/// Returns what fills the placeholders of a template to make this path; `None` if nothing does.
pub(crate) fn parents(template: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut found) = (template.split('/'), path.split('/'));
    let mut ids = Vec::new();
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Some(ids),
            (Some(placeholder), Some(id)) if placeholder.starts_with('{') => {
                ids.push(id.to_owned());
            }
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => return None,
        }
    }
}

/// What an id may hold in a path as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Returns one spelling for all that a client may escape in a path.
pub(crate) fn canonical(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let segment = percent_decode_str(segment).decode_utf8_lossy();
        escaped(&segment)
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Returns an id as its path has it.
pub(crate) fn escaped(id: &str) -> String {
    utf8_percent_encode(id, ESCAPED).to_string()
}

/// Fills the placeholders of a template from the left.
pub(crate) fn filled(template: &str, parents: &[String]) -> String {
    let mut parents = parents.iter().map(String::as_str);
    let segments = template.split('/').map(|segment| {
        if segment.starts_with('{') { parents.next().unwrap_or_default() } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_its_template_lead_to_each_other() {
        let template = "/api/v2/routing/email/domains/{domainName}/routes";
        let path = "/api/v2/routing/email/domains/acme.example/routes";
        let ids = parents(template, path).unwrap();
        assert_eq!(ids, ["acme.example"]);
        assert_eq!(filled(template, &ids), path);
        assert_eq!(parents(template, "/api/v2/routing/email/domains"), None);
        assert_eq!(parents(template, &format!("{path}/more")), None);
    }

    #[test]
    fn one_id_has_one_path_however_it_is_escaped() {
        assert_eq!(canonical("/rows/area%20North"), "/rows/area%20North");
        assert_eq!(canonical("/rows/+15550100"), canonical("/rows/%2B15550100"));
        assert_eq!(canonical("/domains/mail.example"), "/domains/mail.example");
    }

    #[test]
    fn a_hundred_types_are_served() {
        assert!(COLLECTIONS.len() > 100, "{}", COLLECTIONS.len());
        assert!(Collection::named("genesyscloud_routing_queue").is_some());
        assert!(Collection::named("genesyscloud_auth_division").is_none());
    }
}
