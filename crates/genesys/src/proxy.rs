//! Proxy addresses as people write them, user name and password included.
//!
//! Never shows any part of what it reads. Invariant: whatever is taken has one meaning; where two are
//! possible, the answer says how the one that is meant is written.

use reqwest::Url;
use secrecy::SecretString;

/// A proxy variable, taken apart.
#[derive(Debug)]
pub(crate) struct Address {
    /// Protocol, host and port; never a user name.
    pub(crate) url: String,
    pub(crate) auth: Option<(String, SecretString)>,
}

/// Reads `[http://][USER[:PASSWORD]@]HOST[:PORT][/]`. User name and password may hold any character
/// that leaves one reading; a user name may be `DOMAIN\\user`.
///
/// # Errors
/// What is wrong, without any of the text.
pub(crate) fn parse(text: &str) -> Result<Address, &'static str> {
    let text = text.trim();
    let is_scheme = |scheme: &str| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
    };
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => ("http".to_owned(), text),
    };
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err("only http:// and https:// proxies are spoken to");
    }
    let (user, host) = match rest.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, rest),
    };
    let host = host.strip_suffix('/').unwrap_or(host);
    if !is_host(&scheme, host) {
        return Err("behind user name and password it needs HOST:PORT and nothing else");
    }
    let url = format!("{scheme}://{host}");
    let Some(user) = user else { return Ok(Address { url, auth: None }) };
    if user.split_once('/').is_some_and(|(before, _)| is_host(&scheme, before)) {
        return Err("a `/` before the `@` could be a path or a part of the user name or password");
    }
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let (name, password) = (decoded(name)?, decoded(password)?);
    let auth = (!name.is_empty() || !password.is_empty()).then(|| (name, password.into()));
    Ok(Address { url, auth })
}

/// Returns whether a text is a host with or without a port, and nothing besides.
pub(crate) fn is_host(scheme: &str, text: &str) -> bool {
    let has_more = text.contains(|c: char| c.is_whitespace() || "/\\?#@".contains(c));
    let url = Url::parse(&format!("{scheme}://{text}"));
    !has_more && !text.is_empty() && url.is_ok_and(|url| url.host_str().is_some())
}

/// Decodes `%XX`. A text without any whole one is taken as it is, so that a password may end in `%`.
fn decoded(text: &str) -> Result<String, &'static str> {
    const UNCLEAR: &str = "a `%` in user name or password could be itself or begin an escape";
    let mut bytes = Vec::with_capacity(text.len());
    let (mut escapes, mut others) = (0, 0);
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        rest = match tail {
            [high, low, after @ ..] if *first == b'%' => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    escapes += 1;
                    bytes.push(high * 16 + low);
                    after
                }
                _ => {
                    others += 1;
                    bytes.push(b'%');
                    tail
                }
            },
            _ => {
                others += usize::from(*first == b'%');
                bytes.push(*first);
                tail
            }
        };
    }
    if escapes > 0 && others > 0 {
        return Err(UNCLEAR);
    }
    String::from_utf8(bytes).map_err(|_| UNCLEAR)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(text: &str) -> Result<(String, String, String), &'static str> {
        parse(text).map(|address| {
            let (name, password) = address.auth.unwrap_or_default();
            (address.url, name, password.expose_secret().to_owned())
        })
    }

    #[test]
    fn user_names_and_passwords_of_any_characters_are_understood() {
        let proxy = "http://proxy.test:3128";
        for (written, name, password) in [
            ("proxy.test:3128", "", ""),
            ("http://proxy.test:3128/", "", ""),
            ("http://user:plain@proxy.test:3128", "user", "plain"),
            ("http://user:p#ss@proxy.test:3128", "user", "p#ss"),
            ("http://user:p@ss@proxy.test:3128", "user", "p@ss"),
            ("http://user:p:ss@proxy.test:3128", "user", "p:ss"),
            ("http://user:p/ss?x@proxy.test:3128", "user", "p/ss?x"),
            ("http://DOMAIN\\user:pw@proxy.test:3128", "DOMAIN\\user", "pw"),
            ("http://DOMAIN%5Cuser:p%23s%40s@proxy.test:3128", "DOMAIN\\user", "p#s@s"),
            ("http://user:100%@proxy.test:3128", "user", "100%"),
            ("user:p\\w ä@proxy.test:3128", "user", "p\\w ä"),
            ("HTTP://user@proxy.test:3128", "user", ""),
        ] {
            assert_eq!(
                read(written),
                Ok((proxy.into(), name.into(), password.into())),
                "{written}"
            );
        }
        assert_eq!(read("https://[::1]:8080").unwrap().0, "https://[::1]:8080");
    }

    #[test]
    fn what_has_two_readings_or_none_is_refused() {
        for text in [
            "http://",
            "",
            "http://proxy.test:port",
            "http://proxy.test:3128/path",
            "http://proxy .test",
            "socks5://proxy.test:1080",
            "http://DOMAIN/user:pw@proxy.test:3128",
            "http://u:5/x@proxy.test",
            "http://user:50%zz%41@proxy.test:3128",
            "http://user:%ff@proxy.test:3128",
            "http://user:pw@",
            "http://user:pw@proxy.test#x",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
