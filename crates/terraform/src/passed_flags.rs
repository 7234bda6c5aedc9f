//! Flags that a user may hand on to Terraform (after `--`, or in `TF_CLI_ARGS`).
//!
//! Never guesses: what is not in [`TABLE`] is refused after `--`, and named as dropped where it
//! came from `TF_CLI_ARGS*`. Invariant: a call gets exactly the flags that its subcommand takes.

use std::fmt;

use crate::Environment;
use crate::error::Error;
use crate::subcommand::Subcommand;

/// One flag that may be passed.
struct Row {
    name: &'static str,
    takes_value: bool,
    /// The subcommands that accept it (measured with Terraform 1.11).
    accepted_by: &'static [Subcommand],
}

/// `apply` is listed without `-var`: a saved plan holds its variables, and refuses them unless they
/// are ephemeral (see [`PassedFlags::variables`]).
const TABLE: &[Row] = {
    use Subcommand::{Apply, Console, Import, Plan, StateMv, StateRm, Untaint};
    &[
        Row { name: "var", takes_value: true, accepted_by: &[Plan, Import, Console] },
        Row { name: "var-file", takes_value: true, accepted_by: &[Plan, Import, Console] },
        Row {
            name: "lock-timeout",
            takes_value: true,
            accepted_by: &[Plan, Apply, Import, StateRm, StateMv, Untaint],
        },
        Row { name: "parallelism", takes_value: true, accepted_by: &[Plan, Apply, Import] },
        Row { name: "compact-warnings", takes_value: false, accepted_by: &[Plan, Apply, Console] },
        Row { name: "target", takes_value: true, accepted_by: NARROWED_PLAN },
        Row { name: "exclude", takes_value: true, accepted_by: NARROWED_PLAN },
        Row { name: "target-file", takes_value: true, accepted_by: NARROWED_PLAN },
        Row { name: "exclude-file", takes_value: true, accepted_by: NARROWED_PLAN },
        // What writes never gets it (see [`PassedFlags::for_access`]); `console` and `show` lock nothing.
        Row { name: LOCK, takes_value: false, accepted_by: &[Plan] },
    ]
};

/// Marks flags that select a part of the configuration (`-exclude` and the files: OpenTofu). Only a
/// plan that is to be narrowed gets them: an adoption has targets of its own, and a proof is whole.
const NARROWED_PLAN: &[Subcommand] = &[];

const LOCK: &str = "lock";

/// What a command does with the state, which decides whether it locks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It only looks: nothing is locked, so it also works where the state may only be read.
    Reads,
    /// It writes: every call locks, whatever was asked for.
    Writes,
}

/// The flags that were passed, in their order.
#[derive(Clone, Default)]
pub struct PassedFlags(Vec<Flag>);

#[derive(Clone)]
struct Flag {
    row: &'static Row,
    value: Option<String>,
}

impl fmt::Debug for PassedFlags {
    /// Shows names alone: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|flag| flag.row.name)).finish()
    }
}

impl PassedFlags {
    /// Reads what stood after `--`.
    ///
    /// # Errors
    /// [`Error::FlagNotAllowed`] and [`Error::FlagWithoutValue`].
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, Error> {
        let mut words = words.into_iter();
        let mut flags = Vec::new();
        while let Some(word) = words.next() {
            let (name, value) = split(&word);
            let row = name.and_then(find).ok_or_else(|| Error::FlagNotAllowed {
                flag: word.split('=').next().unwrap_or_default().to_owned(),
                allowed: allowed(),
            })?;
            let value = match value {
                None if row.takes_value => {
                    Some(words.next().ok_or(Error::FlagWithoutValue { flag: word })?)
                }
                value => value.map(str::to_owned),
            };
            flags.push(Flag { row, value });
        }
        Ok(Self(flags))
    }

    /// Reads `TF_CLI_ARGS` and `TF_CLI_ARGS_plan`: the flags in the table are kept, and the second
    /// value names the others, as `-target of TF_CLI_ARGS_plan`: never a value, which may be a secret.
    pub fn of_environment(environment: &Environment) -> (Self, Vec<String>) {
        let mut flags = Vec::new();
        let mut dropped = Vec::new();
        for variable in ["TF_CLI_ARGS", "TF_CLI_ARGS_plan"] {
            let Some(text) = environment.get(variable) else {
                continue;
            };
            let mut drop = |what: &str| dropped.push(format!("{what} of {variable}"));
            let Some(words) = split_words(text) else {
                drop("everything, for a quote that does not close,");
                continue;
            };
            let mut words = words.into_iter();
            // A word that follows a dropped flag is most likely its value.
            let mut is_value = false;
            while let Some(word) = words.next() {
                let follows_dropped = std::mem::take(&mut is_value);
                let (name, value) = split(&word);
                match (name, name.and_then(find), value) {
                    (_, Some(row), None) if row.takes_value => match words.next() {
                        Some(value) => flags.push(Flag { row, value: Some(value) }),
                        None => drop(&format!("-{}", row.name)),
                    },
                    (_, Some(row), value) => {
                        let value = value.map(str::to_owned);
                        flags.push(Flag { row, value });
                    }
                    (Some(name), None, value) => {
                        is_value = value.is_none();
                        drop(&format!("-{name}"));
                    }
                    (None, None, _) if follows_dropped => {}
                    (None, None, _) => drop("a word that is no flag"),
                }
            }
        }
        (Self(flags), dropped)
    }

