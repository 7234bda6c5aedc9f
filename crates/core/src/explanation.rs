//! Explanations: what a failure of a run is, told from the failure alone.
//!
//! Needs no org, no plan and no state, so it says what is likely and which command makes sure.
//! Never reads the API's message, whose wording is documented nowhere. Invariant: each [`Cause`]
//! has a text and says whether a person is needed (the matches are exhaustive).
//!
//! Sources of the shapes: runs of the official provider, and of Terraform's own errors.

use crate::failure::{Failure, Operation, Shape};
use crate::hint::{CommandLine, Hint};
use crate::kind::Kind;
use crate::kinds;
use crate::name::visible;

/// Where an administrator grants permissions to an OAuth client.
const ROLES: &str = "Admin > Integrations > OAuth > the client > Roles";

/// What lies behind a failure, as far as the failure itself tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The create of a kind met its own name: 409 from POST.
    TakenName,
    /// As before, but the run's own first try made the entity.
    SelfMade,
    /// The update of a kind met another entity's name: 409 from PUT.
    RenameClash,
    /// A 409 from any other request.
    OtherConflict,
    /// The create of a kind was refused as a bad request: some APIs say so of a taken name.
    BadRequest,
    /// How the create ended is unknown: 5xx, a time-out, no answer.
    UncertainCreate,
    /// The object was made, and the provider lost it again.
    HalfCreated,
    /// The provider's process ended while it was changing something.
    CutOff,
    /// The provider's process ended, and nothing tells that it was changing anything.
    ProviderDied,
    /// The object was made, but holds another value than was sent.
    Mismatch,
    /// The state could not be saved.
    StateNotSaved,
    /// Somebody else holds the state's lock.
    Locked,
    /// Another trouble with the state's storage.
    StateStorage,
    /// The provider could not log in.
    ClientRefused,
    /// The login service was asked too often.
    TooManyTokens,
    /// The provider reached nobody.
    Unreachable,
    /// The provider did not start, for another reason.
    ProviderStart,
    /// The token was not accepted: 401.
    Unauthorized,
    /// A permission is missing: 403.
    Forbidden,
    /// Too many requests: 429.
    RateLimited,
    /// A data source or an import names something that is not there.
    NotFound,
    /// None of these.
    Other,
}

/// A failure in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it is.
    pub cause: Cause,
    /// What that means, in one or two sentences.
    pub message: String,
    /// What to type or do next, most useful first.
    pub hints: Vec<Hint>,
}

impl Cause {
    /// Returns what lies behind a failure. Request and shape decide, in this order: the state and
    /// the provider's start come before any status.
    pub fn of(failure: &Failure) -> Self {
        match failure.shape {
            Shape::StateNotSaved => return Self::StateNotSaved,
            Shape::Locked => return Self::Locked,
            Shape::ProviderDied => {
                let changes = [Operation::Create, Operation::Update, Operation::Delete];
                let is_at_work = changes.contains(&failure.operation);
                return if is_at_work { Self::CutOff } else { Self::ProviderDied };
            }
            Shape::HalfCreated => return Self::HalfCreated,
            Shape::Mismatch => return Self::Mismatch,
            Shape::Refused | Shape::UnknownOutcome | Shape::Unclassified => {}
        }
        match failure.operation {
            Operation::State => return Self::StateStorage,
            Operation::ProviderStart => return Self::of_provider_start(failure),
            _ => {}
        }
        let kind = kind_of(failure);
        let is_of_a_kind = kind.is_some();
        let says_taken = |status| kind.is_some_and(|kind| kind.is_duplicate(status, None));
        match (failure.operation, failure.status) {
            (Operation::Create, Some(status)) if says_taken(status) && failure.is_self_made => {
                Self::SelfMade
            }
            (Operation::Create, Some(status))
                if says_taken(status) && posts_to_collection(failure) =>
            {
                Self::TakenName
            }
            (Operation::Update, Some(status)) if clashes(failure, status) => Self::RenameClash,
            (_, Some(409)) => Self::OtherConflict,
            (_, Some(401)) => Self::Unauthorized,
            (_, Some(403)) => Self::Forbidden,
            (_, Some(429)) => Self::RateLimited,
            (Operation::Create, Some(400)) if is_of_a_kind => Self::BadRequest,
            (Operation::Create, _) if is_of_a_kind => Self::UncertainCreate,
            (Operation::Read, Some(200 | 404)) => Self::NotFound,
            (Operation::Read, None) if failure.summary.starts_with("Cannot import ") => {
                Self::NotFound
            }
            _ => Self::Other,
        }
    }

