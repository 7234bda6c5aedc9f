//! Turns a diagnostic into a failure: what was being done, how it failed, by which request.
//!
//! Status, method and path decide. Never reads the API's message: its wording is documented
//! nowhere. Only texts of Terraform and of the provider are matched, and only where the
//! provider's JSON is silent.

use divvy_core::failure::{Operation, Origin, Shape};
use divvy_core::{Address, Failure};

use super::detail::{self, ApiDetail};
use super::diagnostic::{Damage, Diagnostic, beginning};
use super::progress::Progress;
use super::summary;

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

const LONGEST_SUMMARY: usize = 4096;

/// Reads a diagnostic; `progress` knows what the run was doing at its address. The second value is true
/// if no other program prints such a diagnostic.
pub(super) fn classify(mut diagnostic: Diagnostic, progress: &Progress) -> (Failure, bool) {
    if let Some((summary, detail)) = summary::last_error(&diagnostic.summary) {
        diagnostic.body.insert(0, detail.to_owned());
        diagnostic.summary = summary.to_owned();
    }
    let detail = detail::read_api_detail(&diagnostic.body);
    let has_detail = detail.is_some();
    let detail = detail.unwrap_or_default();
    if diagnostic.summary.is_empty() {
        diagnostic.summary = summary_of(&detail);
    }
    for damage in &detail.damage {
        diagnostic.damage(*damage);
    }
    let place = place_of(&mut diagnostic);
    let unit = diagnostic.unit.as_deref();
    let address = place.address.as_ref().map(Address::as_str);
    let planned = address.and_then(|address| progress.name_at(unit, address)).map(str::to_owned);
    let operation = operation_of(&diagnostic, &detail, &place, progress);
    let status = detail.status.or_else(|| summary::status_in(&diagnostic.summary));
    let shape = shape_of(&diagnostic, status, has_detail);
    let name = planned.or_else(|| summary::name_in(&mut diagnostic));
    let text = &diagnostic.summary;
    let is_own = place.is_known()
        || status.is_some()
        || diagnostic.is_own()
        || summary::shape_in(text).is_some_and(|(_, shape)| shape != Shape::ProviderDied)
        || summary::is_providers(text);
    let failure = Failure {
        terraform_type: detail
            .terraform_type
            .or_else(|| place.address.as_ref().map(|address| address.terraform_type().to_owned()))
            .or(place.data_source_type)
            .or_else(|| summary::kind_in(text).map(|kind| kind.terraform_type.to_owned())),
        address: place.address,
        operation,
        shape,
        status,
        method: detail.method,
        path: detail.path,
        name,
        correlation_id: detail
            .correlation_id
            .or_else(|| summary::correlation_id_in(text).map(str::to_owned)),
        summary: beginning(text, LONGEST_SUMMARY).to_owned(),
        line: diagnostic.line,
        damage: diagnostic.damage.iter().map(|damage| damage.words().to_owned()).collect(),
        unit: diagnostic.unit,
        is_self_made: false,
        origin: Origin::Log,
    };
    (failure, is_own)
}

/// Says in one line what a detail tells that was copied without its summary.
fn summary_of(detail: &ApiDetail) -> String {
    let status = detail.status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
    let request = [&detail.method, &detail.path].map(|part| part.as_deref().unwrap_or("?"));
    format!("API Error: {status} - {}", request.join(" "))
}

/// What a diagnostic is about.
#[derive(Default)]
struct PlaceOf {
    address: Option<Address>,
    data_source_type: Option<String>,
    is_provider: bool,
}

impl PlaceOf {
    fn is_known(&self) -> bool {
        self.address.is_some() || self.data_source_type.is_some() || self.is_provider
    }
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
        return PlaceOf { address: Address::parse(&found.text), ..PlaceOf::default() };
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
            None => {
                data_source.and_then(|rest| rest.split_once('.')).map(|(kind, _)| kind.to_owned())
            }
        },
        address,
        is_provider: location.contains("provider[\""),
    }
}

/// What only Terraform says in a diagnostic's body.
const BODIES: [&str; 3] = ["registry.terraform.io/", "registry.opentofu.org/", "GRPCProvider"];
const PROVIDER: &str = "terraform-provider-";
/// Files whose lines it names.
const FILES: [&str; 6] = [".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json"];

impl Diagnostic {
    /// True if it is drawn as Terraform draws it, or names a file or a program of Terraform's.
    fn is_own(&self) -> bool {
        let file = |line: &String| {
            let (file, _) = line.trim().strip_prefix("on ")?.split_once(" line ")?;
            FILES.iter().any(|ending| file.ends_with(ending)).then_some(())
        };
        self.is_boxed
            || self.summary.contains(PROVIDER)
            || self
                .body
                .iter()
                .any(|line| file(line).is_some() || BODIES.iter().any(|text| line.contains(text)))
    }

    /// Looks for a sentence of Terraform in the body, whose lines are wrapped at blanks.
    fn has_in_body(&self, sentence: &str) -> bool {
        self.body.join(" ").contains(sentence)
    }
}

fn operation_of(
    diagnostic: &Diagnostic,
    detail: &ApiDetail,
    place: &PlaceOf,
    progress: &Progress,
) -> Operation {
    let own = summary::shape_in(&diagnostic.summary);
    let called = || CALLS.iter().find(|(call, _)| diagnostic.has_in_body(call));
    let at_address =
        || progress.operation_at(diagnostic.unit.as_deref(), place.address.as_ref()?.as_str());
    own.and_then(|(operation, _)| operation)
        .or_else(|| detail.method.as_deref().and_then(operation_of_method))
        .or_else(|| place.is_provider.then_some(Operation::ProviderStart))
        .or_else(|| called().map(|(_, operation)| *operation))
        .or_else(|| summary::operation_in(&diagnostic.summary))
        .or_else(at_address)
        .unwrap_or(match own {
            Some((_, Shape::HalfCreated | Shape::Mismatch)) => Operation::Create,
            _ => Operation::Other,
        })
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

fn shape_of(diagnostic: &Diagnostic, status: Option<u16>, has_detail: bool) -> Shape {
    match summary::shape_in(&diagnostic.summary) {
        // Terraform uses this summary for any attribute; only an absent object was half created.
        Some((_, Shape::HalfCreated)) if diagnostic.has_in_body("unexpected new value: .") => {
            return Shape::Mismatch;
        }
        Some((_, shape)) => return shape,
        None => {}
    }
    match status {
        Some(408 | 504) => Shape::UnknownOutcome,
        Some(400..) => Shape::Refused,
        // The provider writes its JSON without a status when the SDK had no response.
        None if has_detail => Shape::UnknownOutcome,
        None if NO_ANSWER.iter().any(|text| diagnostic.summary.contains(text)) => {
            Shape::UnknownOutcome
        }
        Some(_) | None => Shape::Unclassified,
    }
}
