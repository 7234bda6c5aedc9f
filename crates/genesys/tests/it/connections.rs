//! Who wins: provider block, environment, configuration file, flags, profile.

use std::collections::BTreeMap;
use std::fs;

use divvy_core::ProviderArguments;
use divvy_core::provider_arguments::{Argument, Gateway};
use divvy_genesys::{Connection, ConnectionError, Dialect, Environment, Fallback, Flags, Source};
use divvy_genesys::{Profile, Region};
use tempfile::TempDir;

fn known(text: &str) -> Argument<String> {
    Argument::Known(text.to_owned())
}

fn open<T>(reference: &str) -> Argument<T> {
    Argument::Open(reference.to_owned())
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().copied().collect()
}

/// Everything that the environment can say of one org.
fn full_environment() -> Environment {
    environment(&[
        ("GENESYSCLOUD_OAUTHCLIENT_ID", "env-id"),
        ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "env-secret"),
        ("GENESYSCLOUD_REGION", "eu-west-1"),
    ])
}

fn full_block() -> ProviderArguments {
    ProviderArguments {
        oauthclient_id: known("block-id"),
        oauthclient_secret: Argument::Known("block-secret".into()),
        aws_region: known("eu-central-1"),
        ..ProviderArguments::default()
    }
}

fn profile() -> Profile {
    let file = "[prod]\nclient_credentials='profile-id'\nclient_secret='x'\n\
                environment='mypurecloud.jp'\n";
    Profile::parse(file, "prod", "config.toml".as_ref()).unwrap()
}

fn fallback() -> Fallback {
    Fallback {
        flags: Flags {
            client_id: Some("flag-id".into()),
            client_secret: Some("flag-secret".into()),
            region: Some("us-west-2".into()),
            ..Flags::default()
        },
        profile: Some(profile()),
    }
}

fn only_profile() -> Fallback {
    Fallback { profile: Some(profile()), ..Fallback::default() }
}

/// Where a connection leads, as whom, and who said so.
fn told(connection: &Connection) -> (Option<&str>, String, &str, String) {
    (
        connection.client_id(),
        connection.credentials_from(),
        connection.api_url(),
        connection.base_from().to_string(),
    )
}

fn from_arguments(
    arguments: &ProviderArguments,
    environment: &Environment,
    fallback: Option<&Fallback>,
) -> (Option<String>, String, String, String) {
    let connection = Connection::from_arguments(arguments, environment, fallback).unwrap();
    let (id, from, api, base_from) = told(&connection);
    (id.map(str::to_owned), from, api.to_owned(), base_from)
}

fn expected(
    id: &str,
    from: &str,
    domain: &str,
    base_from: &str,
) -> (Option<String>, String, String, String) {
    (Some(id.into()), from.into(), format!("https://api.{domain}"), base_from.into())
}

#[test]
fn the_block_wins_over_the_environment_and_both_over_flags_and_profile() {
    assert_eq!(
        from_arguments(&full_block(), &full_environment(), Some(&fallback())),
        expected("block-id", "provider block", "mypurecloud.de", "provider block")
    );
    assert_eq!(
        from_arguments(&ProviderArguments::default(), &full_environment(), Some(&fallback())),
        expected("env-id", "environment", "mypurecloud.ie", "environment")
    );
    assert_eq!(
        from_arguments(&ProviderArguments::default(), &Environment::default(), Some(&fallback())),
        expected("flag-id", "flags", "usw2.pure.cloud", "flags")
    );
    assert_eq!(
        from_arguments(
            &ProviderArguments::default(),
            &Environment::default(),
            Some(&only_profile())
        ),
        expected("profile-id", "profile prod", "mypurecloud.jp", "profile prod")
    );
}

#[test]
fn each_argument_falls_back_to_its_own_variable_as_in_the_provider() {
    let block =
        ProviderArguments { oauthclient_id: known("block-id"), ..ProviderArguments::default() };
    assert_eq!(
        from_arguments(&block, &full_environment(), None),
        expected("block-id", "provider block and environment", "mypurecloud.ie", "environment")
    );
}

#[test]
fn an_access_token_of_the_environment_beats_the_block_s_client_as_in_the_provider() {
    let environment = environment(&[("GENESYSCLOUD_ACCESS_TOKEN", "t")]);
    let connection = Connection::from_arguments(&full_block(), &environment, None).unwrap();
    assert_eq!(connection.client_id(), None);
    assert_eq!(connection.credentials_from(), "environment");
}

