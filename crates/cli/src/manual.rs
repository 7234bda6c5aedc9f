//! The manual: a page for divvy and one for each command, made from the command line's own definition and
//! the tables below.
//!
//! Never says what a flag does: that is the flag's own text. Invariant: each command has examples, and each
//! of them is a command line that divvy takes.

use std::io;

use clap::{Arg, Command};
use clap_mangen::{Man, roff};
use roff::{Roff, bold, roman};

/// How a command is typed, and what for.
type Example = (&'static str, &'static str);

/// The examples of each command; the first row is of divvy itself.
#[rustfmt::skip]
const EXAMPLES: [(&str, &[Example]); 14] = [
    ("", &[
        ("divvy check", "What is in the way of the apply?"),
        ("divvy fix", "Adopt it into the state, after it was shown."),
        ("divvy run -- terraform apply", "Apply, and adopt what exists on the way."),
        ("divvy demo", "See it all, offline."),
    ]),
    ("check", &[
        ("divvy check --chdir envs/prod", "Look at another directory."),
        ("divvy check --plan plan.json -o blocks", "Make import blocks from a plan's JSON."),
        ("divvy check -o github -o markdown=divvy.md", "Annotate a pull request, and keep a summary."),
        ("divvy check --fail-on person", "Fail a pipeline only where a person is needed."),
    ]),
    ("fix", &[
        ("divvy fix", "Show, ask, adopt, and let Terraform prove the result."),
        ("divvy fix --yes --approved check.json", "Do exactly what was approved."),
        ("divvy fix --yes --repair", "Repair stale ids and renamed addresses, too."),
        ("divvy fix --write imports.tf", "Leave import blocks for review, and touch no state."),
    ]),
    ("explain", &[
        ("divvy explain apply.log", "Read the output of a failed run, whatever CI made of it."),
        ("divvy explain DVY103", "Explain a code."),
    ]),
    ("ensure", &[
        ("divvy ensure Engineering", "Get the division, or create it."),
        ("divvy ensure --from divisions.csv --dry-run", "See what a list would create."),
    ]),
    ("run", &[
        ("divvy run -- terraform plan -out=tfplan", "Plan, and announce in the plan file what exists."),
        ("divvy run -- terraform apply tfplan", "Apply that file: what was announced is adopted."),
        ("divvy run --on-conflict error -- terraform plan", "Fail a pipeline where anything exists."),
    ]),
    ("list", &[
        ("divvy list", "List the divisions that this client sees."),
        ("divvy list Engineering -o ids", "Print an id for a script."),
    ]),
    ("doctor", &[("divvy doctor --chdir envs/prod", "Find out why something cannot be seen or created.")]),
    ("emulate", &[
        ("divvy emulate --seed org.json --data org-now.json", "Serve an org on loopback, and keep what becomes of it."),
    ]),
    ("undo", &[
        ("divvy undo --list", "See what earlier runs of fix changed in the state."),
        ("divvy undo --yes", "Take the last one back."),
    ]),
    ("demo", &[
        ("divvy demo --directory play", "See the story, and keep the directory to play on."),
        ("divvy demo --story contact-centre", "See a whole contact centre get its lost state back."),
    ]),
    ("completions", &[("divvy completions bash", "Print the script for bash.")]),
    ("man", &[
        ("divvy man fix", "Print the page of a command; to read it: divvy man fix | man -l -"),
        ("divvy man --directory man1", "Write every page into a directory."),
    ]),
    ("help", &[("divvy help fix", "Print the help of a command.")]),
];

/// How every command may end.
const EXIT: [(&str, &str); 2] = [
    ("64", "The command line is wrong."),
    ("130", "Interrupted; the same command goes on from there."),
];

/// What is read from the environment beside the variables of flags.
#[rustfmt::skip]
const ENVIRONMENT: [(&str, &str); 5] = [
    ("GENESYSCLOUD_OAUTHCLIENT_ID, GENESYSCLOUD_OAUTHCLIENT_SECRET", "The OAuth client, as the provider reads it."),
    ("GENESYSCLOUD_ACCESS_TOKEN", "A token instead of a client."),
    ("GENESYSCLOUD_REGION", "The region."),
    ("HTTPS_PROXY, NO_PROXY", "The proxy, and what goes past it."),
    ("TF_WORKSPACE, TF_DATA_DIR, TF_CLI_CONFIG_FILE", "As Terraform reads them."),
];

#[rustfmt::skip]
const FILES: [(&str, &str); 4] = [
    (".divvy/", "The run lock and the journals of fix and run, beside the configuration."),
    ("~/.gc/config.toml", "Profiles of the gc command line tool, for --profile."),
    (".terraform.lock.hcl, .terraform/", "Which provider and modules are installed."),
    ("errored.tfstate", "A state that an apply could not save; it is never changed."),
];

/// Returns the page of a command, `None` for divvy itself; nothing where there is no such command.
///
/// # Errors
/// Whatever writing to memory ends in.
pub(crate) fn page(mut divvy: Command, name: Option<&str>) -> io::Result<Option<Vec<u8>>> {
    divvy.build();
    let Some(name) = name else { return render(divvy.clone(), "").map(Some) };
    match divvy.find_subcommand(name) {
        Some(command) => render(command.clone(), name).map(Some),
        None => Ok(None),
    }
}

