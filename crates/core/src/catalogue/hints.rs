//! What to type or change next, about a finding or a headline.
//!
//! Never decides. Invariant: what is to be typed begins with the program's name, and an address
//! stands in it quoted for a POSIX shell.

use crate::entity::EntityId;
use crate::finding::{Evidence, Finding, Reason};
use crate::name::visible;
use crate::shell::word;
use crate::shown::Shown;
use crate::verdict::{HeadlineKind, Verdict};

/// Says what to type or change next, most useful first. `terraform` is the program as to be typed:
/// `terraform`, `tofu`.
pub fn hints(finding: &Finding, terraform: &str) -> Vec<String> {
    let evidence = &finding.evidence;
    let address = finding.address.as_ref().map_or("ADDR", |address| address.as_str());
    let at = word(address);
    let alias = finding.alias.as_ref().map_or("ALIAS", |alias| alias.as_str());
    let entity = evidence.entity.as_ref();
    let label = finding.address.as_ref().map_or("home", |address| address.name());
    let apply = || format!("{terraform} apply");
    let choose = || {
        let ids = evidence.candidates.iter().map(|candidate| &candidate.entity.id);
        let mut hints: Vec<_> =
            ids.map(|id| format!("divvy fix --id {}", word(&format!("{address}={id}")))).collect();
        for candidate in
            evidence.candidates.iter().take(1).filter(|candidate| !candidate.differs.is_empty())
        {
            hints.push(match &candidate.entity.key {
                Shown::Plain(key) => {
                    format!("or change the configuration to name = {}", visible(&key.to_string()))
                }
                Shown::Sensitive => format!(
                    "or change the configuration to the name that the org has for {}",
                    candidate.entity.id
                ),
            });
        }
        hints
    };
    match finding.verdict {
        Verdict::UnresolvedCredentials => {
            vec!["divvy doctor".to_owned(), format!("divvy check --org {alias}=PROFILE")]
        }
        Verdict::NotAConflict if evidence.reason == Reason::NameIsFree => vec![
            apply(),
            "if the 409 stays: divvy explain DVY106".to_owned(),
        ],
        Verdict::NotAConflict | Verdict::MovePending | Verdict::Gone => vec![apply()],
        Verdict::PlannedImport => match evidence.reason {
            Reason::ImportIsRight => vec![apply()],
            _ => vec!["correct or remove the import block".to_owned()],
        },
        Verdict::DoubleTracked => evidence.others.iter().map(|other| format!("{terraform} state rm {}", word(other.as_str()))).collect(),
        Verdict::Stale if entity.is_some() && evidence.others.is_empty() => vec!["divvy fix --repair".to_owned()],
        Verdict::Stale => vec!["divvy explain DVY115".to_owned()],
        Verdict::Tainted => vec!["divvy fix --repair".to_owned()],
        Verdict::Home => home_hints(evidence, label),
        Verdict::UnknownName => vec![format!("divvy run -- {terraform} apply")],
        Verdict::ReplaceCycle => vec!["remove create_before_destroy from this block".to_owned()],
        Verdict::RenameChain => vec!["use for_each with the names as keys, or `moved` blocks".to_owned()],
        Verdict::RenameClash => vec!["choose another name, or adopt the division that has this one".to_owned()],
        Verdict::DuplicateInConfig => vec!["remove one of the blocks, or give it another name".to_owned()],
        Verdict::Moved => match evidence.others.as_slice() {
            [from] => vec![
                "divvy fix --repair".to_owned(),
                format!("or add a moved block with from = {from} and to = {address}"),
            ],
            _ => vec!["divvy explain DVY124".to_owned()],
        },
        Verdict::OtherOwner => {
            let mut hints = vec![
                format!("take it out there first: a removed block with destroy = false, or {terraform} state rm"),
                format!("or use data \"{}\" here", finding.kind.map_or("", |kind| kind.data_source)),
            ];
            hints.extend(entity.map(|entity| {
                format!("or, to move it here now: divvy fix --id {}", word(&format!("{address}={}", entity.id)))
            }));
            hints
        }
        Verdict::Ambiguous => {
            let units = match &evidence.reason {
                Reason::SeveralUnits(units) => units.as_slice(),
                _ => &[],
            };
            let by_unit = units
                .iter()
                .map(|unit| format!("divvy fix --from-log FILE --unit {}", word(unit)));
            by_unit.chain(choose()).collect()
        }
        Verdict::NearMiss => {
            let mut hints = choose();
            hints.push(format!("or, if it is another: divvy fix --new {at}"));
            hints
        }
        Verdict::Adopt => vec!["divvy fix".to_owned()],
        Verdict::AdoptWithDrift => drift_hints(evidence),
        Verdict::DeletedTwin => {
            let restore = finding.kind.zip(entity).map(|(kind, entity)| {
                format!("restore it: POST {}/{}/restore, then divvy fix", kind.collection, entity.id)
            });
            restore.into_iter().chain(["or choose another name".to_owned()]).collect()
        }
        Verdict::Hidden => vec![
            "divvy doctor".to_owned(),
            "grant the client's role in all divisions (Admin > People & Permissions > Roles); it can take five minutes to act".to_owned(),
            format!("if you know the id: divvy fix --id {}", word(&format!("{address}=ID"))),
        ],
        Verdict::Create | Verdict::Managed => Vec::new(),
    }
}

