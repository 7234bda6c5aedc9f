//! What a shell completes: the values that a flag takes, or files where it takes a file.
//!
//! Never refuses a value: what a flag takes is its own parser's matter. Invariant: a flag that takes no
//! file completes no file names.

use std::ffi::OsStr;
use std::str::FromStr;
use std::sync::Arc;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, ValueHint};

/// Parses a value by its type, and offers some of the values.
#[derive(Clone)]
pub(super) struct Offers<T> {
    /// clap keeps names for as long as the process lives.
    names: Arc<dyn Fn() -> Vec<&'static str> + Send + Sync>,
    of: std::marker::PhantomData<fn() -> T>,
}

/// Offers these values of a flag, which may take others.
pub(super) fn offers<T>(names: impl IntoIterator<Item = impl Into<String>>) -> Offers<T> {
    let names = names.into_iter().map(|name| &*Into::<String>::into(name).leak());
    let names: Vec<&'static str> = names.collect();
    Offers { names: Arc::new(move || names.clone()), of: std::marker::PhantomData }
}

/// Offers as [`offers`] does what is only known once somebody asks.
pub(super) fn offers_of<T, N>(names: fn() -> N) -> Offers<T>
where
    N: Iterator<Item = &'static str> + 'static,
{
    Offers { names: Arc::new(move || names().collect()), of: std::marker::PhantomData }
}

impl<T> TypedValueParser for Offers<T>
where
    T: FromStr<Err: Into<Box<dyn std::error::Error + Send + Sync>>> + Clone + Send + Sync + 'static,
{
    type Value = T;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        let parser = StringValueParser::new().try_map(|text| T::from_str(&text));
        parser.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.names)().into_iter().map(PossibleValue::new)))
    }
}

/// Says of each flag what kind of value it takes, by the name of the value.
pub(super) fn with_hints(command: Command) -> Command {
    command.mut_args(with_hint).mut_subcommands(with_hints)
}

fn with_hint(arg: Arg) -> Arg {
    let takes_text = |name: &str| match name {
        "FILE" | "FILE|-" | "FILE|-|CODE" | "ORG.json" => ValueHint::FilePath,
        "DIR" => ValueHint::DirPath,
        "PATH" if arg.get_long() == Some("path") => ValueHint::Other,
        "PATH" => ValueHint::ExecutablePath,
        "TERRAFORM COMMAND" => ValueHint::CommandWithArguments,
        _ => ValueHint::Other,
    };
    let names = arg.get_value_names().filter(|_| arg.get_action().takes_values());
    let hint = names.and_then(|names| names.first()).map(|name| takes_text(name));
    match hint {
        // clap completes a command only where nothing follows it.
        Some(ValueHint::CommandWithArguments) | None => arg,
        Some(hint) => arg.value_hint(hint),
    }
}

#[cfg(test)]
mod tests {
    use super::super::command;

    #[test]
    fn a_flag_completes_its_values_and_no_files_unless_it_takes_one() {
        let mut script = Vec::new();
        clap_complete::generate(clap_complete::Shell::Zsh, &mut command(), "divvy", &mut script);
        let script = String::from_utf8(script).unwrap();
        let check = script.split("(check)").nth(1).unwrap().split(";;").next().unwrap();
        let line = |flag: &str| {
            check
                .lines()
                .find(|line| line.contains(flag))
                .unwrap_or_else(|| panic!("{flag}: {check}"))
        };
        for (flag, value) in
            [("--output=", "markdown"), ("'--region=", "eu-central-1"), ("'--fail-on=", "person")]
        {
            assert!(line(flag).contains(value), "{}", line(flag));
            assert!(!line(flag).contains("_files"), "{}", line(flag));
        }
        assert!(line("'--plan=").contains("_files"), "{}", line("'--plan="));
        assert!(line("'--chdir=").contains("_files -/"), "{}", line("'--chdir="));
        assert!(!line("'--profile=").contains("_files"), "{}", line("'--profile="));
    }
}
