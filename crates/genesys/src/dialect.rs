//! Dialects: the API as published, and the `pathed` one of the tutorial that divvy also serves.
//!
//! Never sends anything; only says where things are and what they need. Invariant: code outside
//! this file and `entities` does not know that there are two.
//!
//! Pathed: one host `https://<region>.mypurecloud.com` for token and API; divisions at
//! `/api/v2/auth/divisions` with `id, name, path, description, externalId, active`; (name, path) is
//! unique; the list takes `name` and `path` and answers a bare array, or 404 for none.

use std::fmt;
use std::str::FromStr;

use divvy_core::Kind;
use divvy_core::kind::Shows;
use divvy_core::kinds::division::{DIVISION, PATHED_DIVISION};
use serde_json::{Map, Value, json};

use crate::connection::{Bases, ConnectionError, Source};
use crate::new_entity::NewEntity;
use crate::region::Region;

/// Which API an org speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The vendor's documented API.
    #[default]
    Published,
    /// The API of the tutorial: divisions with paths.
    Pathed,
}

impl Dialect {
    /// Returns the row of a kind here: what makes a division unique differs.
    pub fn row(self, kind: &'static Kind) -> &'static Kind {
        match self {
            Self::Pathed if *kind == **DIVISION => &PATHED_DIVISION,
            Self::Pathed | Self::Published => kind,
        }
    }

    /// Returns where the entities of a kind are listed.
    pub(crate) fn collection(self, kind: &Kind) -> &'static str {
        match self {
            Self::Published => kind.list.map_or(kind.collection, |list| list.path),
            Self::Pathed => "/api/v2/auth/divisions",
        }
    }

    /// Returns where an entity of a kind is made.
    pub(crate) fn create_path(self, kind: &Kind) -> &'static str {
        match self {
            Self::Published => kind.collection,
            Self::Pathed => self.collection(kind),
        }
    }

    /// Returns the permissions (or scopes) that reading the collection needs.
    pub(crate) fn needs_to_list(self, kind: &Kind) -> &'static [&'static str] {
        match self {
            Self::Published => kind.permissions.list,
            Self::Pathed => &["division:read"],
        }
    }

    /// Returns the permissions (or scopes) that a create needs.
    pub(crate) fn needs_to_create(self, kind: &Kind) -> &'static [&'static str] {
        match self {
            Self::Published => kind.permissions.create,
            Self::Pathed => &["division:write"],
        }
    }

    /// Returns the body of a create. A missing description goes out as `""`, as the provider
    /// sends it.
    pub(crate) fn body(self, kind: &Kind, new: &NewEntity) -> Value {
        let description = new.description.as_deref().unwrap_or_default();
        let mut body: Map<String, Value> = kind
            .key
            .iter()
            .zip(new.key.parts())
            .filter_map(|(field, part)| match field.shows {
                Shows::Field(name) => Some((name.to_owned(), json!(part))),
                Shows::InPath(_) => None,
            })
            .collect();
        if kind.drifting().iter().any(|attribute| attribute.api == "description") {
            body.insert("description".into(), json!(description));
        }
        if self == Self::Pathed {
            body.insert("externalId".into(), Value::Null);
            body.insert("active".into(), json!(true));
        }
        Value::Object(body)
    }

    /// Returns the bases of a region as it was written by `source`.
    pub(crate) fn bases(self, region: &str, source: &Source) -> Result<Bases, ConnectionError> {
        let unknown = || ConnectionError::UnknownRegion {
            text: region.to_owned(),
            source_name: source.to_string(),
        };
        let known = Region::parse(region);
        match self {
            Self::Published => known.map(Bases::of_region).ok_or_else(unknown),
            Self::Pathed => {
                let label = known.map_or(region, |known| known.key);
                let is_label = |c: char| c.is_ascii_alphanumeric() || c == '-';
                if label.is_empty() || !label.chars().all(is_label) {
                    return Err(unknown());
                }
                Bases::one(&format!("https://{label}.mypurecloud.com"), "the region")
            }
        }
    }

    /// Returns the bases for `--api-url`.
    pub(crate) fn bases_of_url(self, url: &str) -> Result<Bases, ConnectionError> {
        match self {
            Self::Published => Bases::of_url(url, "--api-url"),
            Self::Pathed => Bases::one(url, "--api-url"),
        }
    }

    /// Returns the region that counts if nobody names one; the tutorial has one.
    pub(crate) fn default_region(self) -> Option<&'static str> {
        match self {
            Self::Published => None,
            Self::Pathed => Some("us-east-1"),
        }
    }
}

/// Returns the path of the parent: `/Engineering` for `/Engineering/Backend`, `None` at the top.
pub fn parent_path(path: &str) -> Option<&str> {
    let (parent, _) = path.trim_end_matches('/').rsplit_once('/')?;
    (!parent.is_empty()).then_some(parent)
}

/// Returns the name that a path ends with: `Backend` for `/Engineering/Backend`.
pub fn last_segment(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Published => "published",
            Self::Pathed => "pathed",
        })
    }
}

/// The text names no dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the dialects are `published` and `pathed`")]
pub struct UnknownDialect;

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(text: &str) -> Result<Self, UnknownDialect> {
        match text {
            "published" => Ok(Self::Published),
            "pathed" => Ok(Self::Pathed),
            _ => Err(UnknownDialect),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use divvy_core::kinds::division::DIVISION;

    #[test]
    fn the_pathed_host_is_made_of_the_region_key() {
        let api = |region| Dialect::Pathed.bases(region, &Source::Flags).map(|bases| bases.api);
        assert_eq!(api("eu-west-1").unwrap(), "https://eu-west-1.mypurecloud.com");
        assert_eq!(api("mypurecloud.ie").unwrap(), "https://eu-west-1.mypurecloud.com");
        assert_eq!(api("lab-7").unwrap(), "https://lab-7.mypurecloud.com");
        assert!(api("a/b").is_err());
        assert!(api("evil.test#").is_err());
    }

    #[test]
    fn bodies_are_what_each_api_takes() {
        let new = NewEntity::new("Backend").with_path("/Engineering/Backend");
        assert_eq!(
            Dialect::Published.body(&DIVISION, &new),
            json!({"name": "Backend", "description": ""})
        );
        assert_eq!(
            Dialect::Pathed.body(&PATHED_DIVISION, &new),
            json!({"name": "Backend", "path": "/Engineering/Backend", "description": "",
                   "externalId": null, "active": true})
        );
    }

    #[test]
    fn paths_have_parents_and_names() {
        assert_eq!(parent_path("/Engineering/Backend"), Some("/Engineering"));
        assert_eq!(parent_path("/Engineering/"), None);
        assert_eq!(parent_path("/"), None);
        assert_eq!(last_segment("/Engineering/Backend/"), "Backend");
        assert_eq!(last_segment("Backend"), "Backend");
    }
}
