//! What to call Terraform with: arguments, settings and input of one call, as plain values.
//!
//! Never starts anything (that is [`crate::program`]). Invariant: no call here carries
//! `-lock=false`, `state push`, `init` or an apply without a saved plan.

use std::path::Path;

use divvy_core::{Address, EntityId};

use crate::passed_flags::PassedFlags;
use crate::subcommand::Subcommand;

/// One call of Terraform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    pub(crate) subcommand: Subcommand,
    /// Everything after the program's name.
    pub(crate) arguments: Vec<String>,
    /// Variables that are set unless the user has set them.
    pub(crate) settings: Vec<(&'static str, &'static str)>,
    /// Text for its standard input; none is given otherwise.
    pub(crate) input: Option<String>,
}

/// What to plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanRequest<'a> {
    /// False for `-refresh=false`: compare with the state as stored.
    pub refresh: bool,
    /// One `-target` each; none plans everything.
    pub targets: &'a [Address],
    /// Whether the user's own `-target` and `-exclude` select what is planned.
    pub narrowed: bool,
    /// How many objects the provider will read, as far as known: sizes its token pool.
    pub reads: usize,
}

impl Default for PlanRequest<'_> {
    /// Everything, from the state as stored, with few reads.
    fn default() -> Self {
        Self { refresh: false, targets: &[], narrowed: false, reads: 1 }
    }
}

/// The provider waits five minutes for a missing id to appear unless told not to. Only for calls
/// that create nothing: with `0s`, a create whose first read lags loses its object.
const NO_READ_RETRY: (&str, &str) = ("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "0s");

/// The provider fetches one token per member of its pool at every start.
const fn token_pool(reads: usize) -> (&'static str, &'static str) {
    ("GENESYSCLOUD_TOKEN_POOL_SIZE", if reads <= 5 { "1" } else { "10" })
}

impl Invocation {
    fn new(subcommand: Subcommand, flags: &PassedFlags, own: &[&str]) -> Self {
        let mut arguments: Vec<String> = subcommand.words().split(' ').map(str::to_owned).collect();
        arguments.extend(own.iter().map(|&argument| argument.to_owned()));
        arguments.extend(flags.for_subcommand(subcommand));
        Self { subcommand, arguments, settings: Vec::new(), input: None }
    }

    fn with(mut self, settings: &[(&'static str, &'static str)]) -> Self {
        self.settings.extend_from_slice(settings);
        self
    }

    fn operands<'a>(mut self, operands: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments.extend(operands.into_iter().map(str::to_owned));
        self
    }

    pub(crate) fn version() -> Self {
        Self::new(Subcommand::Version, &PassedFlags::default(), &["-json"])
    }

    pub(crate) fn plan(flags: &PassedFlags, request: &PlanRequest<'_>, out: &Path) -> Self {
        let mut call = Self::new(Subcommand::Plan, flags, &["-json", "-input=false", "-no-color"]);
        call.arguments.push(format!("-out={}", out.display()));
        if !request.refresh {
            call.arguments.push("-refresh=false".to_owned());
        }
        for target in request.targets {
            call.arguments.push(format!("-target={target}"));
        }
        if request.narrowed {
            call.arguments.extend(flags.narrowing());
        }
        call.with(&[NO_READ_RETRY, token_pool(request.reads)])
    }

    pub(crate) fn show(flags: &PassedFlags, plan: &Path) -> Self {
        Self::new(Subcommand::Show, flags, &["-json", "-no-color"])
            .operands([plan.display().to_string().as_str()])
    }

    /// `expression` is one line: piped, the console prints the value of its last line alone.
    pub(crate) fn console(flags: &PassedFlags, expression: String) -> Self {
        Self {
            input: Some(expression + "\n"),
            ..Self::new(Subcommand::Console, flags, &["-no-color"])
        }
    }

    pub(crate) fn graph() -> Self {
        Self::new(Subcommand::Graph, &PassedFlags::default(), &["-no-color"])
    }

    pub(crate) fn state_pull() -> Self {
        Self::new(Subcommand::StatePull, &PassedFlags::default(), &["-no-color"])
    }

    /// Applies a saved plan; `with_variables` repeats `-var` for ephemeral variables.
    pub(crate) fn apply(flags: &PassedFlags, plan: &Path, with_variables: bool) -> Self {
        let mut call = Self::new(Subcommand::Apply, flags, &["-json", "-input=false", "-no-color"]);
        if with_variables {
            call.arguments.extend(flags.variables());
        }
        call.operands([plan.display().to_string().as_str()]).with(&[token_pool(1)])
    }

    pub(crate) fn import(flags: &PassedFlags, address: &Address, id: &EntityId) -> Self {
        Self::new(Subcommand::Import, flags, &["-input=false", "-no-color"])
            .operands([address.as_str(), id.as_str()])
            .with(&[NO_READ_RETRY, token_pool(1)])
    }

    pub(crate) fn state_rm(flags: &PassedFlags, address: &Address) -> Self {
        Self::new(Subcommand::StateRm, flags, &["-no-color"]).operands([address.as_str()])
    }

    pub(crate) fn state_mv(flags: &PassedFlags, from: &Address, to: &Address) -> Self {
        Self::new(Subcommand::StateMv, flags, &["-no-color"]).operands([from.as_str(), to.as_str()])
    }

    pub(crate) fn untaint(flags: &PassedFlags, address: &Address) -> Self {
        Self::new(Subcommand::Untaint, flags, &["-no-color"]).operands([address.as_str()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> PassedFlags {
        PassedFlags::parse(["-var=a=b".to_owned(), "-lock-timeout=1s".to_owned()]).unwrap()
    }

    fn address() -> Address {
        Address::parse(r#"a.b["x y"]"#).unwrap()
    }

    #[test]
    fn a_plan_says_where_to_write_what_to_target_and_not_to_wait_for_missing_ids() {
        let targets = [address()];
        let request = PlanRequest { refresh: false, targets: &targets, narrowed: false, reads: 6 };
        let call = Invocation::plan(&flags(), &request, Path::new("/t/p"));
        assert_eq!(
            call.arguments,
            [
                "plan",
                "-json",
                "-input=false",
                "-no-color",
                "-var=a=b",
                "-lock-timeout=1s",
                "-out=/t/p",
                "-refresh=false",
                r#"-target=a.b["x y"]"#
            ]
        );
        assert_eq!(
            call.settings,
            [("GENESYSCLOUD_CUSTOM_RETRY_TIMEOUT", "0s"), ("GENESYSCLOUD_TOKEN_POOL_SIZE", "10")]
        );
    }

    #[test]
    fn an_apply_never_shortens_the_wait_for_a_new_object() {
        for with_variables in [false, true] {
            let call = Invocation::apply(&flags(), Path::new("p"), with_variables);
            assert!(call.settings.iter().all(|(name, _)| *name != NO_READ_RETRY.0));
            assert_eq!(call.arguments.contains(&"-var=a=b".to_owned()), with_variables);
            assert_eq!(call.arguments.last().unwrap(), "p");
        }
    }

    #[test]
    fn operands_come_last_and_are_never_rewritten() {
        let call = Invocation::import(&flags(), &address(), &EntityId::new("i d"));
        assert_eq!(call.arguments[call.arguments.len() - 2..], [r#"a.b["x y"]"#, "i d"]);
        assert_eq!(
            Invocation::state_rm(&flags(), &address()).arguments,
            ["state", "rm", "-no-color", "-lock-timeout=1s", r#"a.b["x y"]"#]
        );
    }
}