/// Returns every page with the name of its file: `divvy-fix.1`.
///
/// # Errors
/// As [`page`].
pub(crate) fn pages(mut divvy: Command) -> io::Result<Vec<(String, Vec<u8>)>> {
    divvy.build();
    let commands = divvy.get_subcommands().filter(|command| command.get_name() != "help");
    let mut pages = vec![("divvy.1".to_owned(), render(divvy.clone(), "")?)];
    for command in commands {
        let name = command.get_name();
        pages.push((format!("divvy-{name}.1"), render(command.clone(), name)?));
    }
    Ok(pages)
}

fn render(command: Command, name: &str) -> io::Result<Vec<u8>> {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string);
    let (about, exit) = without_exit_codes(&about.unwrap_or_default());
    let page_name = if name.is_empty() { "divvy".to_owned() } else { format!("divvy-{name}") };
    let variables = variables(&command);
    // clap keeps names for as long as the process lives.
    let named: &'static str = page_name.leak();
    let command = command.name(named).display_name(named).long_about(about);
    let has_subcommands = command.get_subcommands().any(|one| one.get_name() != "help");
    let man = Man::new(command);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_subcommands {
        man.render_subcommands_section(&mut page)?;
    }
    let owned = |(name, what): &(&str, &str)| ((*name).to_owned(), (*what).to_owned());
    let all_exit = exit.into_iter().chain(EXIT.iter().map(owned)).collect::<Vec<_>>();
    let environment = ENVIRONMENT.iter().map(owned).chain(variables).collect::<Vec<_>>();
    let files: Vec<_> = FILES.iter().map(owned).collect();
    let examples = EXAMPLES.iter().find(|(of, _)| *of == name).map_or(&[][..], |(_, lines)| lines);
    let examples: Vec<_> = examples.iter().map(owned).collect();
    for (title, rows) in [
        ("EXIT STATUS", all_exit),
        ("ENVIRONMENT", environment),
        ("FILES", files),
        ("EXAMPLES", examples),
    ] {
        section(title, &rows).to_writer(&mut page)?;
    }
    Ok(page)
}

fn section(title: &str, rows: &[(String, String)]) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    for (name, what) in rows {
        roff.control("TP", []).text([bold(name)]).text([roman(what)]);
    }
    roff
}

/// Takes the sentence about exit codes out of a description: `Exit code: 0 all is done, 1 error.`
fn without_exit_codes(about: &str) -> (String, Vec<(String, String)>) {
    let Some(at) = about.find("Exit code: ") else {
        let usual = [("0", "It is done."), ("1", "An error.")];
        return (about.to_owned(), usual.map(|(code, what)| (code.into(), what.into())).into());
    };
    let mut rows: Vec<(String, String)> = Vec::new();
    for part in about[at + "Exit code: ".len()..].trim_end().trim_end_matches('.').split(", ") {
        let code = part.split(' ').next().unwrap_or_default();
        match rows.last_mut() {
            _ if code.parse::<u8>().is_ok() => {
                rows.push((code.to_owned(), sentence(part[code.len()..].trim())));
            }
            // A comma within a meaning.
            Some((_, what)) => {
                what.pop();
                what.push_str(&format!(", {part}."));
            }
            None => {}
        }
    }
    (about[..at].trim_end().to_owned(), rows)
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

/// The variables of a command's flags.
fn variables(command: &Command) -> Vec<(String, String)> {
    let variable = |arg: &Arg| {
        let name = arg.get_env()?.to_str()?.to_owned();
        Some((name, format!("As --{}.", arg.get_long()?)))
    };
    command.get_arguments().filter_map(variable).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::{Arguments, command};

    #[test]
    fn each_command_has_a_page_with_every_section_and_with_examples_that_divvy_takes() {
        for (file, page) in pages(command()).unwrap() {
            let page = String::from_utf8(page).unwrap();
            for title in ["SYNOPSIS", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES", "EXAMPLES"] {
                let (_, rest) = page.split_once(&format!(".SH {title}\n")).unwrap_or_else(|| {
                    panic!("{file} has no {title}: {page}");
                });
                assert!(!rest.starts_with(".SH") && !rest.is_empty(), "{file}: {title} is empty");
            }
            assert!(!page.contains("Exit code:"), "{file}");
        }
        for (_, line) in
            EXAMPLES.iter().flat_map(|(of, lines)| lines.iter().map(move |one| (of, one.0)))
        {
            if let Err(error) = Arguments::try_parse_from(line.split(' ')) {
                assert_eq!(error.exit_code(), 0, "{line}: {error}");
            }
        }
    }

    #[test]
    fn the_exit_codes_of_a_description_become_rows() {
        let (about, rows) = without_exit_codes(
            "Looks.\n\nExit code: 0 all is well (so far), 3 a name, or two, is left.",
        );
        assert_eq!(about, "Looks.");
        let row = |code: &str, what: &str| (code.to_owned(), what.to_owned());
        assert_eq!(rows, [row("0", "All is well (so far)."), row("3", "A name, or two, is left.")]);
    }
}
