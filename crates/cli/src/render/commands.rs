//! `-o commands`: the same by hand, as lines for a shell.
//!
//! For people who want to run the steps themselves; divvy itself starts Terraform without a shell.
//! Invariant: each value is one word of its shell; what no quoting makes safe becomes a comment.

use std::io;

use divvy_core::shell;

use super::text;
use crate::report::{Action, Finding, Outcome, Report};

/// The shell that is to read the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// POSIX sh, bash, zsh.
    #[default]
    Sh,
    /// PowerShell 7.3 or later.
    Powershell,
    /// Windows PowerShell 5.1, and PowerShell up to 7.2, which drop quotes inside arguments.
    PowershellLegacy,
    /// cmd.exe.
    Cmd,
}

/// Writes the lines.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, shell: Shell, out: &mut dyn io::Write) -> io::Result<()> {
    match shell {
        Shell::Powershell => shell.comment(
            "PowerShell 7.3 or later; for older ones, Windows PowerShell 5.1 among them: --shell powershell-legacy",
            out,
        )?,
        Shell::PowershellLegacy => shell
            .comment("Windows PowerShell 5.1, PowerShell up to 7.2; for later ones: --shell powershell", out)?,
        Shell::Sh | Shell::Cmd => {}
    }
    let program = shell.program(&report.program);
    for finding in &report.findings {
        for words in steps(finding) {
            let quoted: Option<Vec<_>> = words.iter().map(|word| shell.word(word)).collect();
            match quoted {
                Some(words) => writeln!(out, "{program} {}", words.join(" "))?,
                None => shell.comment(
                    &format!(
                        "{} cannot be written for this shell; divvy fix does it without one",
                        finding.address.as_deref().unwrap_or_default()
                    ),
                    out,
                )?,
            }
        }
    }
    let needs_you = report.findings_of(Outcome::NeedsYou).count();
    if needs_you > 0 {
        shell.comment(&format!("not covered, needs you: {needs_you}; see divvy check"), out)?;
    }
    Ok(())
}

/// Returns the arguments of each command that carries out the action of a finding.
fn steps(finding: &Finding) -> Vec<Vec<&str>> {
    let Some(address) = finding.address.as_deref() else { return Vec::new() };
    match &finding.action {
        Action::None => Vec::new(),
        Action::Import { id } | Action::Update { id } => vec![vec!["import", address, id]],
        Action::StateMv { from, .. } => vec![vec!["state", "mv", from, address]],
        Action::StateRmImport { id } => {
            vec![vec!["state", "rm", address], vec!["import", address, id]]
        }
        Action::Untaint { .. } => vec![vec!["untaint", address]],
    }
}

impl Shell {
    /// Writes the line that imports an id at an address, typed outside of `chdir` if that is given;
    /// `None` if no quoting makes that safe.
    pub(crate) fn import_line(
        self,
        program: &str,
        chdir: Option<&str>,
        address: &str,
        id: &str,
    ) -> Option<String> {
        let chdir = match chdir {
            Some(chdir) => format!(" -chdir={}", self.word(chdir)?),
            None => String::new(),
        };
        let (address, id) = (self.word(address)?, self.word(id)?);
        Some(format!("{}{chdir} import {address} {id}", self.program(program)))
    }

    /// Writes a comment line, without any character that the shell might still look at.
    fn comment(self, comment: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let comment = text::shown(comment);
        match self {
            Self::Sh | Self::Powershell | Self::PowershellLegacy => writeln!(out, "# {comment}"),
            Self::Cmd => writeln!(out, "rem {}", comment.replace(is_special_in_cmd, "?")),
        }
    }

    /// Writes the program, which may be a path with blanks.
    fn program(self, program: &str) -> String {
        if program.chars().all(is_plain) {
            return program.to_owned();
        }
        let word = self.word(program).unwrap_or_else(|| "terraform".to_owned());
        match self {
            Self::Sh | Self::Cmd => word,
            Self::Powershell | Self::PowershellLegacy => format!("& {word}"),
        }
    }

    /// Writes a value as one word; `None` if this shell has no safe way to write it.
    pub(crate) fn word(self, value: &str) -> Option<String> {
        if !text::is_harmless(value) {
            return None;
        }
        let is_plain = || value.chars().all(is_plain) && !value.starts_with('-');
        match self {
            Self::Sh => Some(shell::word(value).into_owned()),
            _ if !value.is_empty() && is_plain() => Some(value.to_owned()),
            Self::Powershell => Some(powershell(value)),
            Self::PowershellLegacy => Some(powershell(&for_c_runtime(value))),
            Self::Cmd => cmd(value),
        }
    }
}

