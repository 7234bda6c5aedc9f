//! Commands as a person would paste them into a shell.
//!
//! Never runs anything. Invariant: what the shell hands to Terraform is exactly the address.

use divvy_core::{Address, EntityId};

/// A shell, with its own quoting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shell {
    /// POSIX sh, bash, zsh.
    #[default]
    Sh,
    /// PowerShell 7.3 and later.
    PowerShell,
    /// PowerShell up to 7.2, which strips quotes from arguments of programs.
    WindowsPowerShell,
    /// cmd.exe.
    Cmd,
}

impl Shell {
    /// Quotes one argument.
    pub fn quote(self, argument: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:=".contains(c);
        if !argument.is_empty() && argument.chars().all(is_plain) {
            return argument.to_owned();
        }
        match self {
            Self::Sh => format!("'{}'", argument.replace('\'', r"'\''")),
            Self::PowerShell => format!("'{}'", argument.replace('\'', "''")),
            Self::WindowsPowerShell => {
                format!("'{}'", for_the_c_runtime(argument).replace('\'', "''"))
            }
            Self::Cmd => format!("\"{}\"", for_the_c_runtime(argument).replace('%', "%%")),
        }
    }
}

/// Escapes quotes, and the backslashes before a quote or the end, as Windows programs read their
/// command line.
fn for_the_c_runtime(argument: &str) -> String {
    let mut escaped = String::new();
    let mut backslashes = 0;
    for character in argument.chars() {
        match character {
            '\\' => backslashes += 1,
            '"' => {
                escaped.push_str(&"\\".repeat(backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        escaped.push(character);
    }
    escaped + &"\\".repeat(backslashes)
}

/// Writes the `terraform import` line for an address; `program` is `terraform` or `tofu`.
pub fn import_command(program: &str, address: &Address, id: &EntityId, shell: Shell) -> String {
    let (address, id) = (shell.quote(address.as_str()), shell.quote(id.as_str()));
    format!("{program} import {address} {id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fixture;

    #[test]
    fn writes_the_recorded_forms_of_four_shells() {
        let wanted = String::from_utf8(fixture("cases/06-keys-and-shells/shells.txt")).unwrap();
        let shells = [Shell::Sh, Shell::PowerShell, Shell::WindowsPowerShell, Shell::Cmd];
        let addresses = [
            r#"genesyscloud_auth_division.desk["Contact Centre 1"]"#,
            r#"genesyscloud_auth_division.desk["Tom's \"VIP\" desk"]"#,
        ];
        let written: Vec<String> = shells
            .iter()
            .flat_map(|shell| {
                addresses.map(|text| {
                    let address = Address::parse(text).unwrap();
                    import_command("terraform", &address, &EntityId::new("ID"), *shell)
                })
            })
            .collect();
        let lines: Vec<&str> =
            wanted.lines().filter(|line| line.starts_with("terraform")).collect();
        assert_eq!(written, lines);
    }

    #[test]
    fn sh_hands_over_exactly_the_argument() {
        for argument in ["plain", "", "it's", "a b\\", "$x `y` \"z\"", "new\nline", "ü"] {
            let script = format!("printf %s {}", Shell::Sh.quote(argument));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), argument);
        }
    }

    #[test]
    fn a_plain_address_needs_no_quotes_and_backslashes_before_a_quote_are_doubled() {
        assert_eq!(Shell::Cmd.quote("a.b"), "a.b");
        assert_eq!(Shell::Cmd.quote(r#"x["a\\"]"#), r#""x[\"a\\\\\"]""#);
        assert_eq!(Shell::Cmd.quote(r"a b\"), r#""a b\\""#);
        assert_eq!(Shell::Cmd.quote("50% x"), r#""50%% x""#);
    }
}
