//! How the org behaves where the vendor documents nothing: name rules, search, page sizes.
//!
//! Never holds a division. Invariant: the default is the plainest behaviour (names equal byte for
//! byte as UTF-8, a deleted name is free again), and each switch makes one other guess testable.

use serde::{Deserialize, Serialize};

/// The switches of an org's behaviour; each is documented as unknown by the vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Policy {
    /// `Sales` and `SALES` are one name (lower-cased by Unicode's rules).
    pub ignore_case: bool,
    /// Blanks around a name do not count when names are compared.
    pub ignore_blanks: bool,
    /// A soft-deleted division still holds its name.
    pub deleted_names_block: bool,
    /// What becomes of a name that is written.
    pub stored_names: StoredNames,
    /// What `name=` of a listing means; letter case never counts in a search.
    pub search: Search,
    /// How a taken name is refused.
    pub duplicate: Duplicate,
    /// A taken name is not refused: a create sent twice makes two divisions.
    pub accept_duplicates: bool,
    /// How the `pathed` dialect answers a search without a hit.
    pub absent_path: AbsentPath,
    /// The largest `pageSize` that the numbered listings take.
    pub largest_page: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            ignore_case: false,
            ignore_blanks: false,
            deleted_names_block: false,
            stored_names: StoredNames::default(),
            search: Search::default(),
            duplicate: Duplicate::default(),
            accept_duplicates: false,
            absent_path: AbsentPath::default(),
            largest_page: 500,
        }
    }
}

/// What becomes of a name that is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredNames {
    /// It is kept byte for byte.
    #[default]
    AsSent,
    /// Blanks around it are cut off (the provider's consistency check then waits in vain).
    Trimmed,
}

/// What `name=` of a listing means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Search {
    /// The term stands anywhere in the name.
    #[default]
    Contains,
    /// The name begins with the term.
    Prefix,
    /// The name is the term.
    Exact,
}

/// How a taken name is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicate {
    /// 409 `general.conflict`, the status that the vendor declares for divisions.
    #[default]
    Conflict,
    /// 400 `duplicate.name`, as most other kinds do it.
    BadRequest,
}

/// How the `pathed` dialect answers a search without a hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsentPath {
    /// 200 and `[]`.
    #[default]
    EmptyList,
    /// 404.
    NotFound,
}

impl Policy {
    /// Returns whether two names are one name to this org.
    pub(crate) fn same_name(&self, left: &str, right: &str) -> bool {
        self.compared(left) == self.compared(right)
    }

    /// Returns whether a search term finds a name.
    pub(crate) fn finds(&self, term: &str, name: &str) -> bool {
        let (term, name) = (term.to_lowercase(), name.to_lowercase());
        match self.search {
            Search::Contains => name.contains(&term),
            Search::Prefix => name.starts_with(&term),
            Search::Exact => name == term,
        }
    }

    /// Returns a name as it is kept.
    pub(crate) fn stored(&self, name: &str) -> String {
        match self.stored_names {
            StoredNames::AsSent => name.to_owned(),
            StoredNames::Trimmed => name.trim().to_owned(),
        }
    }

    fn compared(&self, name: &str) -> String {
        let name = if self.ignore_blanks { name.trim() } else { name };
        if self.ignore_case { name.to_lowercase() } else { name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_by_bytes_unless_a_switch_says_otherwise() {
        let exact = Policy::default();
        assert!(exact.same_name("Sales", "Sales"));
        assert!(!exact.same_name("Sales", "SALES"));
        assert!(!exact.same_name("Sales", "Sales "));

        let folding = Policy { ignore_case: true, ..Policy::default() };
        assert!(folding.same_name("ZÜRICH", "zürich"));
        assert!(!folding.same_name("Sales", "sales "));

        let trimming = Policy { ignore_blanks: true, ..Policy::default() };
        assert!(trimming.same_name("Sales", " Sales\u{a0}"));
        assert!(!trimming.same_name("Sales", "sales"));
    }

    #[test]
    fn a_search_is_no_equality_test() {
        let mut policy = Policy::default();
        assert!(policy.finds("sales", "Presales"));
        policy.search = Search::Prefix;
        assert!(policy.finds("SALES", "Sales EMEA"));
        assert!(!policy.finds("sales", "Presales"));
        policy.search = Search::Exact;
        assert!(policy.finds("sales", "Sales"));
        assert!(!policy.finds("sales", "Sales EMEA"));
    }
}
