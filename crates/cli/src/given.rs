//! What was given on the command line and has to be typed again: every command that is printed carries
//! it, so that it works when pasted.
//!
//! Never carries a secret: neither `--client-secret`, nor the value of a `-var`. Invariant: what is
//! added is a flag that the printed command takes, quoted for a POSIX shell.

use std::path::Path;

use divvy_core::shell::word;
use divvy_core::{CommandLine, Hint};

/// The flags of this run, as words for a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// Where Terraform runs, and which.
    pub(crate) terraform: Vec<String>,
    /// Which org.
    pub(crate) org: Vec<String>,
    /// `--plan` and `--other-state`.
    pub(crate) subject: Vec<String>,
    /// `--from-log` and `--unit`, of `fix`.
    pub(crate) log: Vec<String>,
    /// What a `fix` or an `undo` was told to do, which the same command with `--yes` is told again.
    pub(crate) policy: Vec<String>,
    /// The directory for `-chdir`.
    pub(crate) chdir: Option<String>,
    /// The plan file, where Terraform can apply it.
    pub(crate) plan_file: Option<String>,
    /// What followed `--`.
    pub(crate) passed: Vec<String>,
}

/// Which of them the commands of divvy take.
pub(crate) struct Takes {
    pub(crate) command: &'static str,
    org: bool,
    terraform: bool,
    subject: bool,
}

pub(crate) const COMMANDS: [Takes; 7] = {
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
