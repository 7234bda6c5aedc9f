//! Where settings come from: flags, a profile, and what names either.
//!
//! Never reads a file or a variable. Invariant: `Debug` shows no secret.

use std::fmt;

use secrecy::SecretString;

use crate::profile::Profile;

/// Where something was learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The provider block.
    ProviderBlock,
    /// Environment variables of the provider.
    Environment,
    /// `~/.genesyscloudgo/config`.
    SdkConfiguration,
    /// Flags of the command line.
    Flags,
    /// A profile of the `gc` CLI.
    Profile(String),
    /// Nobody said it; the dialect's own default.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ProviderBlock => "provider block",
            Self::Environment => "environment",
            Self::SdkConfiguration => "~/.genesyscloudgo/config",
            Self::Flags => "flags",
            Self::Profile(name) => return write!(f, "profile {name}"),
            Self::Default => "default",
        })
    }
}

/// What flags of the command line say of the org.
#[derive(Clone, Default)]
pub struct Flags {
    /// The content of `--access-token-file`.
    pub access_token: Option<SecretString>,
    /// `--client-id`.
    pub client_id: Option<String>,
    /// `--client-secret`, or the content of `--client-secret-file`.
    pub client_secret: Option<SecretString>,
    /// `--region`: key or domain.
    pub region: Option<String>,
    /// `--api-url`: one base for API and login service.
    pub api_url: Option<String>,
}

impl fmt::Debug for Flags {
    /// Leaves the base URL out: somebody may have written a password into it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flags")
            .field("access_token", &self.access_token)
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// What fills the gaps: flags first, then a profile.
#[derive(Clone, Debug, Default)]
pub struct Fallback {
    /// Flags of the command line.
    pub flags: Flags,
    /// A profile of the `gc` CLI.
    pub profile: Option<Profile>,
}
