//! Takes an existing object into the state, in the place of a create that was refused.
//!
//! Asks the provider only, in the order of an import: ImportResourceState, ReadResource, and a plan
//! that says what differs. Invariants: state and private data are the provider's own, from
//! ReadResource; an id that some address holds is never taken; nothing is taken that the next plan
//! would replace.

use std::time::Duration;

use super::advisor::{Adopt, Create, CreateAdvisor, Settled};
use super::inquiry::{import, no_error, said};
use super::shared::Shared;
use crate::child::Child;
use crate::messages::{
    ApplyRequest, ApplyResponse, Diagnostic, PlanRequest, PlanResponse, ReadResponse,
};
use crate::method::Method;
use crate::value::Value;

/// The official provider repeats the read of an absent object for minutes; by then something is
/// wrong, and the refusal that Terraform would have shown anyway says it better.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// What the next plan would do to the object.
struct Drift {
    planned: PlanResponse,
    differing: Vec<String>,
}

impl<A: CreateAdvisor> Adoption<'_, A> {
    /// Adopts; the error is the reason why not, for the user.
    pub(crate) async fn carry_out(&self) -> Result<(ApplyResponse, Settled), String> {
        let (shared, type_name, id) = (self.shared, &self.create.type_name, &self.advice.id);
        // A create of this very run may have made the object and not told its id yet. Once those that
        // are being sent have been answered, their ids are known.
        shared.sending.answered(|other| shared.advisor.may_meet(self.create, other)).await;
        if !shared.reserve(type_name, id) {
            return Err(format!(
                "{id} is already managed by this state: another address holds it. If the address \
                 was renamed, a `moved` block keeps the object."
            ));
        }
        let adopted = match tokio::time::timeout(PATIENCE, self.take()).await {
            Ok(adopted) => adopted,
            Err(_) => {
                Err(format!("The provider did not read {id} within {} s.", PATIENCE.as_secs()))
            }
        };
        if adopted.is_err() {
            shared.release(type_name, id);
        }
        adopted
    }

    async fn take(&self) -> Result<(ApplyResponse, Settled), String> {
        let read = import(self.child, &self.create.type_name, &self.advice.id).await?;
        let state = Value::read(read.new_state.as_ref()).map_err(said)?;
        if state.is_null() {
            return Err(format!("The provider finds no object with the id {}.", self.advice.id));
        }
        for name in &self.advice.must_match {
            if state.get(name) != self.create.planned.get(name) {
                return Err(format!("Its {name} is not the planned one any more."));
            }
        }
        let drift = self.drift(&read, &state).await?;
        let mut response = ApplyResponse {
            new_state: read.new_state,
            private: read.private,
            diagnostics: vec![Diagnostic::warning(&self.advice.summary, &self.advice.detail)],
            legacy_type_system: self.legacy,
            new_identity: read.new_identity,
        };
        let mut updated = false;
        if !drift.differing.is_empty() {
            if self.advice.accept_drift {
                updated = self.update(&drift, &mut response).await?;
            } else if !self.legacy {
                return Err(format!(
                    "It differs in {}, and Terraform takes no differing result from this provider.",
                    drift.differing.join(", ")
                ));
            }
        }
        let id = self.advice.id.clone();
        Ok((response, Settled::Adopted { id, differing: drift.differing, updated }))
    }

    /// Asks the provider what it would change about the object.
    async fn drift(&self, read: &ReadResponse, state: &Value) -> Result<Drift, String> {
        let computed = self.shared.processes.computed_attributes(&self.create.type_name).await;
        let computed = computed.map_err(|status| status.message)?;
        let mut proposed = self.create.config.clone();
        for name in computed.iter().filter(|name| self.create.config.get(name).is_null()) {
            proposed.set(name, state.get(name).clone());
        }
        let request = PlanRequest {
            type_name: self.create.type_name.clone(),
            prior_state: read.new_state.clone(),
            proposed_new_state: Some(proposed.write()),
            config: self.request.config.clone(),
            prior_private: read.private.clone(),
        };
        let planned: PlanResponse =
            self.child.client.unary(Method::PlanResourceChange, &request).await.map_err(said)?;
        no_error(&planned.diagnostics)?;
        if !planned.requires_replace.is_empty() {
            let names = planned.requires_replace.iter().filter_map(|path| path.top_level_name());
            let names: Vec<&str> = names.collect();
            return Err(format!(
                "The next apply would delete and replace it, because it differs in {}.",
                names.join(", ")
            ));
        }
        let after = Value::read(planned.planned_state.as_ref()).map_err(said)?;
        Ok(Drift { differing: differing(state, &after), planned })
    }

    /// Brings the object to the configuration. A refused update is a warning: an error would taint
    /// the instance, and the next apply would then delete what was adopted.
    async fn update(&self, drift: &Drift, response: &mut ApplyResponse) -> Result<bool, String> {
        let request = ApplyRequest {
            type_name: self.create.type_name.clone(),
            prior_state: response.new_state.clone(),
            planned_state: drift.planned.planned_state.clone(),
            config: self.request.config.clone(),
            planned_private: drift.planned.planned_private.clone(),
        };
        let update: ApplyResponse =
            self.child.client.unary(Method::ApplyResourceChange, &request).await.map_err(said)?;
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

fn differing(before: &Value, after: &Value) -> Vec<String> {
    let Value::Map(after) = after else {
        return Vec::new();
    };
    let changed = after.iter().filter(|(name, value)| before.get(name) != *value);
    changed.map(|(name, _)| name.clone()).collect()
}
