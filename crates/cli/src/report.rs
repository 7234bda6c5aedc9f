//! The report: what one run found and did, in the shape of `-o json`.
//!
//! Every output format renders from it, so all say the same. Never decides and never prints: it
//! joins findings with decisions and counts. Invariant: within [`SCHEMA_VERSION`] fields are only
//! added; the schema is docs/report.schema.json. Texts are raw here: whoever writes them for people
//! goes through [`crate::render`].

use std::collections::BTreeMap;

use divvy_core::address::Address;
use divvy_core::catalogue;
use divvy_core::decide::{self, Decision, Expect, Question};
use divvy_core::entity::EntityId;
use divvy_core::failure::{Failure, Origin};
use divvy_core::finding::{self, Resolution};
use divvy_core::name::Difference;
use divvy_core::survey::{Alias, AliasTarget, Pending, Survey};
use divvy_core::verdict::{HeadlineKind, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the JSON contract.
pub const SCHEMA_VERSION: u32 = 1;

/// The command that a report is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// `divvy check`.
    Check,
    /// `divvy fix`.
    Fix,
    /// `divvy explain`.
    Explain,
    /// `divvy run`.
    Run,
}

/// Terraform or OpenTofu, as it was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Terraform {
    /// The program: a name or a path.
    pub program: String,
    /// Its version, where it was asked.
    pub version: Option<String>,
}

/// Where a block stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as a person would write it from the working directory.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// What a run knows beyond its survey and its decisions.
#[derive(Clone, Debug, Default)]
pub struct RunInfo {
    /// The Terraform program; `None` if it was not run.
    pub terraform: Option<Terraform>,
    /// Where the credentials of each alias came from, in words, without a secret.
    pub credentials_from: BTreeMap<Alias, String>,
    /// Where the block of each address stands, as far as it was found.
    pub places: BTreeMap<Address, Place>,
    /// True once the actions are carried out; false for a forecast.
    pub is_carried_out: bool,
    /// How many rounds it took; `None` where there are none.
    pub rounds: Option<u32>,
    /// Whether the verifying plan holds no resource change; `None` if nothing was verified.
    pub clean: Option<bool>,
    /// `--require-clean`.
    pub require_clean: bool,
    /// Names of outputs that the verifying plan still changes: they do not count for `clean`.
    pub outputs_left: Vec<String>,
    /// What the last plan would do; `None` takes the survey's own plan.
    pub pending: Option<Pending>,
    /// How many API requests were sent.
    pub api_requests: u64,
    /// How many times Terraform was run.
    pub terraform_runs: u64,
    /// Whatever else a person should know, one sentence each.
    pub notes: Vec<String>,
}

/// A provider configuration and the org that it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Org {
    /// The provider configuration.
    pub alias: String,
    /// The org's id.
    pub id: String,
    /// The org's name.
    pub name: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Where the credentials came from.
    pub credentials_from: Option<String>,
}

/// The entity that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entity {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its description, where it has one.
    pub description: Option<String>,
    /// True for the org's home entity.
    pub home: bool,
}

/// An entity that could be meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// In which ways its name differs from the wanted one.
    pub differs: Vec<Difference>,
}

/// An attribute in which configuration and org differ; null is unset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// Terraform's name of the attribute.
    pub attribute: &'static str,
    /// What the configuration wants.
    pub config: Option<Value>,
    /// What the org has.
    pub org: Option<Value>,
}

/// What is done about a finding (`check`: what `fix` would do).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Nothing, or nothing before a person has said more.
    None,
    /// The id is imported; the org stays as it is.
    Import {
        /// Which entity.
        id: String,
    },
    /// The id is imported, and the entity is updated to what the configuration says.
    Update {
        /// Which entity.
        id: String,
    },
    /// The state's entry moves to this address.
    StateMv {
        /// Where the state holds it now.
        from: String,
        /// Which entity.
        id: Option<String>,
    },
    /// The state's entry goes, and the id is imported.
    StateRmImport {
        /// Which entity.
        id: String,
    },
    /// The state's entry is no longer tainted.
    Untaint {
        /// Which entity.
        id: Option<String>,
    },
}

