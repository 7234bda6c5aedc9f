//! Turns a diagnostic into a failure: what was being done, how it failed, by which request.
//!
//! Status, method and path decide. Never reads the API's message: its wording is documented
//! nowhere. Only texts of Terraform and of the provider are matched, and only where the
//! provider's JSON is silent.

use divvy_core::failure::{Operation, Origin, Shape};
use divvy_core::kind::of_terraform_type;
use divvy_core::{Address, Failure};

use super::detail::{self, ApiDetail};
use super::diagnostic::{Damage, Diagnostic};
use super::progress::Progress;

/// Summaries of Terraform and the provider that say by themselves what failed.
/// `None` = whatever was being done at the address.
static SUMMARIES: &[(&str, Option<Operation>, Shape)] = &[
    (
        "Failed to save state",
        Some(Operation::State),
        Shape::StateNotSaved,
    ),
    (
        "Failed to persist state",
        Some(Operation::State),
        Shape::StateNotSaved,
    ),
    (
        "Error saving state",
        Some(Operation::State),
        Shape::StateNotSaved,
    ),
    (
        "Error acquiring the state lock",
        Some(Operation::State),
        Shape::Locked,
    ),
    ("Error locking state", Some(Operation::State), Shape::Locked),
    (
        "Error releasing the state lock",
        Some(Operation::State),
        Shape::Unclassified,
    ),
    (
        "Failed to load state",
        Some(Operation::State),
        Shape::Unclassified,
    ),
    (
        "Error loading state",
        Some(Operation::State),
        Shape::Unclassified,
    ),
    (
        "Failed to get existing workspaces",
        Some(Operation::State),
        Shape::Unclassified,
    ),
    (
        "Provider produced inconsistent result after apply",
        None,
        Shape::HalfCreated,
    ),
    ("Plugin did not respond", None, Shape::ProviderDied),
    ("Request cancelled", None, Shape::ProviderDied),
    ("The terraform-provider-", None, Shape::ProviderDied),
    ("mismatch on attribute ", None, Shape::Mismatch),
    (
        "Cannot import non-existent remote object",
        Some(Operation::Read),
        Shape::Unclassified,
    ),
    (
        "failed to authorize Genesys Cloud",
        Some(Operation::ProviderStart),
        Shape::Refused,
    ),
    (
        "exhausted retries on Genesys Cloud",
        Some(Operation::ProviderStart),
        Shape::Refused,
    ),
];

/// Calls of the plugin protocol, where a dead provider's diagnostic names one.
const CALLS: [(&str, Operation); 3] = [
    (").ConfigureProvider call", Operation::ProviderStart),
    (").ReadResource call", Operation::Read),
    (").ReadDataSource call", Operation::Read),
];

/// How Go's HTTP client and contexts say that no answer came.
const NO_ANSWER: [&str; 7] = [
    "context deadline exceeded",
    "context canceled",
    "giving up after",
    "connection reset",
    "connection refused",
    "i/o timeout",
    ": EOF",
];

/// What the provider says it was doing, before the noun.
const VERBS: [(&str, Operation); 6] = [
    ("Failed to create ", Operation::Create),
    ("Failed to update ", Operation::Update),
    ("Failed to delete ", Operation::Delete),
    ("Failed to read ", Operation::Read),
    ("Could not find ", Operation::Read),
    ("Error requesting ", Operation::Read),
];

/// What CI systems print instead of a secret.
const MASKS: [&str; 2] = ["***", "[MASKED]"];

const LONGEST_SUMMARY: usize = 4096;

/// Reads a diagnostic; `progress` knows what the run was doing at its address.
pub(super) fn classify(mut diagnostic: Diagnostic, progress: &Progress) -> Failure {
    let detail = detail::read_api_detail(&diagnostic.body).unwrap_or_default();
    let has_detail = detail != ApiDetail::default();
    for damage in &detail.damage {
        diagnostic.damage(*damage);
    }
    let place = place_of(&mut diagnostic);
    let unit = diagnostic.unit.as_deref();
    let summary = diagnostic.summary.as_str();
    let terraform_type = detail
        .terraform_type
        .or_else(|| {
            place
                .address
                .as_ref()
                .map(|address| address.terraform_type().to_owned())
        })
        .or_else(|| place.data_source_type.clone());
    let status = detail.status.or_else(|| status_in(summary));
    let own = SUMMARIES
        .iter()
        .find(|(text, ..)| summary.starts_with(text));
    let at_address = || progress.operation_at(unit, place.address.as_ref()?.as_str());
    let operation = own
        .and_then(|(_, operation, _)| *operation)
        .or_else(|| detail.method.as_deref().and_then(operation_of_method))
        .or_else(|| place.is_provider.then_some(Operation::ProviderStart))
        .or_else(|| {
            CALLS
                .iter()
                .find(|(call, _)| diagnostic.has_in_body(call))
                .map(|(_, operation)| *operation)
        })
        .or_else(|| {
            VERBS
                .iter()
                .find(|(verb, _)| summary.starts_with(verb))
                .map(|(_, operation)| *operation)
        })
        .or_else(at_address)
        .unwrap_or(match own {
            Some((_, _, Shape::HalfCreated | Shape::Mismatch)) => Operation::Create,
            _ => Operation::Other,
        });
    let shape = match own {
        // Terraform uses this summary for any attribute; only an absent object was half created.
        Some((_, _, Shape::HalfCreated)) if diagnostic.has_in_body("unexpected new value: .") => {
            Shape::Mismatch
        }
        Some((_, _, shape)) => *shape,
        None => shape_of(status, has_detail, summary),
    };
    let planned = place
        .address
        .as_ref()
        .and_then(|address| progress.name_at(unit, address.as_str()));
    let name = match planned {
        Some(name) => Some(name.to_owned()),
        None => name_in(&mut diagnostic, terraform_type.as_deref()),
    };
    let summary = &diagnostic.summary;
    Failure {
        address: place.address,
        terraform_type,
        operation,
        shape,
        status,
        method: detail.method,
        path: detail.path,
        name,
        correlation_id: detail
            .correlation_id
            .or_else(|| trailing_correlation_id(summary).map(str::to_owned)),
        summary: summary[..summary.floor_char_boundary(LONGEST_SUMMARY)].to_owned(),
        line: diagnostic.line,
        damage: diagnostic
            .damage
            .iter()
            .map(|damage| damage.words().to_owned())
            .collect(),
        unit: diagnostic.unit,
        is_self_made: false,
        origin: Origin::Log,
    }
}

