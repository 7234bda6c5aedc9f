//! Connections: which org, as whom, by which way. The only credential logic of divvy.
//!
//! Never reads the environment (an [`Environment`] is handed in), never contacts anything.
//! Invariant: the org is the one that the provider block leads Terraform to; flags and profiles
//! fill only what that leaves open. `Debug` shows no secret.

mod base;
mod environment;
mod error;
mod layer;
mod source;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use divvy_core::ProviderArguments;
use rustls::pki_types::CertificateDer;
use secrecy::{ExposeSecret as _, SecretString};

pub(crate) use base::{Bases, GatewayParts};
pub use environment::{Environment, ReadFile};
pub use error::ConnectionError;
use layer::{Layer, Sourced};
pub use source::{Fallback, Flags, Source};

use crate::dialect::Dialect;
use crate::profile::Profile;
use crate::proxies::{self, ProxyServer};
use crate::region::Region;
use crate::tls;

/// How requests prove who is asking.
#[derive(Clone, Debug)]
pub(crate) enum Credentials {
    /// A token made elsewhere; it cannot be renewed.
    AccessToken(SecretString),
    /// The client credentials grant.
    Client {
        /// Client id.
        id: String,
        /// Client secret.
        secret: SecretString,
    },
}

/// Everything that is needed to talk to one org.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(crate) bases: Bases,
    pub(crate) credentials: Credentials,
    pub(crate) proxies: Vec<ProxyServer>,
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    pub(crate) dialect: Dialect,
    region: Option<&'static Region>,
    credentials_from: Vec<Source>,
    base_from: Source,
}

impl Connection {
    /// Works out the org that a provider configuration leads Terraform to: its block, then the
    /// provider's variables, then `~/.genesyscloudgo/config`; `fallback` fills what is unresolved.
    ///
    /// # Errors
    /// If no credentials or no place are found, naming the open argument where one is the cause.
    pub fn from_arguments(
        arguments: &ProviderArguments,
        environment: &Environment,
        fallback: Option<&Fallback>,
    ) -> Result<Self, ConnectionError> {
        let provider = Layer::of_provider(arguments, environment);
        let fallback = fallback.cloned().unwrap_or_default();
        let mut layers = vec![provider, Layer::of_flags(&fallback.flags)];
        layers.extend(fallback.profile.as_ref().map(Layer::of_profile));

        let gateway = match &arguments.gateway {
            Some(block) => layer::gateway(block, environment),
            None => layer::sdk_gateway(environment),
        };
        let published = Dialect::Published;
        let place = match gateway {
            Ok(Some(gateway)) => Place::gateway(&gateway, &layers)?,
            Ok(None) if layers[0].region.is_some() => Place::region(&layers, None, published)?,
            Ok(None) => Place::region(&layers, Some(&fallback), published)?,
            // An open gateway hides the region as well: only a base URL can stand in for it.
            Err(_) if fallback.flags.api_url.is_some() => {
                Place::region(&layers, Some(&fallback), published)?
            }
            Err(error) => return Err(error),
        };
        let proxy = layer::proxy(arguments.proxy.as_ref(), environment)?;
        Self::assemble(place, &layers, proxy, environment, published)
    }

    /// Works out the org for a command without provider configuration: flags, then the provider's
    /// variables (and `~/.genesyscloudgo/config`), then the profile.
    ///
    /// # Errors
    /// If no credentials or no place are found.
    pub fn from_flags(
        given: &Fallback,
        environment: &Environment,
        dialect: Dialect,
    ) -> Result<Self, ConnectionError> {
        let mut layers = vec![
            Layer::of_flags(&given.flags),
            Layer::of_provider(&ProviderArguments::default(), environment),
        ];
        layers.extend(given.profile.as_ref().map(Layer::of_profile));

        let says_place = given.flags.api_url.is_some() || given.flags.region.is_some();
        let gateway = if says_place { None } else { layer::sdk_gateway(environment)? };
        let place = match gateway {
            Some(gateway) => Place::gateway(&gateway, &layers)?,
            None => Place::region(&layers, Some(given), dialect)?,
        };
        let proxy = layer::proxy(None, environment)?;
        Self::assemble(place, &layers, proxy, environment, dialect)
    }