/// What becomes of a finding, for grouping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its entity is imported.
    Adopted,
    /// The state is repaired.
    Repaired,
    /// A person has to say or change something.
    NeedsYou,
    /// Nothing is to be done.
    LeftAlone,
}

impl Outcome {
    /// Every outcome, in the order in which reports show them.
    pub const ALL: [Self; 4] = [Self::Adopted, Self::Repaired, Self::NeedsYou, Self::LeftAlone];

    /// Returns the heading of its group.
    pub fn title(self, is_carried_out: bool) -> &'static str {
        match (self, is_carried_out) {
            (Self::Adopted, false) => "Will be adopted",
            (Self::Adopted, true) => "Adopted",
            (Self::Repaired, false) => "Will be repaired",
            (Self::Repaired, true) => "Repaired",
            (Self::NeedsYou, _) => "Needs you",
            (Self::LeftAlone, _) => "Left alone",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The verdict's code.
    pub code: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// What also applied.
    pub also: Vec<Verdict>,
    /// The kind's noun.
    pub kind: Option<&'static str>,
    /// The instance, as Terraform spells it.
    pub address: Option<String>,
    /// Its provider configuration.
    pub alias: Option<String>,
    /// The wanted name.
    pub name: Option<String>,
    /// The entity that is meant.
    pub entity: Option<Entity>,
    /// Entities that could be meant.
    pub candidates: Vec<Candidate>,
    /// What an import would find different.
    pub drift: Vec<Drift>,
    /// What it means here.
    pub message: String,
    /// What to type or change next.
    pub hints: Vec<String>,
    /// What is done about it.
    pub action: Action,
    /// What becomes of it.
    #[serde(skip)]
    pub outcome: Outcome,
    /// What a person is asked, if anything.
    #[serde(skip)]
    pub question: Option<Question>,
    /// True where an import leaves the entity different from its configuration.
    #[serde(skip)]
    pub drift_stays: bool,
    /// Where its block stands.
    #[serde(skip)]
    pub place: Option<Place>,
    /// The failure that it explains, as it was heard of, in words.
    #[serde(skip)]
    pub heard: Option<String>,
}

/// Something about the whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Headline {
    /// Its code.
    pub code: &'static str,
    /// What it means for this run.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<String>,
    /// Which one.
    #[serde(skip)]
    pub kind: HeadlineKind,
}

/// What one run found and did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The command.
    pub command: Command,
    /// The Terraform program.
    pub terraform: Option<Terraform>,
    /// Each provider configuration that leads to an org.
    pub orgs: Vec<Org>,
    /// Everything but what is well.
    pub findings: Vec<Finding>,
    /// The weightiest statement about the run.
    pub headline: Option<Headline>,
    /// How many findings of each verdict.
    pub summary: BTreeMap<&'static str, usize>,
    /// How many rounds it took.
    pub rounds: Option<u32>,
    /// Whether the verifying plan holds no resource change.
    pub clean: Option<bool>,
    /// What the last plan would do, over all types.
    pub pending: Option<Pending>,
    /// How many API requests were sent.
    pub api_requests: u64,
    /// How many times Terraform was run.
    pub terraform_runs: u64,
    /// Further headlines, for people.
    #[serde(skip)]
    pub further_headlines: Vec<Headline>,
    /// How many instances are tracked and well.
    #[serde(skip)]
    pub managed: usize,
    /// True once the actions are carried out.
    #[serde(skip)]
    pub is_carried_out: bool,
    /// `--require-clean`.
    #[serde(skip)]
    pub require_clean: bool,
    /// Remarks for people, one sentence each.
    #[serde(skip)]
    pub notes: Vec<String>,
}

