//! Both ends of the protocol against each other, without Terraform.

use std::os::unix::net::UnixStream;

use divvy_plugin::connect::Client;
use divvy_plugin::frame::{Status, code};
use divvy_plugin::handshake::{Invitation, Line};
use divvy_plugin::messages::{
    ApplyRequest, ApplyResponse, ConfigureRequest, DiagnosticsResponse, Empty, ImportRequest,
    ImportResponse, PlanRequest, PlanResponse, ProviderSchema, ReadDataRequest, ReadDataResponse,
    ReadRequest, ReadResponse, UpgradeRequest, UpgradeResponse,
};
use divvy_plugin::serve::{Answer, Provider, serve};
use divvy_plugin::{Error, Method, Protocol, Value};
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// Answers reads with what it is asked, and fails with a status at everything else.
struct Echo(Protocol);

fn no<T>() -> Answer<T> {
    Err(Status::new(code::UNKNOWN, "not here: 100 % sure, façade"))
}

impl Provider for Echo {
    fn protocol(&self) -> Protocol {
        self.0
    }

    fn schema(&self) -> ProviderSchema {
        ProviderSchema::default()
    }

    async fn configure(&self, _request: ConfigureRequest) -> Answer<DiagnosticsResponse> {
        no()
    }

    async fn upgrade(&self, _request: UpgradeRequest) -> Answer<UpgradeResponse> {
        no()
    }

    async fn read(&self, request: ReadRequest) -> Answer<ReadResponse> {
        let new_state = request.current_state;
        Ok(ReadResponse { new_state, ..ReadResponse::default() })
    }

    async fn plan(&self, _request: PlanRequest) -> Answer<PlanResponse> {
        no()
    }

    async fn apply(&self, _request: ApplyRequest) -> Answer<ApplyResponse> {
        no()
    }

    async fn import(&self, _request: ImportRequest) -> Answer<ImportResponse> {
        no()
    }

    async fn read_data_source(&self, _request: ReadDataRequest) -> Answer<ReadDataResponse> {
        no()
    }
}

/// Runs a conversation with an echoing provider, then sees it end.
async fn converse<F: Future<Output = ()>>(protocol: Protocol, talk: impl FnOnce(Client) -> F) {
    let directory = tempfile::tempdir().unwrap();
    let invitation = Invitation { wants_tls: false, socket_directory: directory.path().to_owned() };
    let (mut stdout, told) = UnixStream::pair().unwrap();
    told.set_nonblocking(true).unwrap();
    let mut told = BufReader::new(tokio::net::UnixStream::from_std(told).unwrap()).lines();
    let serving = serve(Echo(protocol), &invitation, &mut stdout);
    let talking = async {
        let line = Line::parse(&told.next_line().await.unwrap().unwrap()).unwrap();
        assert_eq!(line.protocol, protocol);
        talk(Client::open(&line).await.unwrap()).await;
    };
    tokio::select! {
        served = serving => panic!("it ended early: {served:?}"),
        () = talking => {}
    }
}

#[tokio::test]
async fn both_versions_are_spoken() {
    for protocol in [Protocol::V5, Protocol::V6] {
        converse(protocol, async |client: Client| {
            let schema: ProviderSchema =
                client.unary(Method::GetProviderSchema, &Empty {}).await.unwrap();
            assert_eq!(schema, ProviderSchema::default());
        })
        .await;
    }
}

#[tokio::test]
async fn a_state_of_eighty_megabytes_passes() {
    converse(Protocol::V5, async |client: Client| {
        let large = Value::object([("text", Value::from("x".repeat(80 << 20)))]);
        let request = ReadRequest { current_state: Some(large.write()), ..ReadRequest::default() };
        let read: ReadResponse = client.unary(Method::ReadResource, &request).await.unwrap();
        assert!(Value::read(read.new_state.as_ref()).unwrap() == large);
    })
    .await;
}

#[tokio::test]
async fn a_status_arrives_with_its_text() {
    converse(Protocol::V5, async |client: Client| {
        let answer: Result<PlanResponse, Error> =
            client.unary(Method::PlanResourceChange, &PlanRequest::default()).await;
        let Err(Error::Status { method, code, message }) = answer else { panic!("{answer:?}") };
        assert_eq!((method, code), ("PlanResourceChange", 2));
        assert_eq!(message, "not here: 100 % sure, façade");
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_gone_is_an_error() {
    let line = Line::parse("1|5|unix|/nowhere/plugin|grpc|").unwrap();
    let error = Client::open(&line).await.err().unwrap();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}
