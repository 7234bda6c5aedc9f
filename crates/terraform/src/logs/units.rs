//! The units of a run of several: what a prefix or a heading says of the directory or stack whose
//! text it is. Only customs that carry a unit are known by name; every other prefix is learnt.
//!
//! Never takes anything off a line. Invariant: what only looks alike names no unit.

/// Spells a unit in one way: without `./` before it.
pub(super) fn plain_unit(unit: &str) -> &str {
    unit.strip_prefix("./").unwrap_or(unit)
}

/// Finds a unit in a prefix.
type Find = for<'a> fn(&'a str) -> Option<&'a str>;

/// Tried in this order.
const CUSTOMS: [(&str, Find); 3] = [
    // "Formatting" and "Logging" of Terragrunt's reference.
    ("Terragrunt: clock, level, unit, tool", terragrunt),
    // Terragrunt before 0.67; wrappers as in case 02.
    ("a path in brackets", path_in_brackets),
    // stream-view.tsx of terraform-cdk: a name, two blanks, and a column of text.
    ("CDKTF: stack", cdktf),
];

/// Returns the unit that a prefix names.
pub(super) fn unit_in(prefix: &str) -> Option<&str> {
    CUSTOMS.iter().find_map(|(_, find)| find(prefix)).map(plain_unit)
}

/// `08:11:20.451 STDOUT [dev] terraform: `.
fn terragrunt(prefix: &str) -> Option<&str> {
    let before = ["terraform:", "tofu:", "tf:"]
        .iter()
        .find_map(|tool| prefix.trim_end().strip_suffix(tool))?;
    let (_, unit) = before.trim_end().strip_suffix(']')?.rsplit_once('[')?;
    (!unit.is_empty()).then_some(unit)
}

/// `[orgs/dev] `; not the `[pod/NAME/CONTAINER]` of `kubectl logs --prefix`, nor a share (`[1/2]`).
fn path_in_brackets(prefix: &str) -> Option<&str> {
    let words = prefix.split('[').skip(1).filter_map(|rest| rest.split_once(']'));
    let mut words = words.map(|(word, _)| word);
    words.find(|word| {
        word.contains('/')
            && word.contains(|char: char| char.is_alphabetic())
            && !word.contains([' ', '"', ':'])
            && !word.starts_with("pod/")
    })
}

/// `stack  `.
fn cdktf(prefix: &str) -> Option<&str> {
    let word = prefix.trim_end_matches(' ');
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_stack = prefix.len() >= word.len() + 2
        && word.starts_with(|first: char| first.is_ascii_alphabetic())
        && word.bytes().all(is_of_word)
        // An identifier of each line names nothing.
        && !word.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !super::prefix::is_changing(word);
    is_stack.then_some(word)
}

/// True if the lines below one with this prefix may belong to it, indented as far.
pub(super) fn is_column(prefix: &str) -> bool {
    cdktf(prefix).is_some()
}

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
    fn only_prefixes_that_carry_a_unit_name_one() {
        for (prefix, unit) in [
            ("08:11:20.451 STDOUT [./orgs/dev] terraform: ", Some("orgs/dev")),
            ("08:11:20.451 STDOUT [dev] tofu: ", Some("dev")),
            ("[orgs/dev] ", Some("orgs/dev")),
            ("orgs                      ", Some("orgs")),
            ("[prod] ", None),
            ("[pod/tf-1/apply] ", None),
            ("[2/5] ", None),
            ("[tofu]: ", None),
            ("[deploy : apply] ", None),
            ("ERROR  ", None),
            ("08:15:03  ", None),
            ("c0ffee12  ", None),
            ("terraform-1  | ", None),
        ] {
            assert_eq!(unit_in(prefix), unit, "{prefix:?}");
        }
    }

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
