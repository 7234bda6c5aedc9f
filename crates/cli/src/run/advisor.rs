//! The advisor that the proxy asks: it writes everything into the [`Ledger`], lets `resolve` decide,
//! and puts the answer into words.
//!
//! Invariant: an adoption is on disk in the journal before Terraform hears of it, and so before the
//! state holds it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use divvy_core::kind::{Adoption, Filling};
use divvy_core::survey::key_of;
use divvy_core::{Kind, Verdict, kinds};
use divvy_plugin::Value;
use divvy_plugin::proxy::{
    Adopt, Advice, Create, CreateAdvisor, Differences, ProviderConfigure, Refusal, Settled,
};
use divvy_terraform::WorkingDirectory;
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::arguments::Said;
use crate::confirm;
use crate::journal::Journal;
use crate::run::announcements::Announcement;
use crate::run::creates::{self, attributes, may_be_one};
use crate::run::failures::{self, failure};
use crate::run::holdings::Held;
use crate::run::ledger::{Configuration, Ledger, Opinion, Phase};
use crate::run::orgs::Orgs;
use crate::run::policy::RunPolicy;
use crate::run::subcommand::Flow;
use crate::run::words;

/// Decides about the creates of one run.
pub(crate) struct Advisor {
    flow: Flow,
    orgs: Arc<Orgs>,
    held: watch::Receiver<Option<Held>>,
    ledger: Mutex<Ledger>,
    journal: LazyJournal,
    terraform_version: Mutex<Option<String>>,
    interrupted: CancellationToken,
}

impl Advisor {
    pub(crate) fn new(
        flow: Flow,
        policy: RunPolicy,
        (announced, unannounced): (BTreeSet<Announcement>, Option<String>),
        configuration: Configuration,
        orgs: Arc<Orgs>,
        held: watch::Receiver<Option<Held>>,
        directory: &WorkingDirectory,
    ) -> Self {
        let consent = policy.consent;
        let mut ledger = Ledger::new(policy, announced, configuration);
        ledger.is_unannounced(unannounced);
        ledger.lies_beside(directory.errored_state());
        let working_directory = directory.path().to_owned();
        Self {
            flow,
            orgs,
            held,
            ledger: Mutex::new(ledger),
            journal: LazyJournal { working_directory, consent, journal: Mutex::default() },
            terraform_version: Mutex::default(),
            interrupted: CancellationToken::new(),
        }
    }

    /// Takes in which instances stand in the configuration's text: address and name.
    pub(crate) fn is_written(&self, instances: impl IntoIterator<Item = (String, String)>) {
        self.ledger().is_written(instances);
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the ledger out, when all is over, with what could not be journalled.
    pub(crate) fn close(&self) -> (Ledger, Option<String>, Vec<String>) {
        let (policy, configuration) = {
            let ledger = self.ledger();
            (ledger.policy().clone(), ledger.configuration().clone())
        };
        let empty = Ledger::new(policy, BTreeSet::new(), configuration);
        let ledger = std::mem::replace(&mut *self.ledger(), empty);
        let version = self.terraform_version.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (ledger, version, self.journal.notes())
    }

    /// Returns what was announced, for the plan file.
    pub(crate) fn announcements(&self) -> BTreeSet<Announcement> {
        self.ledger().announcements()
    }

    /// Waits until the org and the state are known, and enters a create.
    async fn enter(&self, create: &Create, kind: &'static Kind) -> usize {
        let mut held = self.held.clone();
        let known = held.wait_for(Option::is_some).await.ok().and_then(|known| known.clone());
        let key = key_of(kind, &attributes(create, kind).0);
        // Where the path has no placeholder, the list does not wait for the key.
        let filling = match &key {
            Some(key) => kind.filling(key),
            None => kind.is_read_whole().then(Filling::new),
        };
        let seen = match &filling {
            Some(filling) => self.orgs.seen(&create.alias, kind, filling).await,
            None => None,
        };
        let found = match &key {
            Some(key) => self.orgs.find(&create.alias, kind, key).await,
            None => None,
        };
        self.orgs
            .with_answer(&create.alias, |answer| {
                let mut ledger = self.ledger();
                ledger.hold_once(known.unwrap_or_else(|| Err("it was not read".to_owned())));
                ledger.lead(&create.alias, answer);
                if let Some((filling, seen)) = filling.as_ref().zip(seen.as_ref()) {
                    ledger.lists(&create.alias, kind, filling, seen);
                }
                if let Some(entity) = found {
                    ledger.found(&create.alias, entity);
                }
                ledger.enter(create, kind)
            })
            .await
    }

    /// Remembers that a person was shown an adoption; nobody is, of a plan file that is being applied.
    fn announce(&self, ledger: &mut Ledger, number: usize, opinion: &Opinion) {
        if !matches!(self.flow, Flow::ApplyPlan { .. }) {
            ledger.announce(number, opinion);
        }
    }

    /// Looks at the org again where its first listing does not explain a refusal; `verdict` is what the
    /// ledger makes of it so far. Returns whether it asked, so that an opinion has to be formed anew.
    async fn look_again(
        &self,
        create: &Create,
        kind: &'static Kind,
        number: usize,
        (is_open, is_clear): (bool, bool),
        mut verdict: Option<Verdict>,
    ) -> bool {
        let is_unexplained =
            matches!(verdict, Some(Verdict::Hidden | Verdict::NotAConflict | Verdict::Create))
                || (is_open && matches!(verdict, Some(Verdict::NearMiss)));
        // Of a status that says many things one look is enough.
        let wanted = self.ledger().wanted(number, is_clear);
        let Some(wanted) = wanted.filter(|_| is_unexplained) else { return false };
        let found = self.orgs.look_again(&create.alias, kind, &wanted).await;
        if !found.is_empty() {
            let mut ledger = self.ledger();
            for entity in found {
                ledger.found_late(&create.alias, entity);
            }
            drop(ledger);
            verdict = self.verdict(number);
        }
        // What was deleted explains a refusal only where nothing that is alive does.
        if is_clear
            && !is_open
            && verdict == Some(Verdict::Hidden)
            && let Some(deleted) = self.orgs.deleted(&create.alias, kind).await
        {
            self.ledger().found_deleted(&create.alias, kind, &deleted);
        }
        true
    }

    /// Notes an adoption in the journal before it is carried out.
    async fn note(&self, adopt: &Adopt, opinion: &Opinion) {
        let finding = &opinion.finding;
        self.journal.note(&json!({
            "event": "action",
            "do": if opinion.is_self_made { "keep" } else { "import" },
            "id": adopt.id,
            "name": finding.name,
            "org": finding.org,
        }));
        if adopt.accept_drift {
            // The org is about to be changed.
            self.journal.secure().await;
        }
    }

    fn verdict(&self, number: usize) -> Option<Verdict> {
        self.ledger().opinion(number, Phase::Apply).map(|opinion| opinion.finding.verdict)
    }
}

impl CreateAdvisor for Advisor {
    fn configuring(&self, configure: &ProviderConfigure) {
        // Beside the provider's own three requests, so that the plan does not wait for the listing.
        self.orgs.configured(configure);
    }