    /// Adds flags that win over these, as the command line wins over the environment.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        self.0.extend(later.0);
        self
    }

    /// Makes them those of a command that only looks, or of one that writes.
    ///
    /// # Errors
    /// [`Error::LockNeeded`] where `-lock=false` was asked for and the command writes.
    pub fn for_access(mut self, access: Access) -> Result<Self, Error> {
        let is_lock = |flag: &Flag| flag.row.name == LOCK;
        let asked = self.0.iter().rev().find(|flag| is_lock(flag));
        // Go's spellings of false.
        let is_refused =
            |value: &str| matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False");
        let locks = !asked.and_then(|flag| flag.value.as_deref()).is_some_and(is_refused);
        match access {
            Access::Writes if !locks => return Err(Error::LockNeeded),
            Access::Writes => {}
            Access::Reads => {
                self.0.retain(|flag| !is_lock(flag));
                let row = TABLE.iter().find(|row| row.name == LOCK);
                self.0.extend(row.map(|row| Flag { row, value: Some("false".to_owned()) }));
            }
        }
        Ok(self)
    }

    /// Returns the arguments for one subcommand.
    pub(crate) fn for_subcommand(&self, subcommand: Subcommand) -> Vec<String> {
        self.written(|row| row.accepted_by.contains(&subcommand))
    }

    /// Returns `-var` and `-var-file` alone: an apply of a saved plan needs them again if they set
    /// an ephemeral variable.
    pub(crate) fn variables(&self) -> Vec<String> {
        self.written(|row| row.accepted_by.contains(&Subcommand::Console) && row.takes_value)
    }

    /// Reports whether flags select a part of the configuration.
    pub fn is_narrowed(&self) -> bool {
        !self.narrowing().is_empty()
    }

    /// Returns the flags that select a part of the configuration.
    pub fn narrowing(&self) -> Vec<String> {
        self.written(|row| std::ptr::eq(row.accepted_by, NARROWED_PLAN))
    }

    /// Returns the value that `-var NAME=VALUE` gives, unless a later `-var-file` may say otherwise.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let later_first = self.0.iter().rev();
        later_first
            .take_while(|flag| flag.row.name != "var-file")
            .filter(|flag| flag.row.name == "var")
            .filter_map(|flag| flag.value.as_deref()?.split_once('='))
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value)
    }

    fn written(&self, is_wanted: impl Fn(&Row) -> bool) -> Vec<String> {
        self.0
            .iter()
            .filter(|flag| is_wanted(flag.row))
            .map(|flag| match &flag.value {
                Some(value) => format!("-{}={value}", flag.row.name),
                None => format!("-{}", flag.row.name),
            })
            .collect()
    }
}

/// Splits `-name=value` or `--name`; no name where the word is no flag.
fn split(word: &str) -> (Option<&str>, Option<&str>) {
    let Some(rest) = word.strip_prefix("--").or(word.strip_prefix('-')) else {
        return (None, None);
    };
    match rest.split_once('=') {
        Some((name, value)) => (Some(name), Some(value)),
        None => (Some(rest), None),
    }
}

