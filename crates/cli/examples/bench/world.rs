//! A directory with a configuration, an emulated org, and the programs that are measured.
//!
//! Nothing of the caller's environment but PATH reaches what is measured. Invariant: both sides of a
//! comparison get the same directory, environment and org.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use divvy_sandbox::emulator::{
    Effect, Emulator, EmulatorThread, Exchange, Fault, On, Options, Seed, SeedDivision,
};
use divvy_sandbox::mirror;
use tempfile::TempDir;

/// What one request takes, as over a real line.
pub(crate) const REQUEST: Duration = Duration::from_millis(100);

/// How many divisions the org has, Home included.
pub(crate) const DIVISIONS: usize = 250;

/// How many divisions the configuration wants.
pub(crate) const WANTED: usize = 50;

/// A state that was written and holds nothing.
const EMPTY_STATE: &str = r#"{"version": 4, "terraform_version": "1.11.4", "serial": 1,
  "lineage": "6b4de0a5-5a52-4b3e-a0a5-b8d5ffb6c8d1", "outputs": {}, "resources": []}"#;

/// Where the provider's credentials stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// In the environment; the block is empty.
    Environment,
    /// In variables that the block names.
    Variables,
    /// In expressions of the block.
    Expressions,
}

impl Credentials {
    fn block(self) -> &'static str {
        match self {
            Self::Environment => "provider \"genesyscloud\" {}\n",
            Self::Variables => {
                "variable \"client_id\" { type = string }\n\
                 variable \"client_secret\" {\n  type      = string\n  sensitive = true\n}\n\
                 provider \"genesyscloud\" {\n\
                 \x20 oauthclient_id     = var.client_id\n  oauthclient_secret = var.client_secret\n}\n"
            }
            Self::Expressions => {
                "locals {\n  client = { id = \"client\", secret = \"secret\" }\n}\n\
                 provider \"genesyscloud\" {\n\
                 \x20 oauthclient_id     = local.client.id\n  oauthclient_secret = lower(local.client.secret)\n}\n"
            }
        }
    }

    fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Environment => &[
                ("GENESYSCLOUD_OAUTHCLIENT_ID", "client"),
                ("GENESYSCLOUD_OAUTHCLIENT_SECRET", "secret"),
            ],
            Self::Variables => {
                &[("TF_VAR_client_id", "client"), ("TF_VAR_client_secret", "secret")]
            }
            Self::Expressions => &[],
        }
    }
}

/// One configuration and one org.
pub(crate) struct World {
    pub(crate) org: EmulatorThread,
    is_delayed: bool,
    temporary: TempDir,
    variables: BTreeMap<String, String>,
}

impl Drop for World {
    /// Holds the rows to what the table says: an org that lost its delay makes every time worthless.
    fn drop(&mut self) {
        let is_bare = |exchange: &Exchange| exchange.faults.is_empty();
        if self.is_delayed && !std::thread::panicking() {
            assert!(
                !self.org.requests().iter().any(is_bare),
                "a request was answered without its delay"
            );
        }
    }
}

