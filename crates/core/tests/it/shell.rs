//! What a shell makes of the words that are written for it.

use std::process::Command;

use divvy_core::shell::word;
use proptest::prelude::*;

/// Has `sh` read words, and returns them as it hands them on.
fn read_by_sh(words: &[String]) -> Vec<String> {
    let written: Vec<_> = words.iter().map(|text| word(text)).collect();
    let script = format!("printf '%s\\0' {}", written.join(" "));
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{script:?}: {output:?}");
    let read = String::from_utf8(output.stdout).unwrap();
    read.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn a_word_that_a_shell_would_split_or_act_on_is_quoted_and_no_other() {
    for (text, written) in [
        ("orgs/dev", "orgs/dev"),
        ("module.a.genesyscloud_auth_division.eng", "module.a.genesyscloud_auth_division.eng"),
        ("a (workspace b)", "'a (workspace b)'"),
        ("it's", r"'it'\''s'"),
        ("", "''"),
        ("~", "'~'"),
        ("a=b", "'a=b'"),
        ("ä", "'ä'"),
    ] {
        assert_eq!(word(text), written);
    }
}

#[test]
fn a_shell_reads_hostile_words_as_they_are() {
    let hostile = [
        "",
        "'",
        "''",
        "\\",
        "\\'",
        "$HOME",
        "$(exit 9)",
        "`exit 9`",
        "a\nexit 9\n",
        "\r",
        "\t",
        "; exit 9",
        "| &",
        "*",
        "~",
        "~root",
        "#",
        "!",
        "{a,b}",
        "=ls",
        "-n",
        "--",
        "\u{1b}[2J",
        "\u{202e}",
        "\u{a0}",
        "\u{85}",
        "東京",
        "%s",
        "a\\",
        "\"",
        "if",
        "a=b",
        "[a]",
    ]
    .map(str::to_owned);
    assert_eq!(read_by_sh(&hostile), hostile);
}

proptest! {
    #[test]
    fn a_shell_reads_any_word_as_it_is(words in prop::collection::vec("[^\0]{0,12}", 1..40)) {
        prop_assert_eq!(read_by_sh(&words), words);
    }
}
