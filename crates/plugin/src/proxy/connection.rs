//! One connection of Terraform: one provider instance, in Terraform's eyes.
//!
//! Most calls pass unopened. Invariant: an answer of the provider is changed by appending to its
//! bytes only; the one exception is an adoption, whose answer is built from what the provider read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use prost::Message;
use tokio::sync::RwLock;

use super::adopt::{Adoption, NotTaken, compare};
use super::advisor::{
    Adopt, Advice, AliasToken, Create, CreateAdvisor, ProviderConfigure, Refusal, Settled,
};
use super::inquiry::Inquirer;
use super::instances::Instances;
use super::shared::{Shared, Warned};
use crate::child::Child;
use crate::connect::Unanswered;
use crate::error::Error;
use crate::frame::{self, Body, Status, code};
use crate::messages::{
    ApplyRequest, ApplyResponse, ConfigureRequest, Diagnostic, DiagnosticsResponse, Empty,
    PlanRequest, PlanResponse, ReadRequest, StopResponse, UpgradeRequest, ValidateRequest,
};
use crate::method::Method;
use crate::value::Value;

/// Field numbers of `diagnostics`, for appending.
const PLAN_DIAGNOSTICS: u32 = 4;
const APPLY_DIAGNOSTICS: u32 = 3;

pub(crate) struct Connection<A> {
    shared: Arc<Shared<A>>,
    number: u64,
    configured: Mutex<Option<Configured>>,
    /// Held while a process that is gone is being replaced.
    replacing: tokio::sync::Mutex<()>,
    /// Per resource type, whether the provider's plans have the legacy flag. An apply always plans
    /// again on the same connection just before.
    legacy: Mutex<HashMap<String, bool>>,
    /// Held for reading by each create under way.
    creates: Arc<RwLock<()>>,
    /// What this walk has planned.
    instances: Mutex<Instances>,
}

#[derive(Clone)]
struct Configured {
    child: Arc<Child>,
    alias: AliasToken,
    request: Bytes,
    /// True once the first process was gone. There is no third one: a provider that dies of what it
    /// is asked would die again.
    is_replaced: bool,
}

/// How a create was answered.
enum Answered {
    /// Something is in the state.
    Made(Bytes),
    /// Nothing is.
    Refused {
        /// What Terraform will be told if nobody knows better.
        answer: Bytes,
        refusal: Refusal,
        /// True if the provider can be asked nothing more.
        is_gone: bool,
    },
}

impl<A: CreateAdvisor> Connection<A> {
    pub(crate) fn new(shared: Arc<Shared<A>>, number: u64) -> Self {
        Self {
            shared,
            number,
            configured: Mutex::default(),
            replacing: tokio::sync::Mutex::default(),
            legacy: Mutex::default(),
            creates: Arc::default(),
            instances: Mutex::default(),
        }
    }

    /// A connection whose provider runs inside a test.
    #[cfg(test)]
    pub(crate) fn configured_with(
        shared: Arc<Shared<A>>,
        child: Arc<Child>,
        alias: AliasToken,
    ) -> Self {
        let own = Configured { child, alias, request: Bytes::new(), is_replaced: false };
        Self { configured: Mutex::new(Some(own)), ..Self::new(shared, 0) }
    }

