//! The plan as `terraform show -json PLANFILE` prints it, as far as it is needed.
//!
//! Never keeps attributes of types that are no kind, nor planned values, and of the others what somebody
//! asks for: a plan of 20,000 resources stays small. Holds secrets (variables, provider blocks); `Debug` shows none.

mod configuration;
mod prior_state;
mod resource_change;

use std::collections::BTreeMap;
use std::fmt;

use divvy_core::survey::{Change, Desired, Pending, Planned, Tracked};
use divvy_core::{Address, EntityId, kinds};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

pub(crate) use self::configuration::{Configuration, ProviderConfig};
use self::resource_change::address_of;
pub use self::resource_change::{Difference, ResourceChange};
use crate::error::{Document, DocumentProblem, Error};
use crate::kept;

/// The format versions that are understood: 0.2 is Terraform 1.0, 1.x everything since.
const KNOWN_VERSIONS: &str = "0.2, 1.x";

/// A plan.
#[derive(Default, Deserialize)]
pub struct PlanDocument {
    #[serde(default)]
    format_version: String,
    #[serde(default)]
    terraform_version: Option<String>,
    #[serde(default)]
    errored: bool,
    /// Every plan has them; a state's JSON, which is versioned alike, does not.
    #[serde(default)]
    planned_values: Option<IgnoredAny>,
    #[serde(default)]
    prior_state: prior_state::PriorState,
    #[serde(default)]
    resource_changes: Vec<ResourceChange>,
    #[serde(default)]
    output_changes: BTreeMap<String, OutputChange>,
    #[serde(default)]
    checks: Vec<Check>,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    #[serde(default)]
    configuration: Configuration,
}

#[derive(Deserialize)]
struct Variable {
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct OutputChange {
    #[serde(default)]
    actions: Vec<String>,
}

#[derive(Deserialize)]
struct Check {
    address: CheckAddress,
    #[serde(default)]
    status: String,
    #[serde(default)]
    instances: Vec<CheckInstance>,
}

#[derive(Deserialize)]
struct CheckInstance {
    address: CheckAddress,
    #[serde(default)]
    status: String,
    #[serde(default)]
    problems: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    message: String,
}

fn fails(status: &str) -> bool {
    matches!(status, "fail" | "error")
}

#[derive(Deserialize)]
struct CheckAddress {
    to_display: String,
}

impl fmt::Debug for PlanDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanDocument")
            .field("format_version", &self.format_version)
            .field("terraform_version", &self.terraform_version)
            .field("resource_changes", &self.resource_changes.len())
            .finish_non_exhaustive()
    }
}

