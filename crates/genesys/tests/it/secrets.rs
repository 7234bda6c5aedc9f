//! No secret comes out: everything that can be shown is searched, with servers that send the
//! secret, the token and the proxy's password back in every place.

use std::fmt::{Debug, Display};
use std::sync::{Arc, Mutex};

use divvy_core::effect::{Effect, Observer, Outcome};
use divvy_core::kinds::division::DIVISION;
use divvy_core::provider_arguments::{Argument, BasicAuth, Gateway, Proxy};
use divvy_core::{Consent, ProviderArguments, consent};
use divvy_genesys::{Client, Connection, Environment, Fallback, Flags, NewEntity, Profile};
use tokio_util::sync::CancellationToken;

use crate::server::{Reply, Server, reply, token};
use crate::support::{SECRET, TOKEN, quick};

const PROXY_PASSWORD: &str = "pr0xy-pass-of-the-test";

/// Everything that was shown.
#[derive(Default)]
struct Shown(Mutex<Vec<String>>);

impl Shown {
    fn add(&self, thing: &impl Debug) {
        let texts = [format!("{thing:?}"), format!("{thing:#?}")];
        self.0.lock().unwrap().extend(texts);
    }

    fn add_text(&self, text: &impl Display) {
        self.0.lock().unwrap().push(text.to_string());
    }

    fn add_error(&self, error: &divvy_genesys::Error) {
        self.add(error);
        let mut cause: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = cause {
            self.add(&error);
            self.add_text(&error);
            cause = error.source();
        }
        self.add(&error.hints());
    }
}

impl Observer for Shown {
    fn before(&self, effect: &Effect) {
        self.add(effect);
    }

    fn after(&self, effect: &Effect, outcome: &Outcome) {
        self.add(&(effect, outcome));
    }
}

/// Sends back what the client may not show; the token only once the client has it.
fn echo(status: u16, token: &str) -> Reply {
    let leak = format!("{SECRET} {token} {PROXY_PASSWORD}");
    let body = serde_json::json!({
        "code": leak, "message": leak, "error": leak, "description": leak,
        "messageParams": {"permission": format!("a:b:{SECRET}")},
    });
    let location = format!("https://x.test/{token}?secret={SECRET}");
    reply(status, &[("Location", &location)], &body.to_string())
}

fn arguments(server: &Server) -> ProviderArguments {
    let known = |text: &str| Argument::Known(text.to_owned());
    let (host, port) = server.url["http://".len()..].split_once(':').unwrap();
    ProviderArguments {
        oauthclient_id: known("client-1"),
        oauthclient_secret: Argument::Known(SECRET.into()),
        gateway: Some(Gateway {
            protocol: known("http"),
            host: known("api.test"),
            ..Gateway::default()
        }),
        proxy: Some(Proxy {
            protocol: known("http"),
            host: known(host),
            port: known(port),
            auth: Some(BasicAuth {
                username: known("user"),
                password: Argument::Known(PROXY_PASSWORD.into()),
            }),
        }),
        ..ProviderArguments::default()
    }
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret() {
    let shown = Arc::new(Shown::default());
    let answers: [fn(&str) -> Reply; 8] = [
        |token| echo(302, token),
        |token| echo(400, token),
        |token| echo(401, token),
        |token| echo(403, token),
        |token| echo(404, token),
        |token| echo(409, token),
        |token| echo(500, token),
        |_| Reply::Bytes(Vec::new()),
    ];
    for login_too in [false, true] {
        for answer in answers {
            let server = Server::start(move |request, _| match request.target.as_str() {
                "http://api.test/oauth/token" if !login_too => token(TOKEN),
                _ => answer(if login_too { "" } else { TOKEN }),
            })
            .await;
            let connection =
                Connection::from_arguments(&arguments(&server), &Environment::default(), None);
            let interrupt = CancellationToken::new();
            let client = Client::new(connection.unwrap(), quick(), shown.clone(), interrupt);
            let client = client.unwrap();
            let new = NewEntity::new("Sales");
            let consent = Consent::given(consent::Source::Flag);
            shown.add_error(&client.create(&DIVISION, &new, &consent).await.unwrap_err());
            shown.add_error(&client.limit(&DIVISION).await.unwrap_err());
            shown.add(&client);
            shown.add(client.connection());
        }
    }
    // Connections that cannot be worked out, and what leads to them.
    let environment: Environment = [
        ("GENESYSCLOUD_OAUTHCLIENT_SECRET", SECRET),
        ("GENESYSCLOUD_ACCESS_TOKEN", TOKEN),
        ("HTTPS_PROXY", "http://user:pr0xy-pass-of-the-test@[bad"),
    ]
    .into_iter()
    .collect();
    let file = format!("[a]\nclient_secret = '{SECRET}'\naccess_token = '{TOKEN}'\n");
    let profile = Profile::parse(&file, "a", "config.toml".as_ref()).unwrap();
    let given = Fallback {
        flags: Flags {
            api_url: Some(format!("https://user:{SECRET}@x.test")),
            client_secret: Some(SECRET.into()),
            ..Flags::default()
        },
        profile: Some(profile),
    };
    shown.add(&environment);
    shown.add(&given);
    for error in [
        Connection::from_flags(&given, &environment, divvy_genesys::Dialect::Published),
        Connection::from_arguments(&ProviderArguments::default(), &environment, None),
    ] {
        let error = error.unwrap_err();
        shown.add(&error);
        shown.add_text(&error);
        shown.add(&error.hints());
    }

    let shown = shown.0.lock().unwrap();
    let heard = |text: &String| text.contains("[redacted]");
    assert!(shown.iter().any(heard), "the echo must have been heard");
    for secret in [SECRET, TOKEN, PROXY_PASSWORD] {
        for text in shown.iter() {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