#[test]
fn empty_variables_count_as_unset() {
    let environment =
        environment(&[("GENESYSCLOUD_ACCESS_TOKEN", ""), ("GENESYSCLOUD_REGION", "")]);
    assert_eq!(
        from_arguments(&full_block(), &environment, None),
        expected("block-id", "provider block", "mypurecloud.de", "provider block")
    );
}

#[test]
fn an_open_argument_is_named_with_its_reference_and_its_variable_does_not_count() {
    let block = ProviderArguments { oauthclient_secret: open("var.gc_secret"), ..full_block() };
    let error = Connection::from_arguments(&block, &full_environment(), None).unwrap_err();
    assert!(matches!(
        &error,
        ConnectionError::Open { argument, reference }
            if argument == "oauthclient_secret" && reference == "var.gc_secret"
    ));
    assert!(error.hints()[1].to_string().contains("--org ALIAS=PROFILE"));

    let token = ProviderArguments { access_token: open("var.token"), ..full_block() };
    let error = Connection::from_arguments(&token, &full_environment(), None).unwrap_err();
    assert!(matches!(error, ConnectionError::Open { argument, .. } if argument == "access_token"));

    let region = ProviderArguments { aws_region: open("local.region"), ..full_block() };
    let error = Connection::from_arguments(&region, &full_environment(), None).unwrap_err();
    assert!(matches!(error, ConnectionError::Open { argument, .. } if argument == "aws_region"));

    let gateway = ProviderArguments {
        gateway: Some(Gateway { host: open("var.host"), ..Gateway::default() }),
        ..full_block()
    };
    let error = Connection::from_arguments(&gateway, &full_environment(), None).unwrap_err();
    assert!(matches!(error, ConnectionError::Open { argument, .. } if argument == "gateway.host"));
}

#[test]
fn flags_fill_an_open_secret_and_a_profile_only_with_its_own_client() {
    let block = ProviderArguments { oauthclient_secret: open("var.gc_secret"), ..full_block() };
    let secret_only = Fallback {
        flags: Flags { client_secret: Some("flag-secret".into()), ..Flags::default() },
        profile: None,
    };
    assert_eq!(
        from_arguments(&block, &Environment::default(), Some(&secret_only)),
        expected("block-id", "provider block and flags", "mypurecloud.de", "provider block")
    );
    // The profile's secret belongs to another client: mixing them would only be refused later.
    let error = Connection::from_arguments(&block, &Environment::default(), Some(&only_profile()));
    assert!(matches!(error, Err(ConnectionError::Open { .. })));
    // With the id open too, the profile answers for both.
    let all_open = ProviderArguments { oauthclient_id: open("var.gc_id"), ..block };
    assert_eq!(
        from_arguments(&all_open, &full_environment(), Some(&only_profile())),
        expected("profile-id", "profile prod", "mypurecloud.de", "provider block")
    );
}

#[test]
fn gateway_variables_count_only_inside_a_gateway_block() {
    let gateway = environment(&[
        ("GENESYSCLOUD_GATEWAY_PROTOCOL", "http"),
        ("GENESYSCLOUD_GATEWAY_HOST", "127.0.0.1"),
        ("GENESYSCLOUD_GATEWAY_PORT", "8080"),
    ]);
    let without = Connection::from_arguments(&full_block(), &gateway, None).unwrap();
    assert_eq!(without.api_url(), "https://api.mypurecloud.de");
    let block = ProviderArguments { gateway: Some(Gateway::default()), ..full_block() };
    let with = Connection::from_arguments(&block, &gateway, None).unwrap();
    assert_eq!(with.api_url(), "http://127.0.0.1:8080");
    assert_eq!(with.region(), Region::parse("eu-central-1"));
    assert_eq!(*with.base_from(), Source::Environment);
    let empty = Connection::from_arguments(&block, &Environment::default(), None).unwrap();
    assert_eq!(empty.api_url(), "https://api.mypurecloud.de");
}