    fn of_provider_start(failure: &Failure) -> Self {
        match (failure.shape, failure.status) {
            _ if failure.summary.starts_with("exhausted retries") => Self::TooManyTokens,
            (Shape::UnknownOutcome, _) => Self::Unreachable,
            (_, Some(403)) => Self::Forbidden,
            (_, Some(400 | 401)) => Self::ClientRefused,
            _ => Self::ProviderStart,
        }
    }

    /// Returns whether running the same command again will not do: a person has to act.
    pub fn needs_a_person(self) -> bool {
        match self {
            Self::TakenName
            | Self::SelfMade
            | Self::RenameClash
            | Self::BadRequest
            | Self::UncertainCreate
            | Self::HalfCreated
            | Self::CutOff
            | Self::Mismatch
            | Self::StateNotSaved
            | Self::Locked
            | Self::StateStorage
            | Self::ClientRefused
            | Self::Unreachable
            | Self::ProviderStart
            | Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound => true,
            Self::OtherConflict
            | Self::ProviderDied
            | Self::TooManyTokens
            | Self::RateLimited
            | Self::Other => false,
        }
    }
}

fn kind_of(failure: &Failure) -> Option<&'static Kind> {
    kinds::of_terraform_type(failure.terraform_type.as_deref()?)
}

/// Says whether the kind is known to answer so to a key that another entity has.
fn clashes(failure: &Failure, status: u16) -> bool {
    kind_of(failure).is_some_and(|kind| kind.rename_clash == Some(status))
}

/// A log that does not tell the request does not speak against it.
fn posts_to_collection(failure: &Failure) -> bool {
    failure.method.as_deref().is_none_or(|method| method == "POST")
        && failure
            .path
            .as_deref()
            .is_none_or(|path| kind_of(failure).is_some_and(|kind| kind.is_created_at(path)))
}

/// What a hint has to name as it is to be typed.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'t> {
    /// The file that holds the failure.
    pub log: &'t str,
    /// The unit to name beside the file, where it holds several.
    pub unit: Option<&'t str>,
    /// The program: `terraform`, `tofu`.
    pub terraform: &'t str,
}

/// Explains a failure from itself alone.
pub fn explain(failure: &Failure, typed: Typed<'_>) -> Explanation {
    let cause = Cause::of(failure);
    Explanation { cause, message: message(cause, failure), hints: hints(cause, failure, typed) }
}

