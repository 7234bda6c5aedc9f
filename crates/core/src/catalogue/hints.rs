//! What to type or change next, about a finding or a headline.
//!
//! Never decides. Invariant: what can be typed as it is written is a command, never advice.

use crate::finding::{Drift, Evidence, Finding, Reason};
use crate::hint::{CommandLine, Hint};
use crate::name::visible;
use crate::shown::Shown;
use crate::verdict::{HeadlineKind, Verdict};

/// Says what to type or change next, most useful first. `terraform` is the program as to be typed:
/// `terraform`, `tofu`.
pub fn hints(finding: &Finding, terraform: &str) -> Vec<Hint> {
    let evidence = &finding.evidence;
    let address = finding.address.as_ref().map_or("ADDR", |address| address.as_str());
    let alias = finding.alias.as_ref().map_or("ALIAS", |alias| alias.as_str());
    let entity = evidence.entity.as_ref();
    let label = finding.address.as_ref().map_or("home", |address| address.name());
    let apply = || CommandLine::of(terraform).words("apply").into();
    let id_of = |id: &str| CommandLine::divvy("fix --id").word(&format!("{address}={id}"));
    let choose = || {
        let ids = evidence.candidates.iter().map(|candidate| &candidate.entity.id);
        let mut hints: Vec<Hint> = ids.map(|id| id_of(id.as_str()).into()).collect();
        for candidate in
            evidence.candidates.iter().take(1).filter(|candidate| !candidate.differs.is_empty())
        {
            hints.push(match &candidate.entity.key {
                Shown::Plain(key) => {
                    let name = visible(&key.to_string());
                    format!("or change the configuration to name = {name}").into()
                }
                Shown::Sensitive => format!(
                    "or change the configuration to the name that the org has for {}",
                    candidate.entity.id
                )
                .into(),
            });
        }
        hints
    };
    match finding.verdict {
        Verdict::UnresolvedCredentials => vec![
            CommandLine::divvy("doctor").into(),
            CommandLine::divvy("check --org").placeholder(format!("{alias}=PROFILE")).into(),
        ],
        Verdict::NotAConflict if evidence.reason == Reason::NameIsFree => vec![
            apply(),
            CommandLine::divvy("explain DVY106").because("if the 409 stays").into(),
        ],
        Verdict::NotAConflict | Verdict::MovePending | Verdict::Gone => vec![apply()],
        Verdict::PlannedImport => match evidence.reason {
            Reason::ImportIsRight => vec![apply()],
            Reason::ImportedIdUnseen => vec![CommandLine::divvy("doctor").into()],
            _ => vec!["correct or remove the import block".into()],
        },
        Verdict::DoubleTracked => {
            let others = evidence.others.iter();
            others
                .map(|other| CommandLine::of(terraform).words("state rm").word(other.as_str()).into())
                .collect()
        }
        Verdict::Stale if entity.is_some() && evidence.others.is_empty() => vec![repair()],
        Verdict::Stale => vec![CommandLine::divvy("explain DVY115").into()],
        Verdict::Tainted => vec![repair()],
        Verdict::Home => home_hints(evidence, label),
        Verdict::UnknownName => {
            vec![CommandLine::divvy("run --").word(terraform).words("apply").into()]
        }
        Verdict::ReplaceCycle => vec!["remove create_before_destroy from this block".into()],
        Verdict::RenameChain => vec!["use for_each with the names as keys, or `moved` blocks".into()],
        Verdict::RenameClash => {
            vec!["choose another name, or adopt the division that has this one".into()]
        }
        Verdict::DuplicateInConfig => {
            vec!["remove one of the blocks, or give it another name".into()]
        }
        Verdict::Moved => match evidence.others.as_slice() {
            [from] => vec![
                repair(),
                format!("or add a moved block with from = {from} and to = {address}").into(),
            ],
            _ => vec![CommandLine::divvy("explain DVY124").into()],
        },
        Verdict::OtherOwner => {
            let data_source = finding.kind.map_or("", |kind| kind.data_source);
            let mut hints = vec![
                format!("take it out there first: a removed block with destroy = false, or {terraform} state rm").into(),
                format!("or use data \"{data_source}\" here").into(),
            ];
            hints.extend(entity.map(|entity| {
                id_of(entity.id.as_str()).because("to move it here now").into()
            }));
            hints
        }
        Verdict::Ambiguous => {
            let units = match &evidence.reason {
                Reason::SeveralUnits(units) => units.as_slice(),
                _ => &[],
            };
            let by_unit = units.iter().map(|unit| {
                CommandLine::divvy("fix --from-log FILE --unit").word(unit).into()
            });
            by_unit.chain(choose()).collect()
        }
        Verdict::NearMiss => {
            let mut hints = choose();
            let new = CommandLine::divvy("fix --new").word(address);
            hints.push(new.because("if it is another").into());
            hints
        }
        Verdict::Adopt => vec![CommandLine::divvy("fix").into()],
        Verdict::AdoptWithDrift => drift_hints(evidence),
        Verdict::DeletedTwin => {
            let restore = finding.kind.zip(entity).map(|(kind, entity)| {
                format!("restore it: POST {}/{}/restore, then divvy fix", kind.collection, entity.id).into()
            });
            restore.into_iter().chain(["or choose another name".into()]).collect()
        }
        Verdict::Hidden => vec![
            CommandLine::divvy("doctor").into(),
            "grant the client's role in all divisions (Admin > People & Permissions > Roles); it can take five minutes to act".into(),
            id_of("ID").because("if you know the id").into(),
        ],
        Verdict::Managed => keep_attributes(&evidence.drift),
        Verdict::Create => Vec::new(),
    }
}

