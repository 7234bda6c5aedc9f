//! The report: what one run found and did, in the shape of `-o json`.
//!
//! Every output format renders from it, so all say the same. Never decides and never prints: it
//! holds what was joined from findings and decisions. Invariant: within [`SCHEMA_VERSION`] fields are only
//! added; the schema is docs/report.schema.json. Texts are raw here: whoever writes them for people
//! goes through [`crate::render`].

use std::collections::BTreeMap;

use divvy_core::Hint;
use divvy_core::address::Address;
use divvy_core::decide::Question;
use divvy_core::name::Difference;
use divvy_core::shown::Shown;
use divvy_core::survey::Pending;
use divvy_core::verdict::{HeadlineKind, Verdict};
use serde::Serialize;
use serde_json::Value;

use crate::given::Given;

mod approved;
mod build;
mod explained;
mod outlook;

pub use approved::{ApprovedError, approved_pairs};

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

impl Command {
    /// Returns the word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Fix => "fix",
            Self::Explain => "explain",
            Self::Run => "run",
        }
    }
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, relative to the root of the repository, with forward slashes.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// Where and when a report was made: what whoever approves it asks first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// This program and its version.
    pub divvy: String,
    /// When, in UTC, to the second.
    pub at: String,
    /// The directory of the configuration, from the repository's own on.
    pub directory: String,
    /// The workspace; `None` where there is nothing to select one in.
    pub workspace: Option<String>,
    /// The type of the backend.
    pub backend: Option<String>,
    /// The commit that is checked out.
    pub commit: Option<String>,
}

impl Made {
    /// Begins with what every run knows: this program, this moment.
    pub(crate) fn here(directory: String) -> Self {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        Self {
            divvy: format!("divvy {}", env!("CARGO_PKG_VERSION")),
            at: now,
            directory,
            workspace: None,
            backend: None,
            commit: None,
        }
    }
}

/// What a run knows beyond its survey and its decisions.
#[derive(Clone, Debug, Default)]
pub struct RunInfo {
    /// The Terraform program; `None` if it was not run.
    pub terraform: Option<Terraform>,
    /// How this user types the program, where it was not run; `None` if nobody knows.
    pub typed: Option<String>,
    /// Where and when it was made.
    pub made: Option<Made>,
    /// Each provider configuration that leads to an org.
    pub orgs: Vec<Org>,
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
    /// What the last plan would do; `None` if no plan was seen.
    pub pending: Option<Pending>,
    /// How many API requests were sent.
    pub api_requests: u64,
    /// How many times Terraform was run.
    pub terraform_runs: u64,
    /// What was left alone because it is outside of what a person limited the run to, and why.
    pub left_out: BTreeMap<Address, &'static str>,
    /// Whatever else a person should know, one sentence each.
    pub notes: Vec<String>,
}

impl RunInfo {
    /// Returns the Terraform program to type.
    pub fn program(&self) -> &str {
        let run = self.terraform.as_ref().map(|terraform| &terraform.program);
        run.or(self.typed.as_ref()).map_or("terraform", String::as_str)
    }
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
    pub name: Shown<String>,
    /// Its description, where it has one.
    pub description: Option<Shown<String>>,
    /// True for the org's home entity.
    pub home: bool,
}

/// An entity that could be meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Shown<String>,
    /// In which ways its name differs from the wanted one.
    pub differs: Vec<Difference>,
}

/// An attribute in which configuration and org differ; null is unset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// Terraform's name of the attribute.
    pub attribute: &'static str,
    /// What the configuration wants.
    pub config: Option<Shown<Value>>,
    /// What the org has.
    pub org: Option<Shown<Value>>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its entity is imported.
    Adopted,
    /// The state is repaired.
    Repaired,
    /// A person has to say or change something.
    NeedsYou,
    /// The apply makes it: nothing is in the way.
    Created,
    /// Nothing is to be done.
    LeftAlone,
}

impl Outcome {
    /// Every outcome, in the order in which reports show them.
    pub const ALL: [Self; 5] =
        [Self::Adopted, Self::Repaired, Self::NeedsYou, Self::Created, Self::LeftAlone];

    /// Returns the heading of its group.
    pub fn title(self, is_carried_out: bool) -> &'static str {
        match (self, is_carried_out) {
            (Self::Adopted, false) => "Will be adopted",
            (Self::Adopted, true) => "Adopted",
            (Self::Repaired, false) => "Will be repaired",
            (Self::Repaired, true) => "Repaired",
            (Self::NeedsYou, _) => "Needs you",
            (Self::Created, _) => "For the apply to create",
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
    /// The unit of a log with several (Terragrunt); left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Its provider configuration.
    pub alias: Option<String>,
    /// The wanted name.
    pub name: Option<Shown<String>>,
    /// The entity that is meant.
    pub entity: Option<Entity>,
    /// Entities that could be meant.
    pub candidates: Vec<Candidate>,
    /// What an import would find different.
    pub drift: Vec<Drift>,
    /// What it means here.
    pub message: String,
    /// What to type or change next.
    pub hints: Vec<Hint>,
    /// What is done about it.
    pub action: Action,
    /// What becomes of it.
    pub outcome: Outcome,
    /// What a person is asked, if anything.
    #[serde(skip)]
    pub question: Option<Question>,
    /// True where an import leaves the entity different from its configuration.
    #[serde(skip)]
    pub drift_stays: bool,
    /// Which limit of the run it is outside of; left out where it is inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<&'static str>,
    /// Where its block stands, as far as it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
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
    pub hints: Vec<Hint>,
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
    /// The Terraform program, if it was run.
    pub terraform: Option<Terraform>,
    /// How the program is typed.
    #[serde(skip)]
    pub program: String,
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
    /// True where something was left alone because it is outside of the run's limit.
    #[serde(skip)]
    pub leaves_out: bool,
    /// Remarks for people, one sentence each.
    #[serde(skip)]
    pub notes: Vec<String>,
    /// Where and when it was made.
    #[serde(skip)]
    pub made: Option<Made>,
    /// What every command in it carries.
    #[serde(skip)]
    pub(crate) given: Given,
}

impl Report {
    /// Completes every command with what was given on the command line.
    pub(crate) fn completed(&self, given: &Given) -> Self {
        // What was left out is reached by the same command without the limit.
        let given = if self.leaves_out { &given.without_limits() } else { given };
        let mut report = self.clone();
        let headlines = report.headline.iter_mut().chain(&mut report.further_headlines);
        let of_headlines = headlines.flat_map(|headline| &mut headline.hints);
        let of_findings = report.findings.iter_mut().flat_map(|finding| &mut finding.hints);
        for hint in of_headlines.chain(of_findings) {
            *hint = given.complete_hint(hint);
        }
        report.given = given.clone();
        report
    }

    /// Returns the findings of one outcome that a person should read.
    pub fn findings_of(&self, outcome: Outcome) -> impl Iterator<Item = &Finding> {
        let is_told = |finding: &&Finding| finding.verdict != Verdict::UpdatesExisting;
        self.findings.iter().filter(is_told).filter(move |finding| finding.outcome == outcome)
    }

    /// Returns every headline, the weightiest first.
    pub fn headlines(&self) -> impl Iterator<Item = &Headline> {
        self.headline.iter().chain(&self.further_headlines)
    }

    /// Returns whether anything is (to be) carried out.
    pub fn has_actions(&self) -> bool {
        self.findings.iter().any(|finding| finding.action != Action::None)
    }
}

impl Finding {
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