    pub(crate) async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        if !path.starts_with(self.shared.processes.protocol().service()) {
            return frame::respond(if path == frame::SHUTDOWN {
                // The children live to the end of the command; `Proxy::stop` ends them.
                Ok(Empty {}.encode_to_vec().into())
            } else {
                Err(Status::new(code::UNIMPLEMENTED, format!("no method {path}")))
            });
        }
        match Method::from_path(self.shared.processes.protocol(), path)
            .filter(|method| is_opened(*method))
        {
            Some(method) => {
                let answer = match frame::collect(request.into_body()).await {
                    Ok((body, _)) => match frame::unwrap(body) {
                        Ok(message) => self.open(method, message).await,
                        Err(status) => Err(status),
                    },
                    Err(status) => Err(status),
                };
                frame::respond(answer)
            }
            None => match self.child().await.client.pass(request).await {
                Ok(response) => response.map(BodyExt::boxed_unsync),
                Err(status) => frame::respond(Err(status)),
            },
        }
    }

    /// The process that answers: the connection's own, once it is configured.
    async fn child(&self) -> Arc<Child> {
        match self.configured() {
            Some(own) if own.child.client.is_closed() => self.replacement_of(&own.child).await,
            Some(own) => own.child,
            None => self.shared.processes.base().await,
        }
    }

    /// Returns what stands in for a process that is gone; once per connection that is another one.
    async fn replacement_of(&self, gone: &Arc<Child>) -> Arc<Child> {
        let _one_at_a_time = self.replacing.lock().await;
        let Some(own) = self.configured() else { return Arc::clone(gone) };
        if own.is_replaced {
            return own.child;
        }
        let fresh = self.shared.processes.configure_again(own.request.clone()).await;
        let child = fresh.unwrap_or_else(|reason| {
            tracing::warn!(reason, "a provider that is gone could not be replaced");
            own.child
        });
        let replaced = Configured { child: Arc::clone(&child), is_replaced: true, ..own };
        if let Ok(mut configured) = self.configured.lock() {
            *configured = Some(replaced);
        }
        child
    }

    fn instances(&self) -> MutexGuard<'_, Instances> {
        self.instances.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn configured(&self) -> Option<Configured> {
        self.configured.lock().map_or(None, |configured| configured.clone())
    }

    fn import_id(&self, type_name: &str, state: &Value) -> Option<String> {
        self.shared.advisor.import_id(type_name, state)
    }

    async fn pass_on(&self, method: Method, message: Bytes) -> Result<Bytes, Status> {
        Ok(self.child().await.client.raw(method, message).await?)
    }

    pub(crate) async fn open(&self, method: Method, message: Bytes) -> Result<Bytes, Status> {
        match method {
            Method::GetProviderSchema => self.shared.processes.schema().await,
            Method::ConfigureProvider => self.configure(message).await,
            Method::PlanResourceChange => self.plan(message).await,
            Method::ApplyResourceChange => self.apply(message).await,
            Method::StopProvider => {
                self.stop(message);
                Ok(StopResponse::default().encode_to_vec().into())
            }
            Method::ValidateResourceConfig => {
                let request: ValidateRequest = decode(message.clone())?;
                self.instances().validated(&request.type_name, request.config.as_ref());
                self.pass_on(method, message).await
            }
            Method::UpgradeResourceState => {
                let request: UpgradeRequest = decode(message.clone())?;
                let raw = request.raw_state.unwrap_or_default();
                let state = Value::from_json_bytes(&raw.json).ok();
                let id = state.and_then(|state| self.import_id(&request.type_name, &state));
                if let Some(id) = id.or_else(|| raw.flatmap.get("id").cloned()) {
                    self.shared.saw_managed(&request.type_name, &id);
                }
                self.pass_on(method, message).await
            }
            Method::ReadResource => {
                let request: ReadRequest = decode(message.clone())?;
                let state = Value::read(request.current_state.as_ref())?;
                if let Some(id) = self.import_id(&request.type_name, &state) {
                    self.shared.saw_managed(&request.type_name, &id);
                }
                self.pass_on(method, message).await
            }
            _ => self.pass_on(method, message).await,
        }
    }

    /// Hands Stop on when no create is under way any more. A provider that hears of it in the middle
    /// of a create gives up the read that follows, and Terraform taints what was created: the next
    /// apply would delete it.
    fn stop(&self, message: Bytes) {
        self.shared.advisor.stopping();
        let own = self.configured().map(|configured| configured.child);
        let (processes, creates) = (Arc::clone(&self.shared.processes), Arc::clone(&self.creates));
        tokio::spawn(async move {
            let child = match own {
                Some(child) => child,
                None => processes.base().await,
            };
            let _none_under_way = creates.write().await;
            if let Err(unanswered) = child.client.raw(Method::StopProvider, message).await {
                tracing::debug!(?unanswered, "a provider could not be asked to stop");
            }
        });
    }

    async fn configure(&self, message: Bytes) -> Result<Bytes, Status> {
        let request: ConfigureRequest = decode(message.clone())?;
        let block = request.config.unwrap_or_default();
        let alias = AliasToken::of(&block.encode_to_vec());
        let configure = ProviderConfigure {
            alias: alias.clone(),
            block: Value::read(Some(&block))?,
            terraform_version: request.terraform_version,
            inquirer: Inquirer::new(Arc::clone(&self.shared.processes), message.clone()),
        };
        self.shared.advisor.configuring(&configure);
        let (child, answer) = self.shared.processes.configure(message.clone()).await?;
        let failed = decode::<DiagnosticsResponse>(answer.clone())?
            .diagnostics
            .iter()
            .any(Diagnostic::is_error);
        if let Ok(mut configured) = self.configured.lock() {
            *configured = Some(Configured { child, alias, request: message, is_replaced: false });
        }
        if !failed {
            self.shared.advisor.configured(&configure).await;
        }
        Ok(answer)
    }

    async fn plan(&self, message: Bytes) -> Result<Bytes, Status> {
        let request: PlanRequest = decode(message.clone())?;
        let answer = self.pass_on(Method::PlanResourceChange, message).await?;
        let response: PlanResponse = decode(answer.clone())?;
        if let Ok(mut legacy) = self.legacy.lock() {
            legacy.insert(request.type_name.clone(), response.legacy_type_system);
        }
        let prior = Value::read(request.prior_state.as_ref())?;
        let goes = Value::read(request.proposed_new_state.as_ref())?.is_null();
        let is_create = prior.is_null() && !goes;
        let (type_name, config) = (&request.type_name, request.config.as_ref());
        let replaces = match self.import_id(type_name, &prior) {
            _ if is_create => self.instances().created(type_name, config),
            Some(id) if !goes => {
                self.instances().changed(type_name, config, id);
                None
            }
            _ => None,
        };
        let Some(Configured { alias, .. }) = self.configured().filter(|_| is_create) else {
            return Ok(answer);
        };
        if response.diagnostics.iter().any(Diagnostic::is_error) {
            return Ok(answer);
        }
        let planned = response.planned_state.unwrap_or_default();
        let create = Create {
            alias: alias.clone(),
            type_name: request.type_name,
            config: Value::read(request.config.as_ref())?,
            planned: Value::read(Some(&planned))?,
            replaces,
        };
        let config = request.config.as_ref();
        let advice = match self.shared.advisor.before_create(&create).await {
            Advice::Adopt(adopt) if adopt.if_it_differs.is_some() => {
                let child = self.child().await;
                let compared = compare(&self.shared, &child, config, &create, &adopt).await;
                self.shared.advisor.compared(&create, adopt, compared)
            }
            advice => advice,
        };
        let diagnostic = match advice {
            Advice::Pass => return Ok(answer),
            Advice::Refuse { summary, detail } => Diagnostic::error(summary, detail),
            Advice::Warn { summary, detail } => Diagnostic::warning(summary, detail),
            Advice::Adopt(adopt) => Diagnostic::warning(adopt.summary, adopt.detail),
        };
        if !diagnostic.is_error() {
            let summary = diagnostic.summary.clone();
            let planned = planned.encode_to_vec().into();
            let warned = Warned { alias, type_name: create.type_name, planned, summary };
            if !self.shared.is_new_warning(warned, self.number) {
                return Ok(answer);
            }
        }
        Ok(append(&answer, PLAN_DIAGNOSTICS, &diagnostic))
    }

    async fn apply(&self, message: Bytes) -> Result<Bytes, Status> {
        let request: ApplyRequest = decode(message.clone())?;
        let planned = Value::read(request.planned_state.as_ref())?;
        let prior = Value::read(request.prior_state.as_ref())?;
        let is_create = prior.is_null() && !planned.is_null();
        let type_name = &request.type_name;
        if let Some(id) = self.import_id(type_name, &prior).filter(|_| planned.is_null()) {
            self.shared.advisor.deletes(&request.type_name, &id);
        }
        let Some(Configured { alias, .. }) = self.configured().filter(|_| is_create) else {
            return self.pass_on(Method::ApplyResourceChange, message).await;
        };
        let _under_way = self.creates.read().await;
        let create = Arc::new(Create {
            alias,
            type_name: request.type_name.clone(),
            config: Value::read(request.config.as_ref())?,
            planned,
            replaces: None,
        });
        let mut child = self.child().await;
        if let Advice::Adopt(advice) = self.shared.advisor.before_apply(&create).await {
            match self.take(&child, &request, &create, &advice).await {
                Ok((response, settled)) => {
                    self.shared.advisor.settled(&create, &settled).await;
                    return Ok(response.encode_to_vec().into());
                }
                Err(NotTaken::MayCreate(reason)) => {
                    tracing::debug!(reason, "an object that was to be adopted is created");
                }
                Err(NotTaken::Unclear(reason)) => {
                    let summary = format!("Existing {} was not adopted", advice.id);
                    let detail = format!("{reason} Nothing was created.");
                    let settled = Settled::NotAdopted { id: advice.id, reason };
                    self.shared.advisor.settled(&create, &settled).await;
                    let response = nothing_made(vec![Diagnostic::error(summary, detail)]);
                    return Ok(response.encode_to_vec().into());
                }
            }
        }
        let (answer, refusal) = match self.create(&child, &create, message).await {
            Answered::Made(answer) => return Ok(answer),
            Answered::Refused { answer, refusal, is_gone } => {
                if is_gone {
                    child = self.replacement_of(&child).await;
                }
                (answer, refusal)
            }
        };
        let (answer, settled) = match self.shared.advisor.after_refusal(&create, &refusal).await {
            Advice::Pass => (answer, Settled::Failed),
            Advice::Warn { summary, detail } => {
                let warning = Diagnostic::warning(summary, detail);
                (append(&answer, APPLY_DIAGNOSTICS, &warning), Settled::Failed)
            }
            Advice::Refuse { summary, detail } => {
                let error = Diagnostic::error(summary, detail);
                (append(&answer, APPLY_DIAGNOSTICS, &error), Settled::Failed)
            }
            Advice::Adopt(advice) => self.adopt(&child, &request, &create, advice, answer).await,
        };
        self.shared.advisor.settled(&create, &settled).await;
        Ok(answer)
    }

    /// Hands a create on, and takes in what it made.
    async fn create(&self, child: &Child, create: &Arc<Create>, message: Bytes) -> Answered {
        let _sent = self.shared.sending.begin(create);
        let read = async {
            let answer = child.client.raw(Method::ApplyResourceChange, message).await?;
            let response: ApplyResponse = decode(answer.clone()).map_err(Unanswered::Told)?;
            let state = Value::read(response.new_state.as_ref());
            let state = state.map_err(|error| Unanswered::Told(error.into()))?;
            Ok((answer, response.diagnostics, state))
        };
        let (answer, diagnostics, state) = match read.await {
            Ok(read) => read,
            Err(unanswered) => return without_answer(child, unanswered),
        };
        if state.is_null() {
            let provider_log = child.output().clone();
            let refusal = Refusal { diagnostics, is_unanswered: false, provider_log };
            return Answered::Refused { answer, refusal, is_gone: false };
        }
        let id = self.import_id(&create.type_name, &state).unwrap_or_default();
        self.shared.saw_managed(&create.type_name, &id);
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        let settled = if failed { Settled::Tainted { id } } else { Settled::Created { id } };
        self.shared.advisor.settled(create, &settled).await;
        Answered::Made(answer)
    }

    /// Takes what an advice names.
    async fn take(
        &self,
        child: &Child,
        request: &ApplyRequest,
        create: &Create,
        advice: &Adopt,
    ) -> Result<(ApplyResponse, Settled), NotTaken> {
        let legacy =
            self.legacy.lock().map_or(None, |legacy| legacy.get(&create.type_name).copied());
        let adoption = Adoption {
            shared: &self.shared,
            child,
            request,
            create,
            advice,
            legacy: legacy.unwrap_or_default(),
        };
        adoption.carry_out().await
    }

    /// Follows the advice to adopt; if that cannot be done, the provider's answer stands, with the
    /// reason.
    async fn adopt(
        &self,
        child: &Child,
        request: &ApplyRequest,
        create: &Create,
        advice: Adopt,
        answer: Bytes,
    ) -> (Bytes, Settled) {
        match self.take(child, request, create, &advice).await {
            Ok((response, settled)) => (response.encode_to_vec().into(), settled),
            Err(not_taken) => {
                let (reason, id) = (not_taken.reason(), advice.id);
                let summary = format!("Existing {id} was not adopted");
                let warning = Diagnostic::warning(summary, reason.clone());
                let settled = Settled::NotAdopted { id, reason };
                (append(&answer, APPLY_DIAGNOSTICS, &warning), settled)
            }
        }
    }
}

