//! What was given on the command line and has to be typed again: every command that is printed carries
//! it, so that it works when pasted.
//!
//! Never carries a secret: neither `--client-secret`, nor the value of a `-var`. Invariant: what is
//! added is a flag that the printed command takes, quoted for a POSIX shell.

use std::path::Path;

use divvy_core::shell::word;
use divvy_core::{CommandLine, Hint};

use crate::arguments::{Command, Fix, OrgArguments, TerraformArguments};
use crate::environment::Environment;

/// The flags of this run, as words for a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// Where Terraform runs, and which.
    terraform: Vec<String>,
    /// Which org.
    org: Vec<String>,
    /// `--plan` and `--other-state`.
    subject: Vec<String>,
    /// `--from-log` and `--unit`, of `fix`.
    log: Vec<String>,
    /// What a `fix` or an `undo` was told to do, which the same command with `--yes` is told again.
    policy: Vec<String>,
    /// The directory for `-chdir`.
    chdir: Option<String>,
    /// The plan file, where Terraform can apply it.
    plan_file: Option<String>,
    /// What followed `--`.
    passed: Vec<String>,
}

/// Which of them the commands of divvy take.
struct Takes {
    command: &'static str,
    org: bool,
    terraform: bool,
    subject: bool,
}

const COMMANDS: [Takes; 7] = {
    const fn takes(command: &'static str, org: bool, terraform: bool, subject: bool) -> Takes {
        Takes { command, org, terraform, subject }
    }
    [
        takes("check", true, true, true),
        takes("fix", true, true, true),
        takes("explain", true, true, true),
        takes("doctor", true, true, false),
        takes("ensure", true, true, false),
        takes("list", true, false, false),
        takes("undo", false, true, false),
    ]
};

/// Terraform's subcommands that take variables, and whether they take every flag that may be passed on.
const TAKE_VARIABLES: [(&str, bool); 4] =
    [("plan", true), ("apply", true), ("import", false), ("console", false)];

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

    /// Returns the same without what limits the work to a part: `--plan`, `-target` and their like.
    pub(crate) fn without_limits(&self) -> Self {
        let mut given = self.clone();
        if let Some(at) = given.subject.iter().position(|word| word == "--plan") {
            given.subject.drain(at..(at + 2).min(given.subject.len()));
        }
        given.subject.retain(|word| !word.starts_with("--plan="));
        given.passed.retain(|flag| {
            let flag = flag.trim_start_matches(['\'', '-']);
            !flag.starts_with("target") && !flag.starts_with("exclude")
        });
        given.plan_file = None;
        given
    }

    /// Completes a hint, if it is a command.
    pub(crate) fn complete_hint(&self, hint: &Hint) -> Hint {
        match hint {
            Hint::Command(command) => Hint::Command(self.complete(command)),
            Hint::Advice(_) => hint.clone(),
        }
    }

    /// Adds to a command what it takes of what was given.
    pub(crate) fn complete(&self, command: &CommandLine) -> CommandLine {
        let words = command.typed();
        let completed = match words {
            [divvy, run, ..] if divvy == "divvy" && run == "run" => {
                let split = words.iter().position(|word| word == "--");
                split.map(|split| {
                    let (ours, theirs) = words.split_at(split + 1);
                    [ours, &self.of_terraform(theirs)].concat()
                })
            }
            [divvy, subcommand, ..] if divvy == "divvy" => self.of_divvy(subcommand, words),
            [mv, ..] if mv == "mv" => self.of_files(words),
            _ if is_terraform(words) => Some(self.of_terraform(words)),
            _ => None,
        };
        completed.map_or_else(|| command.clone(), |words| command.retyped(words))
    }

    fn of_divvy(&self, subcommand: &str, words: &[String]) -> Option<Vec<String>> {
        let takes = COMMANDS.iter().find(|takes| takes.command == subcommand)?;
        // The page of a code is the same everywhere.
        if subcommand == "explain" && words.get(2).is_some_and(|word| word.starts_with("DVY")) {
            return None;
        }
        let (own, passed) = match words.iter().position(|word| word == "--") {
            Some(at) => (&words[..at], &words[at + 1..]),
            None => (words, &[][..]),
        };
        let mut completed = own.to_vec();
        for (is_taken, flags) in [
            (takes.terraform, &self.terraform),
            (takes.org, &self.org),
            (takes.subject, &self.subject),
            (subcommand == "fix", &self.log),
        ] {
            if is_taken {
                completed.extend(lacking(own, flags));
            }
        }
        if own.iter().any(|word| word == "--yes") {
            completed.extend(self.policy.iter().cloned());
        }
        let passed: Vec<String> = if takes.terraform && passed.is_empty() {
            self.passed.clone()
        } else {
            passed.to_vec()
        };
        if !passed.is_empty() {
            completed.push("--".to_owned());
            completed.extend(passed);
        }
        Some(completed)
    }

    /// Names files beside the configuration as they are named from here.
    fn of_files(&self, words: &[String]) -> Option<Vec<String>> {
        let chdir = Path::new(self.chdir.as_deref()?);
        let (program, rest) = words.split_first()?;
        let from_here = |name: &String| {
            let is_flag = name.starts_with('-');
            let path = chdir.join(name);
            if is_flag { name.clone() } else { word(&path.to_string_lossy()).into_owned() }
        };
        Some(std::iter::once(program.clone()).chain(rest.iter().map(from_here)).collect())
    }

    fn of_terraform(&self, words: &[String]) -> Vec<String> {
        let mut completed = words.to_vec();
        let subcommand = words.get(1).map_or("", String::as_str);
        if let Some(chdir) = &self.chdir
            && !subcommand.starts_with("-chdir")
        {
            completed.insert(1, format!("-chdir={}", word(chdir)));
        }
        if subcommand == "apply"
            && words.len() == 2
            && let Some(plan) = &self.plan_file
        {
            // Its variables are in it.
            completed.push(word(plan).into_owned());
            return completed;
        }
        let taken = TAKE_VARIABLES.iter().find(|(name, _)| *name == subcommand);
        if let Some((_, takes_all)) = taken {
            let mut flags = Vec::new();
            let mut rest = self.passed.iter();
            while let Some(flag) = rest.next() {
                let is_taken = *takes_all || flag.starts_with("-var");
                let value = (!flag.contains('=') && flag.starts_with("-var")).then(|| rest.next());
                if is_taken {
                    flags.push(flag.clone());
                    flags.extend(value.flatten().cloned());
                }
            }
            let at = completed.iter().position(|word| word == subcommand).unwrap_or_default() + 1;
            completed.splice(at..at, flags);
        }
        completed
    }
}

/// The flags, each with its value, whose name the command does not have already.
fn lacking<'f>(own: &[String], flags: &'f [String]) -> impl Iterator<Item = String> + use<'f> {
    let pairs = flags.chunks(2);
    let own = own.to_vec();
    pairs.filter(move |pair| !own.contains(&pair[0])).flatten().cloned()
}

fn is_terraform(words: &[String]) -> bool {
    let program = words.first().map_or("", String::as_str).trim_matches('\'');
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    matches!(name.trim_end_matches(".exe"), "terraform" | "tofu")
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
    let path = environment.current_directory.join(plan);
    if !path.is_file() {
        return None;
    }
    let mut start = [0; 2];
    std::fs::File::open(&path).ok()?.read_exact(&mut start).ok()?;
    let is_json = start[0] == b'{' || start == [0xef, 0xbb] || start == [0xff, 0xfe];
    let typed = if chdir.is_some() { path } else { plan.to_owned() };
    (!is_json).then(|| typed.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::Arguments;

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
