//! What of a command line has to be typed again: see [`Given`].
//!
//! Never takes a secret: neither `--client-secret`, nor the value of a `-var`. Invariant: what the
//! environment says already is left out.

use std::path::Path;

use divvy_core::shell::word;
use divvy_terraform::files::{self, Origin};

use super::{Command, Fix, OrgArguments, TerraformArguments};
use crate::environment::Environment;
use crate::given::Given;

impl Given {
    /// Reads what was given to a command; what the environment says need not be typed.
    pub(crate) fn of(command: &Command, environment: &Environment) -> Self {
        let mut given = Self::default();
        let (org, terraform) = match command {
            Command::Check(check) => {
                given.subject(check.plan.as_deref(), &check.other_states);
                if let Some(plan) = check.plan.as_deref() {
                    given.plan_file =
                        plan_file(plan, check.terraform.chdir.as_deref(), environment);
                }
                (Some(&check.org), Some(&check.terraform))
            }
            Command::Fix(fix) => {
                given.subject(fix.plan.as_deref(), &fix.other_states);
                given.log = flag("--from-log", fix.from_log.as_deref().filter(|log| is_file(log)));
                given.log.extend(flag("--unit", fix.unit.as_deref().map(Path::new)));
                given.policy = policy(fix);
                (Some(&fix.org), Some(&fix.terraform))
            }
            Command::Explain(explain) => {
                given.subject(explain.plan.as_deref(), &explain.other_states);
                (Some(&explain.org), Some(&explain.terraform))
            }
            Command::Doctor(doctor) => (Some(&doctor.org), Some(&doctor.terraform)),
            Command::Ensure(ensure) => (Some(&ensure.org), Some(&ensure.terraform)),
            Command::List(list) => (Some(&list.org), None),
            Command::Undo(undo) => {
                given.policy = undo.run.iter().map(|run| word(run).into_owned()).collect();
                (None, Some(&undo.terraform))
            }
            _ => (None, None),
        };
        given.org = org.map(org_flags).unwrap_or_default();
        if let Some(terraform) = terraform {
            given.terraform(terraform, environment);
        }
        given
    }

    fn subject(&mut self, plan: Option<&Path>, other_states: &[std::path::PathBuf]) {
        self.subject = flag("--plan", plan.filter(|plan| is_file(plan)));
        self.subject
            .extend(other_states.iter().flat_map(|state| flag("--other-state", Some(state))));
    }

    fn terraform(&mut self, terraform: &TerraformArguments, environment: &Environment) {
        let is_said = |value: &Path| {
            let named = environment.variables.iter().filter(|(name, _)| name.starts_with("DIVVY_"));
            named.into_iter().any(|(_, known)| Path::new(known) == value)
        };
        let chdir = terraform.chdir.as_deref();
        self.chdir = chdir.map(|chdir| chdir.to_string_lossy().into_owned());
        self.terraform = flag("--chdir", chdir.filter(|value| !is_said(value)));
        let program = terraform.terraform_bin.as_deref().filter(|value| !is_said(value));
        self.terraform.extend(flag("--terraform-bin", program));
        self.passed = passed(&terraform.terraform_flags);
    }
}

/// Standard input, or what a shell made for one command, is not there another time.
fn is_file(path: &Path) -> bool {
    path.as_os_str() != "-" && !path.starts_with("/dev") && !path.starts_with("/proc")
}

fn flag(name: &str, value: Option<&Path>) -> Vec<String> {
    match value {
        Some(value) => vec![name.to_owned(), word(&value.to_string_lossy()).into_owned()],
        None => Vec::new(),
    }
}

fn org_flags(org: &OrgArguments) -> Vec<String> {
    let text = |name: &str, value: &Option<String>| flag(name, value.as_ref().map(Path::new));
    let mut flags = text("--profile", &org.profile);
    for (alias, profile) in &org.orgs {
        flags.extend(["--org".to_owned(), word(&format!("{alias}={profile}")).into_owned()]);
    }
    flags.extend(text("--region", &org.region));
    flags.extend(text("--api-url", &org.api_url));
    flags.extend(text("--client-id", &org.client_id));
    flags.extend(flag("--client-secret-file", org.client_secret_file.as_deref()));
    flags.extend(flag("--access-token-file", org.access_token_file.as_deref()));
    flags.extend(flag("--ca-file", org.ca_file.as_deref()));
    flags
}

