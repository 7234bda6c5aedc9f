//! A failure of Terraform itself, and the table that says what kind it is.
//!
//! Never guesses from exit codes: Terraform's only say "1". Invariant: the text kept is Terraform's
//! first telling diagnostic, unchanged.

use std::fmt;

use crate::diagnostics::{self, Diagnostic};

/// Terraform ended without doing what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// The program, as a user would type it: `terraform`, `tofu`.
    pub program: String,
    /// The subcommand that failed.
    pub subcommand: &'static str,
    /// Its exit code, `None` if a signal ended it.
    pub code: Option<i32>,
    /// Terraform's words.
    pub diagnostic: Diagnostic,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { summary, detail, address, place } = &self.diagnostic;
        write!(f, "`{} {}` failed: {summary}", self.program, self.subcommand)?;
        if let Some(address) = address {
            write!(f, "\n  with {address}")?;
        }
        if let Some((file, line)) = place {
            write!(f, "\n  on {file} line {line}")?;
        }
        if !detail.is_empty() {
            write!(f, "\n{detail}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// What kind of failure: something that a caller can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// `terraform init` has to run first.
    NotInitialised,
    /// The backend (or HCP Terraform) is not initialised.
    BackendInitialisation,
    /// Another run holds the state lock.
    StateLocked(LockHolder),
    /// The lock could not be taken, and nothing says that another run holds it.
    LockFailed,
    /// The local backend lost a race for its lock; the same call works a moment later.
    LockRace,
    /// A root variable has no value.
    MissingVariable,
    /// The configuration has an error.
    ConfigurationInvalid,
    /// A precondition or postcondition does not hold.
    ConditionFails,
    /// An import block names an address that no resource block describes.
    ImportWithoutConfiguration,
    /// The directory holds no configuration.
    NoConfiguration,
    /// The provider did not start: credentials, region, gateway.
    ProviderStart,
    /// The provider process died.
    PluginDied,
    /// This Terraform does not satisfy `required_version`.
    TooOld,
    /// This Terraform does not know a flag of ours (`-json` of `plan` came with 1.0).
    UnknownFlag,
    /// The file is no plan, or not a whole one.
    UnreadablePlan,
    /// The state is damaged.
    UnreadableState,
    /// The state was written by a newer Terraform.
    NewerState,
    /// The backend refuses access to the state or to its lock.
    StateRefused,
    /// `-target` is refused because `moved` blocks are pending elsewhere.
    TargetingRefused,
    /// The object to import does not exist.
    NothingToImport,
    /// The address to import to is in the state already.
    AlreadyManaged,
    /// The saved plan no longer fits the state.
    StalePlan,
    /// The state could not be saved; `errored.tfstate` may lie in the directory.
    StateNotSaved,
    /// The disk is full, or has no room for another file.
    DiskFull,
    /// The limit of open files is reached.
    TooManyFiles,
    /// A file or directory may not be written.
    NotWritable,
    /// None of these.
    Other,
}

/// Who holds a state lock, as far as the backend tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockHolder {
    /// The lock's id, for `force-unlock`.
    pub id: Option<String>,
    /// `user@host`.
    pub who: Option<String>,
    /// What it is doing (`OperationTypePlan`).
    pub operation: Option<String>,
    /// Since when.
    pub created: Option<String>,
}

/// Which part of a diagnostic a row of the table looks at.
#[derive(Clone, Copy)]
enum In {
    Summary,
    Anywhere,
    /// The address of the diagnostic begins like this.
    Address,
}

