//! The proxy between a Terraform and a provider that say anything at all.
//!
//! Whatever is said: each call is answered in time, later calls are served, nothing is left behind,
//! and what only passes arrives as it was sent.

mod messages;
mod mutation;
mod wire;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use divvy_plugin::messages::ConfigureRequest;
use divvy_plugin::proxy::{
    Adopt, Advice, Create, CreateAdvisor, Launch, ProviderConfigure, Proxy, Refusal, Settled,
};
use divvy_plugin::{Method, Protocol, Value};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use prost::Message as _;
use rustix::process::{Pid, test_kill_process};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use self::messages::{ID, path, requests};
use self::mutation::{Framing, Mutation};
use self::wire::{Caller, Ended, Provider, Reply};
use super::{ADDRESS, bare_launch};
use crate::provider::org::Org;

/// Adopts whatever is refused.
struct Eager;

impl Eager {
    fn advice() -> Advice {
        Advice::Adopt(Adopt {
            id: ID.to_owned(),
            summary: "It already exists".to_owned(),
            detail: "It will be adopted.".to_owned(),
            must_match: vec!["name".to_owned()],
            if_it_differs: None,
            accept_drift: false,
        })
    }
}

impl CreateAdvisor for Eager {
    async fn configured(&self, _configure: &ProviderConfigure) {}

    async fn before_create(&self, _create: &Create) -> Advice {
        Self::advice()
    }

    async fn after_refusal(&self, _create: &Create, _refusal: &Refusal) -> Advice {
        Self::advice()
    }

    fn saw_managed(&self, _type_name: &str, _id: &str) {}

    async fn settled(&self, _create: &Create, _settled: &Settled) {}
}

