//! From flags to connections and clients: which org is asked, and on whose behalf.
//!
//! The credential logic itself is `Connection`'s; here only files named by flags are read.
//! Invariant: a secret is wrapped as soon as it is read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use divvy_core::ProviderArguments;
use divvy_core::effect::Observer;
use divvy_core::survey::Alias;
use divvy_genesys::{
    Client, Connection, ConnectionError, Dialect, Fallback, Flags, Profile, Settings,
};
use divvy_terraform::files::{self, Origin};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::arguments::OrgArguments;
use crate::console::Tone;
use crate::context::Context;
use crate::door;
use crate::error::{CommandError, CommandResult};
use crate::typed_file;

/// The flags that say which org, with their files read.
#[derive(Clone)]
pub(crate) struct OrgFlags {
    fallback: Fallback,
    profiles: Vec<(String, Profile)>,
    /// The text of `--ca-file`.
    authorities: Option<(String, PathBuf)>,
    environment: divvy_genesys::Environment,
}

impl OrgFlags {
    /// Reads the files and profiles that the flags name.
    pub(crate) async fn read(context: &Context, arguments: &OrgArguments) -> CommandResult<Self> {
        let access_token = read_secret(context, arguments.access_token_file.as_deref()).await?;
        let client_secret = read_secret(context, arguments.client_secret_file.as_deref()).await?;
        let authorities = match &arguments.ca_file {
            Some(file) => {
                let text = typed_file::read_text(context, file).await;
                let text = text.map_err(|error| {
                    error.hint("name a file of certificates (PEM), or leave --ca-file out")
                })?;
                Some((text, file.clone()))
            }
            None => None,
        };
        let flags = Self::with_secrets(context, arguments, access_token, client_secret)?;
        Ok(Self { authorities, ..flags })
    }

    /// Without any flag: what the environment says.
    pub(crate) fn of_environment(context: &Context) -> CommandResult<Self> {
        Self::with_secrets(context, &OrgArguments::default(), None, None)
    }

    fn with_secrets(
        context: &Context,
        arguments: &OrgArguments,
        access_token: Option<SecretString>,
        client_secret: Option<SecretString>,
    ) -> CommandResult<Self> {
        let environment = genesys_environment(context.environment.variables.clone());
        if let Some(secret) = &arguments.client_secret {
            door::keep_secret(secret);
            context.console.mark(
                Tone::Warning,
                "--client-secret is visible to other users of this machine; prefer --client-secret-file",
            );
        }
        let profile = |name: &String| Profile::load(name, &environment).map_err(of_connection);
        let flags = Flags {
            access_token,
            client_id: arguments.client_id.clone(),
            client_secret: client_secret
                .or_else(|| arguments.client_secret.clone().map(SecretString::from)),
            region: arguments.region.clone(),
            api_url: arguments.api_url.clone(),
        };
        let profiles = arguments
            .orgs
            .iter()
            .map(|(alias, name)| Ok((alias.clone(), profile(name)?)))
            .collect::<CommandResult<Vec<_>>>()?;
        Ok(Self {
            fallback: Fallback {
                flags,
                profile: arguments.profile.as_ref().map(profile).transpose()?,
            },
            profiles,
            authorities: None,
            environment,
        })
    }

    /// Returns the same, as if the environment named a region: for whoever asks what else is missing.
    pub(crate) fn as_if_in_some_region(&self, variables: &BTreeMap<String, String>) -> Self {
        let mut variables = variables.clone();
        variables.insert("GENESYSCLOUD_REGION".to_owned(), "us-east-1".to_owned());
        Self { environment: genesys_environment(variables), ..self.clone() }
    }

    /// Works out the connection of one provider configuration. With several of them, flags that do
    /// not name an alias fill nothing.
    pub(crate) fn connection(
        &self,
        alias: &Alias,
        arguments: &ProviderArguments,
        is_only_one: bool,
    ) -> Result<Connection, ConnectionError> {
        let named = self
            .profiles
            .iter()
            .find(|(name, _)| name == alias.as_str())
            .map(|(_, profile)| profile);
        let fallback = match named {
            Some(profile) => Fallback { flags: Flags::default(), profile: Some(profile.clone()) },
            None if is_only_one => self.fallback.clone(),
            None => Fallback::default(),
        };
        Connection::from_arguments(arguments, &self.environment, Some(&fallback))
            .and_then(|connection| self.with_authorities(connection))
    }

