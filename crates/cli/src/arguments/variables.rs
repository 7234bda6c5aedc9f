//! The environment variable of each flag that people keep constant, by one rule: `--on-conflict` is
//! `DIVVY_ON_CONFLICT`.
//!
//! Flags of one run alone ([`OF_ONE_RUN`]) have none, and neither has a switch: consent is never taken
//! from the environment. Invariant: a flag that is typed wins over its variable.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Arg, ArgAction, Command};

/// Flags with a value that says what one run is about. All others have a variable.
const OF_ONE_RUN: [&str; 21] = [
    "approved",
    "client-secret",
    "data",
    "description",
    "directory",
    "faults",
    "from",
    "from-log",
    "id",
    "listen",
    "new",
    "org",
    "other-state",
    "output",
    "path",
    "plan",
    "provider-log",
    "seed",
    "story",
    "type",
    "unit",
];

/// Flags of one run that write or decide something.
const ALSO_OF_ONE_RUN: [&str; 2] = ["parents", "write"];

/// Gives each flag of a command line its variable.
pub(super) fn with_variables(command: Command) -> Command {
    command.mut_args(with_variable).mut_subcommands(with_variables)
}

fn with_variable(arg: Arg) -> Arg {
    // `--terraform-bin` has had a shorter one since the first release.
    if arg.get_env().is_some() {
        return arg;
    }
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let name = arg
        .get_long()
        .filter(|_| takes_value)
        .filter(|long| !OF_ONE_RUN.contains(long) && !ALSO_OF_ONE_RUN.contains(long));
    match name {
        Some(long) => {
            let variable = format!("DIVVY_{}", long.to_uppercase().replace('-', "_"));
            // clap keeps names for as long as the process lives.
            arg.env(&*variable.leak()).hide_env_values(true)
        }
        None => arg,
    }
}

/// Returns what is worth a warning among the variables that are set: a name that nothing reads, but that
/// is one slip away from one that is read, or that belongs to a flag without a variable.
pub(super) fn unread(mut command: Command, set: &BTreeMap<String, String>) -> Vec<String> {
    command.build();
    let commands = || std::iter::once(&command).chain(command.get_subcommands());
    let known: BTreeSet<&str> = commands()
        .flat_map(Command::get_arguments)
        .filter_map(|arg| arg.get_env()?.to_str())
        .collect();
    let squeezed = |name: &str| name.replace(['_', '-'], "").to_uppercase();
    let say = |name: &String| {
        if known.contains(name.as_str()) {
            return None;
        }
        let rest = name.strip_prefix("DIVVY_")?;
        let mut flags = commands().flat_map(Command::get_arguments).filter_map(Arg::get_long);
        // A pipeline may keep the version that it installs in a variable.
        let is_meant = |flag: &&str| squeezed(flag) == squeezed(rest) && *flag != "version";
        if let Some(flag) = flags.find(is_meant) {
            let variable = known.iter().find(|known| squeezed(known) == squeezed(name));
            return Some(match variable {
                Some(variable) => format!("{name} is not read: write {variable}"),
                None => {
                    format!("{name} is not read: --{flag} is for one run, so it has no variable")
                }
            });
        }
        let near = known.iter().find(|known| strsim::osa_distance(known, name) == 1)?;
        Some(format!("{name} is not read: did you mean {near}?"))
    };
    set.keys().filter_map(say).collect()
}

#[cfg(test)]
mod tests {
    use super::super::command;
    use super::*;

    #[test]
    fn a_variable_that_nothing_reads_is_named_where_a_flag_was_meant() {
        let said =
            |name: &str| unread(command(), &BTreeMap::from([(name.to_owned(), "v".to_owned())]));
        for name in [
            "DIVVY_REGION",
            "DIVVY_VERSION",
            "DIVVY_TERRAFORM",
            "DIVVY_TEST_ALL",
            "DIVVY_",
            "REGION",
        ] {
            assert_eq!(said(name), Vec::<String>::new());
        }
        assert_eq!(
            said("DIVVY_ONCONFLICT"),
            ["DIVVY_ONCONFLICT is not read: write DIVVY_ON_CONFLICT"]
        );
        assert_eq!(said("DIVVY_REGOIN"), ["DIVVY_REGOIN is not read: did you mean DIVVY_REGION?"]);
        for name in ["DIVVY_YES", "DIVVY_CLIENT_SECRET", "DIVVY_PLAN"] {
            assert!(said(name)[0].ends_with("is for one run, so it has no variable"), "{name}");
        }
    }