impl World {
    /// An initialised directory that wants [`WANTED`] divisions which an org of [`DIVISIONS`] has.
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self::sized(credentials, DIVISIONS - 1, WANTED)
    }

    /// As [`Self::new`], of an org with so many divisions beside Home.
    pub(crate) fn sized(credentials: Credentials, divisions: usize, wanted: usize) -> Self {
        let seed = Seed {
            divisions: (1..=divisions).map(|number| SeedDivision::named(name(number))).collect(),
            limit: 10 * (divisions + wanted) + 1000,
            ..Seed::default()
        };
        let options = Options { seed, faults: vec![delay()], ..Options::default() };
        let org = Emulator::spawn_thread(options).expect("an emulated org");
        let temporary = tempfile::Builder::new()
            .prefix("divvy-bench-")
            .tempdir()
            .expect("a temporary directory");
        let at = |name: &str| {
            let path = temporary.path().join(name);
            fs::create_dir_all(&path).expect("a directory");
            path.to_str().expect("a path in UTF-8").to_owned()
        };
        let mirror = mirror::lay_out(Path::new(&at("mirror")), divvy()).expect("a mirror");
        let (host, port) =
            org.url().trim_start_matches("http://").rsplit_once(':').expect("host and port");
        let gateway =
            format!(r#"{{"gateway": {{"protocol": "http", "host": "{host}", "port": "{port}"}}}}"#);
        fs::write(Path::new(&at("home/.genesyscloudgo")).join("config"), gateway)
            .expect("the SDK's configuration");
        let mut variables = BTreeMap::from([
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("HOME".to_owned(), at("home")),
            ("TMPDIR".to_owned(), at("tmp")),
            (
                "DIVVY_TERRAFORM".to_owned(),
                terraform().to_str().expect("a path in UTF-8").to_owned(),
            ),
            ("TF_CLI_CONFIG_FILE".to_owned(), mirror.cli_configuration().display().to_string()),
            ("TF_IN_AUTOMATION".to_owned(), "1".to_owned()),
            ("CHECKPOINT_DISABLE".to_owned(), "1".to_owned()),
            ("GENESYSCLOUD_REGION".to_owned(), "eu-central-1".to_owned()),
        ]);
        for (name, value) in credentials.variables() {
            variables.insert((*name).to_owned(), (*value).to_owned());
        }
        at("root");
        let world = Self { org, is_delayed: true, temporary, variables };
        world.want((1..=wanted).map(name), credentials);
        world.forget();
        crate::measure::time(&mut world.terraform(&["init", "-input=false"]), 0);
        world
    }

    /// The fixture of a contact centre, applied once: the org has it all, and so has the state.
    pub(crate) fn contact_centre() -> Self {
        let mut world = Self::sized(Credentials::Environment, 0, 0).without_delay();
        let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/configs/contact-centre");
        copy(Path::new(fixture), &world.root());
        for words in [&["init", "-input=false"][..], &["apply", "-input=false", "-auto-approve"]] {
            crate::measure::time(&mut world.terraform(words), 0);
        }
        world.org.clear_requests();
        world.org.add_faults(vec![delay()]);
        world.is_delayed = true;
        world
    }

    /// Writes a state.
    pub(crate) fn hold(&self, state: &serde_json::Value) {
        fs::write(self.root().join("terraform.tfstate"), state.to_string()).expect("a file");
    }

    /// Reads the state.
    pub(crate) fn state(&self) -> serde_json::Value {
        let text = fs::read(self.root().join("terraform.tfstate")).expect("a state");
        serde_json::from_slice(&text).expect("a state in JSON")
    }

    /// Writes a configuration that wants these divisions.
    pub(crate) fn want(&self, names: impl Iterator<Item = String>, credentials: Credentials) {
        let mut text = String::from(
            "terraform {\n  required_providers {\n    genesyscloud = { source = \"mypurecloud/genesyscloud\" }\n  }\n}\n",
        );
        text.push_str(credentials.block());
        for name in names {
            let label = label(&name);
            text.push_str(&format!(
                "resource \"genesyscloud_auth_division\" \"{label}\" {{\n  name = \"{name}\"\n}}\n"
            ));
        }
        fs::write(self.root().join("main.tf"), text).expect("a file");
    }

    /// Writes a configuration that has nothing to do with the provider, and initialises it anew.
    pub(crate) fn want_nothing(&self) {
        let text = "resource \"terraform_data\" \"one\" {}\n";
        fs::write(self.root().join("main.tf"), text).expect("a file");
        for left in [".terraform", "terraform.tfstate", ".terraform.lock.hcl"] {
            let left = self.root().join(left);
            // Nothing there is as good.
            let _ = fs::remove_dir_all(&left).or_else(|_| fs::remove_file(&left));
        }
        crate::measure::time(&mut self.terraform(&["init", "-input=false"]), 0);
    }

    /// Address and id of every division that the configuration wants and the org has.
    pub(crate) fn conflicts(&self) -> Vec<(String, String)> {
        let divisions = self.org.org().divisions;
        let wanted = divisions
            .into_iter()
            .filter(|division| (1..=WANTED).map(name).any(|name| name == division.name));
        wanted
            .map(|division| {
                (format!("genesyscloud_auth_division.{}", label(&division.name)), division.id)
            })
            .collect()
    }

    /// Puts the state back to what a first apply leaves that met nothing but 409.
    pub(crate) fn forget(&self) {
        fs::write(self.root().join("terraform.tfstate"), EMPTY_STATE).expect("a file");
        // Nothing there is as good.
        let _ = fs::remove_dir_all(self.root().join(".divvy"));
    }

    /// Lets the org answer at once from now on.
    pub(crate) fn without_delay(mut self) -> Self {
        self.org.clear_faults();
        self.is_delayed = false;
        self
    }

    /// Brings back the org as it was at first. The emulator's own reset forgets the delay as well.
    pub(crate) fn reset_org(&self) {
        self.org.reset().expect("the seed");
        if self.is_delayed {
            self.org.add_faults(vec![delay()]);
        }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.temporary.path().join("root")
    }

    /// A file beside the configuration's directory.
    pub(crate) fn beside(&self, file: &str) -> PathBuf {
        self.temporary.path().join(file)
    }

    pub(crate) fn divvy(&self, arguments: &[&str]) -> Command {
        self.command(divvy(), arguments)
    }

    pub(crate) fn terraform(&self, arguments: &[&str]) -> Command {
        self.command(terraform(), arguments)
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(&self.variables)
            .current_dir(self.root())
            .stdin(Stdio::null());
        command
    }
}

/// Copies a directory over another.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a file");
        }
    }
}

/// Makes every request take [`REQUEST`].
fn delay() -> Fault {
    let milliseconds = u64::try_from(REQUEST.as_millis()).expect("a short time");
    Fault { on: On::default(), nth: NonZeroU64::MIN, count: 0, effect: Effect::Delay(milliseconds) }
}

/// The name of a division, such as `Division 007`.
pub(crate) fn name(number: usize) -> String {
    format!("Division {number:03}")
}

fn label(name: &str) -> String {
    name.to_lowercase().replace(' ', "_")
}

/// The release build of divvy.
pub(crate) fn divvy() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        std::env::var_os("DIVVY_BENCH_BINARY")
            .expect("DIVVY_BENCH_BINARY: run scripts/bench")
            .into()
    })
}

/// The Terraform that is measured.
pub(crate) fn terraform() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        std::env::var_os("DIVVY_TERRAFORM").expect("DIVVY_TERRAFORM: run scripts/bench").into()
    })
}