#[test]
fn a_base_url_stands_in_for_an_open_gateway_and_for_nothing_that_is_known() {
    let by_url = Fallback {
        flags: Flags { api_url: Some("http://127.0.0.1:8080".into()), ..Flags::default() },
        profile: None,
    };
    let api = |block: &ProviderArguments| {
        let connection =
            Connection::from_arguments(block, &Environment::default(), Some(&by_url)).unwrap();
        connection.api_url().to_owned()
    };
    assert_eq!(api(&full_block()), "https://api.mypurecloud.de");
    let open_gateway = ProviderArguments {
        gateway: Some(Gateway { host: open("var.host"), ..Gateway::default() }),
        ..full_block()
    };
    assert_eq!(api(&open_gateway), "http://127.0.0.1:8080");
    let open_region = ProviderArguments { aws_region: open("var.region"), ..full_block() };
    assert_eq!(api(&open_region), "http://127.0.0.1:8080");
    let by_profile =
        Connection::from_arguments(&open_region, &Environment::default(), Some(&only_profile()));
    assert_eq!(by_profile.unwrap().api_url(), "https://api.mypurecloud.jp");
}

/// A home directory with a file in it, and the environment that names it.
fn home(file: &str, text: &str) -> (TempDir, Environment) {
    let home = TempDir::new().unwrap();
    let path = home.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    let home_only = BTreeMap::from([("HOME".to_owned(), home.path().to_str().unwrap().to_owned())]);
    let environment = Environment::new(home_only, |path| fs::read(path));
    (home, environment)
}

#[test]
fn the_sdk_configuration_s_gateway_counts_unless_there_is_a_block() {
    let text = r#"{"gateway": {"protocol": "http", "host": "127.0.0.1", "port": 8080}}"#;
    let (_home, environment) = home(".genesyscloudgo/config", text);
    let connection = Connection::from_arguments(&full_block(), &environment, None).unwrap();
    assert_eq!(connection.api_url(), "http://127.0.0.1:8080");
    assert_eq!(connection.base_from().to_string(), "~/.genesyscloudgo/config");

    let block = ProviderArguments {
        gateway: Some(Gateway { host: known("gw.test"), ..Gateway::default() }),
        ..full_block()
    };
    let connection = Connection::from_arguments(&block, &environment, None).unwrap();
    assert_eq!(connection.api_url(), "https://gw.test");
}

#[test]
fn an_sdk_configuration_that_is_no_json_or_has_no_gateway_says_nothing() {
    for text in ["[general]\nhost = x", r#"{"retry": {"retry_max": 1}}"#, ""] {
        let (_home, environment) = home(".genesyscloudgo/config", text);
        let connection = Connection::from_arguments(&full_block(), &environment, None).unwrap();
        assert_eq!(connection.api_url(), "https://api.mypurecloud.de");
    }
}

#[test]
fn without_a_provider_block_flags_come_first_then_the_environment_then_the_profile() {
    let flags = |given: &Fallback, environment: &Environment| {
        let connection = Connection::from_flags(given, environment, Dialect::Published).unwrap();
        let (id, from, api, _) = told(&connection);
        (id.unwrap().to_owned(), from, api.to_owned())
    };
    let environment = full_environment();
    let nothing = Environment::default();
    assert_eq!(
        flags(&fallback(), &environment),
        ("flag-id".into(), "flags".into(), "https://api.usw2.pure.cloud".into())
    );
    assert_eq!(
        flags(&only_profile(), &environment),
        ("env-id".into(), "environment".into(), "https://api.mypurecloud.ie".into())
    );
    assert_eq!(
        flags(&only_profile(), &nothing),
        ("profile-id".into(), "profile prod".into(), "https://api.mypurecloud.jp".into())
    );
}

#[test]
fn flags_beat_an_access_token_of_the_environment() {
    let environment = environment(&[("GENESYSCLOUD_ACCESS_TOKEN", "t")]);
    let connection = Connection::from_flags(&fallback(), &environment, Dialect::Published).unwrap();
    assert_eq!(connection.client_id(), Some("flag-id"));
}

#[test]
fn a_given_token_replaces_half_a_pair_of_the_block_but_no_half_by_flag_is_dropped() {
    let block = ProviderArguments { oauthclient_secret: open("var.gc_secret"), ..full_block() };
    let by_token = Fallback {
        flags: Flags { access_token: Some("t".into()), ..Flags::default() },
        profile: None,
    };
    let connection =
        Connection::from_arguments(&block, &Environment::default(), Some(&by_token)).unwrap();
    assert_eq!(connection.credentials_from(), "flags");

    let only_id = Fallback {
        flags: Flags {
            client_id: Some("flag-id".into()),
            region: Some("eu-west-1".into()),
            ..Flags::default()
        },
        profile: None,
    };
    let environment = environment(&[("GENESYSCLOUD_ACCESS_TOKEN", "t")]);
    let error = Connection::from_flags(&only_id, &environment, Dialect::Published).unwrap_err();
    assert!(matches!(error, ConnectionError::NoCredentials { missing: "the client secret" }));
}