fn repair() -> Hint {
    CommandLine::divvy("fix --repair").into()
}

fn home_hints(evidence: &Evidence, label: &str) -> Vec<Hint> {
    let data_source = format!(
        "use the data source instead: data \"{}\" \"{label}\" {{}}",
        crate::kinds::division::HOME_DATA_SOURCE
    );
    match evidence.reason {
        Reason::HomeMatches => vec![CommandLine::divvy("fix --home").into()],
        Reason::HomeFlagMissing => vec![
            data_source.into(),
            "or add home = true to the block, then divvy fix --home".into(),
        ],
        _ => vec![data_source.into(), "or remove home = true".into()],
    }
}

fn drift_hints(evidence: &Evidence) -> Vec<Hint> {
    let mut hints = keep_attributes(&evidence.drift);
    hints.extend([
        CommandLine::divvy("fix --adopt-drifted").because("import, org untouched").into(),
        CommandLine::divvy("fix --accept-drift").because("import, then update it").into(),
    ]);
    hints
}

/// Says how the configuration can follow an entity that differs, one attribute each.
pub fn keep_attributes(drift: &[Drift]) -> Vec<Hint> {
    let lines = drift.iter().map(|drift| match line_to_keep(drift) {
        Some(line) => format!("keep the org's value: {line}"),
        None => format!(
            "keep the org's value: set {} to what the org has, which is not shown because the configuration holds it to be sensitive",
            drift.attribute
        ),
    });
    lines.map(Hint::from).collect()
}

/// Writes the line of configuration that keeps the org's value of an attribute; nothing where the value
/// is concealed.
pub fn line_to_keep(drift: &Drift) -> Option<String> {
    if drift.is_concealed() {
        return None;
    }
    Some(match drift.org.as_ref().and_then(Shown::plain) {
        Some(value) => format!("{} = {}", drift.attribute, hcl(value)),
        None => format!("remove {}", drift.attribute),
    })
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
pub fn headline_hints(kind: HeadlineKind, terraform: &str) -> Vec<Hint> {
    let doctor = || CommandLine::divvy("doctor").into();
    let terraform = || CommandLine::of(terraform);
    match kind {
        HeadlineKind::ErroredState => vec![
            terraform().words("state push errored.tfstate").into(),
            terraform().words("plan").because("then").into(),
        ],
        HeadlineKind::RestrictedView => vec![
            doctor(),
            "grant the client's role in all divisions; it can take five minutes to act".into(),
        ],
        HeadlineKind::WrongOrg => {
            vec![doctor(), "check region and client of the provider block".into()]
        }
        HeadlineKind::MissingState => vec![
            terraform()
                .words("workspace show")
                .because("check workspace, backend and directory")
                .into(),
            CommandLine::divvy("fix --adopt-all").because("if the state is really lost").into(),
            "without a shared backend the adopted state is lost again after the job".into(),
        ],
        HeadlineKind::Limit => {
            vec!["delete what is not needed, or ask for a higher limit".into()]
        }
        HeadlineKind::IncompleteListing => vec![
            "run the same command again: the list may have changed while it was read".into(),
            doctor(),
        ],
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