fn find(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

fn allowed() -> String {
    let names: Vec<String> = TABLE.iter().map(|row| format!("-{}", row.name)).collect();
    names.join(", ")
}

/// Splits as Terraform splits `TF_CLI_ARGS` (go-shellwords without expansion); `None` if a quote
/// does not close.
pub fn split_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', None | Some('"')) => word.get_or_insert_default().push(characters.next()?),
            ('\'' | '"', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (_, Some(open)) if open == character => quote = None,
            (' ' | '\t' | '\r' | '\n', None) => words.extend(word.take()),
            (';' | '&' | '|' | '<' | '>', None) => break,
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<PassedFlags, Error> {
        PassedFlags::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn each_subcommand_gets_the_flags_that_it_takes() {
        let flags = parse(&[
            "-var",
            "a=b=c",
            "--var-file=x.tfvars",
            "-lock-timeout=5s",
            "-parallelism=3",
            "-compact-warnings",
        ])
        .unwrap();
        assert_eq!(
            flags.for_subcommand(Subcommand::Plan),
            [
                "-var=a=b=c",
                "-var-file=x.tfvars",
                "-lock-timeout=5s",
                "-parallelism=3",
                "-compact-warnings"
            ]
        );
        assert_eq!(flags.for_subcommand(Subcommand::StateRm), ["-lock-timeout=5s"]);
        assert_eq!(
            flags.for_subcommand(Subcommand::Apply),
            ["-lock-timeout=5s", "-parallelism=3", "-compact-warnings"]
        );
        assert!(flags.for_subcommand(Subcommand::Show).is_empty());
        assert_eq!(flags.variables(), ["-var=a=b=c", "-var-file=x.tfvars"]);
    }

    #[test]
    fn the_last_value_of_a_variable_counts_unless_a_file_follows() {
        let value = |words: &[&str]| parse(words).unwrap().variable("a").map(str::to_owned);
        assert_eq!(value(&["-var=a=1", "-var=b=2", "-var=a=x=y"]), Some("x=y".to_owned()));
        assert_eq!(value(&["-var-file=x.tfvars", "-var=a=1"]), Some("1".to_owned()));
        assert_eq!(value(&["-var=a=1", "-var-file=x.tfvars"]), None);
        assert_eq!(value(&["-var=b=1"]), None);
    }

    #[test]
    fn other_flags_are_usage_errors_that_never_repeat_a_value() {
        let error = parse(&["-replace=module.secret"]).err().unwrap().to_string();
        assert!(error.starts_with("`-replace` cannot be passed"), "{error}");
        assert!(!error.contains("secret"));
        assert!(matches!(parse(&["plan"]), Err(Error::FlagNotAllowed { .. })));
        assert!(matches!(parse(&["-var"]), Err(Error::FlagWithoutValue { .. })));
    }

    #[test]
    fn the_environment_goes_through_the_same_table_and_names_what_it_drops() {
        let environment = Environment::from([
            ("TF_CLI_ARGS".into(), "-no-color -var 'n=A \"B\"'".into()),
            ("TF_CLI_ARGS_plan".into(), r#"-target x.y -var="m=C D" -compact-warnings"#.into()),
            ("TF_CLI_ARGS_apply".into(), "-auto-approve".into()),
        ]);
        let (flags, dropped) = PassedFlags::of_environment(&environment);
        assert_eq!(dropped, ["-no-color of TF_CLI_ARGS"]);
        assert_eq!(flags.narrowing(), ["-target=x.y"]);
        assert_eq!(
            flags.for_subcommand(Subcommand::Plan),
            ["-var=n=A \"B\"", "-var=m=C D", "-compact-warnings"]
        );
    }

    #[test]
    fn a_dropped_flag_of_the_environment_is_named_without_its_value() {
        let environment = Environment::from([(
            "TF_CLI_ARGS".into(),
            "-backend-config=token=hush -state hush.tfstate hush --replace hush".into(),
        )]);
        let dropped = PassedFlags::of_environment(&environment).1.join(", ");
        assert!(!dropped.contains("hush"), "{dropped}");
        for flag in ["-backend-config of", "-state of", "a word that is no flag", "-replace of"] {
            assert!(dropped.contains(flag), "{flag}: {dropped}");
        }
        let open = Environment::from([("TF_CLI_ARGS".into(), "-var 'x=hush".into())]);
        let dropped = PassedFlags::of_environment(&open).1;
        assert!(dropped.len() == 1 && !dropped[0].contains("hush"), "{dropped:?}");
    }

    #[test]
    fn what_only_looks_locks_nothing_and_what_writes_refuses_to_leave_the_lock() {
        let plan = |words: &[&str], access| {
            let flags = parse(words).unwrap().for_access(access)?;
            Ok::<_, Error>(flags.for_subcommand(Subcommand::Plan))
        };
        for asked in [&[][..], &["-lock=false"], &["-lock=true"], &["-lock"]] {
            assert_eq!(plan(asked, Access::Reads).unwrap(), ["-lock=false"], "{asked:?}");
        }
        assert!(plan(&[], Access::Writes).unwrap().is_empty());
        assert_eq!(plan(&["-lock=true"], Access::Writes).unwrap(), ["-lock=true"]);
        for asked in [&["-lock=false"][..], &["--lock=0"], &["-lock=true", "-lock=F"]] {
            assert!(matches!(plan(asked, Access::Writes), Err(Error::LockNeeded)), "{asked:?}");
        }
        let flags = parse(&["-lock-timeout=5s"]).unwrap().for_access(Access::Reads).unwrap();
        for writing in [Subcommand::Apply, Subcommand::StateRm, Subcommand::Import] {
            assert_eq!(flags.for_subcommand(writing), ["-lock-timeout=5s"], "{writing:?}");
        }
    }

    #[test]
    fn splits_like_terraform() {
        let split = |text| split_words(text);
        assert_eq!(split(r"a\ b 'c\d' ''").unwrap(), ["a b", r"c\d", ""]);
        assert_eq!(split("a&b").unwrap(), ["a"]);
        assert_eq!(split("'open"), None);
    }
}
