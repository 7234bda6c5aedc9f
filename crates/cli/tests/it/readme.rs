//! The README is true: its recorded run is the demo's, and its commands exist.

use std::process::Stdio;

use crate::world::{DIVVY, World, fixture, seed};

fn readme() -> String {
    std::fs::read_to_string(fixture("../README.md")).expect("the README")
}

/// The first `console` block.
fn recorded(readme: &str) -> Vec<&str> {
    let start = readme.find("```console\n").expect("a recorded run") + "```console\n".len();
    let block = &readme[start..];
    block[..block.find("```").expect("the end of the block")].lines().collect()
}

#[test]
fn the_recorded_run_is_what_the_demo_shows() {
    let mut world = World::new(seed(&[]));
    world.unset("GENESYSCLOUD_REGION");
    let output =
        world.command(DIVVY).arg("demo").stderr(Stdio::piped()).output().expect("the demo runs");
    let shown = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}");
    let readme = readme();
    for line in recorded(&readme) {
        // Commands are typed, an ellipsis stands for what is left out.
        if line.starts_with('$') || line.is_empty() || line == "…" {
            continue;
        }
        let start = line.split('…').next().unwrap_or_default().trim_end_matches('(');
        assert!(shown.contains(start), "not shown by the demo: {line}\n{shown}");
    }
}

#[test]
fn every_command_that_the_readme_names_exists() {
    let world = World::new(seed(&[]));
    let readme = readme();
    let named = readme.split("divvy ").skip(1).filter_map(|rest| {
        let word: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
        let is_code = rest[word.len()..].starts_with([' ', '`', '\n']) && !word.is_empty();
        is_code.then_some(word)
    });
    let help = world.divvy(&["help"]).ended(0).stdout;
    let commands: Vec<&str> =
        help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let mut checked = 0;
    for word in named {
        // Prose follows the name too ("divvy finds what exists").
        if readme.contains(&format!("`divvy {word}")) || readme.contains(&format!("$ divvy {word}"))
        {
            assert!(commands.contains(&word.as_str()), "divvy {word} is no command: {commands:?}");
            checked += 1;
        }
    }
    assert!(checked >= 8, "only {checked} commands were found in the README");
}

/// Lets a real bash load the script and complete the last word of a line.
fn completed(world: &World, script: &str, words: &[&str]) -> Vec<String> {
    let line = words.join(" ");
    let last = words.len() - 1;
    let ask = format!(
        "{script}\nCOMP_WORDS=({line}); COMP_CWORD={last}\n\
         _divvy divvy \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{}]}}\"\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        last - 1
    );
    let output = world.command("bash").args(["-euc", &ask]).output().expect("bash runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_flags() {
    let world = World::new(seed(&[]));
    let script = world.divvy(&["completions", "bash"]).ended(0).stdout;
    assert_eq!(completed(&world, &script, &["divvy", "che"]), ["check"]);
    assert_eq!(completed(&world, &script, &["divvy", "fix", "--adopt-d"]), ["--adopt-drifted"]);
    let formats = completed(&world, &script, &["divvy", "completions", "p"]);
    assert_eq!(formats, ["powershell"]);
}
