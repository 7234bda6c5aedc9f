//! What `divvy doctor` asks, as a table, and the page that the answers make.
//!
//! Facts are gathered first ([`gather`]); then each row of [`CHECKS`] judges them with one pure
//! function. Never changes anything. Invariant: every row answers, also where it could not be asked.

mod account;
mod answer;
mod facts;
pub(crate) mod gather;
mod leftovers;
mod org;
mod page;
mod provider;
#[cfg(test)]
mod tests;

use divvy_core::{CommandLine, Hint};
use serde::Serialize;
use serde_json::json;

use self::answer::Answer;
use self::facts::{Account, Facts, KindSeen};
use crate::given::Given;

/// Version of the JSON; within one, fields are only added.
const SCHEMA_VERSION: u32 = 1;

/// One question.
struct Check {
    id: &'static str,
    group: &'static str,
    asks: &'static str,
    judge: Judge,
}

/// Who is asked: everything once, each provider configuration (with one answer, or one for each thing
/// that is wrong), or each kind in its org.
enum Judge {
    Once(fn(&Facts) -> Answer),
    Account(fn(&Account) -> Answer),
    Each(fn(&Account) -> Vec<Answer>),
    Kind(fn(&Account, &KindSeen) -> Answer),
}

const TERRAFORM: &str = "Terraform";
const ORG: &str = "Genesys Cloud";
const LEFTOVERS: &str = "Left behind";

/// Every check, in the order of the page.
#[rustfmt::skip]
static CHECKS: &[Check] = &[
    Check { id: "terraform", group: TERRAFORM, asks: "Is there a Terraform that runs?", judge: Judge::Once(provider::program) },
    Check { id: "wrapper", group: TERRAFORM, asks: "Does Terraform answer itself, without a wrapper?", judge: Judge::Once(provider::wrapper) },
    Check { id: "configuration", group: TERRAFORM, asks: "Can the configuration be read?", judge: Judge::Once(provider::configuration) },
    Check { id: "provider", group: TERRAFORM, asks: "Does the configuration name the vendor's provider?", judge: Judge::Once(provider::source) },
    Check { id: "lock_file", group: TERRAFORM, asks: "Is a version of the provider locked and installed?", judge: Judge::Once(provider::lock_file) },
    Check { id: "state", group: TERRAFORM, asks: "Can the state be read, and which one is it?", judge: Judge::Once(provider::state) },
    Check { id: "execution", group: TERRAFORM, asks: "Do plan and apply run on this machine?", judge: Judge::Once(provider::execution) },
    Check { id: "credentials", group: ORG, asks: "Are there credentials, and where do they come from?", judge: Judge::Account(account::credentials) },
    Check { id: "region", group: ORG, asks: "Is the region known, and do all sources agree?", judge: Judge::Account(account::region) },
    Check { id: "proxy", group: ORG, asks: "Is there a proxy, and does it let requests through?", judge: Judge::Account(account::proxy) },
    Check { id: "token", group: ORG, asks: "Are the credentials accepted?", judge: Judge::Account(account::token) },
    Check { id: "clock", group: ORG, asks: "Does the clock of this machine agree with the API's?", judge: Judge::Account(account::clock) },
    Check { id: "org", group: ORG, asks: "Which org is it?", judge: Judge::Account(org::organization) },
    Check { id: "products", group: ORG, asks: "Is the provider told what it asks at each start?", judge: Judge::Account(org::products) },
    Check { id: "listable", group: ORG, asks: "May this client list every type of the configuration?", judge: Judge::Each(org::listable) },
    Check { id: "visible", group: ORG, asks: "Does this client see more than Home?", judge: Judge::Kind(org::visible) },
    Check { id: "state_ids", group: ORG, asks: "Do the ids in the state belong to this org?", judge: Judge::Kind(org::state_ids) },
    Check { id: "may_create", group: ORG, asks: "May this client create?", judge: Judge::Kind(org::may_create) },
    Check { id: "may_list_deleted", group: ORG, asks: "May this client see what was deleted?", judge: Judge::Kind(org::may_list_deleted) },
    Check { id: "limit", group: ORG, asks: "Is there room for more?", judge: Judge::Kind(org::limit) },
    Check { id: "errored_state", group: LEFTOVERS, asks: "Is there a state that an apply could not save?", judge: Judge::Once(leftovers::errored_state) },
    Check { id: "state_lock", group: LEFTOVERS, asks: "Is the state locked?", judge: Judge::Once(leftovers::state_lock) },
    Check { id: "import_blocks", group: LEFTOVERS, asks: "Are there import blocks that have done their work?", judge: Judge::Once(leftovers::import_blocks) },
    Check { id: "debug_log", group: LEFTOVERS, asks: "Is there a log of the provider that may hold tokens?", judge: Judge::Once(leftovers::debug_log) },
    Check { id: "literal_credentials", group: LEFTOVERS, asks: "Are there credentials in plain text in the configuration?", judge: Judge::Once(leftovers::literal_credentials) },
];

/// One line of the page.
#[derive(Serialize)]
struct Row {
    id: &'static str,
    asks: &'static str,
    /// The provider configuration that it is about.
    about: Option<String>,
    ok: Option<bool>,
    message: String,
    hints: Vec<Hint>,
    #[serde(skip)]
    group: &'static str,
}

/// Every check with its answer.
pub(crate) struct Diagnosis {
    rows: Vec<Row>,
    /// What to type next.
    next: CommandLine,
}

impl Diagnosis {
    /// Judges the facts; what is to be typed carries what was given.
    pub(crate) fn of(facts: &Facts, given: &Given) -> Self {
        let rows = CHECKS.iter().flat_map(|check| {
            check.answers(facts).into_iter().map(|(about, answer)| Row {
                id: check.id,
                asks: check.asks,
                about,
                ok: answer.ok,
                message: answer.message,
                hints: answer.hints.iter().map(|hint| given.complete_hint(hint)).collect(),
                group: check.group,
            })
        });
        let rows: Vec<Row> = rows.collect();
        let has_cross = rows.iter().any(|row| row.ok == Some(false));
        let next = CommandLine::divvy(if has_cross { "doctor" } else { "check" });
        Self { rows, next: given.complete(&next) }
    }

    /// Returns whether anything is wrong.
    pub(crate) fn has_cross(&self) -> bool {
        self.rows.iter().any(|row| row.ok == Some(false))
    }

    /// Renders the answers for programs: docs/doctor.schema.json.
    pub(crate) fn json(&self) -> Vec<u8> {
        let document = json!({ "schema_version": SCHEMA_VERSION, "checks": self.rows });
        format!("{document:#}\n").into_bytes()
    }
}

impl Check {
    fn answers(&self, facts: &Facts) -> Vec<(Option<String>, Answer)> {
        let of_account = |account: &Account| match self.judge {
            Judge::Once(_) => Vec::new(),
            Judge::Account(judge) => vec![judge(account)],
            Judge::Each(judge) => judge(account),
            Judge::Kind(_) if account.answers.kinds.is_empty() => {
                vec![Answer::open("not asked: there is no token")]
            }
            Judge::Kind(judge) => {
                account.answers.kinds.iter().map(|seen| judge(account, seen)).collect()
            }
        };
        match self.judge {
            Judge::Once(judge) => vec![(None, judge(facts))],
            Judge::Account(_) | Judge::Each(_) | Judge::Kind(_) => facts
                .accounts
                .iter()
                .flat_map(|account| {
                    let answers = of_account(account).into_iter();
                    answers.map(|answer| (account.alias.clone(), answer))
                })
                .collect(),
        }
    }
}