/// First match wins. Texts: Terraform 1.6 to 1.15, provider 1.84, measured.
const TABLE: &[(In, &str, FailureKind)] = {
    use FailureKind as Kind;
    use In::{Address, Anywhere, Summary};
    &[
        (Anywhere, "no space left on device", Kind::DiskFull),
        (Anywhere, "disk quota exceeded", Kind::DiskFull),
        (Anywhere, "too many open files", Kind::TooManyFiles),
        (Anywhere, "read-only file system", Kind::NotWritable),
        (Anywhere, "state endpoint requires auth", Kind::StateRefused),
        (Anywhere, "state endpoint invalid auth", Kind::StateRefused),
        (Summary, "Failed to save state", Kind::StateNotSaved),
        (Summary, "Failed to persist state", Kind::StateNotSaved),
        (Summary, "Inconsistent dependency lock file", Kind::NotInitialised),
        (Summary, "Required plugins are not installed", Kind::NotInitialised),
        (Summary, "Module not installed", Kind::NotInitialised),
        (Summary, "Module source has changed", Kind::NotInitialised),
        (Summary, "Module version requirements have changed", Kind::NotInitialised),
        (Summary, "missing or corrupted provider plugins", Kind::NotInitialised),
        (Summary, "Missing required provider", Kind::NotInitialised),
        (Summary, "initialization required", Kind::BackendInitialisation),
        (Summary, "Backend configuration changed", Kind::BackendInitialisation),
        (Summary, "No value for required variable", Kind::MissingVariable),
        (Summary, "Unsupported Terraform Core version", Kind::TooOld),
        (Summary, "Unsupported OpenTofu Core version", Kind::TooOld),
        // OpenTofu 1.12, of a .tofu file's required_version.
        (Summary, "Incompatible module", Kind::TooOld),
        (Anywhere, "flag provided but not defined", Kind::UnknownFlag),
        (Summary, "Failed to read the given file as a state or plan", Kind::UnreadablePlan),
        (Anywhere, "Unsupported state file format", Kind::UnreadableState),
        (Anywhere, "state file could not be parsed", Kind::UnreadableState),
        (Anywhere, "which is newer than current", Kind::NewerState),
        (Anywhere, "is newer than this version", Kind::NewerState),
        (Anywhere, "Plugin did not respond", Kind::PluginDied),
        // Where Terraform sees the end of the process before that of the connection.
        (Summary, "Request cancelled", Kind::PluginDied),
        (Summary, "plugin crashed", Kind::PluginDied),
        (Summary, "Moved resource instances excluded by targeting", Kind::TargetingRefused),
        (Summary, "Cannot import non-existent remote object", Kind::NothingToImport),
        (Summary, "Resource already managed by", Kind::AlreadyManaged),
        (Summary, "Saved plan is stale", Kind::StalePlan),
        (Summary, "condition failed", Kind::ConditionFails),
        (
            Summary,
            "Configuration for import target does not exist",
            Kind::ImportWithoutConfiguration,
        ),
        (Summary, "No configuration files", Kind::NoConfiguration),
        (Summary, "failed to authorize Genesys Cloud", Kind::ProviderStart),
        (Summary, "exhausted retries on Genesys Cloud", Kind::ProviderStart),
        (Summary, "Failed to instantiate provider", Kind::ProviderStart),
        (Summary, "Invalid provider configuration", Kind::ProviderStart),
        (Anywhere, "timeout while waiting for plugin to start", Kind::ProviderStart),
        (Address, "provider[", Kind::ProviderStart),
        (Anywhere, "permission denied", Kind::NotWritable),
    ]
};

impl FailureKind {
    /// Says what kind of failure a diagnostic tells of.
    pub fn of(diagnostic: &Diagnostic) -> Self {
        if diagnostic.summary.contains("acquiring the state lock") {
            return of_lock_error(&diagnostic.detail);
        }
        let contains = |needle: &str| diagnostic.summary.contains(needle);
        let row = TABLE.iter().find(|(place, needle, _)| match place {
            In::Summary => contains(needle),
            In::Anywhere => contains(needle) || diagnostic.detail.contains(needle),
            In::Address => {
                diagnostic.address.as_ref().is_some_and(|address| address.starts_with(needle))
            }
        });
        match row {
            Some((_, _, kind)) => kind.clone(),
            None if diagnostic.place.is_some() && diagnostic.address.is_none() => {
                Self::ConfigurationInvalid
            }
            None => Self::Other,
        }
    }

    fn is_telling(&self) -> bool {
        !matches!(self, Self::Other | Self::ConfigurationInvalid)
    }
}

