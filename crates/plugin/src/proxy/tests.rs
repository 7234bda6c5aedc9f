//! One connection between a test and a provider that misbehaves as no stand-in does.

use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use prost::Message as _;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::adopt::Adoption;
use super::connection::Connection;
use super::processes::Processes;
use super::{
    Adopt, Advice, AliasToken, Create, CreateAdvisor, Differences, ProviderConfigure, Refusal,
    Settled, Shared,
};
use crate::child::Child;
use crate::connect::Client;
use crate::frame::{Status, code};
use crate::handshake::{Invitation, Line};
use crate::messages::{
    ApplyRequest, ApplyResponse, Attribute, AttributePath, Block, ConfigureRequest, Diagnostic,
    DiagnosticsResponse, ImportRequest, ImportResponse, ImportedResource, PlanRequest,
    PlanResponse, ProviderSchema, ReadDataRequest, ReadDataResponse, ReadRequest, ReadResponse,
    Schema, UpgradeRequest, UpgradeResponse,
};
use crate::method::{Method, Protocol};
use crate::serve::{Answer, Provider, serve};
use crate::value::Value;

const TYPE: &str = "example_thing";

/// A provider of one type, whose create never succeeds.
#[derive(Clone)]
struct Toy {
    create: Answer<ApplyResponse>,
    imported: Vec<&'static str>,
    import_says: Vec<Diagnostic>,
    found: Value,
    /// Whether a read is never answered.
    hangs: bool,
    requires_replace: Vec<AttributePath>,
    legacy: bool,
}

impl Default for Toy {
    fn default() -> Self {
        let refused = ApplyResponse {
            new_state: Some(Value::Null.write()),
            diagnostics: vec![Diagnostic::error("taken", "")],
            ..ApplyResponse::default()
        };
        Self {
            create: Ok(refused),
            imported: vec![TYPE],
            import_says: Vec::new(),
            found: json!({ "id": "x", "name": "Sales", "note": null }).into(),
            hangs: false,
            requires_replace: Vec::new(),
            legacy: true,
        }
    }
}

impl Provider for Toy {
    fn protocol(&self) -> Protocol {
        Protocol::V5
    }

    fn schema(&self) -> ProviderSchema {
        let attribute = |name: &str| Attribute {
            name: name.to_owned(),
            computed: name == "id",
            ..Attribute::default()
        };
        let attributes = ["id", "name", "note"].map(attribute).to_vec();
        let block = Some(Block { attributes, block_types: Vec::new() });
        let schemas = [(TYPE.to_owned(), Schema { version: 0, block })];
        ProviderSchema { resource_schemas: schemas.into(), ..ProviderSchema::default() }
    }

    async fn configure(&self, _request: ConfigureRequest) -> Answer<DiagnosticsResponse> {
        Ok(DiagnosticsResponse::default())
    }

    async fn upgrade(&self, _request: UpgradeRequest) -> Answer<UpgradeResponse> {
        Ok(UpgradeResponse::default())
    }

    async fn read(&self, _request: ReadRequest) -> Answer<ReadResponse> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let new_state = Some(self.found.write());
        Ok(ReadResponse { new_state, ..ReadResponse::default() })
    }

    async fn plan(&self, request: PlanRequest) -> Answer<PlanResponse> {
        Ok(PlanResponse {
            planned_state: request.proposed_new_state,
            requires_replace: self.requires_replace.clone(),
            legacy_type_system: self.legacy,
            ..PlanResponse::default()
        })
    }

    async fn apply(&self, _request: ApplyRequest) -> Answer<ApplyResponse> {
        self.create.clone()
    }

    async fn import(&self, _request: ImportRequest) -> Answer<ImportResponse> {
        let imported = self.imported.iter().map(|type_name| ImportedResource {
            type_name: (*type_name).to_owned(),
            state: Some(self.found.write()),
            ..ImportedResource::default()
        });
        Ok(ImportResponse {
            imported_resources: imported.collect(),
            diagnostics: self.import_says.clone(),
        })
    }

    async fn read_data_source(&self, _request: ReadDataRequest) -> Answer<ReadDataResponse> {
        Ok(ReadDataResponse::default())
    }
}

/// Gives one piece of advice, and writes down what became of it.
struct Adviser {
    advice: Advice,
    /// Whether the advice is given before a create is sent, too.
    is_early: bool,
    differences: Mutex<Vec<Result<Differences, String>>>,
    refusals: Mutex<Vec<Refusal>>,
    settled: Mutex<Vec<Settled>>,
}

impl CreateAdvisor for Adviser {
    async fn configured(&self, _configure: &ProviderConfigure) {}

