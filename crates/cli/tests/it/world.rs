//! A hermetic world for one test: a directory, an empty environment, emulated orgs, real Terraform
//! and the stand-in provider.
//!
//! Terraform is `DIVVY_TERRAFORM`, else the one on PATH; its absence is a failure, not a skip.

mod program;
mod state;

pub(crate) use self::program::{is_opentofu, program, registry, terraform, terraform_minor};
pub(crate) use self::state::state_text;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};

use divvy_sandbox::emulator::{Dialect, Emulator, EmulatorThread, Options, Seed};
use divvy_sandbox::mirror;
use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub(crate) const DIVVY: &str = env!("CARGO_BIN_EXE_divvy");

/// What serves as the provider: a small program where it is built, else the program under test.
const PROVIDER: &str = match option_env!("CARGO_BIN_EXE_divvy-test-provider") {
    Some(path) => path,
    None => DIVVY,
};

/// Client secret of every world: no output may ever hold it.
pub(crate) const SECRET: &str = "s3cr3t-0f-the-w0rld";

/// Id of the home division of every org whose seed names none.
pub(crate) const HOME: &str = "1b870573-cadb-4195-848d-756cd9a509a1";

/// Where the project's fixtures lie.
pub(crate) fn fixture(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures")).join(path)
}

/// What a program printed and how it ended.
#[derive(Debug)]
#[must_use]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Holds the run to an exit code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Reads stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("{error}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr)
        })
    }
}

/// One test's surroundings.
pub(crate) struct World {
    orgs: Vec<EmulatorThread>,
    temporary: TempDir,
    directory: PathBuf,
    variables: BTreeMap<String, String>,
}

impl World {
    /// An empty configuration directory and one org.
    pub(crate) fn new(seed: Seed) -> Self {
        let temporary = tempfile::Builder::new()
            .prefix("divvy-world-")
            .tempdir()
            .expect("a temporary directory");
        let directory = temporary.path().join("root");
        let home = temporary.path().join("home");
        let temp = temporary.path().join("tmp");
        for path in [&directory, &home, &temp] {
            fs::create_dir_all(path).expect("a directory");
        }
        let text = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        let variables = BTreeMap::from([
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("HOME".to_owned(), text(&home)),
            ("TMPDIR".to_owned(), text(&temp)),
            ("DIVVY_TERRAFORM".to_owned(), text(terraform())),
            ("TF_CLI_CONFIG_FILE".to_owned(), text(cli_configuration())),
            ("CHECKPOINT_DISABLE".to_owned(), "1".to_owned()),
            // Terraform runs for less than a second: collecting its garbage is not worth the time.
            ("GOGC".to_owned(), "off".to_owned()),
            ("GENESYSCLOUD_OAUTHCLIENT_ID".to_owned(), "client".to_owned()),
            ("GENESYSCLOUD_OAUTHCLIENT_SECRET".to_owned(), SECRET.to_owned()),
            ("GENESYSCLOUD_REGION".to_owned(), "eu-central-1".to_owned()),
            ("GENESYSCLOUD_TOKEN_POOL_SIZE".to_owned(), "1".to_owned()),
        ]);
        let mut world = Self { orgs: Vec::new(), temporary, directory, variables };
        world.add_org(seed);
        let gateway = world.gateway(0);
        let sdk = serde_json::json!({ "gateway": gateway });
        fs::create_dir_all(home.join(".genesyscloudgo")).expect("a directory");
        fs::write(home.join(".genesyscloudgo/config"), sdk.to_string())
            .expect("the SDK's configuration");
        world
    }

    /// The world of one of fixtures/cases: its files, its org, its state.
    pub(crate) fn of_case(name: &str, org: &str) -> Self {
        let case = fixture("cases").join(name);
        let seed = fs::read_to_string(case.join(org)).expect("the case's org");
        let world = Self::new(Seed::from_json(&seed).expect("the case's org is a seed"));
        copy(&case, world.directory());
        world
    }

    /// The world of one of fixtures/configs. Remote backends become local ones.
    pub(crate) fn of_config(name: &str, seed: Seed) -> Self {
        let world = Self::new(seed);
        copy(&fixture("configs").join(name), world.directory());
        world
    }

    /// Emulates a further org, and returns its number.
    pub(crate) fn add_org(&mut self, seed: Seed) -> usize {
        let org =
            Emulator::spawn_thread(Options { seed, dialect: Dialect::Both, ..Options::default() })
                .expect("an emulated org");
        self.orgs.push(org);
        self.orgs.len() - 1
    }

    /// The first org.
    pub(crate) fn org(&self) -> &EmulatorThread {
        &self.orgs[0]
    }

