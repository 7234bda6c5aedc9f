//! What people type by habit: Terraform's own flags in front of `--`, and `run` without `--`.
//!
//! Looked at only where clap refuses the command line. Never repeats a value, which may be a secret.
//! Invariant: what is advised works when it is pasted.

use divvy_core::shell;

/// A flag of Terraform's, and divvy's word for it.
struct Row {
    flag: &'static str,
    say: Say,
}

enum Say {
    /// Terraform gets it behind `--`; with its value as to be typed.
    PassOn(&'static str),
    /// divvy has a flag of its own.
    Own(&'static str),
    /// It is not needed, or done in another way.
    Other(&'static str),
}

/// Flags of `plan`, `apply` and `init` as of Terraform 1.15.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row { flag: "var", say: Say::PassOn("-var NAME=VALUE") },
    Row { flag: "var-file", say: Say::PassOn("-var-file FILE") },
    Row { flag: "lock-timeout", say: Say::PassOn("-lock-timeout=60s") },
    Row { flag: "lock", say: Say::PassOn("-lock=false") },
    Row { flag: "parallelism", say: Say::PassOn("-parallelism=10") },
    Row { flag: "compact-warnings", say: Say::PassOn("-compact-warnings") },
    Row { flag: "chdir", say: Say::Own("--chdir DIR") },
    Row { flag: "json", say: Say::Own("-o json") },
    Row { flag: "auto-approve", say: Say::Own("--yes") },
    Row { flag: "no-color", say: Say::Own("--color never") },
    Row { flag: "help", say: Say::Own("--help") },
    Row { flag: "version", say: Say::Own("--version") },
    Row { flag: "target", say: Say::PassOn("-target ADDRESS") },
    Row { flag: "exclude", say: Say::PassOn("-exclude ADDRESS") },
    Row { flag: "replace", say: Say::Other("terraform plan -replace ADDRESS -out=FILE  # then: divvy check --plan FILE") },
    Row { flag: "out", say: Say::Other("terraform plan -out=FILE  # then: divvy check --plan FILE") },
    Row { flag: "refresh", say: Say::Other("leave it out: divvy compares ids and names with the org itself, and plans with -refresh=false where it only looks") },
    Row { flag: "refresh-only", say: Say::Other("leave it out: divvy compares ids and names with the org itself") },
    Row { flag: "input", say: Say::Other("leave it out: divvy never lets Terraform ask") },
    Row { flag: "detailed-exitcode", say: Say::Other("leave it out: divvy check ends with 2 where there is something to do") },
    Row { flag: "state", say: Say::Other("leave it out: divvy reads the state of the backend that the configuration names") },
    Row { flag: "destroy", say: Say::Other("leave it out: divvy deletes nothing") },
    Row { flag: "upgrade", say: Say::Other("terraform init -upgrade") },
    Row { flag: "reconfigure", say: Say::Other("terraform init -reconfigure") },
    Row { flag: "migrate-state", say: Say::Other("terraform init -migrate-state") },
    Row { flag: "backend-config", say: Say::Other("terraform init -backend-config=FILE") },
];

/// What divvy has instead for the words that it could not parse: the message, and what to type.
pub(crate) fn advice(words: &[String]) -> Option<(String, String)> {
    let is_complete = words.iter().any(|word| word == "--");
    let words = words.split(|word| word == "--").next()?;
    let definition = super::command();
    let command = words.iter().find(|word| definition.find_subcommand(word).is_some())?.as_str();
    if command == "run" && !is_complete {
        return run_without_dashes(words);
    }
    let row = words.iter().find_map(|word| {
        let name = word.strip_prefix('-')?.trim_start_matches('-').split('=').next()?;
        TABLE.iter().find(|row| row.flag == name && !is_ours(word, name))
    })?;
    let flag = row.flag;
    let hint = match row.say {
        Say::PassOn(typed) if command == "run" => format!("divvy run -- terraform apply {typed}"),
        Say::PassOn(typed) => format!("divvy {command} -- {typed}"),
        Say::Own("--yes") if command == "run" => {
            "divvy run -- terraform apply -auto-approve".to_owned()
        }
        Say::Own("--yes") => "divvy fix --yes".to_owned(),
        Say::Own("--chdir DIR") if command == "run" => {
            "divvy run -- terraform -chdir=DIR apply".to_owned()
        }
        Say::Own(typed) => format!("divvy {command} {typed}"),
        Say::Other(text) => text.to_owned(),
    };
    Some((format!("-{flag} is a flag of Terraform's, not of divvy {command}"), hint))
}

/// Tells a flag of ours that is spelled as one of Terraform's, and is refused for another reason.
fn is_ours(word: &str, name: &str) -> bool {
    word.starts_with("--") && matches!(name, "chdir" | "help" | "version")
}

fn run_without_dashes(words: &[String]) -> Option<(String, String)> {
    let is_program = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or_default();
        name.starts_with("terraform") || name.starts_with("tofu")
    };
    let at = words.iter().position(is_program)?;
    let (ours, theirs) = words.split_at(at);
    // Flags of Terraform's may hold secrets: the command is shown up to the first.
    let shown = theirs.iter().take_while(|word| !word.starts_with('-'));
    let quoted = |word: &String| shell::word(word).into_owned();
    let typed: Vec<String> = ["divvy".to_owned()]
        .into_iter()
        .chain(ours.iter().map(quoted))
        .chain(["--".to_owned()])
        .chain(shown.map(quoted))
        .collect();
    let program = &theirs[0];
    Some((format!("`--` is missing in front of {program}"), typed.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::super::Arguments;
    use super::*;

    fn advised(line: &str) -> (String, String) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let typed = std::iter::once("divvy".to_owned()).chain(words.clone());
        assert!(Arguments::parse_from_words(typed).is_err(), "{line}: it is understood");
        advice(&words).unwrap_or_else(|| panic!("{line}: nothing is advised"))
    }

    #[test]
    fn every_flag_of_terraforms_gets_divvys_word_for_it() {
        for row in TABLE.iter().filter(|row| !matches!(row.flag, "help" | "version")) {
            for line in [format!("check -{}", row.flag), format!("fix -{}=x", row.flag)] {
                let (message, hint) = advised(&line);
                assert!(message.contains(&format!("-{} ", row.flag)), "{line}: {message}");
                assert!(!hint.is_empty());
            }
        }
    }

    #[test]
    fn the_advice_can_be_typed() {
        for (line, hint) in [
            ("check -var token=hush", "divvy check -- -var NAME=VALUE"),
            ("check -lock=false", "divvy check -- -lock=false"),
            ("check -chdir=envs/prod", "divvy check --chdir DIR"),
            ("--color never check -target=a.b", "divvy check -- -target ADDRESS"),
            ("-chdir=envs/prod check", "divvy check --chdir DIR"),
            ("fix -auto-approve", "divvy fix --yes"),
            ("doctor -json", "divvy doctor -o json"),
            ("check -no-color", "divvy check --color never"),
            ("run -auto-approve -- terraform apply", "divvy run -- terraform apply -auto-approve"),
            ("run terraform plan -var token=hush", "divvy run -- terraform plan"),
            ("run --max-adopt 3 ./bin/tofu apply", "divvy run --max-adopt 3 -- ./bin/tofu apply"),
        ] {
            assert_eq!(advised(line).1, hint, "{line}");
        }
    }

    #[test]
    fn other_mistakes_are_left_to_clap() {
        for line in ["check --nonsense", "chekc", "fix --chdir", "run -- terraform plan -json"] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(advice(&words), None, "{line}");
        }
    }
}