    async fn before_create(&self, _create: &Create) -> Advice {
        if self.is_early { self.advice.clone() } else { Advice::Pass }
    }

    fn compared(
        &self,
        _create: &Create,
        adopt: Adopt,
        differences: Result<Differences, String>,
    ) -> Advice {
        self.differences.lock().unwrap().push(differences);
        Advice::Adopt(adopt)
    }

    async fn before_apply(&self, _create: &Create) -> Advice {
        if self.is_early { self.advice.clone() } else { Advice::Pass }
    }

    async fn after_refusal(&self, _create: &Create, refusal: &Refusal) -> Advice {
        self.refusals.lock().unwrap().push(refusal.clone());
        self.advice.clone()
    }

    fn saw_managed(&self, _type_name: &str, _id: &str) {}

    async fn settled(&self, _create: &Create, settled: &Settled) {
        self.settled.lock().unwrap().push(settled.clone());
    }
}

/// What a create came to.
struct Came {
    answer: ApplyResponse,
    /// What the create was refused with; none if it was not sent.
    refusal: Option<Refusal>,
    settled: Settled,
    /// What was read while the plan was made.
    differences: Option<Result<Differences, String>>,
    /// Whether the id is held now.
    is_held: bool,
}

impl Came {
    fn says(&self) -> Vec<(bool, &str)> {
        let all = self.answer.diagnostics.iter();
        all.map(|one| (one.is_error(), one.summary.as_str())).collect()
    }
}

/// Plans and applies one create of `Sales` through a proxy's connection.
async fn create(toy: Toy, advice: Advice) -> Came {
    create_with_note(Value::Null, toy, (advice, false)).await
}

/// As [`create`]; the advice is given before the create is sent.
async fn create_early(toy: Toy, advice: Advice) -> Came {
    create_with_note(Value::Null, toy, (advice, true)).await
}

async fn create_with_note(note: Value, toy: Toy, advice: (Advice, bool)) -> Came {
    with_proxy(toy, advice, async |shared, child| {
        let connection =
            Connection::configured_with(Arc::clone(&shared), child, AliasToken::of(b""));
        let mut wanted = Value::from(json!({ "id": null, "name": "Sales" }));
        wanted.set("note", note);
        let plan = PlanRequest {
            type_name: TYPE.to_owned(),
            proposed_new_state: Some(wanted.write()),
            config: Some(wanted.write()),
            ..PlanRequest::default()
        };
        let plan = plan.encode_to_vec().into();
        connection.open(Method::PlanResourceChange, plan).await.unwrap();
        let apply = ApplyRequest {
            type_name: TYPE.to_owned(),
            planned_state: Some(wanted.write()),
            config: Some(wanted.write()),
            ..ApplyRequest::default()
        };
        let apply = apply.encode_to_vec().into();
        let answer = connection.open(Method::ApplyResourceChange, apply).await.unwrap();
        let refusal = shared.advisor.refusals.lock().unwrap().pop();
        let differences = shared.advisor.differences.lock().unwrap().pop();
        let settled = shared.advisor.settled.lock().unwrap().remove(0);
        let is_held = !shared.reserve(TYPE, "x");
        let answer = ApplyResponse::decode(answer).unwrap();
        Came { answer, refusal, settled, differences, is_held }
    })
    .await
}

/// Serves the toy, and hands what a proxy's connections share, and its process, to `talk`.
async fn with_proxy<T>(
    toy: Toy,
    (advice, is_early): (Advice, bool),
    talk: impl AsyncFnOnce(Arc<Shared<Adviser>>, Arc<Child>) -> T,
) -> T {
    let directory = tempfile::tempdir().unwrap();
    let invitation = Invitation { wants_tls: false, socket_directory: directory.path().to_owned() };
    let (mut stdout, told) = UnixStream::pair().unwrap();
    told.set_nonblocking(true).unwrap();
    let mut told = BufReader::new(tokio::net::UnixStream::from_std(told).unwrap()).lines();
    let serving = serve(toy, &invitation, &mut stdout);
    let talking = async {
        let line = told.next_line().await.unwrap().unwrap();
        let client = Client::open(&Line::parse(&line).unwrap()).await.unwrap();
        let child = Arc::new(Child::of(client));
        let advisor = Adviser {
            advice,
            is_early,
            differences: Mutex::default(),
            refusals: Mutex::default(),
            settled: Mutex::default(),
        };
        let shared = Arc::new(Shared::new(Arc::new(Processes::of(Arc::clone(&child))), advisor));
        talk(shared, child).await
    };
    tokio::select! {
        served = serving => panic!("it ended early: {served:?}"),
        came = talking => came,
    }
}