/// Why a lock cannot be taken although nobody holds it. First match wins.
const NOT_HELD: &[(&str, FailureKind)] = {
    use FailureKind as Kind;
    &[
        ("Unsupported state file format", Kind::UnreadableState),
        ("could not be parsed", Kind::UnreadableState),
        ("which is newer than current", Kind::NewerState),
        ("too many open files", Kind::TooManyFiles),
        ("read-only file system", Kind::NotWritable),
        ("no space left on device", Kind::DiskFull),
        ("disk quota exceeded", Kind::DiskFull),
        // The http backend's words for 401 and 403, then those of the cloud stores.
        ("state endpoint requires auth", Kind::StateRefused),
        ("state endpoint invalid auth", Kind::StateRefused),
        ("AccessDenied", Kind::StateRefused),
        ("AuthorizationFailed", Kind::StateRefused),
        ("StatusCode: 401", Kind::StateRefused),
        ("StatusCode: 403", Kind::StateRefused),
        ("Error 403", Kind::StateRefused),
        ("nauthorized", Kind::StateRefused),
        ("Error 401", Kind::StateRefused),
        ("response code: 403", Kind::StateRefused),
        ("401 Unauthorized", Kind::StateRefused),
        ("403 Forbidden", Kind::StateRefused),
        ("is forbidden", Kind::StateRefused),
        ("AuthorizationPermissionMismatch", Kind::StateRefused),
        ("AuthenticationFailed", Kind::StateRefused),
        ("InsufficientAccountPermissions", Kind::StateRefused),
        ("not authorized", Kind::StateRefused),
        ("Permission denied", Kind::StateRefused),
        ("permission denied for", Kind::StateRefused),
        ("permission denied", Kind::NotWritable),
    ]
};

fn of_lock_error(detail: &str) -> FailureKind {
    // Word-wrapped text may break anywhere between words.
    let flat = detail.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.contains("resource temporarily unavailable")
        && flat.contains("no such file or directory")
    {
        return FailureKind::LockRace;
    }
    // What Terraform says of its own accord ends where a lock's information begins.
    let (message, information) = match flat.split_once("Lock Info:") {
        Some((message, information)) => (message, Some(information)),
        None => (flat.as_str(), None),
    };
    // The http backend tells the holder's id alone; what stands below is the attempt that failed.
    if let Some((_, told)) = message.split_once("HTTP remote state already locked") {
        let id = told.strip_prefix(": ID=").and_then(|rest| rest.split(' ').next());
        let id = id.filter(|id| !id.is_empty()).map(str::to_owned);
        return FailureKind::StateLocked(LockHolder { id, ..LockHolder::default() });
    }
    // It cannot be taken, and is held by nobody.
    if let Some((_, kind)) = NOT_HELD.iter().find(|(text, _)| message.contains(text)) {
        return kind.clone();
    }
    // The pg backend shows who asks, not who holds; its lock goes with its holder.
    if flat.contains("Workspace is already locked")
        || flat.contains("Already locked for workspace creation")
    {
        return FailureKind::StateLocked(LockHolder::default());
    }
    let field = |name: &str| {
        detail
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix(name))
            .map(|value| value.trim().to_owned())
            .find(|value| !value.is_empty())
    };
    if information.is_none() && !message.contains("locked") {
        return FailureKind::LockFailed;
    }
    FailureKind::StateLocked(LockHolder {
        id: field("ID:"),
        who: field("Who:"),
        operation: field("Operation:"),
        created: field("Created:"),
    })
}

impl Failure {
    /// Reads a failure out of what a call printed: `-json` lines, or else plain text.
    pub fn of_output(
        program: String,
        subcommand: &'static str,
        code: Option<i32>,
        stdout: &[u8],
        stderr: &[u8],
    ) -> Self {
        let stdout = String::from_utf8_lossy(stdout);
        let stderr = String::from_utf8_lossy(stderr);
        let mut errors = crate::logs::errors(&stdout);
        errors.extend(diagnostics::errors_of_text(&stderr));
        if errors.is_empty() {
            errors = diagnostics::errors_of_text(&stdout);
        }
        let telling = errors
            .iter()
            .find(|error| FailureKind::of(error).is_telling())
            .or(errors.first())
            .cloned();
        let diagnostic = telling.unwrap_or_else(|| unstructured(code, &stdout, &stderr));
        Self { kind: FailureKind::of(&diagnostic), program, subcommand, code, diagnostic }
    }

    /// Returns whether the very same call may be tried once more because nothing was done.
    pub fn is_worth_another_try(&self, writes: bool) -> bool {
        match self.kind {
            FailureKind::LockRace => true,
            FailureKind::PluginDied => !writes,
            _ => false,
        }
    }
}

