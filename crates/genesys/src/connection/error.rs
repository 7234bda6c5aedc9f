//! Why no connection could be worked out.
//!
//! Never shows a value, only names of arguments, files and references.

use std::path::PathBuf;

use divvy_core::Hint;

/// The arguments, environment, flags and files at hand do not lead to an org.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// An argument is written, but its value could not be learnt.
    #[error("the provider's `{argument}` is set to {reference}, whose value is not known here")]
    Open {
        /// The argument: `oauthclient_secret`, `gateway.host`.
        argument: String,
        /// The reference: `var.secret`.
        reference: String,
    },
    /// No source names credentials.
    #[error(
        "no credentials: neither an access token nor client id and client secret are given \
         (missing: {missing})"
    )]
    NoCredentials {
        /// What is missing, in words.
        missing: &'static str,
    },
    /// An access token holds what no header can carry. The token is not shown.
    #[error("the access token from {from} cannot be sent: its character {place} is {character}")]
    BadToken {
        /// Where it was given.
        from: String,
        /// Which of its characters, from 1.
        place: usize,
        /// What that is, in words.
        character: String,
    },
    /// No source names a region.
    #[error("no region is given")]
    NoRegion,
    /// A region that does not exist.
    #[error("`{text}` from {source_name} is no Genesys Cloud region")]
    UnknownRegion {
        /// What was written.
        text: String,
        /// Where it was written.
        source_name: String,
    },
    /// A proxy that is none, or has two readings. Its text is not shown: it may hold a password.
    #[error("{variable} is no usable proxy address: {problem}")]
    BadProxy {
        /// The variable, or what else it was read from.
        variable: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A base URL that is none. The text is not shown: it may hold a password.
    #[error("{what} is not a usable http(s) URL without user name, query and fragment")]
    BadUrl {
        /// What it is: `--api-url`, `the gateway`.
        what: &'static str,
    },
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}", path = .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is read, but is not what it should be.
    #[error("{path} is not {expected} ({place})", path = .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
        /// Where in the file, or what is wrong, without its text.
        place: String,
    },
    /// The `gc` CLI's file has no such profile.
    #[error("{path} has no profile `{name}`; it has: {known}", path = .path.display())]
    NoProfile {
        /// Which file.
        path: PathBuf,
        /// The profile asked for.
        name: String,
        /// The profiles that it has.
        known: String,
    },
    /// The system's certificates cannot be loaded.
    #[error("the TLS set-up fails: {0}")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

impl ConnectionError {
    /// Returns what to do next, the most likely thing first.
    pub fn hints(&self) -> Vec<Hint> {
        let hints: &[&str] = match self {
            Self::BadProxy { variable, .. } if variable.contains(' ') => {
                &["write host and port apart: host proxy.example.com, port 3128"]
            }
            Self::BadProxy { variable, .. } => {
                return vec![
                    format!("export {variable}='http://USER:PASSWORD@proxy.example.com:3128'")
                        .into(),
                    "in user name and password write %23 for #, %40 for @, %3A for :, %2F for /, \
                     %5C for \\, %25 for %"
                        .into(),
                ];
            }
            Self::Open { .. } => &[
                "give the value: `-- -var NAME=VALUE` or `-var-file`",
                "or say which org it is: `--org ALIAS=PROFILE`, `--profile NAME`",
            ],
            Self::NoCredentials { .. } => &[
                "set GENESYSCLOUD_OAUTHCLIENT_ID and GENESYSCLOUD_OAUTHCLIENT_SECRET",
                "or name a profile of the gc CLI: `--profile NAME`",
            ],
            Self::NoRegion => &["set GENESYSCLOUD_REGION or `--region`, e.g. eu-central-1"],
            Self::UnknownRegion { .. } => {
                &["regions look like eu-central-1; mypurecloud.de is taken too"]
            }
            Self::BadToken { .. } => {
                &["give the token alone, on one line, without the word Bearer and without quotes"]
            }
            Self::BadUrl { .. } => &["it looks like https://api.mypurecloud.de"],
            Self::Unreadable { .. } | Self::Malformed { .. } => {
                &["correct the file, or leave it out"]
            }
            Self::NoProfile { .. } => &["make it with `gc profiles new`"],
            Self::Tls(_) => &["install the system's CA certificates, or pass `--ca-file FILE`"],
            Self::Http(_) => &[],
        };
        hints.iter().map(|&hint| hint.into()).collect()
    }
}