fn adopt() -> Advice {
    Advice::Adopt(Adopt {
        id: "x".to_owned(),
        summary: "adopted".to_owned(),
        detail: String::new(),
        must_match: vec!["name".to_owned()],
        if_it_differs: None,
        accept_drift: false,
    })
}

#[tokio::test]
async fn a_create_that_is_answered_with_a_status_is_looked_up() {
    let no = || Err(Status::new(code::INTERNAL, "the sky is falling"));
    let came = create(Toy { create: no(), ..Toy::default() }, adopt()).await;
    assert!(came.refusal.as_ref().unwrap().is_unanswered);
    assert!(matches!(came.settled, Settled::Adopted { .. }), "{:?}", came.settled);
    assert_eq!(came.says(), [(false, "adopted")]);
    let state = Value::read(came.answer.new_state.as_ref()).unwrap();
    assert_eq!(state.get("id").as_str(), Some("x"));

    let came = create(Toy { create: no(), ..Toy::default() }, Advice::Pass).await;
    assert_eq!(came.says(), [(true, "Plugin error")]);
    assert!(came.answer.diagnostics[0].detail.contains("the sky is falling"));
    assert!(Value::read(came.answer.new_state.as_ref()).unwrap().is_null());
    assert_eq!(came.settled, Settled::Failed);
}

#[tokio::test]
async fn a_refused_create_is_answered_and_not_open() {
    let came = create(Toy::default(), Advice::Pass).await;
    assert!(!came.refusal.as_ref().unwrap().is_unanswered);
    assert_eq!(came.says(), [(true, "taken")]);
}

/// What the provider does, and why nothing is adopted then.
fn reasons() -> Vec<(Toy, &'static str)> {
    let toy = Toy::default;
    let found = |json: serde_json::Value| Toy { found: json.into(), ..toy() };
    let other = json!({ "id": "x", "name": "Sales", "note": "theirs" });
    vec![
        (Toy { imported: vec![], ..toy() }, "did not import exactly one object"),
        (Toy { imported: vec![TYPE, TYPE], ..toy() }, "did not import exactly one object"),
        (Toy { imported: vec!["example_other"], ..toy() }, "imported a example_other"),
        (
            Toy { import_says: vec![Diagnostic::error("no such id", "")], ..toy() },
            "The provider says: no such id",
        ),
        (found(json!(null)), "finds no object with the id x"),
        (found(json!({ "id": "x", "name": "SALES", "note": null })), "Its name is not the planned"),
        (
            Toy { requires_replace: vec![AttributePath::attribute("note")], ..toy() },
            "would delete and replace it, because it differs in note",
        ),
        (Toy { found: other.into(), legacy: false, ..toy() }, "It differs in note"),
    ]
}

#[tokio::test]
async fn what_cannot_be_taken_as_it_is_is_not_adopted() {
    for (toy, expected) in reasons() {
        let came = create(toy, adopt()).await;
        let Settled::NotAdopted { id, reason } = &came.settled else {
            panic!("{expected}: {:?}", came.settled)
        };
        assert!(id == "x" && reason.contains(expected), "{expected}: {reason}");
        assert_eq!(came.says(), [(true, "taken"), (false, "Existing x was not adopted")]);
        assert!(Value::read(came.answer.new_state.as_ref()).unwrap().is_null(), "{expected}");
    }
}

/// Advice to adopt what nobody has looked at yet.
fn adopt_unseen() -> Advice {
    let Advice::Adopt(adopt) = adopt() else { unreachable!() };
    Advice::Adopt(Adopt { if_it_differs: Some(", as the next plan shows.".to_owned()), ..adopt })
}

#[tokio::test]
async fn what_the_plan_found_is_taken_and_its_create_never_sent() {
    let came = create_early(Toy::default(), adopt()).await;
    assert!(came.refusal.is_none(), "the create was sent");
    assert!(matches!(came.settled, Settled::Adopted { .. }), "{:?}", came.settled);
    assert_eq!(came.says(), [(false, "adopted")]);
    assert!(came.is_held);
    assert!(came.differences.is_none(), "what is foretold is not read for the plan");
}

