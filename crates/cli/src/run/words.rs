//! What `divvy run` says inside Terraform's own output: one summary and one body per create.
//!
//! Pure. Invariant: a summary names the thing and its id, since Terraform folds warnings whose
//! summaries are equal.

use divvy_core::Shown;
use divvy_core::decide::Expect;
use divvy_core::finding::Reason;
use divvy_core::{EntityId, Finding, Verdict, catalogue};
use divvy_plugin::proxy::{Adopt, Advice};

use crate::run::ledger::Opinion;
use crate::run::policy::{RunPolicy, Stance};
use crate::run::subcommand::Flow;

/// What a plan says about a create.
pub(crate) fn in_plan(opinion: &Opinion, policy: &RunPolicy, flow: &Flow) -> Advice {
    let finding = &opinion.finding;
    match (finding.verdict, &opinion.adoption) {
        (verdict, _) if leaves_open(verdict) && is_told(opinion, policy) => {
            let gap = opinion.gap.as_ref().map_or("", |gap| gap.why.as_str());
            match policy.stance {
                Stance::Error => unseen(policy, summary("may already exist", finding), gap),
                // Terraform folds what is said of several creates in the same words.
                _ => Advice::Warn {
                    summary: format!(
                        "The org's list of {} is incomplete",
                        finding.kind.map_or("objects", |kind| kind.words.plural)
                    ),
                    detail: format!(
                        "{gap} What it lacks may exist all the same; its create is refused then.\n> divvy doctor"
                    ),
                },
            }
        }
        (verdict, _) if is_quiet(verdict, finding) => Advice::Pass,
        (Verdict::UnresolvedCredentials | Verdict::Unlisted, _) => {
            // Terraform folds what is said of several creates of a type in the same words.
            let plural = finding.kind.map_or("objects", |kind| kind.words.plural);
            let summary = format!("Nothing can be foretold about existing {plural}");
            unseen(policy, summary, &catalogue::message(finding))
        }
        (Verdict::UnknownName, _) if policy.stance == Stance::Error => Advice::Warn {
            summary: "A name is known only after apply".to_owned(),
            detail: "Nothing can be foretold about it. An apply under --on-conflict error looks \
                     again before it is created."
                .to_owned(),
        },
        // The adoption follows at once and tells of itself.
        (Verdict::Adopt | Verdict::AdoptWithDrift, Ok(_)) if !flow.shows_its_plan() => Advice::Pass,
        (Verdict::Adopt | Verdict::AdoptWithDrift, Ok((id, expect))) => {
            let what = match (flow, policy.stance) {
                (Flow::Apply { asks: true }, Stance::Announced) => {
                    "If you say yes, this apply adopts it"
                }
                (Flow::Plan { out: Some(_) }, Stance::Announced) => {
                    "Applying this plan file with divvy run adopts it"
                }
                (Flow::Plan { .. }, _) => "An apply with divvy run adopts it",
                _ => "This apply adopts it",
            };
            let detail = format!(
                "{} {what} instead of creating another.{}",
                catalogue::message(finding),
                drift(opinion, *expect)
            );
            advice(summary("already exists", finding), detail, id, opinion, *expect)
        }
        (verdict, adoption) => {
            let is_taken = finding.evidence.entity.is_some() || verdict == Verdict::Ambiguous;
            let (summary, detail) = not_adopted(finding, adoption.as_ref().err(), policy);
            match policy.stance {
                Stance::Error if is_taken => Advice::Refuse { summary, detail },
                _ => Advice::Warn { summary, detail },
            }
        }
    }
}

/// What is said where the org could not be seen; a gate stays shut.
fn unseen(policy: &RunPolicy, summary: String, why: &str) -> Advice {
    let detail = format!("{why}\n> divvy doctor");
    match policy.stance {
        Stance::Error => Advice::Refuse { summary, detail },
        _ => Advice::Warn { summary, detail },
    }
}

/// Returns whether it is said that the org was not seen whole: to a gate always, else where the
/// listing contradicts itself.
fn is_told(opinion: &Opinion, policy: &RunPolicy) -> bool {
    opinion.gap.as_ref().is_some_and(|gap| gap.is_flaw || policy.stance == Stance::Error)
}

/// Returns whether a verdict rests on what the listing lacks.
fn leaves_open(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Create | Verdict::Gone | Verdict::NotAConflict)
}

