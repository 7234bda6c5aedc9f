//! Takes an existing object into the state, in the place of a create; or only looks at it.
//!
//! Asks the provider only, in the order of an import: ImportResourceState, ReadResource, and a plan
//! that says what differs. Invariants: state and private data are the provider's own, from
//! ReadResource; an id that some address holds is never taken; nothing is taken that the next plan
//! would replace.

use std::time::Duration;

use super::advisor::{Adopt, Create, CreateAdvisor, Difference, Differences, Settled};
use super::inquiry::{import, no_error, said};
use super::shared::Shared;
use crate::child::Child;
use crate::messages::{
    ApplyRequest, ApplyResponse, Diagnostic, DynamicValue, PlanRequest, PlanResponse, ReadResponse,
};
use crate::method::Method;
use crate::value::Value;

/// The official provider repeats the read of an absent object for minutes; by then something is
/// wrong, and the refusal that Terraform would have shown anyway says it better.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why an object was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It is not there, is another by now, or is not to be taken: what was asked for may be created.
    MayCreate(String),
    /// Nobody knows whether it is there: a create could make it a second time.
    Unclear(String),
}

impl NotTaken {
    pub(crate) fn reason(self) -> String {
        match self {
            Self::MayCreate(reason) | Self::Unclear(reason) => reason,
        }
    }
}

/// All that an adoption needs to know.
pub(crate) struct Adoption<'a, A> {
    pub(crate) shared: &'a Shared<A>,
    pub(crate) child: &'a Child,
    pub(crate) request: &'a ApplyRequest,
    pub(crate) create: &'a Create,
    pub(crate) advice: &'a Adopt,
    /// The legacy flag of this type's plans. The refused create's own flag is not to be used: SDKv2
    /// answers without it when there is no state.
    pub(crate) legacy: bool,
}

/// An object as the provider reads it, and what the next plan would do to it.
struct Found {
    read: ReadResponse,
    planned: PlanResponse,
    differences: Differences,
}

/// Reads an object as an import would, and asks the provider what an apply would change about it.
pub(crate) async fn compare<A: CreateAdvisor>(
    shared: &Shared<A>,
    child: &Child,
    config: Option<&DynamicValue>,
    create: &Create,
    adopt: &Adopt,
) -> Result<Differences, String> {
    let read = async { Ok(read(shared, child, config, create, adopt).await?.differences) };
    let in_time = tokio::time::timeout(PATIENCE, read).await;
    in_time
        .unwrap_or_else(|_| Err(NotTaken::Unclear(too_late(&adopt.id))))
        .map_err(NotTaken::reason)
}

fn too_late(id: &str) -> String {
    format!("The provider did not read {id} within {} s.", PATIENCE.as_secs())
}

impl<A: CreateAdvisor> Adoption<'_, A> {
    /// Adopts; the error is the reason why not, for the user.
    pub(crate) async fn carry_out(&self) -> Result<(ApplyResponse, Settled), NotTaken> {
        let (shared, type_name, id) = (self.shared, &self.create.type_name, &self.advice.id);
        // A create of this very run may have made the object and not told its id yet. Once those that
        // are being sent have been answered, their ids are known.
        shared.sending.answered(|other| shared.advisor.may_meet(self.create, other)).await;
        if !shared.reserve(type_name, id) {
            return Err(NotTaken::MayCreate(format!(
                "{id} is already managed by this state: another address holds it. If the address \
                 was renamed, a `moved` block keeps the object."
            )));
        }
        let adopted = match tokio::time::timeout(PATIENCE, self.take()).await {
            Ok(adopted) => adopted,
            Err(_) => Err(NotTaken::Unclear(too_late(id))),
        };
        if adopted.is_err() {
            shared.release(type_name, id);
        }
        adopted
    }

    async fn take(&self) -> Result<(ApplyResponse, Settled), NotTaken> {
        let config = self.request.config.as_ref();
        let found = read(self.shared, self.child, config, self.create, self.advice).await?;
        let (id, names) = (&self.advice.id, found.differences.names());
        self.shared.advisor.differs(self.create, id, &found.differences);
        if !found.differences.replacing.is_empty() {
            return Err(NotTaken::MayCreate(format!(
                "The next apply would delete and replace it, because it differs in {}.",
                found.differences.replacing.join(", ")
            )));
        }
        let mut warning = Diagnostic::warning(&self.advice.summary, &self.advice.detail);
        if let Some(text) = self.advice.if_it_differs.as_ref().filter(|_| !names.is_empty()) {
            warning.detail.push_str(&format!(" It differs in {}{text}", names.join(", ")));
        }
        let mut response = ApplyResponse {
            new_state: found.read.new_state.clone(),
            private: found.read.private.clone(),
            diagnostics: vec![warning],
            legacy_type_system: self.legacy,
            new_identity: found.read.new_identity.clone(),
        };
        let mut updated = false;
        if !names.is_empty() {
            if self.advice.accept_drift {
                updated = self.update(&found.planned, &mut response).await?;
            } else if !self.legacy {
                return Err(NotTaken::Unclear(format!(
                    "It differs in {}, and Terraform takes no differing result from this provider.",
                    names.join(", ")
                )));
            }
        }
        Ok((response, Settled::Adopted { id: id.clone(), differing: names, updated }))
    }

    /// Brings the object to the configuration. A refused update is a warning: an error would taint
    /// the instance, and the next apply would then delete what was adopted.
    async fn update(
        &self,
        planned: &PlanResponse,
        response: &mut ApplyResponse,
    ) -> Result<bool, NotTaken> {
        let request = ApplyRequest {
            type_name: self.create.type_name.clone(),
            prior_state: response.new_state.clone(),
            planned_state: planned.planned_state.clone(),
            config: self.request.config.clone(),
            planned_private: planned.planned_private.clone(),
        };
        let update: ApplyResponse = self
            .child
            .client
            .unary(Method::ApplyResourceChange, &request)
            .await
            .map_err(|error| NotTaken::Unclear(said(error)))?;
        if let Err(reason) = no_error(&update.diagnostics) {
            let summary = format!("Adopted {} was not updated", self.advice.id);
            response.diagnostics.push(Diagnostic::warning(summary, reason));
            return Ok(false);
        }
        response.new_state = update.new_state;
        response.private = update.private;
        response.new_identity = update.new_identity;
        Ok(true)
    }
}