    /// An org by its number.
    pub(crate) fn org_at(&self, index: usize) -> &EmulatorThread {
        &self.orgs[index]
    }

    /// How many orgs there are.
    pub(crate) fn orgs(&self) -> usize {
        self.orgs.len()
    }

    /// The arguments of a `gateway` block that leads to an org.
    pub(crate) fn gateway(&self, index: usize) -> Value {
        let address = self.orgs[index].url().trim_start_matches("http://").to_owned();
        let (host, port) = address.rsplit_once(':').expect("host and port");
        serde_json::json!({ "protocol": "http", "host": host, "port": port })
    }

    /// A `gateway` block that leads to an org, as HCL.
    pub(crate) fn gateway_block(&self, index: usize) -> String {
        let gateway = self.gateway(index);
        format!(
            "gateway {{\n protocol = {}\n host = {}\n port = {}\n}}\n",
            gateway["protocol"], gateway["host"], gateway["port"]
        )
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A directory beside the configuration's.
    pub(crate) fn beside(&self) -> &Path {
        self.temporary.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> &Self {
        let path = self.directory.join(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
        self
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.directory.join(file)).unwrap_or_default()
    }

    /// Writes a configuration of divisions: label and body of each block.
    pub(crate) fn divisions(&self, blocks: &[(&str, &str)]) -> &Self {
        let mut text = String::from(
            "terraform {\n  required_providers {\n    genesyscloud = { source = \"mypurecloud/genesyscloud\" }\n  }\n}\n\nprovider \"genesyscloud\" {}\n",
        );
        for (label, body) in blocks {
            text.push_str(&format!(
                "\nresource \"genesyscloud_auth_division\" \"{label}\" {{\n  {body}\n}}\n"
            ));
        }
        self.write("main.tf", &text)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn unset(&mut self, name: &str) -> &mut Self {
        self.variables.remove(name);
        self
    }

    /// A command in this world's directory and environment; Terraform and divvy get nothing else.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.directory)
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs divvy. `terraform` behind `--` is the program of this test run.
    pub(crate) fn divvy(&self, arguments: &[&str]) -> Ran {
        let mut arguments = arguments.to_vec();
        if let Some(at) = arguments.windows(2).position(|words| words == ["--", "terraform"]) {
            arguments[at + 1] = program();
        }
        let ran = ran(self.command(DIVVY).args(arguments).output());
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(SECRET), "the secret was shown:\n{text}");
        }
        ran
    }

    /// Writes a program of sh beside the directory, alone in a directory of its own, and returns
    /// its path.
    pub(crate) fn program(&self, name: &str, script: &str) -> String {
        let path = self.beside().join("bin").join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script");
        path.to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn terraform(&self, arguments: &[&str]) -> Ran {
        ran(self.command(terraform()).args(arguments).arg("-no-color").output())
    }

    /// Initialises the directory; once for each set of providers, whose outcome is then copied.
    #[track_caller]
    pub(crate) fn init(&self) -> &Self {
        static DONE: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
        let init = || self.terraform(&["init", "-input=false"]).ended(0);
        let Some(providers) = self.providers() else {
            let _ = init();
            return self;
        };
        let known = DONE.lock().expect("no test panicked here").get(&providers).cloned();
        if let Some(initialised) = known {
            copy_with_links(&initialised, self.directory());
            return self;
        }
        let _ = init();
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("initialised");
        fs::create_dir_all(&kept).expect("a directory");
        let kept = tempfile::tempdir_in(kept).expect("a directory").keep();
        // Terraform's own provider is not installed, and has no line in a lock file.
        for name in [".terraform", ".terraform.lock.hcl"] {
            if self.directory().join(name).exists() {
                copy_with_links(&self.directory().join(name), &kept.join(name));
            }
        }
        DONE.lock().expect("no test panicked here").insert(providers, kept);
        self
    }

    /// What decides what an `init` installs, where nothing but providers does: the blocks that ask for
    /// providers and the providers of a state. `None` where there are modules, a backend, or settings of
    /// Terraform's.
    fn providers(&self) -> Option<String> {
        let is_plain = |name: &String| !name.starts_with("TF_") || name == "TF_CLI_CONFIG_FILE";
        let configuration = self.variables.get("TF_CLI_CONFIG_FILE")?;
        if !self.variables.keys().all(is_plain) || Path::new(configuration) != cli_configuration() {
            return None;
        }
        let mut told = Vec::new();
        for entry in fs::read_dir(self.directory()).ok()? {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.to_owned();
            if path.is_dir() || name.starts_with(".terraform") || name.ends_with(".tf.json") {
                return None;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let extension = path.extension().and_then(|extension| extension.to_str());
            if extension == Some("tf") {
                if ["module \"", "backend \"", "cloud {"].iter().any(|block| text.contains(block)) {
                    return None;
                }
                let asked = text.split("required_providers").skip(1);
                told.extend(asked.filter_map(|rest| rest.split("\n}\n").next()).map(str::to_owned));
                for block in ["resource \"", "data \""] {
                    let types = text.split(block).skip(1).filter_map(|rest| rest.split('_').next());
                    told.extend(types.map(str::to_owned));
                }
            } else if extension == Some("tfstate") {
                told.extend(
                    text.lines().filter(|line| line.contains("provider[")).map(str::to_owned),
                );
            }
        }
        told.sort();
        told.dedup();
        Some(told.join("\n"))
    }

    /// Lets Terraform itself say that nothing is left to do.
    #[track_caller]
    pub(crate) fn has_no_changes(&self) {
        let plan = self.terraform(&["plan", "-input=false", "-detailed-exitcode"]).ended(0);
        assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
    }

    /// The divisions of an org by id, as the org itself knows them.
    pub(crate) fn divisions_of_org(&self, index: usize) -> Value {
        let seed = serde_json::to_value(self.orgs[index].org()).expect("a seed is JSON");
        let mut divisions = serde_json::Map::new();
        for list in ["divisions", "hidden", "deleted"] {
            for division in seed[list].as_array().into_iter().flatten() {
                divisions.insert(
                    division["id"].as_str().unwrap_or_default().to_owned(),
                    division.clone(),
                );
            }
        }
        divisions.insert(
            seed["home"]["id"].as_str().unwrap_or_default().to_owned(),
            seed["home"].clone(),
        );
        Value::Object(divisions)
    }

    /// Names of files that divvy may have left: blocks files, plans, sockets.
    pub(crate) fn litter(&self) -> Vec<String> {
        let mut found = self.litter_in_directory();
        found.extend(divvys_own(&self.temporary.path().join("tmp")));
        found
    }

    /// As [`World::litter`], beside the configuration only: where it would do harm.
    pub(crate) fn litter_in_directory(&self) -> Vec<String> {
        divvys_own(&self.directory)
    }
}

fn divvys_own(directory: &Path) -> Vec<String> {
    fs::read_dir(directory)
        .expect("the directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("divvy"))
        .collect()
}

/// A seed with an org of its own and these divisions.
pub(crate) fn seed(divisions: &[(&str, &str)]) -> Seed {
    let divisions: Vec<Value> =
        divisions.iter().map(|(id, name)| serde_json::json!({ "id": id, "name": name })).collect();
    seed_of(&serde_json::json!({ "divisions": divisions }))
}

/// A seed from JSON; Home is there if the JSON does not say otherwise.
pub(crate) fn seed_of(json: &Value) -> Seed {
    let mut json = json.clone();
    if json.get("home").is_none() {
        json["home"] = serde_json::json!({ "id": HOME, "name": "Home", "homeDivision": true });
    }
    Seed::from_json(&json.to_string()).expect("a seed")
}

fn ran(output: std::io::Result<Output>) -> Ran {
    let output = output.expect("the program starts");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// One mirror for all tests of this run.
fn cli_configuration() -> &'static Path {
    static MIRROR: OnceLock<PathBuf> = OnceLock::new();
    MIRROR.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mirror");
        fs::create_dir_all(&directory).expect("a directory");
        let mirror = mirror::lay_out(&directory, Path::new(PROVIDER)).expect("a mirror");
        mirror.cli_configuration().to_owned()
    })
}

/// Copies a file, a link as it is, or a directory.
fn copy_with_links(from: &Path, to: &Path) {
    let kind = fs::symlink_metadata(from).expect("something to copy").file_type();
    if kind.is_symlink() {
        let target = fs::read_link(from).expect("a link");
        std::os::unix::fs::symlink(target, to).expect("a copy of a link");
    } else if kind.is_dir() {
        fs::create_dir_all(to).expect("a directory");
        for entry in fs::read_dir(from).expect("a directory") {
            let name = entry.expect("an entry").file_name();
            copy_with_links(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::copy(from, to).expect("a copy");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the fixture") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).expect("a directory");
            copy(&entry.path(), &target);
        } else if target.extension().is_some_and(|extension| extension == "tfstate") {
            // A state belongs to the program whose registry it names.
            let state = fs::read_to_string(entry.path()).expect("a state");
            fs::write(target, state.replace("registry.terraform.io", registry())).expect("a copy");
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
