//! An emulated org, as the tests of the provider look at it.

use std::time::Duration;

use divvy_sandbox::emulator::{
    Effect, Emulator, EmulatorThread, Exchange, Fault, Handle, Options, Outcome, SeedDivision,
    Standing,
};

const DIVISIONS: &str = "/api/v2/authorization/divisions";
const PATIENCE: Duration = Duration::from_secs(30);

/// An org on loopback, until dropped.
pub(crate) struct Org {
    emulator: EmulatorThread,
}

impl Org {
    pub(crate) fn start() -> Self {
        let emulator = Emulator::spawn_thread(Options::default()).unwrap();
        Self { emulator }
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle::clone(&self.emulator)
    }

    pub(crate) fn port(&self) -> u16 {
        port_of(&self.emulator)
    }

    /// Puts a division into the org; returns its id.
    pub(crate) fn add(&self, name: &str, description: &str) -> String {
        let mut division = SeedDivision::named(name);
        division.description = Some(description.to_owned()).filter(|text| !text.is_empty());
        let id = division.id.clone();
        self.emulator.add_division(division, Standing::Live).unwrap();
        id
    }

    pub(crate) fn home_id(&self) -> String {
        self.emulator.org().home.id
    }

    pub(crate) fn find(&self, name: &str) -> SeedDivision {
        find(&self.emulator, name).expect("the org has it")
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let divisions = divisions(&self.emulator).into_iter();
        divisions.map(|division| division.name).collect()
    }

    /// The requests about divisions so far, as `GET /path?query`; forgets all requests.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        let requests = self.emulator.requests();
        self.emulator.clear_requests();
        let divisions = requests.iter().filter(|request| request.path.starts_with(DIVISIONS));
        divisions.map(line_of).collect()
    }

    /// How many tokens were asked for.
    pub(crate) fn tokens(&self) -> usize {
        let requests = self.emulator.requests();
        let tokens = requests.iter().filter(|request| request.is("POST", "/oauth/token"));
        tokens.count()
    }

    /// Makes the next request of this method and path go wrong.
    pub(crate) fn once(&self, method: &str, path: &str, effect: Effect) {
        self.emulator.add_faults(vec![Fault::once(method, path, effect)]);
    }

    /// Makes the next create go wrong.
    pub(crate) fn next_create(&self, effect: Effect) {
        self.once("POST", DIVISIONS, effect);
    }

    /// Makes the next read of one division go wrong.
    pub(crate) fn next_read(&self, effect: Effect) {
        self.once("GET", &format!("{DIVISIONS}/*"), effect);
    }

    /// Waits for a request that a fault holds.
    pub(crate) fn wait_until_held(&self) {
        wait_until_held(&self.emulator);
    }

    pub(crate) fn release(&self) {
        self.emulator.release();
    }
}

pub(crate) fn wait_until_held(org: &Handle) {
    let held = org.wait_for_request(PATIENCE, |request| request.outcome == Outcome::Held);
    assert!(held.is_some(), "no request came");
}

pub(crate) fn port_of(org: &Handle) -> u16 {
    org.url().rsplit(':').next().unwrap().parse().unwrap()
}

pub(crate) fn find(org: &Handle, name: &str) -> Option<SeedDivision> {
    divisions(org).into_iter().find(|division| division.name == name)
}

fn divisions(org: &Handle) -> Vec<SeedDivision> {
    let org = org.org();
    std::iter::once(org.home).chain(org.divisions).collect()
}

fn line_of(request: &Exchange) -> String {
    let separator = if request.query.is_empty() { "" } else { "?" };
    format!("{} {}{separator}{}", request.method, request.path, request.query)
}