fn home_hints(evidence: &Evidence, label: &str) -> Vec<String> {
    match evidence.reason {
        Reason::HomeMatches => vec!["divvy fix --home".to_owned()],
        Reason::HomeFlagMissing => vec![
            format!(
                "use the data source instead: data \"{}\" \"{label}\" {{}}",
                crate::kinds::division::HOME_DATA_SOURCE
            ),
            "or add home = true to the block, then divvy fix --home".to_owned(),
        ],
        _ => vec![
            format!(
                "use the data source instead: data \"{}\" \"{label}\" {{}}",
                crate::kinds::division::HOME_DATA_SOURCE
            ),
            "or remove home = true".to_owned(),
        ],
    }
}

fn drift_hints(evidence: &Evidence) -> Vec<String> {
    let mut hints = keep_attributes(evidence);
    hints.extend([
        "divvy fix --adopt-drifted (import, org untouched)".to_owned(),
        "divvy fix --accept-drift (import, then update it)".to_owned(),
    ]);
    hints
}

fn keep_attributes(evidence: &Evidence) -> Vec<String> {
    let keep = evidence.drift.iter().map(|drift| match &drift.org {
        Some(Shown::Plain(value)) => {
            format!("keep the org's value: {} = {}", drift.attribute, hcl(value))
        }
        Some(Shown::Sensitive) => format!(
            "keep the org's value: set {} to what the org has, which is not shown because the configuration holds it to be sensitive",
            drift.attribute
        ),
        None => format!("keep the org's value: remove {}", drift.attribute),
    });
    keep.collect()
}

/// Says how the configuration can follow an entity that was imported although it differs.
pub fn hints_to_keep(finding: &Finding, id: &EntityId) -> Vec<String> {
    let candidates = finding.evidence.candidates.iter();
    let renamed = candidates.filter(|one| one.entity.id == *id && !one.differs.is_empty());
    let mut hints: Vec<_> = renamed
        .map(|one| match &one.entity.key {
            Shown::Plain(key) => {
                format!("keep the org's value: name = {}", hcl(&key.to_string().into()))
            }
            Shown::Sensitive => {
                format!("keep the org's value: set name to what the org has for {id}")
            }
        })
        .collect();
    hints.extend(keep_attributes(&finding.evidence));
    hints
}

/// Writes a value as an HCL expression. Text is quoted with HCL's own escapes (it has no `\b` and
/// `\f`), and template marks are doubled.
pub fn hcl(value: &serde_json::Value) -> String {
    let serde_json::Value::String(text) = value else { return value.to_string() };
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted.replace("${", "$${").replace("%{", "%%{")
}

/// Says what to do about a headline; `terraform` as for [`hints`].
pub fn headline_hints(kind: HeadlineKind, terraform: &str) -> Vec<String> {
    let doctor = || "divvy doctor".to_owned();
    match kind {
        HeadlineKind::ErroredState => vec![
            format!("{terraform} state push errored.tfstate"),
            format!("then {terraform} plan"),
        ],
        HeadlineKind::RestrictedView => vec![
            doctor(),
            "grant the client's role in all divisions; it can take five minutes to act".to_owned(),
        ],
        HeadlineKind::WrongOrg => {
            vec![doctor(), "check region and client of the provider block".to_owned()]
        }
        HeadlineKind::MissingState => vec![
            format!("check workspace, backend and directory ({terraform} workspace show)"),
            "if the state is really lost: divvy fix --adopt-all".to_owned(),
            "without a shared backend the adopted state is lost again after the job".to_owned(),
        ],
        HeadlineKind::Limit => {
            vec!["delete what is not needed, or ask for a higher limit".to_owned()]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_marks_are_escaped_in_hcl() {
        assert_eq!(hcl(&"a ${b} %{c} \"d\"".into()), r#""a $${b} %%{c} \"d\"""#);
        assert_eq!(hcl(&"a\u{8}\n".into()), r#""a\u0008\n""#);
    }
}
