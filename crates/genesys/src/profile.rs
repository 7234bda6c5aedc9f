//! Profiles of the vendor's `gc` CLI, read from `~/.gc/config.toml`.
//!
//! Never writes that file. One table per profile, with `environment` (region key or domain, or
//! something with `localhost`, which is talked to in plain HTTP), `client_credentials` (the client
//! **id**), `client_secret`, `access_token`, `gateway_*` (source: the CLI's README and its
//! `config.go`). Assumed beyond that: other obvious spellings of the same keys (`client_id`,
//! `clientid`, `clientsecret`, `accesstoken`, `region`), since people edit the file by hand; names
//! and keys in any letter case, because the CLI's own reader ignores case.
//! Invariant: `Debug` shows no secret.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use toml::{Table, Value};

use crate::connection::{ConnectionError, Environment, GatewayParts};

/// The profile that the CLI uses if none is named.
const DEFAULT: &str = "DEFAULT";

/// One profile.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Its name as the file spells it.
    pub name: String,
    /// Region key, domain, or a host on this machine.
    pub(crate) environment: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) access_token: Option<SecretString>,
    pub(crate) gateway: Option<GatewayParts>,
}

impl Profile {
    /// Reads a profile from the `gc` CLI's file below the snapshot's home directory.
    ///
    /// # Errors
    /// If the file is missing, is not TOML, or has no such profile.
    pub fn load(name: &str, environment: &Environment) -> Result<Self, ConnectionError> {
        let path = environment.home().unwrap_or_default().join(".gc").join("config.toml");
        let text = environment.text_of(&path, "TOML")?;
        let missing = || ConnectionError::Unreadable {
            path: path.clone(),
            source: std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such file"),
        };
        Self::parse(&text.ok_or_else(missing)?, name, &path)
    }

    /// Reads a profile from the text of such a file; `path` is only for messages.
    ///
    /// # Errors
    /// If the text is not TOML or has no such profile.
    pub fn parse(text: &str, name: &str, path: &Path) -> Result<Self, ConnectionError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            // The error's own text quotes the line, which may hold a secret.
            let offset = error.span().map_or(0, |span| span.start);
            let line = text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
            ConnectionError::Malformed {
                path: path.to_owned(),
                expected: "TOML",
                place: format!("line {line}"),
            }
        })?;
        let name = if name.is_empty() { DEFAULT } else { name };
        table
            .iter()
            .filter_map(|(key, value)| Some((key, value.as_table()?)))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(key, profile)| Self::from_table(key, profile))
            .ok_or_else(|| no_profile(path, name, &table))
    }

    fn from_table(name: &str, profile: &Table) -> Self {
        let text = |spellings: &[&str]| {
            profile.iter().find_map(|(key, value)| {
                let key = key.to_lowercase();
                let value = match value {
                    Value::String(text) => text.trim().to_owned(),
                    Value::Integer(number) => number.to_string(),
                    _ => return None,
                };
                (spellings.contains(&key.as_str()) && !value.is_empty()).then_some(value)
            })
        };
        let paths = text(&["gateway_pathparams"]).unwrap_or_default();
        Self {
            name: name.to_owned(),
            environment: text(&["environment", "region"]),
            client_id: text(&["client_credentials", "client_id", "clientid"]),
            client_secret: text(&["client_secret", "clientsecret"]).map(SecretString::from),
            access_token: text(&["access_token", "accesstoken"]).map(SecretString::from),
            gateway: text(&["gateway_host"]).map(|host| GatewayParts {
                protocol: text(&["gateway_protocol"]),
                host,
                port: text(&["gateway_port"]),
                login_path: path_parameter(&paths, "login"),
                api_path: path_parameter(&paths, "api"),
            }),
        }
    }

    /// Returns whether it leads to something else than a region's own hosts.
    pub(crate) fn leads_elsewhere(&self) -> bool {
        self.gateway.is_some()
            || self
                .environment
                .as_deref()
                .is_some_and(|environment| environment.contains("localhost"))
    }
}

/// Reads one value of the CLI's own notation `{login: /a, api: /b}`.
fn path_parameter(text: &str, name: &str) -> Option<String> {
    text.trim_matches(['{', '}'])
        .split(',')
        .filter_map(|pair| pair.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

fn no_profile(path: &Path, name: &str, table: &Table) -> ConnectionError {
    let known: Vec<&str> =
        table.iter().filter(|(_, value)| value.is_table()).map(|(key, _)| key.as_str()).collect();
    ConnectionError::NoProfile {
        path: PathBuf::from(path),
        name: name.to_owned(),
        known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use secrecy::ExposeSecret;

    const FILE: &str = r#"
[DEFAULT]
environment = "mypurecloud.de"
client_credentials = "id-1"
client_secret = "hush-1"

[prod]
Environment = "eu_central_2"
clientid = "id-2"
ClientSecret = "hush-2"
gateway_host = 'gw.test'
gateway_port = '443'
gateway_protocol = 'https'
gateway_pathparams = '{login: /loginpath, api: /apipath}'
"#;

    fn parse(name: &str) -> Result<Profile, ConnectionError> {
        Profile::parse(FILE, name, Path::new("config.toml"))
    }

    #[test]
    fn a_profile_is_found_in_any_letter_case_and_the_default_without_a_name() {
        for name in ["", "default", "DEFAULT"] {
            let profile = parse(name).unwrap();
            assert_eq!(profile.client_id.as_deref(), Some("id-1"));
            assert_eq!(profile.client_secret.unwrap().expose_secret(), "hush-1");
            assert_eq!(profile.environment.as_deref(), Some("mypurecloud.de"));
        }
    }

    #[test]
    fn other_spellings_and_a_gateway_are_read() {
        let profile = parse("PROD").unwrap();
        assert_eq!(profile.name, "prod");
        assert_eq!(profile.client_id.as_deref(), Some("id-2"));
        assert_eq!(profile.gateway.unwrap().bases().unwrap().login, "https://gw.test/loginpath");
    }

    #[test]
    fn a_file_that_windows_wrote_is_read_like_any_other() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".gc")).unwrap();
        let file = FILE.replace('\n', "\r\n");
        let utf16: Vec<u8> =
            format!("\u{feff}{file}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [format!("\u{feff}{file}").into_bytes(), utf16] {
            std::fs::write(home.path().join(".gc/config.toml"), bytes).unwrap();
            let home = home.path().display().to_string();
            let home = BTreeMap::from([("HOME".to_owned(), home)]);
            let environment = Environment::new(home, |path| std::fs::read(path));
            let profile = Profile::load("", &environment).unwrap();
            assert_eq!(profile.client_id.as_deref(), Some("id-1"));
        }
    }

    #[test]
    fn a_missing_profile_names_those_that_exist() {
        let message = parse("stage").unwrap_err().to_string();
        assert!(message.contains("DEFAULT, prod"), "{message}");
    }

    #[test]
    fn broken_toml_names_its_line_and_quotes_nothing() {
        let text = "[a]\nclient_secret = \"hush\nregion = 1\n";
        let error = Profile::parse(text, "a", Path::new("config.toml")).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("line 2"), "{shown}");
        assert!(!shown.contains("hush"), "{shown}");
    }
}
