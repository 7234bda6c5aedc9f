//! Reads the first line of a diagnostic of the provider, which nothing wraps:
//! `Failed to create division NAME error: API Error: 409 - … (correlation id)`.
//!
//! Never reads the API's message. Invariant: where two readings are possible there is none.

use divvy_core::Kind;
use divvy_core::failure::{Operation, Shape};
use divvy_core::kinds::KINDS;

use super::diagnostic::{Damage, Diagnostic};
use super::seek;

/// How Terraform and the provider begin a diagnostic: what was being done (`None` = whatever was at the
/// address), and how it failed, where these words say it by themselves.
static BEGINNINGS: &[(&str, Option<Operation>, Option<Shape>)] = &[
    ("Failed to create ", Some(Operation::Create), None),
    ("Failed to update ", Some(Operation::Update), None),
    ("Failed to delete ", Some(Operation::Delete), None),
    ("Failed to read ", Some(Operation::Read), None),
    ("Could not find ", Some(Operation::Read), None),
    ("Error requesting ", Some(Operation::Read), None),
    ("Failed to save state", Some(Operation::State), Some(Shape::StateNotSaved)),
    ("Failed to persist state", Some(Operation::State), Some(Shape::StateNotSaved)),
    ("Error saving state", Some(Operation::State), Some(Shape::StateNotSaved)),
    ("Error acquiring the state lock", Some(Operation::State), Some(Shape::Locked)),
    ("Error locking state", Some(Operation::State), Some(Shape::Locked)),
    ("Error releasing the state lock", Some(Operation::State), Some(Shape::Unclassified)),
    ("Failed to load state", Some(Operation::State), Some(Shape::Unclassified)),
    ("Error loading state", Some(Operation::State), Some(Shape::Unclassified)),
    ("Failed to get existing workspaces", Some(Operation::State), Some(Shape::Unclassified)),
    ("Provider produced inconsistent result after apply", None, Some(Shape::HalfCreated)),
    ("Plugin did not respond", None, Some(Shape::ProviderDied)),
    ("Request cancelled", None, Some(Shape::ProviderDied)),
    ("The terraform-provider-", None, Some(Shape::ProviderDied)),
    ("mismatch on attribute ", None, Some(Shape::Mismatch)),
    ("Cannot import non-existent remote object", Some(Operation::Read), Some(Shape::Unclassified)),
    ("failed to authorize Genesys Cloud", Some(Operation::ProviderStart), Some(Shape::Refused)),
    ("exhausted retries on Genesys Cloud", Some(Operation::ProviderStart), Some(Shape::Refused)),
];

/// What CI systems print instead of a secret.
const MASKS: [&str; 2] = ["***", "[MASKED]"];

/// What the provider prints where it tried a create ten times: Go's own form of its last diagnostic, of
/// severity 0 (`util_retries.go` of the provider).
const RETRIED: &str = "Exhausted retries. Last error: [{0 ";

/// Takes the last diagnostic out of a summary that says that retries were in vain: its own summary, and its
/// detail, which is empty where the log cut it.
pub(super) fn last_error(summary: &str) -> Option<(&str, &str)> {
    let told = summary.strip_prefix(RETRIED)?;
    let end = seek::find(told, "{\"resourceType\"");
    let (inner, detail) = told.split_at(end.unwrap_or(told.len()));
    let inner = if end.is_none() { inner.trim_end_matches(" []}]") } else { inner };
    Some((inner.trim_end(), detail))
}

/// Returns what the beginning says where it says how it failed.
pub(super) fn shape_in(summary: &str) -> Option<(Option<Operation>, Shape)> {
    let (operation, shape) = beginning_of(summary)?;
    shape.map(|shape| (operation, shape))
}

/// Returns what the provider was doing.
pub(super) fn operation_in(summary: &str) -> Option<Operation> {
    let (operation, shape) = beginning_of(summary)?;
    operation.filter(|_| shape.is_none())
}

fn beginning_of(summary: &str) -> Option<(Option<Operation>, Option<Shape>)> {
    let entry = BEGINNINGS.iter().find(|(text, ..)| seek::starts_with(summary, text));
    entry.map(|(_, operation, shape)| (*operation, *shape))
}

/// True if the provider begins a diagnostic like this: with a noun of its own, or the SDK's error.
pub(super) fn is_providers(summary: &str) -> bool {
    if let Some((inner, _)) = last_error(summary) {
        return is_providers(inner);
    }
    let ends = || ENDS.iter().any(|end| summary.contains(end));
    operation_in(summary).is_some() && summary.contains("API Error: ")
        || kind_in(summary).is_some() && ends()
}