impl Report {
    /// Joins a resolution with the decisions about its findings (in their order) and the run.
    pub fn new(
        command: Command,
        survey: &Survey,
        resolution: &Resolution,
        decisions: &[Decision],
        info: RunInfo,
    ) -> Self {
        debug_assert_eq!(resolution.findings.len(), decisions.len());
        let nothing_is_written =
            resolution.headlines.iter().any(|headline| headline.kind.stops_writing());
        let findings: Vec<_> = resolution
            .findings
            .iter()
            .zip(decisions)
            .filter(|(finding, _)| finding.verdict != Verdict::Managed)
            .map(|(finding, decision)| match decision {
                Decision::Act(_) if nothing_is_written => {
                    Finding::new(survey, finding, &Decision::Nothing, &info)
                }
                _ => Finding::new(survey, finding, decision, &info),
            })
            .collect();
        let mut summary = BTreeMap::new();
        for finding in &findings {
            *summary.entry(finding.verdict.word()).or_default() += 1;
        }
        let mut headlines = resolution.headlines.iter().map(Headline::new);
        let pending = info.pending.or(survey.desired.as_ref().map(|desired| desired.pending));
        let mut notes = info.notes;
        notes.extend(outputs_note(&info.outputs_left));
        Self {
            schema_version: SCHEMA_VERSION,
            command,
            terraform: info.terraform,
            orgs: orgs(survey, &info.credentials_from),
            managed: resolution.findings.len() - findings.len(),
            findings,
            headline: headlines.next(),
            further_headlines: headlines.collect(),
            summary,
            rounds: info.rounds,
            clean: info.clean,
            pending,
            api_requests: info.api_requests,
            terraform_runs: info.terraform_runs,
            is_carried_out: info.is_carried_out,
            require_clean: info.require_clean,
            notes,
        }
    }

    /// Returns the findings of one outcome.
    pub fn findings_of(&self, outcome: Outcome) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.outcome == outcome)
    }

    /// Returns every headline, the weightiest first.
    pub fn headlines(&self) -> impl Iterator<Item = &Headline> {
        self.headline.iter().chain(&self.further_headlines)
    }

    /// Returns the exit code: 3 if something needs a person, else 2 if `check` found something to
    /// do or a plan that had to be clean is not, else 0. (1 is an error, which has no report.)
    ///
    /// A missing state needs a person through its findings: they ask until `--adopt-all` is said.
    pub fn exit_code(&self) -> u8 {
        let needs_a_person = self.headlines().any(|headline| headline.kind.stops_writing())
            || self
                .findings
                .iter()
                .any(|finding| finding.outcome == Outcome::NeedsYou || finding.drift_stays);
        let has_something_to_do = self.command == Command::Check && self.has_actions();
        let is_unclean = self.require_clean && self.clean != Some(true);
        match (needs_a_person, has_something_to_do || is_unclean) {
            (true, _) => 3,
            (false, true) => 2,
            (false, false) => 0,
        }
    }

    /// Says whether anything is (to be) carried out.
    pub fn has_actions(&self) -> bool {
        self.findings.iter().any(|finding| finding.action != Action::None)
    }

    /// Returns the Terraform program to type.
    pub fn program(&self) -> &str {
        self.terraform.as_ref().map_or("terraform", |terraform| &terraform.program)
    }

    /// Returns the next command to type.
    pub fn next_command(&self) -> String {
        let program = self.program();
        if let Some(headline) = &self.headline {
            match headline.kind {
                HeadlineKind::ErroredState => {
                    return format!("{program} state push errored.tfstate");
                }
                HeadlineKind::WrongOrg | HeadlineKind::RestrictedView => {
                    return "divvy doctor".to_owned();
                }
                HeadlineKind::MissingState if !self.has_actions() => {
                    return format!("{program} workspace show");
                }
                HeadlineKind::MissingState | HeadlineKind::Limit => {}
            }
        }
        if self.has_actions() && !self.is_carried_out {
            return "divvy fix".to_owned();
        }
        let questions = || self.findings.iter().filter_map(|finding| finding.question);
        let mut flags: Vec<_> = questions().filter_map(flag).collect();
        flags.sort_unstable();
        flags.dedup();
        if !flags.is_empty() {
            return format!("divvy fix {}", flags.join(" "));
        }
        if let Some(finding) = self.findings_of(Outcome::NeedsYou).next() {
            let is_command = |hint: &&String| hint.starts_with("divvy ");
            return finding
                .hints
                .iter()
                .find(is_command)
                .cloned()
                .unwrap_or_else(|| format!("divvy explain {}", finding.code));
        }
        match self.pending {
            Some(pending) if !pending.is_clean() => format!("{program} apply"),
            _ => format!("{program} plan"),
        }
    }
}