/// A create that nobody answered. Terraform is told what it would say of a provider of its own.
fn without_answer(child: &Child, unanswered: Unanswered) -> Answered {
    let is_gone = matches!(unanswered, Unanswered::Broke(_));
    let summary = if is_gone { "Plugin did not respond" } else { "Plugin error" };
    let Status { message, .. } = unanswered.into();
    let detail = format!("The create was sent to the provider and not answered: {message}.");
    let diagnostics = vec![Diagnostic::error(summary, detail)];
    let response = nothing_made(diagnostics.clone());
    let refusal =
        Refusal { diagnostics, is_unanswered: true, provider_log: child.output().clone() };
    Answered::Refused { answer: response.encode_to_vec().into(), refusal, is_gone }
}

/// The answer of a create that made nothing.
fn nothing_made(diagnostics: Vec<Diagnostic>) -> ApplyResponse {
    ApplyResponse { new_state: Some(Value::Null.write()), diagnostics, ..ApplyResponse::default() }
}

/// The calls that are read; all others pass as streams of bytes.
fn is_opened(method: Method) -> bool {
    matches!(
        method,
        Method::GetProviderSchema
            | Method::ConfigureProvider
            | Method::ValidateResourceConfig
            | Method::UpgradeResourceState
            | Method::ReadResource
            | Method::PlanResourceChange
            | Method::ApplyResourceChange
            | Method::StopProvider
    )
}