    /// Works out where each alias leads, or why nowhere.
    ///
    /// # Errors
    /// Why the only one leads nowhere.
    pub(crate) fn leads(
        &self,
        aliases: BTreeSet<&Alias>,
        arguments: &BTreeMap<Alias, ProviderArguments>,
    ) -> CommandResult<Vec<(Alias, Result<Connection, String>)>> {
        let is_only_one = aliases.len() == 1;
        let nothing_written = ProviderArguments::default();
        let lead = |alias: &Alias| {
            let written = arguments.get(alias).unwrap_or(&nothing_written);
            match self.connection(alias, written, is_only_one) {
                Ok(connection) => Ok((alias.clone(), Ok(connection))),
                Err(error) if is_only_one => Err(of_connection(error)),
                Err(error) => Ok((alias.clone(), Err(error.to_string()))),
            }
        };
        aliases.into_iter().map(lead).collect()
    }

    /// Works out the connection of a command that needs no configuration.
    pub(crate) fn direct(&self, dialect: Dialect) -> CommandResult<Connection> {
        self.without_configuration(dialect).map_err(of_connection)
    }

    /// As [`OrgFlags::direct`], for whoever looks at the reason.
    pub(crate) fn without_configuration(
        &self,
        dialect: Dialect,
    ) -> Result<Connection, ConnectionError> {
        Connection::from_flags(&self.fallback, &self.environment, dialect)
            .and_then(|connection| self.with_authorities(connection))
    }

    fn with_authorities(&self, connection: Connection) -> Result<Connection, ConnectionError> {
        match &self.authorities {
            Some((pem, file)) => connection.with_authorities(pem, file),
            None => Ok(connection),
        }
    }
}

/// The environment of the client, whose files are read as all others are.
fn genesys_environment(variables: BTreeMap<String, String>) -> divvy_genesys::Environment {
    divvy_genesys::Environment::new(variables, |path| files::read(path, Origin::Found))
}

/// Makes the client of a connection.
pub(crate) fn client(
    context: &Context,
    connection: Connection,
    settings: Settings,
    observer: Arc<dyn Observer>,
) -> CommandResult<Client> {
    client_until(connection, settings, observer, context.interrupt.clone()).map_err(of_connection)
}

/// As [`client`], of which the caller says what interrupts it.
pub(crate) fn client_until(
    connection: Connection,
    settings: Settings,
    observer: Arc<dyn Observer>,
    interrupt: CancellationToken,
) -> Result<Client, ConnectionError> {
    let settings = Settings { keep_secret: door::keep_secret, ..settings };
    Client::new(connection, settings, observer, interrupt)
}

/// Turns a client's error into the command's.
pub(crate) fn of_api(error: divvy_genesys::Error) -> CommandError {
    let hints = error.hints();
    if error.reason == divvy_genesys::Reason::Interrupted {
        return CommandError::interrupted();
    }
    CommandError::failed(error).hints(hints)
}

/// Turns a connection's error into the command's.
pub(crate) fn of_connection(error: ConnectionError) -> CommandError {
    let hints = error.hints();
    CommandError::failed(error).hints(hints)
}

/// Reads a secret from a file or, for `-`, from standard input; a line end at its end is not part of it.
async fn read_secret(
    context: &Context,
    path: Option<&Path>,
) -> CommandResult<Option<SecretString>> {
    let Some(path) = path else { return Ok(None) };
    let text = typed_file::read_text(context, path).await.map_err(|error| {
        error.hint("write the secret there, or pass - and give it on standard input")
    })?;
    let secret = text.trim_end_matches(['\r', '\n']);
    door::keep_secret(secret);
    Ok(Some(SecretString::from(secret.to_owned())))
}