/// What may stand behind the name, the shortest first.
const ENDS: [&str; 3] = [" error: ", " error: API Error: ", ": API Error: "];

/// Returns the kind whose noun follows `Failed to create` or `Failed to update`, and the rest.
fn kind_and_rest(summary: &str) -> Option<(&'static Kind, &str)> {
    let rest = ["Failed to create ", "Failed to update "];
    let rest = rest.iter().find_map(|verb| summary.strip_prefix(verb))?;
    KINDS.iter().find_map(|kind| {
        Some((*kind, rest.strip_prefix(kind.words.in_provider?)?.strip_prefix(' ')?))
    })
}

/// Returns the kind that the summary speaks of.
pub(super) fn kind_in(summary: &str) -> Option<&'static Kind> {
    kind_and_rest(summary).map(|(kind, _)| kind)
}

/// Returns the name of the entity that could not be created or changed; a mask is noted as damage.
pub(super) fn name_in(diagnostic: &mut Diagnostic) -> Option<String> {
    let (_, rest) = kind_and_rest(&diagnostic.summary)?;
    let only_part = |end: &&str| {
        let mut parts = rest.split(*end);
        let name = parts.next()?;
        (parts.next().is_some() && parts.next().is_none()).then_some(name)
    };
    let name = ENDS.iter().find_map(only_part)?.to_owned();
    if MASKS.iter().any(|mask| name.contains(mask)) {
        diagnostic.damage(Damage::NameMasked);
        return None;
    }
    let may_be_wrong = !name.is_ascii() || name.contains('?');
    let is_doubtful =
        may_be_wrong && diagnostic.damage.iter().any(|damage| damage.makes_text_doubtful());
    (!name.is_empty() && !is_doubtful && !name.contains('\u{fffd}')).then_some(name)
}

/// Returns the status that the SDK prints: the second choice, after the detail's.
pub(super) fn status_in(summary: &str) -> Option<u16> {
    let (before, rest) =
        ["API Error: ", "Auth Error: "].iter().find_map(|sign| summary.split_once(sign))?;
    if !(before.is_empty() || before.ends_with(": ")) {
        return None;
    }
    let (digits, _) = rest.split_once(" - ")?;
    if digits.len() == 3 { digits.parse().ok() } else { None }
}

/// Returns the correlation id in brackets at the end.
pub(super) fn correlation_id_in(summary: &str) -> Option<&str> {
    const SHORTEST: usize = 8;
    let (_, id) = summary.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let is_id = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    (id.len() >= SHORTEST && id.bytes().all(is_id)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(summary: &str, damage: &[Damage]) -> Option<String> {
        let mut diagnostic = Diagnostic {
            summary: summary.to_owned(),
            damage: damage.to_vec(),
            ..Diagnostic::default()
        };
        name_in(&mut diagnostic)
    }

    #[test]
    fn blanks_of_a_name_survive() {
        let summary = "Failed to create division  a  b  error: API Error: 409 - x (1d4c1e8d)";
        assert_eq!(name(summary, &[]).as_deref(), Some(" a  b "));
    }

    #[test]
    fn a_name_of_two_readings_is_none() {
        let twice = "Failed to create division a error: API Error: 1 error: API Error: 409 - x";
        assert_eq!(name(twice, &[]), None);
        assert_eq!(name("Failed to create division  error: x", &[]), None);
        assert_eq!(name("Failed to create skill a error: x", &[]), None);
        assert_eq!(name("Failed to read division a error: x", &[]), None);
    }

    #[test]
    fn damaged_letters_make_no_name_and_plain_ones_do() {
        let summary = "Failed to create division B?ro error: x";
        assert_eq!(name(summary, &[Damage::BoxLost]), None);
        assert_eq!(name(summary, &[]).as_deref(), Some("B?ro"));
        let plain = "Failed to create division Sales error: x";
        assert_eq!(name(plain, &[Damage::BoxLost]).as_deref(), Some("Sales"));
    }

    #[test]
    fn the_status_is_the_sdks_and_not_the_messages() {
        assert_eq!(status_in("Failed to create division a error: API Error: 409 - x"), Some(409));
        assert_eq!(status_in("Auth Error: 400 - invalid_client (x)"), Some(400));
        assert_eq!(status_in("409 Conflict"), None);
        assert_eq!(status_in("my API Error: 409 - x"), None);
    }
}