impl Finding {
    fn new(
        survey: &Survey,
        finding: &finding::Finding,
        decision: &Decision,
        info: &RunInfo,
    ) -> Self {
        let evidence = &finding.evidence;
        let (action, outcome, expect) = told(finding, decision);
        let question = match decision {
            Decision::Ask { question, .. } => Some(*question),
            Decision::Act(_) | Decision::Nothing => None,
        };
        Self {
            code: finding.verdict.code(),
            verdict: finding.verdict,
            also: finding.also.clone(),
            kind: finding.kind.map(|kind| kind.noun),
            address: finding.address.as_ref().map(ToString::to_string),
            alias: finding.alias.as_ref().map(ToString::to_string),
            name: finding.name.clone(),
            entity: evidence.entity.as_ref().map(|entity| Entity {
                id: entity.id.to_string(),
                name: entity.key.to_string(),
                description: entity.text("description").map(str::to_owned),
                home: entity.is_home,
            }),
            candidates: evidence
                .candidates
                .iter()
                .map(|candidate| Candidate {
                    id: candidate.entity.id.to_string(),
                    name: candidate.entity.key.to_string(),
                    differs: candidate.differs.clone(),
                })
                .collect(),
            drift: evidence
                .drift
                .iter()
                .map(|drift| Drift {
                    attribute: drift.attribute,
                    config: drift.config.clone(),
                    org: drift.org.clone(),
                })
                .collect(),
            message: catalogue::message(finding),
            hints: hints(finding, decision, info.is_carried_out),
            action,
            outcome,
            question,
            drift_stays: expect == Some(Expect::DriftStays),
            place: finding.address.as_ref().and_then(|address| info.places.get(address)).cloned(),
            heard: finding.failure.and_then(|index| survey.failures.get(index)).map(heard),
        }
    }

    /// Returns the id that is imported, `None` where nothing is imported.
    pub fn imported_id(&self) -> Option<&str> {
        match &self.action {
            Action::Import { id } | Action::Update { id } | Action::StateRmImport { id } => {
                Some(id)
            }
            Action::None | Action::StateMv { .. } | Action::Untaint { .. } => None,
        }
    }
}

impl Headline {
    fn new(headline: &finding::Headline) -> Self {
        Self {
            code: headline.kind.code(),
            message: catalogue::headline_message(headline),
            hints: catalogue::headline_hints(headline.kind),
            kind: headline.kind,
        }
    }
}

/// Says where a failure was heard of, and what damaged its text.
fn heard(failure: &Failure) -> String {
    let mut heard = match failure.origin {
        Origin::Log => format!("line {}: {}", failure.line, failure.summary),
        Origin::Live => failure.summary.clone(),
    };
    if let Some(unit) = &failure.unit {
        heard = format!("{unit}, {heard}");
    }
    if let Some(correlation_id) = &failure.correlation_id {
        heard.push_str(&format!(" (correlation id {correlation_id})"));
    }
    if !failure.damage.is_empty() {
        heard.push_str(&format!("; damaged: {}", failure.damage.join(", ")));
    }
    heard
}