fn socket(proxy: &Proxy<Eager>) -> PathBuf {
    let (_, variable) = proxy.reattach_variable([ADDRESS], None).unwrap();
    let variable: serde_json::Value = serde_json::from_str(&variable).unwrap();
    variable[ADDRESS]["Addr"]["String"].as_str().unwrap().into()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Waits until no task is left: a call that nobody waits for any more must not live on.
async fn nothing_is_left_running() {
    let metrics = tokio::runtime::Handle::current().metrics();
    let ended = tokio::time::timeout(Duration::from_secs(20), async {
        while metrics.num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    });
    assert!(ended.await.is_ok(), "{} tasks are left", metrics.num_alive_tasks());
}

fn property<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let tested = TestRunner::new(config).run(&strategy, |case| {
        test(case);
        Ok(())
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}

/// One call of Terraform: the path, the message that is changed, and how.
#[derive(Clone, Debug)]
struct Call {
    path: String,
    message: Bytes,
    mutation: Mutation,
    framing: Framing,
}

impl Call {
    async fn make(&self, caller: &Caller) -> Ended {
        caller.call(&self.path, &self.mutation.of(&self.message), &self.framing).await
    }
}

/// Any call, in no order: also those of other services, of the other version and of none.
fn any_call() -> impl Strategy<Value = Call> {
    let known = select(requests().to_vec()).prop_map(|(method, message)| (path(method), message));
    let unknown = select(vec![
        "/tfplugin5.Provider/GetMetadata",
        "/tfplugin5.Provider/",
        "/tfplugin6.Provider/PlanResourceChange",
        "/plugin.GRPCStdio/StreamStdio",
        "/plugin.GRPCBroker/StartStream",
        "/plugin.GRPCController/Shutdown",
        "/",
    ]);
    let unknown = unknown.prop_map(|path| (path.to_owned(), Bytes::from_static(b"anything")));
    (prop_oneof![6 => known, 1 => unknown], Mutation::any(), Framing::any())
        .prop_map(|((path, message), mutation, framing)| Call { path, message, mutation, framing })
}

#[test]
fn whatever_terraform_sends_is_answered_and_the_next_call_is_served() {
    let org = Org::start();
    let sockets = tempfile::tempdir().unwrap();
    let gateway = json!({"protocol": "http", "host": "127.0.0.1", "port": org.port().to_string()});
    let block = Value::from(json!({"gateway": [gateway]}));
    let configure = ConfigureRequest { config: Some(block.write()), ..Default::default() };
    let configure = Bytes::from(configure.encode_to_vec());
    let mut launch = bare_launch(sockets.path());
    launch.environment.push(("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT".into(), "0s".into()));

    let runtime = runtime();
    let proxy = runtime.block_on(Proxy::start(launch, Eager)).unwrap();
    let socket = socket(&proxy);
    let schema = Method::GetProviderSchema.path(Protocol::V5);
    let expected = runtime.block_on(async {
        let caller = Caller::connect(&socket).await;
        let schema = caller.call(&schema, &Bytes::new(), &Framing::Whole).await.message();
        caller.close().await;
        schema
    });
    assert!(!expected.is_empty());

    let calls = prop::collection::vec(any_call(), 1..6);
    property(150, (calls, any::<bool>(), any::<bool>()), |(calls, at_once, is_configured)| {
        runtime.block_on(async {
            let caller = Caller::connect(&socket).await;
            if is_configured {
                let whole = Framing::Whole;
                caller.call(&path("Configure"), &configure, &whole).await.message();
            }
            let calls = calls.into_iter().map(|mut call| {
                if call.path == path("Configure") {
                    // A changed address would make the provider knock at doors that do not open.
                    call.mutation = Mutation::None;
                    call.message = configure.clone();
                }
                call
            });
            let calls: Vec<Call> = calls.collect();
            if at_once {
                join_all(calls.iter().map(|call| call.make(&caller))).await;
            } else {
                for call in &calls {
                    call.make(&caller).await;
                }
            }
            let again = caller.call(&schema, &Bytes::new(), &Framing::Whole).await.message();
            assert_eq!(again, expected);
            caller.close().await;
        });
    });
    runtime.block_on(async {
        proxy.stop().await;
        nothing_is_left_running().await;
    });
    assert_eq!(std::fs::read_dir(sockets.path()).unwrap().count(), 0, "sockets are left");
}

fn any_reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        8 => (Mutation::any(), Framing::any()).prop_map(|(m, f)| Reply::Changed(m, f)),
        1 => (1..20).prop_map(Reply::Status),
        1 => Just(Reply::WithoutTrailers),
        1 => select(vec![404, 500, 503]).prop_map(Reply::Http),
        1 => Just(Reply::Reset),
        1 => Just(Reply::Close),
    ]
}

fn launch_of(directory: &Path) -> Launch {
    let path = std::env::var_os("PATH").unwrap();
    Launch {
        program: directory.join("start"),
        leash: vec!["/bin/sh".into()],
        environment: vec![("PATH".into(), path)],
        socket_directory: directory.to_owned(),
        transport: divvy_os::sockets::DEFAULT,
    }
}

/// An apply from beginning to end, each message changed harmlessly. Returns each end.
async fn apply(socket: &Path, how: &[(Mutation, Framing)]) -> Vec<(Bytes, Ended)> {
    let caller = Caller::connect(socket).await;
    let mut ends = Vec::new();
    for ((method, message), (mutation, framing)) in requests().into_iter().zip(how) {
        let message = mutation.of(&message);
        let ended = caller.call(&path(method), &message, framing).await;
        ends.push((message, ended));
    }
    caller.close().await;
    ends
}

/// Answers of a whole apply: the schema, Configure, four that pass or are read, the refusal,
/// and what an adoption asks.
const ANSWERS: usize = 10;