/// What an apply says about a create that was refused.
pub(crate) fn in_apply(opinion: &Opinion, policy: &RunPolicy) -> Advice {
    let finding = &opinion.finding;
    match &opinion.adoption {
        Ok((id, expect)) => {
            let (word, happened) = if opinion.is_self_made {
                let lost = "The reply to its create was lost; it was made all the same.";
                ("was created", lost.to_owned())
            } else {
                let because = match finding.verdict {
                    // What differs is told here: an apply that asks nobody announces nothing.
                    Verdict::AdoptWithDrift => catalogue::message(finding),
                    _ if finding.failure().is_none() => "It exists already.".to_owned(),
                    _ => "The create was refused because it exists.".to_owned(),
                };
                ("was adopted", format!("{because} Nothing was created."))
            };
            let detail = format!(
                "{happened} Terraform takes {id} into the state.{}",
                drift(opinion, *expect)
            );
            advice(summary(word, finding), detail, id, opinion, *expect)
        }
        Err(_)
            if matches!(
                finding.verdict,
                Verdict::NotAConflict | Verdict::Create | Verdict::Managed
            ) =>
        {
            Advice::Pass
        }
        Err(reason) => {
            let (summary, detail) = not_adopted(finding, Some(reason), policy);
            Advice::Warn { summary, detail }
        }
    }
}

/// What is said in a plan of an object that the provider cannot read, or not as it was listed.
pub(crate) fn unread(adopt: &Adopt, reason: &str) -> Advice {
    Advice::Warn {
        summary: adopt.summary.clone(),
        detail: format!("It is not adopted: what differs could not be read. {reason}"),
    }
}

fn advice(
    summary: String,
    detail: String,
    id: &EntityId,
    opinion: &Opinion,
    expect: Expect,
) -> Advice {
    let kind = opinion.finding.kind;
    let key = kind.map(|kind| kind.key).unwrap_or_default().iter();
    // What the id that is imported holds is right by itself; not every read tells it.
    let is_in_id = |name: &str| kind.is_some_and(|kind| kind.import_id.holds(name));
    Advice::Adopt(Adopt {
        id: id.to_string(),
        summary,
        detail,
        must_match: key
            .filter(|part| !is_in_id(part.terraform))
            .map(|part| part.terraform.to_owned())
            .collect(),
        if_it_differs: (!opinion.is_foretold).then(|| {
            match expect {
                Expect::Update => ", which is updated to the configuration.",
                Expect::NoOp | Expect::DriftStays => {
                    ": that stays as it is in the org, and the next plan shows it; --accept-drift updates it at once."
                }
            }
            .to_owned()
        }),
        accept_drift: expect == Expect::Update,
    })
}

/// Returns whether nothing is to be said of a planned create.
fn is_quiet(verdict: Verdict, finding: &Finding) -> bool {
    match verdict {
        Verdict::Create
        | Verdict::UnknownName
        | Verdict::Managed
        | Verdict::Gone
        | Verdict::NotAConflict
        | Verdict::MovePending
        | Verdict::PlannedImport => true,
        // The provider takes Home over without a create.
        Verdict::Home => {
            finding.evidence.reason == Reason::HomeMatches && finding.evidence.drift.is_empty()
        }
        _ => false,
    }
}

fn not_adopted(finding: &Finding, reason: Option<&String>, policy: &RunPolicy) -> (String, String) {
    let word = match finding.verdict {
        Verdict::Adopt | Verdict::AdoptWithDrift => "already exists and is not adopted".to_owned(),
        verdict => format!("is not adopted: {}", catalogue::verdict_entry(verdict).title),
    };
    let mut lines = vec![catalogue::message(finding)];
    lines.extend(reason.filter(|reason| !reason.is_empty()).cloned());
    let hints = catalogue::hints(finding, &policy.terraform);
    lines.extend(hints.into_iter().map(|hint| format!("> {hint}")));
    (summary(&word, finding), lines.join("\n"))
}

/// `"Engineering" already exists (5a0bbc2a)`.
fn summary(word: &str, finding: &Finding) -> String {
    let name = finding.name.as_ref().map_or_else(
        || format!("A {}", finding.kind.map_or("object", |kind| kind.words.noun)),
        Shown::visible,
    );
    let entity = finding.evidence.entity.as_ref();
    let candidate = finding.evidence.candidates.first().map(|candidate| &candidate.entity);
    match entity.or(candidate) {
        Some(entity) => format!("{name} {word} ({})", first_digits(&entity.id)),
        None => format!("{name} {word}"),
    }
}

fn first_digits(id: &EntityId) -> String {
    id.as_str().chars().take(8).collect()
}

fn drift(opinion: &Opinion, expect: Expect) -> &'static str {
    match expect {
        Expect::NoOp => "",
        // What differs is told once it is read.
        _ if !opinion.is_foretold => "",
        Expect::DriftStays => {
            " What differs stays as it is in the org, and the next plan shows it; --accept-drift updates it at once."
        }
        Expect::Update => " What differs is updated to the configuration.",
    }
}
