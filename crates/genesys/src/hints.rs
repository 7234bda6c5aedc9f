//! What to do next after an error, as data.
//!
//! Never decides anything and never repeats the error's own text. Invariant: every reason that a
//! person can do something about has at least one hint.

use divvy_core::{CommandLine, Hint};

use crate::error::{Error, Exchange, NetworkFailure, Reason};

/// Where an administrator grants permissions to an OAuth client.
const ROLES: &str = "Admin > Integrations > OAuth > the client > Roles";

/// How long a change there takes (source: the vendor's help centre).
const DELAY: &str = "a new grant can take five minutes to act";

const CREDENTIALS: &[&str] = &[
    "check client id and secret (Admin > Integrations > OAuth): a new secret makes the old one useless, and a change there can take some minutes to act",
    "check the region: credentials are valid in their own region only",
];

const RATE: &[&str] = &[
    "wait a minute and run the same command again",
    "run fewer clients at once: the usual limit is 300 requests a minute for each token (`divvy ensure --rate N`)",
];

const UNAVAILABLE: &[&str] = &[
    "run the same command again in a few minutes",
    "give the correlation id to Genesys Cloud Care if it stays",
];

/// Returns what to do after a status that somebody else was told, such as the provider; may be
/// empty.
pub fn hints_of_status(status: u16) -> Vec<Hint> {
    match status {
        401 => credentials(),
        403 => how_to_grant(&[]),
        429 => own(RATE),
        500..=599 => own(UNAVAILABLE),
        _ => Vec::new(),
    }
}

impl Error {
    /// Says what happened and what to do about it, for where hints have no place of their own.
    pub fn with_hints(&self) -> String {
        let told = std::iter::once(self.to_string())
            .chain(self.hints().into_iter().map(|hint| hint.to_string()));
        told.collect::<Vec<_>>().join("; ")
    }

    /// The login service refused the way of signing in, not the client.
    fn is_about_grant_type(&self) -> bool {
        let code = self.exchange.code.as_deref();
        matches!(code, Some("unauthorized_client" | "unsupported_grant_type"))
    }

    /// Returns what to do next, the most likely thing first; may be empty.
    pub fn hints(&self) -> Vec<Hint> {
        match &self.reason {
            Reason::WrongCredentials => credentials(),
            Reason::Forbidden { permissions } if permissions.is_empty() => {
                let scope = scope(&self.exchange).map(|scope| {
                    format!("where the org enforces scopes, the OAuth client needs {scope}").into()
                });
                scope.into_iter().chain(how_to_grant(permissions)).collect()
            }
            Reason::Forbidden { permissions } => how_to_grant(permissions),
            Reason::NotFound => own(&["check the id, and that the region is the org's own"]),
            Reason::Conflict => {
                vec![CommandLine::divvy("list NAME").because("to look the name up").into()]
            }
            Reason::RateLimited { .. } => own(RATE),
            Reason::Unavailable => own(UNAVAILABLE),
            Reason::UnknownOutcome => own(&[
                "run the same command again: it looks the name up before it creates anything",
            ]),
            Reason::Network(failure) => network(*failure, &self.exchange.host),
            Reason::Tls => own(&[
                "if a proxy inspects TLS here, pass its certificate: `--ca-file FILE`",
                "check the clock of this machine",
            ]),
            Reason::Proxy => {
                own(&["check the provider's `proxy` block, GENESYSCLOUD_PROXY_* and HTTPS_PROXY"])
            }
            Reason::NotJson { is_html: true } => own(&[
                "something between here and the API answered: a proxy, a sign-on page, a gateway",
                "check `--api-url`, the `gateway` block and the proxy settings",
            ]),
            Reason::NotJson { is_html: false } | Reason::TruncatedJson | Reason::UnexpectedJson => {
                own(&["check `--api-url` and the `gateway` block: is this the API?"])
            }
            Reason::TooLarge { .. } | Reason::OtherEntity => own(&[
                "check `--api-url`, the `gateway` block and the proxy settings: is this the API?",
                "give the correlation id to Genesys Cloud Care if it stays",
            ]),
            Reason::TooLong => {
                own(&["shorten the name: the API takes a few hundred characters at most"])
            }
            Reason::Redirect { .. } => own(&[
                "use the base URL of the API itself: `--region`, or `--api-url` without detour",
            ]),
            Reason::Refused if self.is_about_grant_type() => own(&[
                "the OAuth client needs the grant type Client Credentials: Admin > Integrations > OAuth",
            ]),
            Reason::Refused => {
                own(&["give the correlation id to Genesys Cloud Care if the message does not help"])
            }
            Reason::Interrupted => Vec::new(),
        }
    }
}

fn own(hints: &[&str]) -> Vec<Hint> {
    hints.iter().map(|&hint| hint.into()).collect()
}

fn credentials() -> Vec<Hint> {
    let doctor = CommandLine::divvy("doctor");
    let mut hints = own(CREDENTIALS);
    hints.push(doctor.because("says which credentials were used and where they came from").into());
    hints
}

/// Returns how to give a client the permissions (or scopes) that it lacks, and how long that takes.
pub fn how_to_grant(permissions: &[String]) -> Vec<Hint> {
    let (scopes, roles): (Vec<&String>, Vec<&String>) =
        permissions.iter().partition(|permission| permission.matches(':').count() == 1);
    let mut hints: Vec<Hint> = scopes
        .iter()
        .map(|scope| {
            format!("add the scope {scope} to the OAuth client, then ask for a new token").into()
        })
        .collect();
    hints.extend(roles.iter().map(|permission| {
        format!("grant a role with {permission} to the OAuth client, for all divisions: {ROLES}")
            .into()
    }));
    if permissions.is_empty() {
        hints.push(
            format!("compare the roles of the OAuth client with what the request needs: {ROLES}")
                .into(),
        );
    }
    hints.push(DELAY.into());
    hints
}

/// Returns the OAuth scope of a request (source: the provider's pages on authorization resources).
fn scope(exchange: &Exchange) -> Option<&'static str> {
    let is_authorization = exchange.path.contains("/api/v2/authorization/");
    is_authorization.then_some(match exchange.method {
        "GET" => "authorization:readonly",
        _ => "authorization",
    })
}

fn network(failure: NetworkFailure, host: &str) -> Vec<Hint> {
    let first = match failure {
        NetworkFailure::Dns => {
            format!("is {host} right (region, `--api-url`), and is a VPN needed?")
        }
        NetworkFailure::Refused => format!("does anything listen at {host}?"),
        NetworkFailure::Reset | NetworkFailure::TimedOut | NetworkFailure::Other => {
            "run the same command again; if it stays, a firewall may cut the connection".to_owned()
        }
    };
    vec![
        first.into(),
        "is a proxy needed here? HTTPS_PROXY and the provider's `proxy` block are honoured".into(),
    ]
}