fn message(cause: Cause, failure: &Failure) -> String {
    let noun = kind_of(failure).map_or("object", |kind| kind.words.noun);
    let name = match &failure.name {
        Some(name) => visible(name),
        None => format!("the {noun}"),
    };
    let request = match (&failure.method, &failure.path) {
        (Some(method), Some(path)) => format!("{method} {path}"),
        _ => "the request".to_owned(),
    };
    let status = failure.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    match cause {
        Cause::TakenName => format!("The API refused to create {name} ({status}): most likely a {noun} of that name exists already."),
        Cause::SelfMade => format!("This run's own first try made {name}: its reply was lost, and the second try met it ({status})."),
        Cause::RenameClash => format!("The API refused the change: another {noun} has the name it was to get (409). The state may claim the new name all the same; the org kept the old one."),
        Cause::OtherConflict => format!("{request} answered 409. That is not the create of a {noun}: most likely something else was changing the same thing, so no name is in the way."),
        Cause::BadRequest => format!("The API refused to create {name} as a bad request (400). The name may be taken, or a value may be one that it does not take."),
        Cause::UncertainCreate => format!("How the create of {name} ended is not known ({status}): this run may have made the {noun}, or it was there before."),
        Cause::HalfCreated => format!("The provider made {name} and did not find it right afterwards, so the state does not know it. It probably exists."),
        Cause::CutOff => format!("The provider's process ended while it was at work on {name}: what it had begun may be done, and the state does not know it."),
        Cause::ProviderDied => "The provider's process ended. As far as the log shows, it was not changing anything.".to_owned(),
        Cause::Mismatch => format!("The org stored another value for {name} than was sent (blanks at the ends or letter case, usually). It exists and is tainted: the next apply would delete it and make another."),
        Cause::StateNotSaved => "Terraform could not save the state. What the run made is known to errored.tfstate only, beside the configuration; an import before it is pushed would block it. If the storage itself said 409, somebody else has written: compare lineage and serial first.".to_owned(),
        Cause::Locked => "Another run holds the state's lock; no name is in the way.".to_owned(),
        Cause::StateStorage => "The state's storage refused or could not be reached; no name is in the way.".to_owned(),
        Cause::ClientRefused => "The provider could not log in: the OAuth client's id or secret is wrong, or the client belongs to another region.".to_owned(),
        Cause::TooManyTokens => "The provider asked for more access tokens than the login service gives out at a time.".to_owned(),
        Cause::Unreachable => "The provider got no answer from the API (it tries for about 150 seconds): region, gateway, proxy or network.".to_owned(),
        Cause::ProviderStart => "The provider could not start: its block, its variables or the region are not as it needs them.".to_owned(),
        Cause::Unauthorized => format!("{request} was refused (401): the access token has run out, or was made for another region."),
        Cause::Forbidden => forbidden(failure, noun, &request),
        Cause::RateLimited => format!("{request} was refused because too many came before it (429)."),
        Cause::NotFound => format!("It looks for a {noun} that this org does not show: another name, another id, or another org. Names are compared exactly."),
        Cause::Other => "As far as the log shows, no taken name is behind this failure.".to_owned(),
    }
}

fn forbidden(failure: &Failure, noun: &str, request: &str) -> String {
    match failure.operation {
        Operation::Create => format!("The OAuth client may not create a {noun} (403)."),
        Operation::Read => format!("The OAuth client may not read the {noun} (403). If the same run had just made it, it exists and is tainted."),
        Operation::ProviderStart => "The OAuth client can log in, but may not even ask which products the org has (403): it has no role yet.".to_owned(),
        _ => format!("The OAuth client may not do this: {request} (403)."),
    }
}

fn hints(cause: Cause, failure: &Failure, typed: Typed<'_>) -> Vec<Hint> {
    let terraform = || CommandLine::of(typed.terraform);
    let doctor = || CommandLine::divvy("doctor");
    let look_then_fix = || {
        let fix = CommandLine::divvy("fix --from-log").word(typed.log);
        let fix = match typed.unit {
            Some(unit) => fix.words("--unit").word(unit),
            None => fix,
        };
        let look = CommandLine::divvy("check");
        vec![fix.into(), look.because("to look first, without changing anything").into()]
    };
    match cause {
        Cause::TakenName
        | Cause::SelfMade
        | Cause::BadRequest
        | Cause::UncertainCreate
        | Cause::HalfCreated => look_then_fix(),
        Cause::CutOff if kind_of(failure).is_some() => look_then_fix(),
        Cause::CutOff | Cause::ProviderDied | Cause::Other => {
            vec![terraform().words("plan").into()]
        }
        Cause::RenameClash => vec![
            CommandLine::divvy("check").into(),
            "choose another name, or adopt the one that has it".into(),
        ],
        Cause::OtherConflict | Cause::RateLimited => vec![
            terraform().words("apply").into(),
            terraform().words("apply -parallelism=1").because("if it persists").into(),
        ],
        Cause::Mismatch => vec![
            CommandLine::divvy("fix --repair").into(),
            "write the value as the org stored it into the configuration".into(),
        ],
        Cause::StateNotSaved => vec![
            terraform().words("state push errored.tfstate").into(),
            terraform().words("plan").because("to see what is left").into(),
        ],
        Cause::Locked => {
            let unlock = terraform().words("force-unlock LOCK_ID");
            vec![
                terraform().words("apply -lock-timeout=120s").into(),
                unlock.because("once no other run is at work").into(),
            ]
        }
        Cause::StateStorage => {
            vec![
                terraform().words("init").into(),
                terraform().words("plan").because("to see what is left").into(),
            ]
        }
        Cause::TooManyTokens => vec![
            terraform().words("apply").into(),
            "if it persists, set GENESYSCLOUD_TOKEN_POOL_SIZE=1".into(),
        ],
        Cause::ClientRefused | Cause::Unreachable | Cause::ProviderStart | Cause::Unauthorized => {
            vec![doctor().into()]
        }
        Cause::Forbidden => permission_hints(failure),
        Cause::NotFound => {
            vec![
                CommandLine::divvy("list").into(),
                doctor().because("says which org was asked").into(),
            ]
        }
    }
}

