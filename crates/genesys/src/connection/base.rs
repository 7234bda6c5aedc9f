//! Base URLs: where the API and the login service are, out of region, gateway or `--api-url`.
//!
//! Never contacts anything. Invariant: a base has no user name, no query and no final slash.

use reqwest::Url;

use super::ConnectionError;
use crate::region::Region;

/// The two bases of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bases {
    /// Base of `/api/v2/…`.
    pub(crate) api: String,
    /// Base of `/oauth/token`.
    pub(crate) login: String,
}

impl Bases {
    /// Returns the bases of a region.
    pub(crate) fn of_region(region: &Region) -> Self {
        Self { api: region.api(), login: region.login() }
    }

    /// Makes bases of one URL: the login host is the API's with `//api.` replaced by `//login.`,
    /// and the very same URL where it has no `api.` (the rule of the vendor's SDKs).
    pub(crate) fn of_url(url: &str, what: &'static str) -> Result<Self, ConnectionError> {
        let api = checked(url, what)?;
        let login = api.replacen("//api.", "//login.", 1);
        Ok(Self { api, login })
    }

    /// Makes both bases one URL, whatever its host is called.
    pub(crate) fn one(url: &str, what: &'static str) -> Result<Self, ConnectionError> {
        let api = checked(url, what)?;
        Ok(Self { login: api.clone(), api })
    }

    /// Returns whether TLS is needed for either.
    pub(crate) fn need_tls(&self) -> bool {
        [&self.api, &self.login].iter().any(|base| base.starts_with("https:"))
    }
}

/// The resolved parts of a `gateway` block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GatewayParts {
    pub(crate) protocol: Option<String>,
    pub(crate) host: String,
    pub(crate) port: Option<String>,
    /// Value of the path parameter `login`.
    pub(crate) login_path: Option<String>,
    /// Value of the path parameter `api`.
    pub(crate) api_path: Option<String>,
}

impl GatewayParts {
    /// Returns the bases; ports 80 and 443 are left out, as the vendor's SDK does.
    pub(crate) fn bases(&self) -> Result<Bases, ConnectionError> {
        let protocol = self.protocol.as_deref().unwrap_or("https");
        let mut authority = self.host.clone();
        match self.port.as_deref() {
            None | Some("" | "80" | "443") => {}
            Some(port) => authority = format!("{authority}:{port}"),
        }
        let base = |path: &Option<String>| {
            let path = path.as_deref().unwrap_or_default().trim_matches('/');
            checked(&format!("{protocol}://{authority}/{path}"), "the gateway")
        };
        Ok(Bases { api: base(&self.api_path)?, login: base(&self.login_path)? })
    }
}

/// Checks a base URL and takes its final slashes off.
fn checked(text: &str, what: &'static str) -> Result<String, ConnectionError> {
    let url = Url::parse(text.trim()).map_err(|_| ConnectionError::BadUrl { what })?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_plain || !url.has_host() || !matches!(url.scheme(), "http" | "https") {
        return Err(ConnectionError::BadUrl { what });
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_host_follows_the_api_host_only_where_that_is_called_api() {
        let bases = |url| Bases::of_url(url, "--api-url").unwrap();
        assert_eq!(bases("https://api.mypurecloud.de/").login, "https://login.mypurecloud.de");
        assert_eq!(bases("http://127.0.0.1:8080").login, "http://127.0.0.1:8080");
        assert_eq!(bases("https://x.test/api.v1").login, "https://x.test/api.v1");
    }

    #[test]
    fn a_gateway_has_its_own_paths_and_drops_default_ports() {
        let gateway = GatewayParts {
            protocol: None,
            host: "gw.test".into(),
            port: Some("443".into()),
            login_path: Some("/loginpath".into()),
            api_path: Some("apipath/".into()),
        };
        assert_eq!(
            gateway.bases().unwrap(),
            Bases {
                api: "https://gw.test/apipath".into(),
                login: "https://gw.test/loginpath".into(),
            }
        );
        let local = GatewayParts {
            protocol: Some("http".into()),
            host: "127.0.0.1".into(),
            port: Some("8080".into()),
            ..GatewayParts::default()
        };
        assert_eq!(local.bases().unwrap().api, "http://127.0.0.1:8080");
        assert!(!local.bases().unwrap().need_tls());
    }

    #[test]
    fn a_base_with_a_password_is_refused_and_not_shown() {
        for url in ["https://u:pw@x.test", "ftp://x.test", "https://x.test/?a=pw", "x.test"] {
            let error = Bases::of_url(url, "--api-url").unwrap_err();
            assert!(!format!("{error} {error:?}").contains("pw"), "{url}");
        }
    }
}