    async fn configured(&self, configure: &ProviderConfigure) {
        *self.terraform_version.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(configure.terraform_version.clone());
        self.ledger().begin_walk(&configure.alias, &configure.block);
    }

    async fn before_create(&self, create: &Create) -> Advice {
        let Some(kind) = kind_of(create) else { return Advice::Pass };
        // Whoever interrupts does not wait for an org that does not answer.
        let number = tokio::select! {
            biased;
            number = self.enter(create, kind) => number,
            () = self.interrupted.cancelled() => return Advice::Pass,
        };
        let mut ledger = self.ledger();
        let Some(opinion) = ledger.opinion(number, Phase::Plan) else { return Advice::Pass };
        let advice = words::in_plan(&opinion, ledger.policy(), &self.flow);
        // What is to be read first is announced once it is.
        if matches!(&advice, Advice::Adopt(adopt) if adopt.if_it_differs.is_none()) {
            self.announce(&mut ledger, number, &opinion);
        }
        advice
    }

    fn compared(
        &self,
        create: &Create,
        adopt: Adopt,
        differences: Result<Differences, String>,
    ) -> Advice {
        let Some(kind) = kind_of(create) else { return Advice::Pass };
        let mut ledger = self.ledger();
        let Some(number) = ledger.applied(create, kind) else { return Advice::Pass };
        match differences {
            Ok(differences) => ledger.compare(number, &adopt.id, &differences),
            Err(reason) => return words::unread(&adopt, &reason),
        }
        let Some(opinion) = ledger.opinion(number, Phase::Plan) else { return Advice::Pass };
        let advice = words::in_plan(&opinion, ledger.policy(), &self.flow);
        if matches!(advice, Advice::Adopt(_)) {
            self.announce(&mut ledger, number, &opinion);
        }
        advice
    }

    fn differs(&self, create: &Create, id: &str, differences: &Differences) {
        let Some(kind) = kind_of(create) else { return };
        let mut ledger = self.ledger();
        if let Some(number) = ledger.applied(create, kind) {
            ledger.compare(number, id, differences);
        }
    }

    async fn before_apply(&self, create: &Create) -> Advice {
        // What is refused at once and leaves nothing behind is left to the org to say.
        let Some(kind) = kind_of(create).filter(|kind| !kind.refuses_at_once) else {
            return Advice::Pass;
        };
        let (opinion, advice) = {
            let mut ledger = self.ledger();
            let Some(number) = ledger.applied(create, kind) else { return Advice::Pass };
            let Some(opinion) = ledger.opinion(number, Phase::Apply) else { return Advice::Pass };
            let advice = words::in_apply(&opinion, ledger.policy());
            (opinion, advice)
        };
        if let Advice::Adopt(adopt) = &advice {
            self.note(adopt, &opinion).await;
        }
        advice
    }

