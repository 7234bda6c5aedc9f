//! Credentials and the way to the org: what is refused, unreachable or no Genesys Cloud at all.

use std::net::TcpListener;

use divvy_sandbox::emulator::{Effect, Fault, Refusal};

use super::watch::{both_refuse, refuses};
use crate::world::{World, seed, seed_of};

const LISTING: &str = "/api/v2/authorization/divisions";
const TOKEN: &str = "/oauth/token";

fn conflict() -> World {
    let world = World::new(seed(&[("id-eng", "Engineering")]));
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    world.init();
    world
}

/// Every request of this method and path goes wrong in this way.
fn always(world: &World, method: &str, path: &str, effect: Effect) {
    world.org().add_faults(vec![Fault::once(method, path, effect).always()]);
}

/// A port of loopback at which nobody listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Lets the SDK's configuration lead elsewhere.
fn lead_to(world: &World, protocol: &str, port: &str) {
    let gateway = serde_json::json!({ "gateway": { "protocol": protocol, "host": "127.0.0.1", "port": port } });
    let file = world.beside().join("home/.genesyscloudgo/config");
    std::fs::write(file, gateway.to_string()).expect("a file");
}

#[test]
fn no_credentials() {
    let mut world = conflict();
    world.unset("GENESYSCLOUD_OAUTHCLIENT_ID").unset("GENESYSCLOUD_OAUTHCLIENT_SECRET");
    both_refuse(&world, "no_credentials", 1, &[]);
}

#[test]
fn a_wrong_secret() {
    let world = World::new(seed_of(&serde_json::json!({
        "divisions": [{ "id": "id-eng", "name": "Engineering" }],
        "clients": [{ "id": "client", "secret": "another" }],
    })));
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    world.init();
    both_refuse(&world, "a_wrong_secret", 1, &[]);
}

#[test]
fn an_unknown_region() {
    let mut world = conflict();
    // A gateway would need no region.
    std::fs::remove_file(world.beside().join("home/.genesyscloudgo/config")).expect("a file");
    world.set("GENESYSCLOUD_REGION", "eu-nowhere-9");
    both_refuse(&world, "an_unknown_region", 1, &[]);
}

#[test]
fn nobody_listens() {
    let world = conflict();
    lead_to(&world, "http", &closed_port().to_string());
    both_refuse(&world, "nobody_listens", 1, &[]);
}

#[test]
fn a_proxy_that_nobody_runs() {
    let mut world = conflict();
    let proxy = format!("http://127.0.0.1:{}", closed_port());
    // Without a gateway the org is on the internet, behind this proxy.
    std::fs::remove_file(world.beside().join("home/.genesyscloudgo/config")).expect("a file");
    world.set("HTTPS_PROXY", &proxy);
    refuses(&world, "a_proxy_that_nobody_runs", 1, &["list"]);
}

#[test]
fn a_proxy_of_the_provider_block_that_nobody_runs() {
    let world = conflict();
    let block = format!(
        "provider \"genesyscloud\" {{\n  proxy {{\n    host = \"127.0.0.1\"\n    port = \"{}\"\n    protocol = \"http\"\n  }}\n}}\n",
        closed_port()
    );
    let text = world.read("main.tf").replace("provider \"genesyscloud\" {}\n", &block);
    world.write("main.tf", &text);
    both_refuse(&world, "a_proxy_of_the_provider_block_that_nobody_runs", 1, &[]);
}

#[test]
fn an_org_that_speaks_no_tls() {
    let world = conflict();
    let port = world.gateway(0)["port"].as_str().expect("a port").to_owned();
    lead_to(&world, "https", &port);
    both_refuse(&world, "an_org_that_speaks_no_tls", 1, &[]);
}

#[test]
fn a_web_page_instead_of_a_token() {
    let world = conflict();
    always(&world, "POST", TOKEN, Effect::HtmlBody);
    both_refuse(&world, "a_web_page_instead_of_a_token", 1, &[]);
}

#[test]
fn a_web_page_instead_of_a_listing() {
    let world = conflict();
    always(&world, "GET", LISTING, Effect::HtmlBody);
    both_refuse(&world, "a_web_page_instead_of_a_listing", 1, &[]);
}

#[test]
fn a_listing_that_is_cut_off() {
    let world = conflict();
    always(&world, "GET", LISTING, Effect::TruncatedBody);
    both_refuse(&world, "a_listing_that_is_cut_off", 1, &[]);
}

#[test]
fn an_empty_reply() {
    let world = conflict();
    always(&world, "GET", LISTING, Effect::EmptyBody);
    both_refuse(&world, "an_empty_reply", 1, &[]);
}

#[test]
fn a_redirect() {
    let world = conflict();
    always(&world, "GET", LISTING, Effect::Status(Refusal::status(302)));
    both_refuse(&world, "a_redirect", 1, &[]);
}

#[test]
fn a_listing_that_is_refused() {
    let world = conflict();
    always(&world, "GET", LISTING, Effect::Status(Refusal::status(403)));
    both_refuse(&world, "a_listing_that_is_refused", 1, &[]);
}

#[test]
fn an_org_that_does_not_say_who_it_is() {
    let world = conflict();
    always(&world, "GET", "/api/v2/organizations/me", Effect::Status(Refusal::status(404)));
    both_refuse(&world, "an_org_that_does_not_say_who_it_is", 1, &[]);
}

#[test]
fn a_profile_that_does_not_exist() {
    let world = conflict();
    both_refuse(&world, "a_profile_that_does_not_exist", 1, &["--profile", "nowhere"]);
    both_refuse(
        &world,
        "a_secret_file_that_does_not_exist",
        1,
        &["--client-secret-file", "nowhere.txt"],
    );
    both_refuse(&world, "a_ca_file_that_does_not_exist", 1, &["--ca-file", "nowhere.pem"]);
}

#[test]
fn an_org_with_nothing_but_home_is_no_error() {
    let world = World::new(seed(&[]));
    world.divisions(&[("eng", "name = \"Engineering\"")]);
    world.init();
    let check = world.divvy(&["check"]).ended(0);
    super::watch::says(&world, "an_org_with_nothing_but_home", &["check"], &check);
    let fix = world.divvy(&["fix", "--yes"]).ended(0);
    super::watch::says(&world, "nothing_to_fix", &["fix", "--yes"], &fix);
}