    fn assemble(
        place: Place,
        layers: &[Layer],
        proxy: Option<ProxyServer>,
        environment: &Environment,
        dialect: Dialect,
    ) -> Result<Self, ConnectionError> {
        let (credentials, credentials_from) = credentials(layers)?;
        Ok(Self {
            proxies: match proxy {
                Some(proxy) => vec![proxy],
                None => proxies::system_proxies(environment)?,
            },
            bases: place.bases,
            credentials,
            authorities: Vec::new(),
            dialect,
            region: place.region,
            credentials_from,
            base_from: place.from,
        })
    }

    /// Trusts the certificates of a PEM file too (`--ca-file`); `path` is only for messages.
    ///
    /// # Errors
    /// If the text holds no certificate, or a broken one.
    pub fn with_authorities(mut self, pem: &str, path: &Path) -> Result<Self, ConnectionError> {
        self.authorities = tls::certificates(pem, path)?;
        Ok(self)
    }

    /// Returns the region, where the org is named by one.
    pub fn region(&self) -> Option<&'static Region> {
        self.region
    }

    /// Returns the base URL of the API.
    pub fn api_url(&self) -> &str {
        &self.bases.api
    }

    /// Returns the OAuth client's id; `None` with an access token.
    pub fn client_id(&self) -> Option<&str> {
        match &self.credentials {
            Credentials::AccessToken(_) => None,
            Credentials::Client { id, .. } => Some(id),
        }
    }

    /// Returns a text that two connections share if they ask the same place on the same behalf. It
    /// is for comparing only and holds no secret: of an access token it has a short hash.
    pub fn fingerprint(&self) -> String {
        let caller = match &self.credentials {
            Credentials::Client { id, .. } => format!("client {id}"),
            Credentials::AccessToken(token) => {
                let mut hasher = DefaultHasher::new();
                token.expose_secret().hash(&mut hasher);
                format!("token {:016x}", hasher.finish())
            }
        };
        format!("{} {caller}", self.api_url())
    }

    /// Says where the credentials come from: `provider block`, `environment`, `profile NAME`, or
    /// two of them joined by ` and `.
    pub fn credentials_from(&self) -> String {
        let sources: Vec<String> = self.credentials_from.iter().map(Source::to_string).collect();
        sources.join(" and ")
    }

    /// Says where region, gateway or base URL come from.
    pub fn base_from(&self) -> &Source {
        &self.base_from
    }

    /// Returns the proxies that requests may go through, as protocol, host and port.
    pub fn proxies(&self) -> Vec<String> {
        self.proxies.iter().filter_map(ProxyServer::address).collect()
    }

    /// Returns whether every request certainly goes through a proxy. One of the environment may have
    /// exceptions, so it is no certainty.
    pub(crate) fn is_behind_proxy(&self) -> bool {
        self.proxies.iter().any(ProxyServer::has_no_exceptions)
    }

    /// Returns the dialect that the org speaks.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }
}

/// Where an org is, and who said so.
struct Place {
    bases: Bases,
    region: Option<&'static Region>,
    from: Source,
}

impl Place {
    /// A gateway replaces the hosts; a region may be named beside it.
    fn gateway(gateway: &Sourced<GatewayParts>, layers: &[Layer]) -> Result<Self, ConnectionError> {
        Ok(Self {
            bases: gateway.value.bases()?,
            region: layers
                .iter()
                .find_map(|layer| layer.region.as_ref())
                .and_then(|region| Region::parse(&region.value)),
            from: gateway.from.clone(),
        })
    }

