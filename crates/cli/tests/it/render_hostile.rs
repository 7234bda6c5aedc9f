//! Names, addresses and files that try to break out of each format.

use std::collections::{BTreeMap, BTreeSet};
use std::{env, fs, process};

use divvy::render::Format;
use divvy::render::commands::Shell;
use divvy::report::{Command, Place, Report};
use divvy_core::decide::Policy;
use insta::assert_snapshot;

use crate::render::{piped, rendered, rendered_for};
use crate::render_survey::{create, division, entity, info, report, survey};

const NAME: &str = "x\u{1b}[2J\u{7}</script><img src=x onerror=alert(1)>|`@team` \"q\" ${path.root} %{if} \n::set-output name=a::b\r##vso[task.complete]\u{202e}\u{2028}#";

/// As Terraform spells a key with the same tricks.
const SPELLED: &str =
    r#"desk["</script>|`$(id)` 'x' & %PATH% $${path.root} \"q\" \n::error:: \u202e @team"]"#;

/// As a damaged log could hold one.
const RAW: &str = "desk[\"\u{1b}[2J\n::error::##vso[task.complete]\u{202e}\"]";

pub(crate) fn hostile() -> Report {
    let survey = survey(
        vec![entity(1, NAME), entity(2, "Plain"), entity(3, "Raw"), entity(4, "NEAR\u{202e}|")],
        vec![
            create("eng", NAME),
            create(SPELLED, "Plain"),
            create(RAW, "Raw"),
            create("near", "near\u{202e}|"),
        ],
        Vec::new(),
    );
    let mut info = info();
    let place = Place { file: "a,b\n::error::.tf".to_owned(), line: 1 };
    info.places = BTreeMap::from([(division("eng"), place)]);
    info.notes = vec!["a note\n::error:: \u{1b}[2J".to_owned()];
    report(Command::Check, &survey, &Policy::default(), info)
}

#[test]
fn no_format_for_people_lets_a_control_character_or_a_direction_mark_through() {
    let report = hostile();
    assert_eq!(report.findings.len(), 4);
    for format in [
        Format::Table,
        Format::Blocks,
        Format::Commands,
        Format::Markdown,
        Format::Github,
        Format::Azure,
        Format::Sarif,
        Format::Junit,
        Format::Codequality,
    ] {
        let text = rendered(&report, format);
        let bad: Vec<_> = text
            .chars()
            .filter(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202e}' | '\u{2028}'))
            .collect();
        assert!(bad.is_empty(), "{format:?}: {bad:?}");
        let injected = text.lines().find(|line| {
            line.contains("##vso[task.complete")
                || line.starts_with("::")
                    && (format != Format::Github || line.starts_with("::error"))
        });
        assert_eq!(injected, None, "{format:?}");
    }
}