fn permission_hints(failure: &Failure) -> Vec<Hint> {
    let permissions = match (failure.operation, kind_of(failure)) {
        (Operation::Create, Some(kind)) => kind.permissions.create,
        _ => &[],
    };
    let grant = match permissions {
        [] => format!("compare the roles of the OAuth client with what it needs: {ROLES}"),
        permissions => format!(
            "grant a role with {} to the OAuth client, for all divisions: {ROLES}",
            permissions.join(", ")
        ),
    };
    let doctor = CommandLine::divvy("doctor");
    vec![doctor.into(), grant.into(), "a new grant can take five minutes to act".into()]
}

/// Says how certain it is that the failure comes from an entity that was found by its name;
/// `None` where the API itself said so.
pub fn certainty(failure: &Failure) -> Option<String> {
    Some(match Cause::of(failure) {
        Cause::BadRequest => {
            "The API said 400 and not 409, so the name is the likely reason, not a certain one."
                .to_owned()
        }
        Cause::UncertainCreate | Cause::HalfCreated | Cause::CutOff => {
            "No 409 was seen: it may come from the failed run itself, or have been there before."
                .to_owned()
        }
        Cause::Unauthorized | Cause::Forbidden => format!(
            "The create was refused for another reason ({}), which stays for whatever is still to be created.",
            failure.status.unwrap_or_default()
        ),
        _ => return None,
    })
}