    /// The first of: a base URL or region by flag, a region of another layer, a profile's gateway.
    fn region(
        layers: &[Layer],
        fallback: Option<&Fallback>,
        dialect: Dialect,
    ) -> Result<Self, ConnectionError> {
        if let Some(url) = fallback.and_then(|fallback| fallback.flags.api_url.as_ref()) {
            return Ok(Self {
                bases: dialect.bases_of_url(url)?,
                region: None,
                from: Source::Flags,
            });
        }
        let profile = fallback.and_then(|fallback| fallback.profile.as_ref());
        let Some(region) = layers.iter().find_map(|layer| layer.region.as_ref()) else {
            if let Some(open) = layers.iter().find_map(|layer| layer.open_among(&["aws_region"])) {
                return Err(open.error());
            }
            return match (dialect.default_region(), profile) {
                (_, Some(profile)) if profile.gateway.is_some() => Self::of_profile(profile),
                (Some(region), _) => Ok(Self {
                    bases: dialect.bases(region, &Source::Default)?,
                    region: Region::parse(region),
                    from: Source::Default,
                }),
                (None, _) => Err(ConnectionError::NoRegion),
            };
        };
        if let (Source::Profile(_), Some(profile)) = (&region.from, profile)
            && profile.leads_elsewhere()
        {
            return Self::of_profile(profile);
        }
        let bases = dialect.bases(&region.value, &region.from)?;
        Ok(Self { bases, region: Region::parse(&region.value), from: region.from.clone() })
    }

    /// A profile with a gateway, or with an environment on this machine.
    fn of_profile(profile: &Profile) -> Result<Self, ConnectionError> {
        let from = Source::Profile(profile.name.clone());
        let environment = profile.environment.as_deref().unwrap_or_default();
        Ok(Self {
            bases: match &profile.gateway {
                Some(gateway) => gateway.bases()?,
                None => Bases::one(&format!("http://{environment}"), "the profile's environment")?,
            },
            region: Region::parse(environment),
            from,
        })
    }
}

/// Finds what no header can carry (RFC 6750, 2.1: a bearer token is visible ASCII): its place from 1,
/// and what it is.
fn unsendable(token: &str) -> Option<(usize, String)> {
    let (index, found) = token.chars().enumerate().find(|(_, char)| !char.is_ascii_graphic())?;
    let named = match found {
        '\n' | '\r' => "a line end".to_owned(),
        '\t' => "a tab".to_owned(),
        ' ' => "a space".to_owned(),
        other if other.is_control() => format!("a control character (U+{:04X})", u32::from(other)),
        other => format!("no ASCII character (U+{:04X})", u32::from(other)),
    };
    Some((index + 1, named))
}

/// Goes through the layers until one completes a pair or has a token. Within a layer the token
/// wins, as it does in the provider; but half a pair that was given by flag is never dropped for
/// somebody else's token.
fn credentials(layers: &[Layer]) -> Result<(Credentials, Vec<Source>), ConnectionError> {
    let mut id: Option<&Sourced<String>> = None;
    let mut secret: Option<&Sourced<SecretString>> = None;
    let mut open = None;
    for layer in layers {
        let half_is_by_flag = id.is_some_and(|id| id.from == Source::Flags)
            || secret.is_some_and(|secret| secret.from == Source::Flags);
        if let (false, Some(token)) = (half_is_by_flag, &layer.access_token) {
            if let Some((place, character)) = unsendable(token.value.expose_secret()) {
                let from = token.from.to_string();
                return Err(ConnectionError::BadToken { from, place, character });
            }
            let credentials = Credentials::AccessToken(token.value.clone());
            return Ok((credentials, vec![token.from.clone()]));
        }
        if let Some(token) = layer.open_among(&["access_token"]) {
            // The block wants a token that nobody here knows: its other arguments do not count.
            open = Some(token);
            continue;
        }
        let belongs = |id: &Sourced<String>| {
            layer.client_id.as_ref().is_some_and(|own| own.value == id.value)
        };
        if layer.is_pair && !id.is_none_or(belongs) {
            continue;
        }
        id = id.or(layer.client_id.as_ref());
        secret = secret.or(layer.client_secret.as_ref());
        open = open.or(layer.open_among(&["oauthclient_id", "oauthclient_secret"]));
        if let (Some(id), Some(secret)) = (id, secret) {
            let mut sources = vec![id.from.clone()];
            if secret.from != id.from {
                sources.push(secret.from.clone());
            }
            let credentials =
                Credentials::Client { id: id.value.clone(), secret: secret.value.clone() };
            return Ok((credentials, sources));
        }
    }
    Err(match open {
        Some(open) => open.error(),
        None => ConnectionError::NoCredentials {
            missing: match (id, secret) {
                (Some(_), None) => "the client secret",
                (None, Some(_)) => "the client id",
                _ => "all of them",
            },
        },
    })
}