#[test]
fn a_profile_is_loaded_from_the_home_directory_and_may_lead_to_this_machine() {
    let text = "[DEFAULT]\nenvironment='localhost:8080'\nclient_credentials='i'\nclient_secret='s'";
    let (_home, environment) = home(".gc/config.toml", text);
    let given =
        Fallback { profile: Some(Profile::load("", &environment).unwrap()), ..Fallback::default() };
    let connection = Connection::from_flags(&given, &environment, Dialect::Published).unwrap();
    assert_eq!(connection.api_url(), "http://localhost:8080");

    let missing = Profile::load("x", &Environment::default());
    assert!(matches!(missing, Err(ConnectionError::Unreadable { .. })));
}

#[test]
fn what_is_missing_is_said() {
    let nothing = Environment::default();
    let of = |arguments: &ProviderArguments| {
        Connection::from_arguments(arguments, &nothing, None).unwrap_err()
    };
    assert!(matches!(of(&ProviderArguments::default()), ConnectionError::NoRegion));
    let no_secret = ProviderArguments { oauthclient_secret: Argument::Absent, ..full_block() };
    assert!(matches!(
        of(&no_secret),
        ConnectionError::NoCredentials { missing: "the client secret" }
    ));
    let no_region = ProviderArguments { aws_region: known("eu-central-9"), ..full_block() };
    let error = of(&no_region);
    assert!(error.to_string().contains("`eu-central-9` from provider block"), "{error}");
}

#[test]
fn the_pathed_dialect_has_one_host_and_a_default_region() {
    let mut given = fallback();
    let api = |given: &Fallback| {
        let connection =
            Connection::from_flags(given, &Environment::default(), Dialect::Pathed).unwrap();
        connection.api_url().to_owned()
    };
    assert_eq!(api(&given), "https://us-west-2.mypurecloud.com");
    given.flags.api_url = Some("http://127.0.0.1:9/".into());
    assert_eq!(api(&given), "http://127.0.0.1:9");
    given.flags.api_url = None;
    given.flags.region = None;
    given.profile = None;
    assert_eq!(api(&given), "https://us-east-1.mypurecloud.com");
}

#[test]
fn only_one_caller_of_one_place_has_one_fingerprint() {
    let with_token = |token: &str, region: &str| {
        let arguments = ProviderArguments {
            access_token: Argument::Known(token.into()),
            aws_region: known(region),
            ..ProviderArguments::default()
        };
        Connection::from_arguments(&arguments, &environment(&[]), None).unwrap().fingerprint()
    };
    let one = with_token("hush-1", "eu-central-1");
    assert_eq!(one, with_token("hush-1", "eu-central-1"));
    // Two tokens of one region may be of two orgs.
    assert_ne!(one, with_token("hush-2", "eu-central-1"));
    assert_ne!(one, with_token("hush-1", "us-east-1"));
    assert!(!one.contains("hush"), "{one}");
    let client = Connection::from_arguments(&full_block(), &environment(&[]), None).unwrap();
    assert!(client.fingerprint().ends_with("client block-id"), "{}", client.fingerprint());
}

#[test]
fn a_token_that_no_header_can_carry_is_named_by_its_character_and_never_shown() {
    for (token, character) in [
        ("abc\ndef", "character 4 is a line end"),
        ("abc def", "character 4 is a space"),
        ("abc\u{7}", "character 4 is a control character (U+0007)"),
        ("\u{feff}abc", "character 1 is no ASCII character (U+FEFF)"),
        ("töken", "character 2 is no ASCII character (U+00F6)"),
    ] {
        let flags = Flags { access_token: Some(token.to_owned().into()), ..Flags::default() };
        let given = Fallback { flags, profile: None };
        let error = Connection::from_flags(
            &given,
            &environment(&[("GENESYSCLOUD_REGION", "eu-central-1")]),
            Dialect::Published,
        )
        .unwrap_err();
        let told = error.to_string();
        assert!(told.contains(character) && told.contains("from flags"), "{told}");
        assert!(!told.contains("abc") && !error.hints().is_empty(), "{told}");
    }
}
