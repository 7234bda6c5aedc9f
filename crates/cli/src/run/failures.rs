//! From a refused create to the failure that [`divvy_core::resolve`] knows.
//!
//! The diagnostics go through the reader of Terraform's own output, so a refusal means the same
//! here and in a log. Invariant: only a create whose outcome is open, or whose name may be taken,
//! is worth a look at the org.

use divvy_core::failure::{Operation, Origin, Shape};
use divvy_core::{Address, Failure, Kind};
use divvy_plugin::proxy::Refusal;
use divvy_terraform::{Diagnostic, logs};

/// Reads a refusal of the create at `address`, of this type and name. Whether an earlier try of the
/// same create was lost is [`is_self_made`]'s to say.
pub(crate) fn failure(
    refusal: &Refusal,
    address: &Address,
    terraform_type: &str,
    name: Option<&str>,
) -> Failure {
    read(refusal, "", address, terraform_type, name)
}

/// Says whether the provider's log shows that an earlier try of this refused create was not answered.
/// The log is long, and it matters only where something is there that the first listing lacked.
pub(crate) fn is_self_made(refusal: &Refusal, provider_log: &str, failure: &Failure) -> bool {
    let (address, terraform_type) = (failure.address.as_ref(), failure.terraform_type.as_deref());
    let Some((address, terraform_type)) = address.zip(terraform_type) else { return false };
    read(refusal, provider_log, address, terraform_type, failure.name.as_deref()).is_self_made
}

fn read(
    refusal: &Refusal,
    provider_log: &str,
    address: &Address,
    terraform_type: &str,
    name: Option<&str>,
) -> Failure {
    let error = refusal.diagnostics.iter().find(|diagnostic| diagnostic.is_error());
    let read = error.and_then(|error| {
        let told = Diagnostic {
            summary: error.summary.clone(),
            detail: error.detail.clone(),
            address: Some(address.as_str().to_owned()),
            place: None,
        };
        logs::of_diagnostic(&told, provider_log.as_bytes()).ok()
    });
    let read = read.unwrap_or_else(|| unheard(error.map_or("", |error| error.summary.as_str())));
    Failure {
        shape: if refusal.is_unanswered { Shape::ProviderDied } else { read.shape },
        address: Some(address.clone()),
        terraform_type: Some(terraform_type.to_owned()),
        operation: Operation::Create,
        name: name.map(str::to_owned),
        origin: Origin::Live,
        ..read
    }
}

/// Says whether the outcome of the create is open: something may have been made.
pub(crate) fn is_outcome_open(failure: &Failure) -> bool {
    match failure.shape {
        Shape::UnknownOutcome | Shape::HalfCreated | Shape::ProviderDied => true,
        Shape::Refused => failure.status.is_some_and(|status| status >= 500),
        Shape::Mismatch | Shape::StateNotSaved | Shape::Locked | Shape::Unclassified => false,
    }
}

/// Returns whether the API may have meant that the name is taken: some statuses say many things, and
/// what the org shows decides.
pub(crate) fn may_mean_taken(failure: &Failure, kind: &Kind) -> bool {
    let is_create = failure.method.as_deref().is_none_or(|method| method == "POST");
    is_create && failure.status.is_some_and(|status| kind.may_be_duplicate(status))
}

/// Returns whether the status alone says that the name is taken.
pub(crate) fn says_taken(failure: &Failure, kind: &Kind) -> bool {
    failure.status.is_some_and(|status| kind.is_duplicate(status, None))
}

/// A create that left nothing in the state and said nothing readable: it made something and could
/// not read it back.
fn unheard(summary: &str) -> Failure {
    Failure {
        unit: None,
        address: None,
        terraform_type: None,
        operation: Operation::Create,
        shape: if summary.is_empty() { Shape::HalfCreated } else { Shape::Unclassified },
        status: None,
        method: None,
        path: None,
        name: None,
        correlation_id: None,
        summary: summary.to_owned(),
        line: 0,
        damage: Vec::new(),
        is_self_made: false,
        origin: Origin::Live,
    }
}

#[cfg(test)]
mod tests {
    use divvy_core::kinds::division::DIVISION;
    use divvy_plugin::messages::Diagnostic;

    use super::*;

    fn heard(summary: &str, detail: &str) -> Failure {
        let diagnostics =
            if summary.is_empty() { Vec::new() } else { vec![Diagnostic::error(summary, detail)] };
        let refusal = Refusal { diagnostics, is_unanswered: false, provider_log: "".into() };
        let address = Address::parse("genesyscloud_auth_division.x").unwrap();
        failure(&refusal, &address, "genesyscloud_auth_division", Some("Sales"))
    }

    fn detail(status: u16) -> String {
        format!(
            r#"{{"resourceType":"genesyscloud_auth_division","method":"POST","path":"/api/v2/authorization/divisions","statusCode":{status},"correlationId":"c"}}"#
        )
    }

    #[test]
    fn a_refusal_is_read_as_a_log_tells_it() {
        let conflict =
            heard("Failed to create division Sales error: API Error: 409 - x (c)", &detail(409));
        assert_eq!((conflict.status, conflict.shape), (Some(409), Shape::Refused));
        assert!(may_mean_taken(&conflict, &DIVISION) && says_taken(&conflict, &DIVISION));
        assert!(!is_outcome_open(&conflict));
        let other =
            heard("Failed to create division Sales error: API Error: 400 - x (c)", &detail(400));
        assert!(may_mean_taken(&other, &DIVISION) && !says_taken(&other, &DIVISION));
        let forbidden =
            heard("Failed to create division Sales error: API Error: 403 - x (c)", &detail(403));
        assert!(!may_mean_taken(&forbidden, &DIVISION) && !is_outcome_open(&forbidden));
        let lost = heard(
            "Failed to create division Sales error: POST https://x giving up after 21 attempt(s)",
            r#"{"resourceType":"genesyscloud_auth_division","errorMessage":"unable to build a message"}"#,
        );
        assert!(is_outcome_open(&lost), "{lost:?}");
        assert!(is_outcome_open(&heard("", "")));
    }
}