/// Translates a decision into the contract's words.
fn told(finding: &finding::Finding, decision: &Decision) -> (Action, Outcome, Option<Expect>) {
    let entity_id = || finding.evidence.entity.as_ref().map(|entity| entity.id.to_string());
    match decision {
        Decision::Nothing => (Action::None, Outcome::LeftAlone, None),
        Decision::Ask { .. } => (Action::None, Outcome::NeedsYou, None),
        Decision::Act(action) => match action {
            decide::Action::Import { id, expect } => {
                let id = id.to_string();
                let action = match expect {
                    Expect::Update => Action::Update { id },
                    Expect::NoOp | Expect::DriftStays => Action::Import { id },
                };
                (action, Outcome::Adopted, Some(*expect))
            }
            decide::Action::StateRmImport { id, expect } => {
                (Action::StateRmImport { id: id.to_string() }, Outcome::Repaired, Some(*expect))
            }
            decide::Action::StateMv { from } => {
                let action = Action::StateMv { from: from.to_string(), id: entity_id() };
                (action, Outcome::Repaired, None)
            }
            decide::Action::Untaint => {
                (Action::Untaint { id: entity_id() }, Outcome::Repaired, None)
            }
        },
    }
}

/// Returns the flag that answers a question for all findings that ask it, where there is one.
fn flag(question: Question) -> Option<&'static str> {
    match question {
        Question::AdoptAll => Some("--adopt-all"),
        Question::Drift => Some("--adopt-drifted"),
        Question::Repair => Some("--repair"),
        Question::Home => Some("--home"),
        Question::Choose | Question::Elsewhere | Question::NotApproved | Question::Forbidden => {
            None
        }
    }
}

/// Says what to do next, as far as it is not done already.
fn hints(finding: &finding::Finding, decision: &Decision, is_carried_out: bool) -> Vec<String> {
    let mut hints: Vec<_> = catalogue::hints(finding)
        .into_iter()
        .filter(|hint| !hint.is_empty())
        .map(|hint| quoted_for_sh(hint, finding))
        .collect();
    match decision {
        Decision::Ask { question: Question::AdoptAll, .. } => {
            vec!["divvy fix --adopt-all".to_owned()]
        }
        Decision::Ask { question: Question::NotApproved, .. } => {
            vec!["the approved file does not hold it: divvy check -o json=FILE".to_owned()]
        }
        Decision::Ask { question: Question::Forbidden, .. } => {
            hints.insert(
                0,
                "the id cannot be taken: it is Home's, or another address has it".to_owned(),
            );
            hints
        }
        Decision::Act(action) if is_carried_out => {
            // What stays different is told first, one hint for each attribute.
            let stays = matches!(
                action,
                decide::Action::Import { expect: Expect::DriftStays, .. }
                    | decide::Action::StateRmImport { expect: Expect::DriftStays, .. }
            );
            hints.truncate(if stays { finding.evidence.drift.len() } else { 0 });
            hints
        }
        _ => hints,
    }
}

/// Closes and reopens the single quotes around an address that holds one itself: the catalogue
/// sets quotes and leaves the address as it is.
fn quoted_for_sh(hint: String, finding: &finding::Finding) -> String {
    finding.address.iter().chain(&finding.evidence.others).fold(hint, |hint, address| {
        let address = address.as_str();
        if address.contains('\'') {
            hint.replace(&format!("'{address}"), &format!("'{}", address.replace('\'', r"'\''")))
        } else {
            hint
        }
    })
}

fn orgs(survey: &Survey, credentials_from: &BTreeMap<Alias, String>) -> Vec<Org> {
    survey
        .aliases
        .iter()
        .filter_map(|(alias, target)| {
            let AliasTarget::Org(id) = target else { return None };
            let org = survey.orgs.get(id);
            Some(Org {
                alias: alias.to_string(),
                id: id.to_string(),
                name: org.and_then(|org| org.name.clone()),
                region: org.and_then(|org| org.region.clone()),
                credentials_from: credentials_from.get(alias).cloned(),
            })
        })
        .collect()
}

fn outputs_note(outputs_left: &[String]) -> Option<String> {
    (!outputs_left.is_empty()).then(|| {
        format!(
            "The plan still changes outputs, which does not count as a change of a resource: {}.",
            outputs_left.join(", ")
        )
    })
}

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