impl PlanDocument {
    /// Reads the JSON of a plan.
    ///
    /// # Errors
    /// [`Error::Document`] if it is empty, cut off, a web page, no JSON, no plan, or of another format.
    pub fn read(json: &[u8]) -> Result<Self, Error> {
        let refuse = |problem| Error::document(Document::Plan, problem);
        let json = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json);
        let document: Self = kept::document(json)
            .map_err(|error| refuse(DocumentProblem::of_parse(json, &error)))?;
        let version = document.format_version.as_str();
        if version != "0.2" && !version.starts_with("1.") {
            return Err(refuse(DocumentProblem::FormatVersion {
                found: format!("{version:?}"),
                known: KNOWN_VERSIONS,
            }));
        }
        if document.planned_values.is_none() && document.resource_changes.is_empty() {
            return Err(refuse(DocumentProblem::NoPlan));
        }
        Ok(document)
    }

    /// Makes a plan of nothing but provider configurations, by their keys.
    pub(crate) fn of_providers(providers: BTreeMap<String, ProviderConfig>) -> Self {
        let configuration = Configuration { providers, ..Configuration::default() };
        Self { configuration, ..Self::default() }
    }

    /// Returns the version of the Terraform (or OpenTofu) that made the plan.
    pub fn terraform_version(&self) -> Option<&str> {
        self.terraform_version.as_deref()
    }

    /// Returns whether the plan is incomplete because of errors.
    pub fn is_errored(&self) -> bool {
        self.errored
    }

    /// Returns every entry of `resource_changes`, of all types.
    pub fn changes(&self) -> &[ResourceChange] {
        &self.resource_changes
    }

    /// Returns the names of outputs whose value would change.
    pub fn changed_outputs(&self) -> Vec<String> {
        self.output_changes
            .iter()
            .filter(|(_, change)| change.actions != ["no-op"])
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Returns the checks that do not hold, as Terraform displays them (`check.name`).
    pub fn failed_checks(&self) -> Vec<String> {
        self.checks
            .iter()
            .filter(|check| fails(&check.status))
            .map(|check| check.address.to_display.clone())
            .collect()
    }

    /// Returns each instance of a resource whose preconditions or postconditions do not hold, with the
    /// messages of the rules. A plan that failed because of them says so, too.
    pub fn failed_conditions(&self) -> BTreeMap<Address, Vec<String>> {
        let instances = self.checks.iter().flat_map(|check| &check.instances);
        instances
            .filter(|instance| fails(&instance.status))
            .filter_map(|instance| {
                let messages = instance.problems.iter().map(|problem| problem.message.clone());
                Some((Address::parse(&instance.address.to_display)?, messages.collect()))
            })
            .collect()
    }

    /// Returns whether outputs are all that would change.
    pub fn changes_outputs_only(&self) -> bool {
        !self.changed_outputs().is_empty() && self.pending().is_clean()
    }

    /// Counts the pending changes of all managed resources.
    pub fn pending(&self) -> Pending {
        let mut pending = Pending::default();
        for change in self.resource_changes.iter().filter(|c| !c.is_data) {
            match change.action {
                Some(Change::Create) => pending.create += 1,
                // An action that is not known to us is no reason to call a plan clean.
                Some(Change::Update) | None => pending.update += 1,
                Some(Change::Delete) => pending.delete += 1,
                Some(Change::Replace { .. }) => {
                    pending.create += 1;
                    pending.delete += 1;
                }
                Some(Change::NoOp | Change::Read | Change::Forget) => {}
            }
        }
        pending
    }

    /// Returns what the plan wants of the kinds.
    ///
    /// # Errors
    /// [`Error::Document`] if an address of a kind is not understood.
    pub fn desired(&self) -> Result<Desired, Error> {
        let served_by = self.configuration.provider_keys();
        let planned = self
            .resource_changes
            .iter()
            .filter(|change| !change.is_data && !change.is_deposed)
            .filter_map(|change| Some((change, kinds::of_terraform_type(&change.terraform_type)?)))
            .filter_map(|(change, kind)| Some((change, kind, change.action?)))
            .map(|(change, kind, action)| {
                let address = address_of(&change.address)?;
                let attributes = change.attributes.clone().unwrap_or_default();
                let previous = change.previous_address.as_deref().map(address_of).transpose()?;
                let alias = served_by.of(&address);
                Ok(Planned {
                    previous_address: previous,
                    before: attributes.before,
                    after: attributes.after,
                    unknown: attributes.unknown,
                    sensitive: attributes.sensitive,
                    import_id: change.import_id.as_deref().map(EntityId::new),
                    ..Planned::new(address, kind, alias, action)
                })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Desired { planned, pending: self.pending() })
    }

    /// Returns what the state held when the plan was made, as far as the plan's JSON tells: for where
    /// the state itself cannot be read. Whether a state was there at all, it does not tell.
    ///
    /// # Errors
    /// [`Error::Document`] if an address of a kind is not understood.
    pub fn tracked(&self) -> Result<Tracked, Error> {
        let served_by = self.configuration.provider_keys();
        prior_state::tracked(&self.prior_state, &served_by, self.desired()?.planned)
    }

    pub(crate) fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Returns the value of a root variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name).map(|variable| &variable.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fixture;

    fn planned(path: &str) -> Desired {
        PlanDocument::read(&fixture(path)).unwrap().desired().unwrap()
    }

    #[test]
    fn reads_ten_creates_of_a_recorded_plan_with_names_and_an_unknown_one() {
        let desired = planned("terraform-samples/plan-creates.json");
        let unknown: Vec<&str> = desired
            .planned
            .iter()
            .filter(|planned| planned.wanted_key().is_none())
            .map(|planned| planned.address.as_str())
            .collect();
        assert_eq!(desired.pending.create, 10);
        assert_eq!(desired.planned.len(), 10);
        assert_eq!(unknown.len(), 1, "{unknown:?}");
        assert!(
            desired.planned.iter().all(|planned| {
                planned.wanted_key().is_some() || planned.unknown.contains("name")
            })
        );
    }

    #[test]
    fn an_instance_in_a_module_is_served_by_the_alias_that_the_call_hands_over() {
        let desired = planned("terraform-samples/plan-provider-aliases-and-secrets.json");
        let aliases: Vec<(&str, &str)> = desired
            .planned
            .iter()
            .map(|planned| (planned.address.as_str(), planned.alias.as_str()))
            .collect();
        assert_eq!(
            aliases,
            [
                ("genesyscloud_auth_division.e", "genesyscloud.eu"),
                ("genesyscloud_auth_division.x", "genesyscloud"),
                ("module.m.genesyscloud_auth_division.x", "genesyscloud.eu"),
            ]
        );
    }

    #[test]
    fn an_import_with_drift_is_an_update_that_carries_its_id() {
        let desired = planned("provider-samples/plan-import-description-drift.json");
        let planned = &desired.planned[0];
        assert_eq!(planned.change, Change::Update);
        assert!(planned.import_id.is_some());
        assert!(planned.before.as_ref().unwrap()["description"].is_string());
    }

    #[test]
    fn home_without_its_flag_is_a_replace_with_its_reason() {
        let desired = planned("provider-samples/plan-import-home-without-flag.json");
        let planned = &desired.planned[0];
        assert_eq!(planned.change, Change::Replace { create_first: false });
        assert_eq!((desired.pending.create, desired.pending.delete), (1, 1));
    }

    #[test]
    fn every_plan_among_the_fixtures_is_read() {
        let mut read = 0;
        for path in crate::tests::fixtures_named("plan", "json") {
            let text = std::fs::read(&path).unwrap();
            let plan = PlanDocument::read(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
            plan.desired().unwrap();
            read += 1;
        }
        assert!(read >= 15, "{read}");
    }

    #[test]
    fn what_is_no_plan_is_refused_with_its_reason() {
        let whole = fixture("terraform-samples/plan-creates.json");
        for (text, reason) in [
            (&b" \n"[..], "it is empty"),
            (b"<!DOCTYPE html><html>", "it is a web page"),
            (&whole[..whole.len() / 2], "it is cut off at line"),
            (b"{\"format_version\":\"1.0\",\"values\":{}}", "it is no plan"),
            (b"{\"format_version\":\"2.0\"}", "format version \"2.0\" is not known"),
            (b"{}", "format version \"\" is not known"),
            (b"[1]", "JSON of another shape"),
            (b"plan", "no JSON at line 1"),
        ] {
            let error = PlanDocument::read(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_failed_condition_is_told_of_the_instance_that_fails_it() {
        let json = br#"{"format_version":"1.2","planned_values":{},"errored":true,"checks":[
            {"address":{"kind":"resource","to_display":"a.b"},"status":"fail","instances":[
              {"address":{"to_display":"a.b[\"x\"]"},"status":"fail","problems":[{"message":"No owner."}]},
              {"address":{"to_display":"a.b[\"y\"]"},"status":"pass"}]},
            {"address":{"kind":"check","to_display":"check.c"},"status":"pass"}]}"#;
        let failed = PlanDocument::read(json).unwrap().failed_conditions();
        let expected = (Address::parse("a.b[\"x\"]").unwrap(), vec!["No owner.".to_owned()]);
        assert_eq!(failed, BTreeMap::from([expected]));
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = fixture("terraform-samples/plan-provider-aliases-and-secrets.json");
        assert!(String::from_utf8_lossy(&text).contains("s3cr3t"));
        assert!(!format!("{:?}", PlanDocument::read(&text).unwrap()).contains("s3cr3t"));
    }

    #[test]
    fn sensitive_and_unknown_attributes_are_named() {
        let json = br#"{"format_version":"1.2","resource_changes":[{"mode":"managed",
            "change":{"actions":["create"],"before":null,"after":{"name":"S","description":null},
            "after_unknown":{"id":true,"list":[false,true],"known":[false]},"after_sensitive":{"name":true}},
            "type":"genesyscloud_auth_division","address":"genesyscloud_auth_division.s"}]}"#;
        let desired = PlanDocument::read(json).unwrap().desired().unwrap();
        let planned = &desired.planned[0];
        assert!(planned.sensitive.contains("name"));
        let unknown: Vec<&str> = planned.unknown.iter().map(String::as_str).collect();
        assert_eq!(unknown, ["id", "list"]);
    }
}
