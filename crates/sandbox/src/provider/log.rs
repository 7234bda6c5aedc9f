//! The lines that the provider writes to standard error, which Terraform files under
//! `TF_LOG_PROVIDER`.
//!
//! They are the only place where a self-made 409 can be told from a true one: a re-send carries
//! `invocation_count`. Invariant: no header and no body, hence no secret, is ever written.

use std::io::Write as _;

use hyper::StatusCode;
use serde_json::{Map, Value as Json, json};

use super::call::Call;

/// Logs that a request goes out; returns the id that its response line repeats.
pub(crate) fn request(call: &Call<'_>, resend: u32) -> String {
    let transaction = uuid::Uuid::new_v4().to_string();
    if !call.about.resource_type.is_empty() {
        let mut line = start("SDK DEBUG REQUEST", &transaction);
        if resend > 0 {
            line.insert("invocation_count".to_owned(), resend.into());
        }
        target(&mut line, call, None);
        write(&Json::Object(line).to_string());
    }
    transaction
}

/// Logs the status that came back.
pub(crate) fn response(call: &Call<'_>, transaction: &str, status: StatusCode) {
    if !call.about.resource_type.is_empty() {
        let mut line = start("SDK DEBUG RESPONSE", transaction);
        target(&mut line, call, Some(status));
        write(&Json::Object(line).to_string());
    }
}

fn start(kind: &str, transaction: &str) -> Map<String, Json> {
    let mut line = Map::new();
    line.insert("debug_type".to_owned(), kind.into());
    line.insert("transaction_id".to_owned(), transaction.into());
    line
}

fn target(line: &mut Map<String, Json>, call: &Call<'_>, status: Option<StatusCode>) {
    const NOT_KNOWN: &str = "unavailable";
    line.insert("invocation_method".to_owned(), call.method.as_str().into());
    line.insert("invocation_url".to_owned(), call.path.into());
    if let Some(status) = status {
        line.insert("invocation_status_code".to_owned(), status.as_u16().into());
    }
    line.insert("resource_type".to_owned(), call.about.resource_type.into());
    line.insert("resource_id".to_owned(), call.about.id.unwrap_or(NOT_KNOWN).into());
    line.insert("resource_name".to_owned(), call.about.name.unwrap_or(NOT_KNOWN).into());
}

/// Writes one line in the form that Terraform's plugin library parses.
pub(crate) fn write(message: &str) {
    let now = jiff::Timestamp::now();
    let line = json!({
        "@level": "info",
        "@message": format!("{} {message}", now.strftime("%Y/%m/%d %H:%M:%S")),
        "@timestamp": now.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
    });
    // A closed pipe means that Terraform is gone; the provider is about to end, too.
    let _ = writeln!(std::io::stderr(), "{line}");
}