/// Makes a diagnostic of text that has no `Error: `, such as a complaint about flags.
fn unstructured(code: Option<i32>, stdout: &str, stderr: &str) -> Diagnostic {
    let text = if stderr.trim().is_empty() { stdout } else { stderr };
    // Warnings about the CLI configuration may stand above it.
    let lines = || text.trim().lines();
    let start = lines().position(|line| line.starts_with("Error"));
    let mut lines = lines().skip(start.unwrap_or_default());
    Diagnostic {
        summary: lines.next().map_or_else(|| nothing_said(code), str::to_owned),
        detail: lines.take(20).collect::<Vec<_>>().join("\n"),
        ..Diagnostic::default()
    }
}

fn nothing_said(code: Option<i32>) -> String {
    match code {
        Some(code) => format!("it said nothing (exit code {code})"),
        None => "it was ended by a signal and said nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "tofu";

    fn kind_of(summary: &str, detail: &str) -> FailureKind {
        FailureKind::of(&Diagnostic {
            summary: summary.into(),
            detail: detail.into(),
            ..Diagnostic::default()
        })
    }

    #[test]
    fn a_lock_error_names_its_holder() {
        let detail = "Error message: resource temporarily unavailable\nLock Info:\n  ID:        5b\n  Path:      terraform.tfstate\n  Operation: OperationTypePlan\n  Who:       me@host\n  Version:   1.11.4\n  Created:   2026-11-24 02:46:29 UTC\n  Info:      \n";
        assert_eq!(
            kind_of("Error acquiring the state lock", detail),
            FailureKind::StateLocked(LockHolder {
                id: Some("5b".into()),
                who: Some("me@host".into()),
                operation: Some("OperationTypePlan".into()),
                created: Some("2026-11-24 02:46:29 UTC".into()),
            })
        );
    }

    #[test]
    fn the_lock_information_of_pg_is_not_believed() {
        let detail = "Error message: Workspace is already locked: default\nLock Info:\n  ID:        5b\n  Who:       me@host\n";
        let kind = kind_of("Error acquiring the state lock", detail);
        assert_eq!(kind, FailureKind::StateLocked(LockHolder::default()));
    }

    #[test]
    fn a_lock_that_is_refused_is_not_another_run() {
        for text in [
            "HTTP remote state endpoint invalid auth",
            "HTTP remote state endpoint requires auth",
            "operation error DynamoDB: PutItem, https response error StatusCode: 400, RequestID: 4, api error AccessDeniedException: User: arn:aws:iam::1:user/ci is not authorized to perform: dynamodb:PutItem",
            "operation error S3: PutObject, https response error StatusCode: 403, RequestID: X, api error AccessDenied: Access Denied",
            "writing \"gs://b/default.tflock\" failed: googleapi: Error 403: ci does not have storage.objects.create access, forbidden",
            "retrieving key: unexpected status 403 (403 Forbidden) with AuthorizationPermissionMismatch",
            "Unexpected response code: 403 (rpc error: Permission denied: token lacks permission)",
            "leases.coordination.k8s.io is forbidden: User \"ci\" cannot create resource",
        ] {
            let detail = format!("Error message: {text}\n\nTerraform acquires a state lock");
            let kind = kind_of("Error acquiring the state lock", &detail);
            assert_eq!(kind, FailureKind::StateRefused, "{text}");
        }
        let refused = kind_of("error loading state: HTTP remote state endpoint invalid auth", "");
        assert_eq!(refused, FailureKind::StateRefused);
        let failed = "Error message: Failed to lock: LOCK http://x giving up after 1 attempt(s)";
        assert_eq!(kind_of("Error acquiring the state lock", failed), FailureKind::LockFailed);
    }

    #[test]
    fn the_holder_of_an_http_lock_is_never_the_attempt_that_failed() {
        const OWN: &str =
            "Lock Info:\n  ID:        own-attempt\n  Path:      \n  Who:       me@host\n";
        for (told, id) in [
            ("HTTP remote state already locked: ID=held-1", Some("held-1")),
            ("HTTP remote state already locked: ID=", None),
            ("HTTP remote state already locked, failed to unmarshal body", None),
        ] {
            let holder = LockHolder { id: id.map(str::to_owned), ..LockHolder::default() };
            let detail = format!("Error message: {told}\n{OWN}");
            let kind = kind_of("Error acquiring the state lock", &detail);
            assert_eq!(kind, FailureKind::StateLocked(holder), "{told}");
        }
    }

    #[test]
    fn a_lock_that_cannot_be_taken_is_held_by_nobody() {
        for (text, kind) in [
            ("open terraform.tfstate: read-only file system", FailureKind::NotWritable),
            ("open terraform.tfstate: permission denied", FailureKind::NotWritable),
            ("write .terraform.tfstate.lock.info: no space left on device", FailureKind::DiskFull),
            ("Unsupported state file format: x", FailureKind::UnreadableState),
            ("The state file could not be parsed as\nJSON: x", FailureKind::UnreadableState),
            (
                "state snapshot was created by Terraform v1.15.0, which is newer\nthan current v1.11.4",
                FailureKind::NewerState,
            ),
            ("open x: too many open files in system", FailureKind::TooManyFiles),
            ("HTTP remote state endpoint invalid auth", FailureKind::StateRefused),
            ("HTTP remote state endpoint requires auth", FailureKind::StateRefused),
            ("api error AccessDenied: x", FailureKind::StateRefused),
        ] {
            assert_eq!(
                kind_of("Error acquiring the state lock", &format!("Error message: {text}")),
                kind
            );
        }
    }

    #[test]
    fn the_lock_race_of_the_recorded_run_is_worth_another_try_even_for_a_write() {
        let recorded = include_str!("../../../fixtures/terraform-samples/lock-error-plan.jsonl");
        let failure =
            Failure::of_output(PROGRAM.to_owned(), "import", Some(1), recorded.as_bytes(), b"");
        assert_eq!(failure.kind, FailureKind::LockRace);
        assert!(failure.is_worth_another_try(true));
    }

    #[test]
    fn the_recorded_crash_is_a_dead_plugin_and_only_reads_are_repeated() {
        let recorded =
            include_str!("../../../fixtures/provider-samples/plan-crash-concurrent-map-writes.txt");
        let failure =
            Failure::of_output(PROGRAM.to_owned(), "plan", Some(1), b"", recorded.as_bytes());
        assert_eq!(failure.kind, FailureKind::PluginDied, "{failure}");
        assert!(failure.is_worth_another_try(false));
        assert!(!failure.is_worth_another_try(true));
    }

    #[test]
    fn the_recorded_bad_client_is_a_provider_that_does_not_start() {
        let recorded =
            include_str!("../../../fixtures/provider-samples/diag-provider-bad-client.json");
        let line = recorded.replace('\n', " ");
        let failure = Failure::of_output(PROGRAM.to_owned(), "plan", Some(1), line.as_bytes(), b"");
        assert_eq!(failure.kind, FailureKind::ProviderStart, "{failure}");
    }

    #[test]
    fn sorts_the_everyday_refusals() {
        use FailureKind as Kind;
        for (summary, kind) in [
            ("Inconsistent dependency lock file", Kind::NotInitialised),
            (
                r#"Backend initialization required, please run "terraform init""#,
                Kind::BackendInitialisation,
            ),
            (
                r#"HCP Terraform or Terraform Enterprise initialization required: please run "terraform init""#,
                Kind::BackendInitialisation,
            ),
            ("No value for required variable", Kind::MissingVariable),
            ("Saved plan is stale", Kind::StalePlan),
            ("Resource postcondition failed", Kind::ConditionFails),
            ("Resource precondition failed", Kind::ConditionFails),
            ("Module output value precondition failed", Kind::ConditionFails),
            ("Configuration for import target does not exist", Kind::ImportWithoutConfiguration),
            ("Something new", Kind::Other),
        ] {
            assert_eq!(kind_of(summary, ""), kind, "{summary}");
        }
    }

    #[test]
    fn text_without_any_diagnostic_still_says_something() {
        let failure = Failure::of_output(
            PROGRAM.to_owned(),
            "state rm",
            Some(1),
            b"",
            b"There are some problems with the CLI configuration:\nError parsing command-line flags: flag provided but not defined: -var\n",
        );
        assert!(failure.diagnostic.summary.ends_with("not defined: -var"), "{failure}");
    }
}