/// What a diagnostic is about.
#[derive(Default)]
struct PlaceOf {
    address: Option<Address>,
    data_source_type: Option<String>,
    is_provider: bool,
}

/// Reads the place after `with`, or in Terraform's prose.
fn place_of(diagnostic: &mut Diagnostic) -> PlaceOf {
    let Some(location) = &diagnostic.location else {
        let Some(found) = detail::address_in_prose(&diagnostic.body) else {
            return PlaceOf::default();
        };
        if found.is_broken {
            diagnostic.damage(Damage::AddressBroken);
        }
        return PlaceOf {
            address: Address::parse(&found.text),
            ..PlaceOf::default()
        };
    };
    // CDKTF appends ` (friendly name)`.
    let without_friendly_name = || location.rsplit_once(" (").map(|(address, _)| address);
    let address = Address::parse(location).or_else(|| Address::parse(without_friendly_name()?));
    let data_source = location
        .strip_prefix("data.")
        .or_else(|| location.split_once(".data.").map(|(_, rest)| rest));
    PlaceOf {
        data_source_type: match address {
            Some(_) => None,
            None => data_source
                .and_then(|rest| rest.split_once('.'))
                .map(|(kind, _)| kind.to_owned()),
        },
        address,
        is_provider: location.contains("provider[\""),
    }
}

impl Diagnostic {
    /// Looks for a sentence of Terraform in the body, whose lines are wrapped at blanks.
    fn has_in_body(&self, sentence: &str) -> bool {
        self.body.join(" ").contains(sentence)
    }
}

fn operation_of_method(method: &str) -> Option<Operation> {
    match method {
        "POST" => Some(Operation::Create),
        "PUT" | "PATCH" => Some(Operation::Update),
        "DELETE" => Some(Operation::Delete),
        "GET" | "HEAD" => Some(Operation::Read),
        _ => None,
    }
}

fn shape_of(status: Option<u16>, has_detail: bool, summary: &str) -> Shape {
    match status {
        Some(408 | 504) => Shape::UnknownOutcome,
        Some(400..) => Shape::Refused,
        Some(_) => Shape::Unclassified,
        // The provider writes its JSON without a status when the SDK had no response.
        None if has_detail || NO_ANSWER.iter().any(|text| summary.contains(text)) => {
            Shape::UnknownOutcome
        }
        None => Shape::Unclassified,
    }
}

/// Reads the status that the SDK prints in a summary: the second choice.
fn status_in(summary: &str) -> Option<u16> {
    let (before, rest) = ["API Error: ", "Auth Error: "]
        .iter()
        .find_map(|sign| summary.split_once(sign))?;
    if !(before.is_empty() || before.ends_with(": ")) {
        return None;
    }
    let (digits, _) = rest.split_once(" - ")?;
    if digits.len() == 3 {
        digits.parse().ok()
    } else {
        None
    }
}

/// Reads `(correlation id)` at the end of a summary.
pub(super) fn trailing_correlation_id(summary: &str) -> Option<&str> {
    const SHORTEST: usize = 8;
    let (_, id) = summary.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let is_id = id.len() >= SHORTEST
        && id
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_id.then_some(id)
}

/// Reads the name out of `Failed to create division NAME error: …`, which is never wrapped; `None`
/// where two readings are possible or the text is damaged.
fn name_in(diagnostic: &mut Diagnostic, terraform_type: Option<&str>) -> Option<String> {
    let noun = of_terraform_type(terraform_type?)?.noun;
    let rest = diagnostic
        .summary
        .strip_prefix("Failed to create ")
        .or_else(|| diagnostic.summary.strip_prefix("Failed to update "))?
        .strip_prefix(noun)?
        .strip_prefix(' ')?;
    let name = [" error: ", " error: API Error: "].iter().find_map(|end| {
        let mut parts = rest.split(end);
        let name = parts.next()?;
        (parts.next().is_some() && parts.next().is_none()).then_some(name)
    })?;
    let is_doubtful = diagnostic
        .damage
        .iter()
        .any(|damage| damage.makes_text_doubtful())
        && (!name.is_ascii() || name.contains('?'));
    let name = name.to_owned();
    if MASKS.iter().any(|mask| name.contains(mask)) {
        diagnostic.damage(Damage::NameMasked);
        return None;
    }
    (!name.is_empty() && !is_doubtful && !name.contains('\u{fffd}')).then_some(name)
}
