//! What collections do with their objects: who may have which key, what a listing shows.
//!
//! Never does I/O, like [`super::org`]. Invariant: an object has the fields that it was sent with, an
//! id, its own address, and a division where its type has one.

use serde_json::{Map, Value, json};

use super::endpoints;
use super::kinds::Collection;
use super::org::{Object, Org, random_id};
use super::policy::Duplicate;
use crate::fields::at;

/// An object's fields.
pub(crate) type Fields = Map<String, Value>;

/// Another object has the key, and how that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The key, in words.
    pub(crate) key: String,
    /// The status.
    pub(crate) status: u16,
    /// The error body's code, where it is not the status's usual one.
    pub(crate) code: Option<String>,
    /// The error body's text, where it is not the usual one.
    pub(crate) message: Option<&'static str>,
}

/// One collection of an org: a type, and below which parents.
pub(crate) struct Objects<'a> {
    pub(crate) org: &'a Org,
    pub(crate) collection: &'static Collection,
    pub(crate) parents: Vec<String>,
}

impl<'a> Objects<'a> {
    /// Returns the collection that an object is in.
    pub(crate) fn around(org: &'a Org, object: &Object) -> Option<Self> {
        let collection = Collection::named(&object.kind)?;
        Some(Self { org, collection, parents: object.parents.clone() })
    }