#[test]
fn whatever_the_provider_answers_terraform_hears_of_it_and_the_next_apply_is_served() {
    let how = prop::collection::vec((Mutation::harmless(), Framing::harmless()), 8);
    property(150, (how, 0..ANSWERS, any_reply()), |(how, after, reply)| {
        let directory = tempfile::tempdir().unwrap();
        let started = runtime().block_on(async {
            let provider = Provider::listen(directory.path());
            let proxy = Proxy::start(launch_of(directory.path()), Eager).await.unwrap();
            let socket = socket(&proxy);
            provider.answers(after, reply.clone());
            let ends = apply(&socket, &how).await;
            if reply.is_harmless() {
                arrives_as_it_was_sent(&provider, &ends);
            }
            // The schema is asked for once, and the connection that was lost may be everybody's.
            if after > 0 && !matches!(reply, Reply::Close) {
                provider.was_asked();
                provider.has_answered();
                arrives_as_it_was_sent(&provider, &apply(&socket, &how).await);
            }
            let started = provider.processes();
            if matches!(reply, Reply::Close) {
                // It cannot be asked to end any more.
                provider.kill();
            }
            proxy.stop().await;
            provider.end().await;
            nothing_is_left_running().await;
            started
        });
        assert!(started.len() >= 2 || after < 2, "{started:?}");
        let alive: Vec<&Pid> =
            started.iter().filter(|process| test_kill_process(**process).is_ok()).collect();
        assert_eq!(alive, [] as [&Pid; 0]);
        assert!(!directory.path().join("proxy").exists(), "the proxy's socket is left");
    });
}

/// The methods whose answers may get a diagnostic more.
fn is_added_to(method: &str) -> bool {
    matches!(method, "PlanResourceChange" | "ApplyResourceChange")
}

/// Holds every call of an apply to its bytes, both ways.
#[track_caller]
fn arrives_as_it_was_sent(provider: &Provider, ends: &[(Bytes, Ended)]) {
    let (asked, answered) = (provider.was_asked(), provider.has_answered());
    for ((method, _), (sent, ended)) in requests().iter().zip(ends) {
        let received = ended.clone().message();
        if *method == "GetSchema" || *method == "Stop" {
            // Answered by the proxy itself: from its store, and at once.
            continue;
        }
        let is_same = |(path, frame): &&(String, Bytes)| {
            path.ends_with(&format!("/{method}")) && frame.slice(5..) == *sent
        };
        assert!(asked.iter().any(|one| is_same(&one)), "{method} did not arrive as it was sent");
        let is_answered = |(path, answer): &&(String, Bytes)| {
            path.ends_with(&format!("/{method}"))
                && (received == *answer || is_added_to(method) && received.starts_with(answer))
        };
        // What an adoption answers is built from what was read.
        let is_adopted = *method == "ApplyResourceChange" && received.ends_with(b"\x20\x01");
        assert!(
            is_adopted || answered.iter().any(|one| is_answered(&one)),
            "{method} was not answered as the provider did: {received:?}"
        );
    }
}

#[test]
fn bytes_that_are_no_http_end_their_own_connection_alone() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let garbage = (any::<bool>(), prop::collection::vec(any::<u8>(), 0..300), any::<Index>());
    let directory = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let (provider, proxy) = runtime.block_on(async {
        let provider = Provider::listen(directory.path());
        (provider, Proxy::start(launch_of(directory.path()), Eager).await.unwrap())
    });
    let socket = socket(&proxy);
    property(200, garbage, |(greets, garbage, cut)| {
        runtime.block_on(async {
            let bytes = [if greets { &preface[..] } else { &[] }, &garbage].concat();
            let bytes = &bytes[..cut.index(bytes.len() + 1)];
            let mut stream = UnixStream::connect(&socket).await.unwrap();
            // The proxy may have hung up already.
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
            let mut said = Vec::new();
            let hung_up = stream.read_to_end(&mut said);
            let hung_up = tokio::time::timeout(Duration::from_secs(20), hung_up).await;
            assert!(hung_up.is_ok(), "the connection is kept");
            let caller = Caller::connect(&socket).await;
            let schema = path("GetSchema");
            caller.call(&schema, &Bytes::new(), &Framing::Whole).await.message();
            caller.close().await;
        });
    });
    runtime.block_on(async {
        proxy.stop().await;
        provider.end().await;
        nothing_is_left_running().await;
    });
}
