//! Reading a report again: what `--approved FILE` allows.
//!
//! Never reads a file itself. Invariant: a pair is an address with the id of its action, so what
//! was only asked for is not approved.

use std::collections::BTreeMap;

use divvy_core::address::Address;
use divvy_core::entity::EntityId;
use serde::Deserialize;

use super::SCHEMA_VERSION;

/// Why a file cannot be used with `--approved`.
#[derive(Debug, thiserror::Error)]
pub enum ApprovedError {
    /// It is not the JSON of a report.
    #[error("it is not what divvy check -o json writes")]
    NotAReport(#[from] serde_json::Error),
    /// It is of another version of the contract.
    #[error("it has schema_version {0}, this divvy reads {SCHEMA_VERSION}")]
    OtherVersion(u32),
}

/// Reads the pairs that the JSON of a report approves: each address with the id of its action.
///
/// # Errors
/// When the text is no report, or one of another version.
pub fn approved_pairs(json: &[u8]) -> Result<BTreeMap<Address, EntityId>, ApprovedError> {
    #[derive(Deserialize)]
    struct Approved {
        schema_version: u32,
        findings: Vec<ApprovedFinding>,
    }
    #[derive(Deserialize)]
    struct ApprovedFinding {
        address: Option<String>,
        action: ApprovedAction,
    }
    #[derive(Deserialize)]
    struct ApprovedAction {
        id: Option<EntityId>,
    }
    let approved: Approved = serde_json::from_slice(json)?;
    if approved.schema_version != SCHEMA_VERSION {
        return Err(ApprovedError::OtherVersion(approved.schema_version));
    }
    let pairs = approved
        .findings
        .into_iter()
        .filter_map(|finding| Some((Address::parse(&finding.address?)?, finding.action.id?)));
    Ok(pairs.collect())
}