    /// Returns every object of the collection in the order of creation, deleted ones included. A
    /// listing that names fewer parents than a create shows the objects of all.
    pub(crate) fn all(&self) -> Vec<&'a Object> {
        let objects = self.org.objects.values();
        let mut objects: Vec<_> = objects
            .filter(|object| {
                object.kind == self.collection.name && object.parents.starts_with(&self.parents)
            })
            .collect();
        objects.sort_by_key(|object| object.sequence);
        objects
    }

    /// Makes an object as a seed or the API's back door does: no key rule holds.
    pub(crate) fn made(&self, mut fields: Fields) -> Object {
        let endpoints = endpoints::of(&self.collection.name);
        let id = endpoints.id.as_deref().unwrap_or("id");
        let its_parents = self.parents.last().filter(|_| self.collection.has_its_parents_id);
        let id = fields.get(id).and_then(Value::as_str).or(its_parents.map(String::as_str));
        let id = id.map_or_else(random_id, str::to_owned);
        let address = self.collection.address(&self.parents, &id);
        fields.insert("id".to_owned(), id.into());
        fields.insert("selfUri".to_owned(), address.clone().into());
        for (field, value) in &endpoints.defaults {
            fields.entry(field).or_insert_with(|| value.clone());
        }
        fields.retain(|field, value| {
            let is_empty = value.as_object().is_some_and(Map::is_empty);
            !is_empty || !endpoints.gone_when_empty.contains(field)
        });
        for (field, sent) in &endpoints.references {
            let reference = |id: &Value| json!({ "id": id });
            match fields.get(sent) {
                Some(Value::String(id)) if id.is_empty() => drop(fields.remove(field)),
                Some(Value::String(id)) => {
                    drop(fields.insert(field.clone(), json!({ "id": id.clone() })));
                }
                Some(Value::Array(ids)) => {
                    // A blank stands for nobody: that is how a list is cleared.
                    let named = |id: &&Value| id.as_str().is_none_or(|id| !id.trim().is_empty());
                    let references: Vec<_> = ids.iter().filter(named).map(reference).collect();
                    fields.insert(field.clone(), references.into());
                }
                _ => {}
            }
        }
        if let Some(division) = fields.get("divisionId").and_then(Value::as_str) {
            fields.insert("division".to_owned(), json!({ "id": division }));
        }
        if self.collection.has_division && division_of(&fields).is_none() {
            let home = self.org.home();
            let division = json!({ "id": home.id, "name": home.name });
            fields.insert("division".to_owned(), division);
        }
        Object {
            kind: self.collection.name.clone(),
            parents: self.parents.clone(),
            address,
            sequence: self.org.last_object + 1,
            fields,
        }
    }

    /// Answers with the object that a create would make.
    pub(crate) fn create(&self, mut fields: Fields) -> Result<Object, Taken> {
        let endpoints = endpoints::of(&self.collection.name);
        if endpoints.id.is_none() {
            fields.remove("id");
        }
        let object = self.made(fields);
        self.check_key(&object)?;
        if self.org.objects.contains_key(&object.address) {
            return Err(self.taken(&object));
        }
        Ok(object)
    }

    /// Answers with the object that an update would leave: its fields replaced, or those that are
    /// sent.
    pub(crate) fn update(
        &self,
        object: &Object,
        sent: Fields,
        keeps_others: bool,
    ) -> Result<Object, Taken> {
        let mut fields = object.fields.clone();
        if !keeps_others {
            // What has a path of its own is not replaced with the rest.
            let keeps = &endpoints::of(&self.collection.name).keeps;
            fields.retain(|field, _| field.starts_with('/') || keeps.contains(field));
        }
        fields.extend(sent);
        if division_of(&fields).is_none()
            && let Some(division) = object.fields.get("division")
        {
            fields.insert("division".to_owned(), division.clone());
        }
        if let Some(id) = object.fields.get("id") {
            fields.insert("id".to_owned(), id.clone());
        }
        if let Some(version) = object.fields.get("version").and_then(Value::as_u64) {
            fields.insert("version".to_owned(), (version + 1).into());
        }
        let after = Object { sequence: object.sequence, ..self.made(fields) };
        self.check_key(&after)?;
        Ok(after)
    }

    fn check_key(&self, object: &Object) -> Result<(), Taken> {
        let Self { org, collection, .. } = self;
        // Where a part of the key may be left out, nobody says what its absence means. What gets its name by a
        // later request, as an integration does, is no duplicate before that.
        let is_said = |part: Option<&Value>| part.is_some_and(|part| !part.is_null() && part != "");
        let is_whole = collection.key.iter().all(|field| is_said(at(&object.fields, field)));
        let is_accepted = collection.duplicate.as_ref().is_some_and(|told| told.accepted);
        if collection.key.is_empty() || !is_whole || is_accepted || org.policy.accept_duplicates {
            return Ok(());
        }
        let left = &endpoints::of(&collection.name).delete_sets;
        let is_left = |other: &Object| {
            !left.is_empty()
                && left.iter().all(|(field, value)| other.fields.get(field) == Some(value))
        };
        let is_taken = self.all().into_iter().any(|other| {
            other.address != object.address
                && !is_left(other)
                && (!is_deleted(other) || org.policy.deleted_names_block)
                && (!collection.is_keyed_by_division
                    || division_of(&other.fields) == division_of(&object.fields))
                && collection.key.iter().all(|field| self.are_same(field, other, object))
        });
        if is_taken { Err(self.taken(object)) } else { Ok(()) }
    }

    fn taken(&self, object: &Object) -> Taken {
        let Self { org, collection, .. } = self;
        let told = collection.duplicate.as_ref();
        let usual = match org.policy.duplicate {
            Duplicate::Conflict => 409,
            Duplicate::BadRequest => 400,
        };
        let key = collection.key.iter().map(|field| text_of(object, field));
        Taken {
            key: key.collect::<Vec<_>>().join(", "),
            status: told.and_then(|told| told.status).unwrap_or(usual),
            code: told.and_then(|told| told.code.clone()),
            message: endpoints::of(&collection.name).taken.as_deref(),
        }
    }

    fn are_same(&self, field: &str, left: &Object, right: &Object) -> bool {
        match (at(&left.fields, field), at(&right.fields, field)) {
            (Some(Value::String(left)), Some(Value::String(right))) => {
                self.org.policy.same_name(left, right)
            }
            (left, right) => left == right,
        }
    }

    /// Returns whether a search term of the listing finds an object.
    pub(crate) fn finds(&self, term: &str, object: &Object) -> bool {
        let name = self.collection.key.first().map(|field| text_of(object, field));
        name.is_some_and(|name| self.org.policy.finds(term, &name))
    }
}

/// Returns what the API shows of an object: no hidden field, and nothing that has a path of its own.
pub(crate) fn shown(object: &Object) -> Fields {
    let hidden = &endpoints::of(&object.kind).hidden;
    let mut fields = object.fields.clone();
    fields.retain(|field, _| !field.starts_with('/') && !hidden.contains(field));
    fields
}

/// Answers with what a soft delete leaves of an object.
pub(crate) fn deleted(object: &Object) -> Object {
    let mut after = object.clone();
    after.fields.insert("state".to_owned(), "deleted".into());
    after
}

/// Returns whether an object was deleted softly.
pub(crate) fn is_deleted(object: &Object) -> bool {
    object.fields.get("state").is_some_and(|state| state == "deleted")
}

/// Returns the id of the division that an object's fields name.
pub(crate) fn division_of(fields: &Fields) -> Option<&str> {
    let nested = fields.get("division").and_then(|division| division["id"].as_str());
    nested.or_else(|| fields.get("divisionId")?.as_str())
}

fn text_of(object: &Object, field: &str) -> String {
    match at(&object.fields, field) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