/// The flags that say what a `fix` may do, and how.
fn policy(fix: &Fix) -> Vec<String> {
    let switches = [
        ("--adopt-all", fix.adopt_all),
        ("--adopt-drifted", fix.adopt_drifted),
        ("--accept-drift", fix.accept_drift),
        ("--repair", fix.repair),
        ("--home", fix.home),
        ("--require-clean", fix.require_clean),
    ];
    let switches = switches.into_iter().filter(|(_, is_given)| *is_given);
    let mut flags: Vec<String> = switches.map(|(name, _)| name.to_owned()).collect();
    flags.extend(flag("--approved", fix.approved.as_deref().filter(|file| is_file(file))));
    let mut each = |name: &str, value: &str| {
        flags.extend([name.to_owned(), word(value).into_owned()]);
    };
    fix.ids.iter().for_each(|(address, id)| each("--id", &format!("{address}={id}")));
    fix.new.iter().for_each(|address| each("--new", &address.to_string()));
    fix.only.iter().for_each(|pattern| each("--only", pattern));
    if fix.max_rounds != Fix::USUAL_ROUNDS {
        each("--max-rounds", &fix.max_rounds.to_string());
    }
    flags
}

/// Flags for Terraform as they are printed: the value of a variable may be a secret, so its name stands
/// for it.
fn passed(flags: &[String]) -> Vec<String> {
    let concealed = |pair: &str| match pair.split_once('=') {
        Some((name, _)) => word(&format!("{name}=VALUE")).into_owned(),
        None => word(pair).into_owned(),
    };
    let mut printed = Vec::new();
    let mut rest = flags.iter();
    while let Some(flag) = rest.next() {
        let bare = flag.trim_start_matches('-');
        match bare.strip_prefix("var=") {
            Some(pair) => printed.push(format!("-var={}", concealed(pair))),
            None if bare == "var" => {
                printed.push("-var".to_owned());
                printed.extend(rest.next().map(|pair| concealed(pair)));
            }
            None => printed.push(word(flag).into_owned()),
        }
    }
    printed
}