#[test]
fn a_page_holds_one_script_and_no_element_of_a_name() {
    let html = rendered(&hostile(), Format::Html);
    assert_eq!(html.matches("<script").count(), 1);
    assert_eq!(html.matches("</script").count(), 1);
    assert!(!html.contains("<img"));
    let (_, data) = html.split_once("id=\"report\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    let names: Vec<_> =
        data["findings"].as_array().unwrap().iter().map(|finding| &finding["name"]).collect();
    assert!(names.iter().any(|name| **name == NAME));
    let (page, _) = html.split_once("<script").unwrap();
    assert!(!page.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn json_keeps_the_raw_name() {
    let json: serde_json::Value =
        serde_json::from_str(&rendered(&hostile(), Format::Json)).unwrap();
    let names: Vec<_> = json["findings"].as_array().unwrap().iter().map(|f| &f["name"]).collect();
    assert!(names.iter().any(|name| **name == NAME));
}

#[test]
fn terraform_reads_hostile_blocks_as_blocks_and_comments() {
    let blocks = rendered(&hostile(), Format::Blocks);
    assert_eq!(piped(crate::world::program(), &["fmt", "-"], &blocks), blocks);
    assert_eq!(blocks.matches("\nimport {").count(), 2, "{blocks}");
}

/// Keys of `for_each` that quoting of some kind could get wrong.
const KEYS: [&str; 14] = [
    "Contact Centre 1",
    "Tom's \"VIP\" desk",
    "a\\b",
    "${path.root}",
    "$${x}",
    "$$${x} %%{y}",
    "%{if true}",
    "5 $ 100 %",
    "\u{1b}[2J\u{202e}\n\r\t",
    "\u{a0}\u{3000}\u{200b}\u{ad}",
    "👨\u{200d}👩",
    "Zürich",
    "</script>&|^",
    "'; exit 1; '",
];

#[test]
fn terraform_finds_every_block_and_every_shell_word_that_it_spelled_itself() {
    let directory = tempfile::tempdir().unwrap();
    let terraform = |arguments: &[&str]| {
        let output = process::Command::new(crate::world::terraform())
            .args(arguments)
            .current_dir(directory.path())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        String::from_utf8(output.stdout).unwrap()
    };
    let write = |name: &str, content: &str| {
        fs::write(directory.path().join(name), content).unwrap();
    };
    // The built-in provider's only resource stands in for divisions: addresses are spelled alike.
    let keys = serde_json::to_string(&KEYS).unwrap();
    write("keys.json", &keys);
    write(
        "main.tf",
        "resource \"terraform_data\" \"desk\" {\n  for_each = toset(jsondecode(file(\"keys.json\")))\n}\n",
    );
    terraform(&["init", "-no-color"]);
    terraform(&["plan", "-no-color", "-out=plan"]);
    let plan: serde_json::Value =
        serde_json::from_str(&terraform(&["show", "-json", "plan"])).unwrap();
    let addresses: Vec<_> = plan["resource_changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["address"].as_str().unwrap())
        .collect();
    let tails = addresses.iter().map(|address| address.strip_prefix("terraform_data.").unwrap());
    let planned = tails.enumerate().map(|(index, tail)| create(tail, &index.to_string())).collect();
    let entities = (0..14_u16).map(|index| entity(index, &index.to_string())).collect();
    let report =
        report(Command::Check, &survey(entities, planned, Vec::new()), &Policy::default(), info());

    let lines = rendered_for(&report, Format::Commands, Shell::Sh);
    let script = format!("terraform() {{ printf '%s\\n' \"$2\"; }}\n{lines}");
    let words = piped("sh", &["-c", &script], "");
    let words = words.replace("genesyscloud_auth_division", "terraform_data");
    // Terraform sorts by key, a report by address.
    let sorted: BTreeSet<_> = addresses.into_iter().collect();
    assert_eq!(words.lines().collect::<Vec<_>>(), sorted.into_iter().collect::<Vec<_>>());

    let blocks = rendered(&report, Format::Blocks);
    write("imports.tf", &blocks.replace("genesyscloud_auth_division", "terraform_data"));
    let plan = terraform(&["plan", "-no-color"]);
    assert!(plan.contains("Plan: 14 to import, 0 to add, 0 to change, 0 to destroy."), "{plan}");
}

#[test]
fn a_shell_hands_the_address_on_as_it_is() {
    let lines = rendered_for(&hostile(), Format::Commands, Shell::Sh);
    let script = format!("terraform() {{ printf '%s\\n' \"$@\"; }}\n{lines}");
    let printed = piped("sh", &["-c", &script], "");
    let words: Vec<_> = printed.lines().collect();
    assert_eq!(words.len(), 6, "two imports of three words each: {printed}");
    let spelled = division(SPELLED).to_string();
    assert!(words.contains(&spelled.as_str()));
}

#[test]
fn a_row_of_markdown_keeps_its_five_cells() {
    let markdown = rendered(&hostile(), Format::Markdown);
    for line in markdown.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(line.matches('|').count(), 6, "{line}");
    }
    assert!(!markdown.contains("<img") && !markdown.contains(" @team"), "{markdown}");
}

#[test]
fn hostile_names_as_people_see_them() {
    let report = hostile();
    assert_snapshot!("hostile_table", rendered(&report, Format::Table));
    assert_snapshot!("hostile_blocks", rendered(&report, Format::Blocks));
    assert_snapshot!("hostile_markdown", rendered(&report, Format::Markdown));
    assert_snapshot!("hostile_github", rendered(&report, Format::Github));
    assert_snapshot!("hostile_cmd", rendered_for(&report, Format::Commands, Shell::Cmd));
    assert_snapshot!(
        "hostile_powershell",
        rendered_for(&report, Format::Commands, Shell::Powershell)
    );
}
