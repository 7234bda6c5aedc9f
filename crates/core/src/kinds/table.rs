//! Every kind, and how one is found by its type.
//!
//! Invariant: a Terraform type is in [`KINDS`] once.

use std::sync::LazyLock;

use super::row::rows;
use crate::kind::Kind;

/// Every kind, by its type. They are made once, and live as long as the program.
pub static KINDS: LazyLock<Vec<&'static Kind>> = LazyLock::new(|| {
    let kinds = rows().into_iter().filter_map(|row| row.kind().ok());
    let mut kinds: Vec<&'static Kind> = kinds.map(|kind| &*Box::leak(Box::new(kind))).collect();
    kinds.sort_unstable();
    kinds
});

/// Returns the kind of a Terraform type such as `genesyscloud_auth_division`.
pub fn of_terraform_type(terraform_type: &str) -> Option<&'static Kind> {
    let found = KINDS.binary_search_by(|kind| kind.terraform_type.cmp(terraform_type));
    found.ok().and_then(|at| KINDS.get(at)).copied()
}