/// Returns a plan file as Terraform is to be told of it; the JSON of a plan cannot be applied.
fn plan_file(plan: &Path, chdir: Option<&Path>, environment: &Environment) -> Option<String> {
    use std::io::Read as _;
    /// How JSON begins, in UTF-8 and UTF-16, with a mark and without.
    const JSON: [[u8; 2]; 4] = [[0xef, 0xbb], [0xff, 0xfe], [0xfe, 0xff], [0, b'{']];
    let path = environment.current_directory.join(plan);
    let mut start = [0; 2];
    files::open(&path, Origin::Found).ok()?.read_exact(&mut start).ok()?;
    let is_json = start[0] == b'{' || JSON.contains(&start);
    let typed = if chdir.is_some() { path } else { plan.to_owned() };
    (!is_json).then(|| typed.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use divvy_core::CommandLine;

    use super::super::Arguments;
    use super::*;
    use crate::given::COMMANDS;

    fn given(line: &[&str]) -> Given {
        let arguments = Arguments::try_parse_from(line).unwrap();
        // What clap reads from this test's own environment is known, as it would be to a user.
        let variables = std::env::vars().filter(|(name, _)| name.starts_with("DIVVY_")).collect();
        Given::of(&arguments.command, &Environment { variables, ..Environment::default() })
    }

    /// What a POSIX shell makes of a line, word by word.
    fn words(line: &str) -> Vec<String> {
        let script = format!(
            "divvy() {{ printf '%s\\n' divvy \"$@\"; }}\nterraform() {{ printf '%s\\n' terraform \"$@\"; }}\n{line}"
        );
        let output = std::process::Command::new("sh").args(["-ec", &script]).output().unwrap();
        assert!(output.status.success(), "{line}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_printed_command_carries_what_was_given_and_a_shell_reads_it_so() {
        let given = given(&[
            "divvy",
            "check",
            "--chdir",
            "my envs/prod",
            "--profile",
            "it's",
            "--client-secret",
            "hush",
            "--other-state",
            "a.json",
            "--",
            "-var-file=pro d.tfvars",
            "-var",
            "token=hush",
            "-lock=false",
        ]);
        let typed = |command: CommandLine| given.complete(&command).to_string();
        let fix = typed(CommandLine::divvy("fix --id").word("a.b[\"c\"]=1"));
        assert_eq!(
            words(&fix),
            [
                "divvy",
                "fix",
                "--id",
                "a.b[\"c\"]=1",
                "--chdir",
                "my envs/prod",
                "--profile",
                "it's",
                "--other-state",
                "a.json",
                "--",
                "-var-file=pro d.tfvars",
                "-var",
                "token=VALUE",
                "-lock=false"
            ]
        );
        let apply = typed(CommandLine::of("terraform").words("apply").because("it's done"));
        assert_eq!(
            words(&apply),
            [
                "terraform",
                "-chdir=my envs/prod",
                "apply",
                "-var-file=pro d.tfvars",
                "-var",
                "token=VALUE",
                "-lock=false"
            ]
        );
        assert!(apply.ends_with(" # it's done"));
        let run = typed(CommandLine::divvy("run --").word("terraform").words("apply"));
        assert_eq!(words(&run)[..5], ["divvy", "run", "--", "terraform", "-chdir=my envs/prod"]);
        let state = typed(CommandLine::of("terraform").words("state push errored.tfstate"));
        assert_eq!(
            words(&state),
            ["terraform", "-chdir=my envs/prod", "state", "push", "errored.tfstate"]
        );
        assert_eq!(typed(CommandLine::divvy("explain DVY101")), "divvy explain DVY101");
        assert_eq!(
            words(&typed(CommandLine::divvy("list"))),
            ["divvy", "list", "--profile", "it's"]
        );
        for printed in [fix, apply, run] {
            assert!(!printed.contains("hush"), "{printed}");
        }
    }

    #[test]
    fn nothing_given_adds_nothing_and_what_a_command_has_is_not_said_twice() {
        let nothing = given(&["divvy", "check"]);
        let command = CommandLine::divvy("fix --yes");
        assert_eq!(nothing.complete(&command), command);
        let given =
            given(&["divvy", "fix", "--chdir", "a", "--from-log", "run.log", "--plan", "-"]);
        let typed = given.complete(&CommandLine::divvy("fix --chdir").word("b"));
        assert_eq!(typed.to_string(), "divvy fix --chdir b --from-log run.log");
    }

    #[test]
    fn the_same_with_a_yes_allows_what_was_allowed_and_no_more() {
        let line = [
            "divvy",
            "fix",
            "--repair",
            "--adopt-drifted",
            "--only",
            "a b*",
            "--id",
            "a.b=1",
            "--new",
            "a.c",
            "--max-rounds",
            "2",
            "--dry-run",
        ];
        let given = given(&line);
        let typed = given.complete(&CommandLine::divvy("fix --yes")).to_string();
        let again = Arguments::try_parse_from(words(&typed)).unwrap();
        let (Command::Fix(mut typed), Command::Fix(was)) =
            (again.command, Arguments::try_parse_from(line).unwrap().command)
        else {
            panic!("fix is fix")
        };
        assert!(typed.yes.said().is_some());
        typed.yes = was.yes;
        typed.dry_run = true;
        assert_eq!(format!("{typed:?}"), format!("{was:?}"));
        // Another command is told what it is told.
        assert_eq!(given.complete(&CommandLine::divvy("fix")).to_string(), "divvy fix");
        let undo = self::given(&["divvy", "undo", "it's", "--chdir", "d"]);
        assert_eq!(
            undo.complete(&CommandLine::divvy("undo --yes")).to_string(),
            r"divvy undo --yes --chdir d 'it'\''s'"
        );
    }

    #[test]
    fn every_command_that_is_completed_takes_what_it_gets() {
        for takes in &COMMANDS {
            let given = given(&[
                "divvy",
                "check",
                "--chdir",
                "d",
                "--terraform-bin",
                "t",
                "--profile",
                "p",
                "--org",
                "a=b",
                "--region",
                "r",
                "--api-url",
                "u",
                "--client-id",
                "i",
                "--ca-file",
                "c",
                "--plan",
                "p",
                "--other-state",
                "o",
                "--",
                "-var-file=v",
            ]);
            let operand = match takes.command {
                "explain" => "log",
                "ensure" => "Name",
                _ => "",
            };
            let bare = CommandLine::of("divvy").word(takes.command);
            let bare = if operand.is_empty() { bare } else { bare.word(operand) };
            let typed = given.complete(&bare);
            Arguments::try_parse_from(typed.typed()).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}
