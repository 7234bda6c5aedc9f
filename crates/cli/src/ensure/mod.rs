//! Get-or-create without Terraform: wishes, what the org holds of them, and making the rest.
//!
//! Never imports anything and never changes a division that exists. Invariant: for every wish the
//! org is asked before anything is sent that could create it.

pub(crate) mod address;
pub(crate) mod get_or_create;
pub(crate) mod here;
pub(crate) mod known;
pub(crate) mod list;
pub(crate) mod make;
pub(crate) mod near;
pub(crate) mod output;
pub(crate) mod talk;
#[cfg(test)]
mod tests;
pub(crate) mod turn;
pub(crate) mod wish;