/// Letters that neither PowerShell nor cmd.exe looks at, wherever they stand but in front.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':')
}

fn is_special_in_cmd(c: char) -> bool {
    matches!(c, '"' | '%' | '^' | '&' | '|' | '<' | '>' | '(' | ')' | '!')
}

/// Quotes for PowerShell, which takes typographic single quotes for the plain one.
fn powershell(value: &str) -> String {
    let mut quoted = String::from("'");
    for c in value.chars() {
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push('\'');
    quoted
}

/// Escapes quotes, and the backslashes before them, for the argument parser of the C runtime.
fn for_c_runtime(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let mut backslashes = 0;
    for c in value.chars() {
        match c {
            '\\' => backslashes += 1,
            '"' => {
                escaped.extend(std::iter::repeat_n('\\', backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        escaped.push(c);
    }
    // The quote that closes the word follows.
    escaped.extend(std::iter::repeat_n('\\', backslashes));
    escaped
}

/// Quotes for cmd.exe. It does not know `\"`, so its own idea of what is quoted flips inside the
/// word: where that matters, every special character gets a caret instead. A percent sign expands
/// in batch files and at the prompt by different rules and cannot be written for both.
fn cmd(value: &str) -> Option<String> {
    let quoted = format!("\"{}\"", for_c_runtime(value));
    if value.contains('%') {
        return None;
    }
    if !value.contains(|c| c != '"' && is_special_in_cmd(c)) {
        return Some(quoted);
    }
    let mut careted = String::with_capacity(quoted.len() * 2);
    for c in quoted.chars() {
        if is_special_in_cmd(c) {
            careted.push('^');
        }
        careted.push(c);
    }
    Some(careted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHELLS: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/cases/06-keys-and-shells/shells.txt"
    ));

    #[test]
    fn each_shell_spells_an_import_as_the_case_wants_it() {
        let mut sections = SHELLS.split("\n[").skip(1);
        for shell in [Shell::Sh, Shell::Powershell, Shell::PowershellLegacy, Shell::Cmd] {
            let wanted: Vec<_> = sections.next().unwrap().lines().skip(1).collect();
            let written: Vec<_> = [
                r#"genesyscloud_auth_division.desk["Contact Centre 1"]"#,
                r#"genesyscloud_auth_division.desk["Tom's \"VIP\" desk"]"#,
            ]
            .iter()
            .map(|address| format!("terraform import {} ID", shell.word(address).unwrap()))
            .collect();
            assert_eq!(written, wanted, "{shell:?}");
        }
        assert!(sections.next().is_none());
    }

    #[test]
    fn what_a_shell_would_act_on_is_quoted_or_refused() {
        let cmd = |value| Shell::Cmd.word(value);
        assert_eq!(cmd(r#"t.n["a & b"]"#).unwrap(), r#"^"t.n[\^"a ^& b\^"]^""#);
        assert_eq!(cmd("50% off"), None);
        assert_eq!(Shell::Powershell.word("Tom’s $x `d`").unwrap(), "'Tom’’s $x `d`'");
        assert_eq!(Shell::Sh.word("$(x) `y`").unwrap(), "'$(x) `y`'");
        assert_eq!(Shell::Powershell.word("-state=x").unwrap(), "'-state=x'");
        for shell in [Shell::Sh, Shell::Powershell, Shell::PowershellLegacy, Shell::Cmd] {
            assert_eq!(shell.word("a\u{1b}[2J"), None);
            assert_eq!(shell.word("a\nb"), None);
        }
    }

    #[test]
    fn backslashes_are_doubled_only_before_quotes() {
        assert_eq!(for_c_runtime(r#"a\b\"c\"#), r#"a\b\\\"c\\"#);
    }

    #[test]
    fn a_program_with_blanks_is_called_as_one_word() {
        assert_eq!(Shell::Sh.program("/opt/my tools/tofu"), "'/opt/my tools/tofu'");
        assert_eq!(Shell::Powershell.program("C:/my tools/tofu"), "& 'C:/my tools/tofu'");
    }
}