    #[test]
    fn every_flag_that_is_kept_constant_has_the_variable_of_its_name() {
        let mut command = command();
        command.build();
        let mut found = BTreeMap::new();
        for subcommand in std::iter::once(&command).chain(command.get_subcommands()) {
            for arg in subcommand.get_arguments() {
                let (Some(long), Some(variable)) = (arg.get_long(), arg.get_env()) else {
                    continue;
                };
                found.insert(variable.to_str().unwrap().to_owned(), long.to_owned());
            }
        }
        for variable in [
            "DIVVY_ACCESS_TOKEN_FILE",
            "DIVVY_ADOPT_ONLY",
            "DIVVY_API_URL",
            "DIVVY_CA_FILE",
            "DIVVY_CHDIR",
            "DIVVY_CLIENT_ID",
            "DIVVY_CLIENT_SECRET_FILE",
            "DIVVY_COLOR",
            "DIVVY_DIALECT",
            "DIVVY_LOG_FORMAT",
            "DIVVY_MAX_ADOPT",
            "DIVVY_MAX_ROUNDS",
            "DIVVY_ONLY",
            "DIVVY_ON_CONFLICT",
            "DIVVY_PROFILE",
            "DIVVY_PROVIDER_BINARY",
            "DIVVY_RATE",
            "DIVVY_REGION",
            "DIVVY_REPORT",
            "DIVVY_SHELL",
            "DIVVY_TERRAFORM",
        ] {
            assert!(found.contains_key(variable), "{variable}: {found:?}");
        }
        for (variable, long) in found {
            let by_rule = format!("DIVVY_{}", long.to_uppercase().replace('-', "_"));
            assert!(variable == by_rule || variable == "DIVVY_TERRAFORM", "{variable}");
        }
    }

    /// Every variable that a flag has, and every other one that the sources spell.
    fn read_by_the_sources() -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).unwrap().flatten() {
                let path = entry.path();
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_source =
                    !matches!(name.as_str(), "tests" | "examples" | "sandbox" | "target");
                if path.is_dir() && is_source {
                    open.push(path);
                } else if path.extension().is_some_and(|it| it == "rs") && name != "tests.rs" {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                    found.extend(
                        code.split('"').filter(|word| is_variable(word)).map(str::to_owned),
                    );
                }
            }
        }
        found
    }

    fn is_variable(word: &str) -> bool {
        let is_of_this_form = word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
            || (word.starts_with("TF_CLI_ARGS_") && !word.contains('{'));
        let prefixes = ["DIVVY_", "GENESYSCLOUD_", "TF_", "TERRAFORM_", "HTTP", "ALL_P", "NO_P"];
        let names = ["HOME", "PATH", "TMPDIR", "USERPROFILE", "NO_COLOR"];
        is_of_this_form
            && (names.contains(&word)
                || prefixes.iter().any(|prefix| word.starts_with(prefix) && word != *prefix))
    }

    #[test]
    fn every_variable_that_is_read_has_its_line_in_the_page_and_no_other_has() {
        /// Between divvy and its own children or tests, between Terraform and a provider, or set while
        /// divvy is built.
        const NOT_FOR_PEOPLE: [&str; 6] = [
            "DIVVY_ACT_AS_TERRAFORM",
            "DIVVY_COMMIT",
            "DIVVY_KILL_AT",
            "DIVVY_STOP_AT",
            "DIVVY_TARGET",
            "TF_PLUGIN_MAGIC_COOKIE",
        ];
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/environment.md");
        let page = std::fs::read_to_string(page).unwrap();
        let told: BTreeSet<&str> = page.split('`').filter(|word| is_variable(word)).collect();
        let mut command = command();
        command.build();
        let flags = std::iter::once(&command).chain(command.get_subcommands());
        let of_flags = flags
            .flat_map(Command::get_arguments)
            .filter_map(|arg| Some(arg.get_env()?.to_str()?.to_owned()));
        let mut read = read_by_the_sources();
        read.extend(of_flags);
        read.retain(|name| !NOT_FOR_PEOPLE.contains(&name.as_str()));
        let missing: Vec<_> = read.iter().filter(|name| !told.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "docs/environment.md lacks {missing:?}");
        // Read by a crate that we use.
        read.insert("NO_COLOR".to_owned());
        let unread: Vec<_> = told.iter().filter(|name| !read.contains(**name)).collect();
        assert!(unread.is_empty(), "docs/environment.md tells of {unread:?}, which nobody reads");
    }

    #[test]
    fn no_consent_and_no_secret_comes_from_a_variable() {
        let mut command = command();
        command.build();
        let all = command.get_subcommands().flat_map(Command::get_arguments);
        for arg in all.filter(|arg| arg.get_env().is_some()) {
            assert!(arg.get_action().takes_values(), "{arg}: a switch");
            assert_ne!(arg.get_long(), Some("client-secret"));
        }
    }
}