fn decode<M: Message + Default>(message: Bytes) -> Result<M, Status> {
    M::decode(message).map_err(|error| Error::from(error).into())
}

/// Adds a diagnostic to an encoded answer: protobuf takes one more element of a repeated field
/// wherever it stands, so nothing else has to be understood.
fn append(answer: &Bytes, field: u32, diagnostic: &Diagnostic) -> Bytes {
    let mut appended = BytesMut::from(answer.as_ref());
    prost::encoding::message::encode(field, diagnostic, &mut appended);
    appended.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appending_keeps_what_is_not_understood() {
        let response = PlanResponse {
            diagnostics: vec![Diagnostic::warning("theirs", "")],
            legacy_type_system: true,
            ..PlanResponse::default()
        };
        let mut encoded = BytesMut::from(response.encode_to_vec().as_slice());
        // A field of some later version of the protocol: number 99, text.
        let later = [0x9a, 0x06, 0x02, b'h', b'i'];
        encoded.extend_from_slice(&later);
        let encoded = encoded.freeze();
        let appended = append(&encoded, PLAN_DIAGNOSTICS, &Diagnostic::warning("ours", "why"));
        assert_eq!(appended[..encoded.len()], encoded[..]);
        let read = PlanResponse::decode(appended).unwrap();
        let summaries: Vec<&str> = read.diagnostics.iter().map(|d| d.summary.as_str()).collect();
        assert_eq!(summaries, ["theirs", "ours"]);
        assert!(read.legacy_type_system);
    }
}
