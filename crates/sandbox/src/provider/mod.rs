//! A stand-in for the official Genesys Cloud provider: plugin protocol 5, offline.
//!
//! Behaves as the official one was measured to behave, habits and faults included, so that what
//! works against it works against the real one. It talks to a gateway on plain HTTP (the emulator)
//! and to nothing else. Divisions go to the API, and so do the types of the facts; the others live in
//! the state alone.

mod api;
mod call;
mod data_sources;
mod division;
mod log;
mod name_cache;
mod object;
mod plan;
mod platform;
mod refusal;
mod retry;
mod schema;
mod session;
mod settings;
mod types;

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use divvy_plugin::frame::{Status, code};
use divvy_plugin::handshake::Invitation;
use divvy_plugin::messages::{
    ApplyRequest, ApplyResponse, ConfigureRequest, Diagnostic, DiagnosticsResponse, ImportRequest,
    ImportResponse, ImportedResource, PlanRequest, PlanResponse, ProviderSchema, ReadDataRequest,
    ReadDataResponse, ReadRequest, ReadResponse, StopResponse, UpgradeRequest, UpgradeResponse,
};
use divvy_plugin::serve::{Answer, Provider, serve};
use divvy_plugin::{Protocol, Value};
use tokio_util::sync::CancellationToken;

use self::division::Outcome;
use self::object::Objects;
use self::schema::{DIVISION, TypeRow};
use self::session::Session;
use self::settings::{Environment, Settings};

/// What Terraform calls the binary of a provider, without version.
pub const BINARY_NAME: &str = "terraform-provider-genesyscloud";

/// Variables that change the stand-in itself, for tests; the official provider knows neither. The
/// one makes it speak protocol 6, the other makes its schema as many bytes longer.
const PROTOCOL: &str = "DIVVY_STAND_IN_PROTOCOL";
const SCHEMA_BYTES: &str = "DIVVY_STAND_IN_SCHEMA_BYTES";

/// SDKv2's note beside each instance whose schema has a version.
const PRIVATE: &[u8] = br#"{"schema_version":"1"}"#;

/// Returns whether this process was started under a provider's name, from the first of its arguments
/// (Terraform starts a link; the program's own path would tell the link's target).
pub fn is_wanted(first_argument: &OsStr) -> bool {
    let name = Path::new(first_argument).file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(BINARY_NAME.as_bytes())
}

/// Runs the stand-in until Terraform is done with it: the whole `main` of such a process.
pub fn main() -> ExitCode {
    let environment: Environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let variable = |name: &str| environment.get(name).cloned();
    let Some(invitation) = Invitation::from_variables(variable) else {
        return fail("This binary is a plugin. It is started by Terraform, not by hand.");
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    let provider =
        StandIn { environment, stopped: CancellationToken::new(), session: Mutex::new(None) };
    let mut output = std::io::stdout();
    runtime.block_on(async {
        tokio::select! {
            served = serve(provider, &invitation, &mut output) => match served {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error.to_string()),
            },
            // As the official one: at the first signal it is gone, calls under way or not. This is
            // how Ctrl-C leaves divisions behind that no state knows.
            () = platform::interrupted() => std::process::exit(0),
        }
    })
}

fn fail(message: &str) -> ExitCode {
    use std::io::Write as _;
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::FAILURE
}

struct StandIn {
    environment: Environment,
    stopped: CancellationToken,
    session: Mutex<Option<Arc<Session>>>,
}

impl StandIn {
    fn session(&self) -> Answer<Arc<Session>> {
        let session = self.session.lock().map_or(None, |session| session.clone());
        session.ok_or_else(|| Status::new(code::UNKNOWN, "the provider is not configured"))
    }
}

fn row_of(type_name: &str) -> Answer<&'static TypeRow> {
    if type_name == DIVISION.name {
        return Ok(&DIVISION);
    }
    types::named(type_name)
        .ok_or_else(|| Status::new(code::UNKNOWN, format!("no resource type {type_name}")))
}

fn is_division(row: &TypeRow) -> bool {
    std::ptr::eq(row, &raw const DIVISION)
}

fn private_of(row: &TypeRow) -> bytes::Bytes {
    bytes::Bytes::from_static(if row.version > 0 { PRIVATE } else { b"" })
}

impl Provider for StandIn {
    fn protocol(&self) -> Protocol {
        let number = self.environment.get(PROTOCOL).and_then(|number| number.parse().ok());
        number.and_then(Protocol::from_number).unwrap_or(Protocol::V5)
    }

    fn schema(&self) -> ProviderSchema {
        let more = self.environment.get(SCHEMA_BYTES).and_then(|bytes| bytes.parse().ok());
        schema::provider_schema(&types::TYPES, more.unwrap_or(0))
    }

    async fn configure(&self, request: ConfigureRequest) -> Answer<DiagnosticsResponse> {
        platform::ask_who_started_us().await;
        let block = Value::read(request.config.as_ref())?;
        let started = match Settings::join(&block, &self.environment) {
            Ok(settings) => Session::start(settings, self.stopped.clone()).await,
            Err(unusable) => Err(Diagnostic::error(unusable.0, "")),
        };
        let diagnostics = match started {
            Ok(session) => {
                if let Ok(mut place) = self.session.lock() {
                    *place = Some(Arc::new(session));
                }
                Vec::new()
            }
            Err(diagnostic) => vec![diagnostic],
        };
        Ok(DiagnosticsResponse { diagnostics })
    }