    async fn after_refusal(&self, create: &Create, refusal: &Refusal) -> Advice {
        let Some(kind) = kind_of(create) else { return Advice::Pass };
        let (number, failure, heard) = {
            let mut ledger = self.ledger();
            let Some(number) = ledger.applied(create, kind) else { return Advice::Pass };
            let name = ledger.name(number);
            let failure =
                failure(refusal, ledger.address(number), kind.terraform_type, name.as_deref());
            let heard = ledger.refused(number, failure.clone());
            (number, failure, heard)
        };
        let is_open = failures::is_outcome_open(&failure);
        if !is_open && !failures::may_mean_taken(&failure, kind) {
            return Advice::Pass;
        }
        let mut opinion = self.ledger().opinion(number, Phase::Apply);
        let is_clear = is_open || failures::says_taken(&failure, kind);
        let verdict = opinion.as_ref().map(|opinion| opinion.finding.verdict);
        // By the time the org has answered, the log may have lost the lines about this create.
        let is_explained = matches!(verdict, Some(Verdict::Adopt | Verdict::AdoptWithDrift));
        let provider_log = (!is_explained).then(|| refusal.provider_log.text());
        if self.look_again(create, kind, number, (is_open, is_clear), verdict).await {
            let log = provider_log.unwrap_or_default();
            self.ledger().caused(heard, failures::is_self_made(refusal, &log, &failure));
            opinion = self.ledger().opinion(number, Phase::Apply);
        }
        let Some(opinion) = opinion else { return Advice::Pass };
        let shows_nothing = opinion.finding.evidence.entity.is_none()
            && opinion.finding.evidence.candidates.is_empty();
        // Of a status that says many things only what the listing shows counts.
        if !is_clear && opinion.adoption.is_err() && shows_nothing {
            return Advice::Pass;
        }
        let advice = words::in_apply(&opinion, self.ledger().policy());
        if let Advice::Adopt(adopt) = &advice {
            self.note(adopt, &opinion).await;
        }
        advice
    }

    fn may_meet(&self, create: &Create, other: &Create) -> bool {
        create.type_name == other.type_name
            && may_be_one(&create.type_name, &create.planned, &other.planned)
    }

    fn import_id(&self, type_name: &str, state: &Value) -> Option<String> {
        let id = state.get("id").as_str()?;
        let kind = kinds::of_terraform_type(type_name);
        Some(match (kind, creates::json(state)) {
            (Some(kind), Json::Object(attributes)) => kind.tracked_id(id, &attributes).to_string(),
            _ => id.to_owned(),
        })
    }

    fn stopping(&self) {
        self.interrupted.cancel();
    }

    fn deletes(&self, type_name: &str, id: &str) {
        self.ledger().deletes(type_name, id);
    }

    fn saw_managed(&self, type_name: &str, id: &str) {
        self.ledger().manage(type_name, id);
    }

    async fn settled(&self, create: &Create, settled: &Settled) {
        let Some(kind) = kind_of(create) else { return };
        {
            let mut ledger = self.ledger();
            if let Some(number) = ledger.applied(create, kind) {
                ledger.settle(number, settled);
            }
        }
        if matches!(settled, Settled::Adopted { .. }) {
            self.journal.secure().await;
        }
    }
}

/// Returns the kind of a create that may meet what exists.
fn kind_of(create: &Create) -> Option<&'static Kind> {
    let kind = kinds::of_terraform_type(&create.type_name);
    kind.filter(|kind| kind.adoption == Adoption::ByKey)
}

/// The journal, opened by the first adoption: a run that adopts nothing leaves no trace.
struct LazyJournal {
    working_directory: PathBuf,
    consent: Said,
    journal: Mutex<Option<Result<Arc<Journal>, String>>>,
}

impl LazyJournal {
    /// Writes a line, and begins to wait for the disk while the provider goes on.
    fn note(&self, event: &serde_json::Value) {
        if let Ok(journal) = self.begun() {
            journal.note(event);
            tokio::spawn(async move { journal.secure().await });
        }
    }

    /// Waits until everything that was noted is on disk.
    async fn secure(&self) {
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(Ok(journal)) = journal {
            journal.secure().await;
        }
    }

    fn begun(&self) -> Result<Arc<Journal>, String> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let journal = journal.get_or_insert_with(|| {
            // Terraform keeps its own lock on the state, so its apply goes on without a journal.
            let journal =
                Journal::begin(&confirm::by_flag(self.consent), &self.working_directory, "run");
            journal.map(Arc::new).map_err(|error| error.message)
        });
        journal.clone()
    }

    fn notes(&self) -> Vec<String> {
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = journal.as_ref().and_then(|journal| journal.as_ref().err());
        failed
            .map(|error| format!("divvy undo will not know of this run: {error}."))
            .into_iter()
            .collect()
    }
}