impl Differences {
    fn names(&self) -> Vec<String> {
        self.all.iter().map(|one| one.attribute.clone()).collect()
    }
}

/// Reads the object, holds it to what was planned, and asks the provider what it would change about it.
async fn read<A: CreateAdvisor>(
    shared: &Shared<A>,
    child: &Child,
    config: Option<&DynamicValue>,
    create: &Create,
    adopt: &Adopt,
) -> Result<Found, NotTaken> {
    let unclear = |reason: String| NotTaken::Unclear(reason);
    let read = import(child, &create.type_name, &adopt.id).await.map_err(unclear)?;
    let state = Value::read(read.new_state.as_ref()).map_err(said).map_err(unclear)?;
    if state.is_null() {
        let reason = format!("The provider finds no object with the id {}.", adopt.id);
        return Err(NotTaken::MayCreate(reason));
    }
    for path in &adopt.must_match {
        if state.at(path) != create.planned.at(path) {
            let reason = format!("Its {path} is not the planned one any more.");
            return Err(NotTaken::MayCreate(reason));
        }
    }
    let schema = shared.processes.resource(&create.type_name).await;
    let schema = schema.map_err(|status| NotTaken::Unclear(status.message))?;
    let mut proposed = create.config.clone();
    for name in schema.computed.iter().filter(|name| create.config.get(name).is_null()) {
        proposed.set(name, state.get(name).clone());
    }
    let request = PlanRequest {
        type_name: create.type_name.clone(),
        prior_state: read.new_state.clone(),
        proposed_new_state: Some(proposed.write()),
        config: config.cloned(),
        prior_private: read.private.clone(),
    };
    let planned: PlanResponse = child
        .client
        .unary(Method::PlanResourceChange, &request)
        .await
        .map_err(said)
        .map_err(unclear)?;
    no_error(&planned.diagnostics).map_err(unclear)?;
    let after = Value::read(planned.planned_state.as_ref()).map_err(said).map_err(unclear)?;
    // What is not known while the plan is made may turn out to be what the object has.
    let is_open = |name: &str| create.config.get(name).holds_unknown();
    let replacing = planned.requires_replace.iter().filter_map(|path| path.top_level_name());
    let replacing = replacing.filter(|name| !is_open(name)).map(str::to_owned).collect();
    let mut all = differing(&state, &after, &schema.sensitive);
    all.retain(|one| !is_open(&one.attribute));
    let differences = Differences { all, replacing };
    Ok(Found { read, planned, differences })
}

fn differing(before: &Value, after: &Value, sensitive: &[String]) -> Vec<Difference> {
    let Value::Map(entries) = after else {
        return Vec::new();
    };
    let changed = entries.iter().filter(|(name, value)| before.get(name) != *value);
    changed
        .map(|(name, value)| Difference {
            attribute: name.clone(),
            before: before.get(name).clone(),
            after: value.clone(),
            is_sensitive: sensitive.contains(name),
        })
        .collect()
}