    async fn stop(&self) -> Answer<StopResponse> {
        log::write("Stopping");
        self.stopped.cancel();
        Ok(StopResponse::default())
    }

    async fn upgrade(&self, request: UpgradeRequest) -> Answer<UpgradeResponse> {
        let row = row_of(&request.type_name)?;
        let state = plan::upgrade(row, &request.raw_state.unwrap_or_default())?;
        Ok(UpgradeResponse { upgraded_state: Some(state.write()), diagnostics: Vec::new() })
    }

    async fn read(&self, request: ReadRequest) -> Answer<ReadResponse> {
        let row = row_of(&request.type_name)?;
        let current = Value::read(request.current_state.as_ref())?;
        let outcome = if is_division(row) {
            let session = self.session()?;
            let _slot = session.slot().await;
            division::read(&session, &current).await
        } else if let Some(api) = &row.api {
            let session = self.session()?;
            let _slot = session.slot().await;
            Objects { session: &session, row, api }.read(&current).await
        } else {
            Outcome::of(current)
        };
        Ok(ReadResponse {
            new_state: Some(outcome.state.write()),
            diagnostics: outcome.diagnostics,
            private: request.private,
            new_identity: None,
        })
    }

    async fn plan(&self, request: PlanRequest) -> Answer<PlanResponse> {
        let row = row_of(&request.type_name)?;
        let prior = Value::read(request.prior_state.as_ref())?;
        let proposed = Value::read(request.proposed_new_state.as_ref())?;
        let planned = plan::plan(row, &prior, &proposed);
        let planned_private = if prior.is_null() { private_of(row) } else { request.prior_private };
        Ok(PlanResponse {
            planned_state: Some(planned.state.write()),
            requires_replace: planned.requires_replace,
            planned_private,
            diagnostics: Vec::new(),
            legacy_type_system: true,
        })
    }

    async fn apply(&self, request: ApplyRequest) -> Answer<ApplyResponse> {
        let row = row_of(&request.type_name)?;
        let prior = Value::read(request.prior_state.as_ref())?;
        let planned = Value::read(request.planned_state.as_ref())?;
        let outcome = if is_division(row) {
            let session = self.session()?;
            let _slot = session.slot().await;
            match (prior.is_null(), planned.is_null()) {
                (true, _) => division::create(&session, &planned).await,
                (false, true) => division::delete(&session, &prior).await,
                (false, false) => division::update(&session, &planned).await,
            }
        } else if let Some(api) = &row.api {
            let session = self.session()?;
            let _slot = session.slot().await;
            let objects = Objects { session: &session, row, api };
            match (prior.is_null(), planned.is_null()) {
                (true, _) => objects.create(&planned).await,
                (false, true) => objects.delete(&prior).await,
                (false, false) => objects.update(&planned).await,
            }
        } else {
            let mut state = planned;
            if state.get("id").is_unknown() {
                state.set("id", uuid::Uuid::new_v4().to_string().into());
            }
            Outcome::of(state)
        };
        // SDKv2 answers early when there is no state: no private data, no legacy flag.
        let kept = !outcome.state.is_null();
        Ok(ApplyResponse {
            new_state: Some(outcome.state.write()),
            private: if kept { private_of(row) } else { bytes::Bytes::new() },
            diagnostics: outcome.diagnostics,
            legacy_type_system: kept,
            new_identity: None,
        })
    }

    async fn import(&self, request: ImportRequest) -> Answer<ImportResponse> {
        let row = row_of(&request.type_name)?;
        let attributes =
            row.attributes.iter().map(|attribute| (attribute.name, attribute.absent()));
        let mut state = Value::object(attributes);
        state.set("id", request.id.as_str().into());
        if let Some(api) = &row.api {
            object::imported(api, &request.id, &mut state);
        }
        let imported = ImportedResource {
            type_name: request.type_name,
            state: Some(state.write()),
            private: private_of(row),
            identity: None,
        };
        Ok(ImportResponse { imported_resources: vec![imported], diagnostics: Vec::new() })
    }

    async fn read_data_source(&self, request: ReadDataRequest) -> Answer<ReadDataResponse> {
        let session = self.session()?;
        let _slot = session.slot().await;
        let config = Value::read(request.config.as_ref())?;
        let outcome = data_sources::read(&session, &request.type_name, &config).await;
        Ok(ReadDataResponse {
            state: Some(outcome.state.write()),
            diagnostics: outcome.diagnostics,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_name_alone_decides_who_we_are() {
        let wanted = |path: &str| is_wanted(OsStr::new(path));
        assert!(wanted("/m/linux_amd64/terraform-provider-genesyscloud_v1.60.0"));
        assert!(wanted("terraform-provider-genesyscloud"));
        assert!(!wanted("/terraform-provider-genesyscloud_v1/divvy"));
        assert!(!wanted(""));
    }
}
