//! The stand-in through the proxy, without Terraform: single calls, as the protocol carries them.

use std::path::Path;
use std::time::Duration;

use divvy_plugin::connect::Client;
use divvy_plugin::handshake::Line;
use divvy_plugin::messages::{
    ApplyRequest, ApplyResponse, ConfigureRequest, DiagnosticsResponse, Empty, PlanRequest,
    PlanResponse, ReadDataRequest, ReadDataResponse, StopResponse,
};
use divvy_plugin::proxy::{Launch, Proxy};
use divvy_plugin::{Method, Value};
use divvy_sandbox::emulator::{Effect, Handle};
use serde_json::json;
use tempfile::TempDir;

use super::ADDRESS;
use super::adopter::Adopter;
use crate::provider::org::{Org, wait_until_held};
use crate::provider::workspace::STAND_IN;

const DIVISION: &str = "genesyscloud_auth_division";
const PATIENCE: Duration = Duration::from_secs(30);

/// A launch of the stand-in with nothing but its own environment.
pub(super) fn bare_launch(sockets: &Path) -> Launch {
    Launch {
        program: STAND_IN.into(),
        leash: Vec::new(),
        environment: vec![("GENESYSCLOUD_TOKEN_POOL_SIZE".into(), "1".into())],
        socket_directory: sockets.to_owned(),
        transport: divvy_os::sockets::DEFAULT,
    }
}

/// A configured provider with one slot.
struct Talk {
    proxy: Proxy<Adopter>,
    client: Client,
    sockets: TempDir,
}

impl Talk {
    async fn begin(org: &Org) -> Self {
        let sockets = tempfile::tempdir().unwrap();
        let launch = bare_launch(sockets.path());
        let proxy = Proxy::start(launch, Adopter::of(&[org])).await.unwrap();
        let (_, variable) = proxy.reattach_variable([ADDRESS], None).unwrap();
        let variable: serde_json::Value = serde_json::from_str(&variable).unwrap();
        let socket = variable[ADDRESS]["Addr"]["String"].as_str().unwrap();
        let line = Line::parse(&format!("1|5|unix|{socket}|grpc|")).unwrap();
        let client = Client::open(&line).await.unwrap();
        let gateway =
            json!({"protocol": "http", "host": "127.0.0.1", "port": org.port().to_string()});
        let block = Value::from(json!({"gateway": [gateway]}));
        let configure = ConfigureRequest { config: Some(block.write()), ..Default::default() };
        let configured: DiagnosticsResponse =
            client.unary(Method::ConfigureProvider, &configure).await.unwrap();
        assert_eq!(configured, DiagnosticsResponse::default());
        Self { proxy, client, sockets }
    }

    async fn division_named(&self, name: &str) -> Result<ReadDataResponse, divvy_plugin::Error> {
        let config = Value::from(json!({ "id": null, "name": name })).write();
        let request = ReadDataRequest { type_name: DIVISION.to_owned(), config: Some(config) };
        self.client.unary(Method::ReadDataSource, &request).await
    }

    async fn end(self) {
        self.proxy.stop().await;
        assert_eq!(std::fs::read_dir(self.sockets.path()).unwrap().count(), 0, "sockets are left");
    }
}

fn create(name: &str) -> ApplyRequest {
    let planned = Value::from(json!({"name": name, "description": null, "home": null}));
    ApplyRequest {
        type_name: DIVISION.to_owned(),
        planned_state: Some(planned.write()),
        config: Some(planned.write()),
        ..Default::default()
    }
}

async fn on_another_thread<T: Send + 'static>(
    org: &Org,
    wait: impl FnOnce(Handle) -> T + Send + 'static,
) -> T {
    let handle = org.handle();
    tokio::task::spawn_blocking(move || wait(handle)).await.unwrap()
}

#[tokio::test]
async fn a_provider_hears_of_stop_only_after_its_create() {
    let org = Org::start();
    let talk = Talk::begin(&org).await;
    org.next_create(Effect::HoldReply);
    let applying = tokio::spawn({
        let client = talk.client.clone();
        async move {
            let create = create("Engineering");
            client.unary::<ApplyResponse>(Method::ApplyResourceChange, &create).await.unwrap()
        }
    });
    on_another_thread(&org, |org| wait_until_held(&org)).await;
    let stopped: StopResponse = talk.client.unary(Method::StopProvider, &Empty {}).await.unwrap();
    assert_eq!(stopped.error, "");
    org.release();
    let applied = applying.await.unwrap();
    assert_eq!(applied.diagnostics, []);
    assert!(!Value::read(applied.new_state.as_ref()).unwrap().is_null());
    talk.end().await;
}

#[tokio::test]
async fn a_refused_create_comes_without_state_private_data_and_legacy_flag() {
    let org = Org::start();
    org.add("Other", "");
    let talk = Talk::begin(&org).await;
    let wanted = create("Engineering");
    let plan = PlanRequest {
        type_name: DIVISION.to_owned(),
        proposed_new_state: wanted.planned_state.clone(),
        config: wanted.config.clone(),
        ..Default::default()
    };
    let planned: PlanResponse = talk.client.unary(Method::PlanResourceChange, &plan).await.unwrap();
    assert!(planned.legacy_type_system);
    assert_eq!(planned.planned_private, br#"{"schema_version":"1"}"#.as_slice());
    // The trivial advisor finds nothing to adopt under this name.
    org.next_create(Effect::Status(divvy_sandbox::emulator::Refusal::status(409)));
    let refused: ApplyResponse =
        talk.client.unary(Method::ApplyResourceChange, &wanted).await.unwrap();
    assert!(refused.diagnostics[0].detail.contains("\"statusCode\":409"));
    assert!(Value::read(refused.new_state.as_ref()).unwrap().is_null());
    assert!(refused.private.is_empty() && !refused.legacy_type_system);
    talk.end().await;
}

#[tokio::test]
async fn a_question_that_is_taken_back_is_asked_no_more_and_frees_its_slot() {
    let org = Org::start();
    let id = org.add("Sales", "");
    let talk = Talk::begin(&org).await;
    let asked_twice = on_another_thread(&org, |org| {
        let patience = PATIENCE;
        // The second search of a miss comes half a second after the first.
        org.wait_for_request(patience, |request| request.query.contains("name=new"))?;
        org.clear_requests();
        org.wait_for_request(patience, |request| request.query.contains("name=new"))
    });
    tokio::select! {
        answer = talk.division_named("New") => panic!("a miss was answered: {answer:?}"),
        asked = asked_twice => assert!(asked.is_some()),
    }
    // With one slot this would wait for the rest of the fifteen seconds.
    let found = tokio::time::timeout(Duration::from_secs(10), talk.division_named("SALES")).await;
    let found = Value::read(found.unwrap().unwrap().state.as_ref()).unwrap();
    assert_eq!(found.get("id").as_str(), Some(id.as_str()));
    talk.end().await;
}
