//! Lines that name the unit of the lines after them.
//!
//! Never a prefix of every line: those are `layers`. Invariant: a line that only looks alike is `None`.

use super::layers::plain_unit;

/// Returns the unit that a line names for the lines after it: Atlantis' headings, Terragrunt's
/// closing list.
pub(super) fn heading(text: &str) -> Option<String> {
    let text = text.trim_start();
    if let Some(list_entry) = text.strip_prefix("* Failed to execute ") {
        let (_, unit) = list_entry.rsplit_once("\" in ")?;
        return Some(plain_unit(unit.trim_end()).to_owned());
    }
    if !(text.starts_with("Ran ") || text.starts_with("### ")) {
        return None;
    }
    let quoted = |label: &str| {
        let (_, rest) = text.split_once(label)?;
        rest.split_once('`').map(|(value, _)| value)
    };
    let directory = quoted("dir: `")?;
    match quoted("workspace: `") {
        None | Some("default") => Some(directory.to_owned()),
        Some(workspace) => Some(format!("{directory} (workspace {workspace})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_name_the_unit_of_what_follows() {
        for (line, unit) in [
            ("Ran Apply for dir: `roots/a` workspace: `default`", Some("roots/a")),
            (
                "### 2. project: `p` dir: `roots/a` workspace: `prod`",
                Some("roots/a (workspace prod)"),
            ),
            ("* Failed to execute \"terraform apply\" in ./orgs/dev", Some("orgs/dev")),
            ("1. dir: `a` workspace: `default`", None),
            ("Ran out of time", None),
        ] {
            assert_eq!(heading(line).as_deref(), unit, "{line:?}");
        }
    }
}