#[tokio::test]
async fn what_is_gone_renamed_or_would_be_replaced_is_created_as_ever() {
    let found = |found: serde_json::Value| Toy { found: found.into(), ..Toy::default() };
    let replaced = vec![AttributePath::attribute("note")];
    for toy in [
        found(json!(null)),
        found(json!({ "id": "x", "name": "SALES", "note": null })),
        Toy { requires_replace: replaced, ..Toy::default() },
    ] {
        let came = create_early(toy, adopt()).await;
        assert!(came.refusal.is_some(), "{:?}", came.settled);
        assert_eq!(came.says()[0], (true, "taken"));
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_neither_adopted_nor_made_a_second_time() {
    let import_says = vec![Diagnostic::error("not permitted", "")];
    let came = create_early(Toy { import_says, ..Toy::default() }, adopt()).await;
    assert!(came.refusal.is_none(), "the create was sent");
    assert_eq!(came.says(), [(true, "Existing x was not adopted")]);
    assert!(came.answer.diagnostics[0].detail.ends_with("Nothing was created."));
    assert!(Value::read(came.answer.new_state.as_ref()).unwrap().is_null());
    assert!(!came.is_held);
}

#[tokio::test]
async fn what_nobody_foretells_is_read_for_the_plan_and_told_when_it_is_taken() {
    let found = json!({ "id": "x", "name": "Sales", "note": "theirs" });
    let came = create_early(Toy { found: found.into(), ..Toy::default() }, adopt_unseen()).await;
    let differences = came.differences.as_ref().unwrap().as_ref().unwrap();
    assert!(differences.replacing.is_empty());
    let [note] = differences.all.as_slice() else { panic!("{differences:?}") };
    assert_eq!((note.attribute.as_str(), note.before.as_str()), ("note", Some("theirs")));
    let detail = &came.answer.diagnostics[0].detail;
    assert_eq!(detail, " It differs in note, as the next plan shows.");

    let requires_replace = vec![AttributePath::attribute("note")];
    let came = create_early(Toy { requires_replace, ..Toy::default() }, adopt_unseen()).await;
    assert_eq!(came.differences.unwrap().unwrap().replacing, ["note"]);
}

#[tokio::test]
async fn what_differs_is_adopted_where_terraform_bears_it() {
    let found = json!({ "id": "x", "name": "Sales", "note": "theirs" });
    let came = create(Toy { found: found.into(), ..Toy::default() }, adopt()).await;
    let differing = vec!["note".to_owned()];
    let expected = Settled::Adopted { id: "x".to_owned(), differing, updated: false };
    assert_eq!(came.settled, expected);
    assert!(came.answer.legacy_type_system);
}

#[tokio::test]
async fn a_number_that_is_not_finite_passes_through_an_adoption() {
    let infinite = Value::Other(Box::new(rmpv::Value::F64(f64::INFINITY)));
    let mut found = Value::from(json!({ "id": "x", "name": "Sales" }));
    found.set("note", infinite.clone());
    let toy = Toy { found: found.clone(), ..Toy::default() };
    let came = create_with_note(infinite, toy, (adopt(), false)).await;
    let expected = Settled::Adopted { id: "x".to_owned(), differing: vec![], updated: false };
    assert_eq!(came.settled, expected);
    assert_eq!(came.answer.new_state, Some(found.write()));
}

#[tokio::test(start_paused = true)]
async fn an_adoption_that_the_provider_never_answers_ends_in_the_refusal() {
    let started = tokio::time::Instant::now();
    let came = create(Toy { hangs: true, ..Toy::default() }, adopt()).await;
    assert_eq!(started.elapsed().as_secs(), 60);
    let Settled::NotAdopted { reason, .. } = &came.settled else { panic!("{:?}", came.settled) };
    assert_eq!(reason, "The provider did not read x within 60 s.");
    assert_eq!(came.says(), [(true, "taken"), (false, "Existing x was not adopted")]);
    assert!(!came.is_held, "nobody else may take it");
}

#[tokio::test]
async fn an_adoption_waits_for_what_another_create_may_have_made() {
    let Advice::Adopt(advice) = adopt() else { unreachable!() };
    let reason = with_proxy(Toy::default(), (Advice::Pass, false), async |shared, child| {
        let planned = Value::from(json!({ "id": null, "name": "Sales" }));
        let request = ApplyRequest { config: Some(planned.write()), ..ApplyRequest::default() };
        let (alias, type_name) = (AliasToken::of(b""), TYPE.to_owned());
        let create =
            Arc::new(Create { alias, type_name, config: planned.clone(), planned, replaces: None });
        let adoption = Adoption {
            shared: &shared,
            child: &child,
            request: &request,
            create: &create,
            advice: &advice,
            legacy: true,
        };
        let other = shared.sending.begin(&create);
        let adopting = adoption.carry_out();
        tokio::pin!(adopting);
        assert!(adopting.as_mut().now_or_never().is_none());
        // The other one has made it, and says so.
        shared.saw_managed(TYPE, "x");
        drop(other);
        adopting.await.unwrap_err().reason()
    });
    assert!(reason.await.contains("x is already managed by this state"));
}