/// Explains a failed create whose name turned out to be free, where that does not yet mean that the
/// next apply succeeds.
pub fn when_free(failure: &Failure, typed: Typed<'_>) -> Option<Explanation> {
    let noun = kind_of(failure).map_or("entity", |kind| kind.words.noun);
    let name = failure.name.as_deref().map_or_else(|| "its name".to_owned(), visible);
    let mut explanation = explain(failure, typed);
    match explanation.cause {
        Cause::BadRequest => {
            explanation.message = format!(
                "No {noun} has the name {name}: the API refused something else about it (400), and its message in the log says what."
            );
            let apply = CommandLine::of(typed.terraform).words("apply");
            explanation.hints = vec![apply.because("once the block is correct").into()];
        }
        Cause::Unauthorized | Cause::Forbidden | Cause::RateLimited => {
            explanation.message.push_str(&format!(" No {noun} has the name {name}."));
        }
        _ => return None,
    }
    Some(explanation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Origin;
    use crate::kinds::division::DIVISION;

    const TYPED: Typed<'static> = Typed { log: "apply.log", unit: None, terraform: "tofu" };

    fn failed(operation: Operation, shape: Shape, status: Option<u16>) -> Failure {
        Failure {
            unit: None,
            address: None,
            terraform_type: Some(DIVISION.terraform_type.to_owned()),
            operation,
            shape,
            status,
            method: None,
            path: None,
            name: Some("Sales".to_owned()),
            correlation_id: None,
            summary: String::new(),
            line: 1,
            damage: Vec::new(),
            is_self_made: false,
            origin: Origin::Log,
        }
    }

    fn refused(operation: Operation, status: u16) -> Failure {
        failed(operation, Shape::Refused, Some(status))
    }

    #[test]
    fn only_the_create_of_a_kind_is_a_taken_name() {
        let create = refused(Operation::Create, 409);
        assert_eq!(Cause::of(&create), Cause::TakenName);
        let elsewhere =
            Failure { path: Some("/api/v2/routing/skills".to_owned()), ..create.clone() };
        assert_eq!(Cause::of(&elsewhere), Cause::OtherConflict);
        let other_type = Failure { terraform_type: None, ..create.clone() };
        assert_eq!(Cause::of(&other_type), Cause::OtherConflict);
        let own = Failure { is_self_made: true, ..create };
        assert_eq!(Cause::of(&own), Cause::SelfMade);
        assert_eq!(Cause::of(&refused(Operation::Update, 409)), Cause::RenameClash);
        assert_eq!(Cause::of(&refused(Operation::Delete, 409)), Cause::OtherConflict);
    }

    #[test]
    fn the_state_and_the_start_of_the_provider_come_before_any_status() {
        let saving = failed(Operation::State, Shape::StateNotSaved, Some(409));
        assert_eq!(Cause::of(&saving), Cause::StateNotSaved);
        let unclear = failed(Operation::State, Shape::Unclassified, Some(409));
        assert_eq!(Cause::of(&unclear), Cause::StateStorage);
        let start = |shape, status| Cause::of(&failed(Operation::ProviderStart, shape, status));
        assert_eq!(start(Shape::Refused, Some(400)), Cause::ClientRefused);
        assert_eq!(start(Shape::Refused, Some(403)), Cause::Forbidden);
        assert_eq!(start(Shape::UnknownOutcome, None), Cause::Unreachable);
        assert_eq!(start(Shape::Unclassified, None), Cause::ProviderStart);
    }

    #[test]
    fn a_provider_that_died_matters_where_it_was_changing_something() {
        let died = |operation| failed(operation, Shape::ProviderDied, None);
        assert_eq!(Cause::of(&died(Operation::Create)), Cause::CutOff);
        assert_eq!(Cause::of(&died(Operation::ProviderStart)), Cause::ProviderDied);
        assert!(Cause::CutOff.needs_a_person() && !Cause::ProviderDied.needs_a_person());
    }

    #[test]
    fn a_create_without_a_clear_end_is_uncertain() {
        for (shape, status) in [
            (Shape::Refused, Some(500)),
            (Shape::UnknownOutcome, Some(504)),
            (Shape::UnknownOutcome, None),
        ] {
            let failure = failed(Operation::Create, shape, status);
            assert_eq!(Cause::of(&failure), Cause::UncertainCreate);
            assert!(certainty(&failure).is_some());
        }
        assert_eq!(certainty(&refused(Operation::Create, 409)), None);
    }

    #[test]
    fn a_missing_permission_names_what_to_grant_and_where() {
        let hints = explain(&refused(Operation::Create, 403), TYPED).hints;
        let hints: String = hints.iter().map(ToString::to_string).collect();
        for permission in DIVISION.permissions.create {
            assert!(hints.contains(permission), "{hints}");
        }
        assert!(hints.contains(ROLES));
    }

    #[test]
    fn the_next_command_names_the_log_and_the_program() {
        let explanation = explain(&refused(Operation::Create, 409), TYPED);
        assert_eq!(explanation.hints[0].to_string(), "divvy fix --from-log apply.log");
        assert!(explanation.message.contains("\"Sales\""));
        let locked = explain(&failed(Operation::State, Shape::Locked, None), TYPED);
        assert_eq!(locked.hints[0].to_string(), "tofu apply -lock-timeout=120s");
    }

    #[test]
    fn a_free_name_does_not_heal_what_was_refused_for_another_reason() {
        assert!(when_free(&refused(Operation::Create, 409), TYPED).is_none());
        let forbidden = when_free(&refused(Operation::Create, 403), TYPED).unwrap();
        assert_eq!(forbidden.hints[0].to_string(), "divvy doctor");
        let bad = when_free(&refused(Operation::Create, 400), TYPED).unwrap();
        assert!(bad.message.contains("something else"), "{}", bad.message);
    }
}
