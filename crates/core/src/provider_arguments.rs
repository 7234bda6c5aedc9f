//! The arguments of one provider configuration, whichever way they were learnt.
//!
//! From the plan JSON (`configuration.provider_config`, evaluated) or from the plugin protocol's
//! Configure. Never reads the environment: `Connection::from_arguments` of the genesys crate adds
//! that. Invariant: `Debug` shows no secret.

use secrecy::SecretString;

/// One argument: set, left out, or written as something whose value could not be learnt.
#[derive(Clone, Debug, Default)]
pub enum Argument<T> {
    /// Not written, or written as null.
    #[default]
    Absent,
    /// Written, and this is its value.
    Known(T),
    /// Written, but the value is open; the text is the reference that stays open
    /// (`var.secret`, `data.vault_generic_secret.gc`), never a value.
    Open(String),
}

impl<T> Argument<T> {
    /// Returns the value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Open(_) => None,
        }
    }

    /// Returns whether the argument is not written at all.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// User name and password of a gateway or proxy.
#[derive(Clone, Debug, Default)]
pub struct BasicAuth {
    /// `username`.
    pub username: Argument<String>,
    /// `password`.
    pub password: Argument<SecretString>,
}

/// The `gateway` block. Its presence matters even when it is empty: only then does the provider
/// read the `GENESYSCLOUD_GATEWAY_*` variables.
#[derive(Clone, Debug, Default)]
pub struct Gateway {
    /// `http` or `https`.
    pub protocol: Argument<String>,
    /// Host name.
    pub host: Argument<String>,
    /// Port, as text.
    pub port: Argument<String>,
    /// `path_params` blocks: (`path_name`, `path_value`); `login` and `api` are the names in use.
    pub path_params: Vec<(Argument<String>, Argument<String>)>,
    /// `auth` block. The provider stores it and never sends it.
    pub auth: Option<BasicAuth>,
}

/// The `proxy` block: an ordinary HTTP proxy.
#[derive(Clone, Debug, Default)]
pub struct Proxy {
    /// `http` or `https`.
    pub protocol: Argument<String>,
    /// Host name.
    pub host: Argument<String>,
    /// Port, as text.
    pub port: Argument<String>,
    /// `auth` block.
    pub auth: Option<BasicAuth>,
}

/// The arguments that decide which org a provider configuration talks to.
#[derive(Clone, Debug, Default)]
pub struct ProviderArguments {
    /// `access_token`.
    pub access_token: Argument<SecretString>,
    /// `oauthclient_id`.
    pub oauthclient_id: Argument<String>,
    /// `oauthclient_secret`.
    pub oauthclient_secret: Argument<SecretString>,
    /// `aws_region`, a key such as `eu-west-1`.
    pub aws_region: Argument<String>,
    /// `gateway` block.
    pub gateway: Option<Gateway>,
    /// `proxy` block.
    pub proxy: Option<Proxy>,
}

impl ProviderArguments {
    /// Returns whether the block itself says nothing of who is asking, so that the environment alone
    /// decides and a listing can start before the plan is there.
    pub fn sets_no_credentials(&self) -> bool {
        self.access_token.is_absent()
            && self.oauthclient_id.is_absent()
            && self.oauthclient_secret.is_absent()
    }
}
