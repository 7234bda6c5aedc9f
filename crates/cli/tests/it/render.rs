//! Golden files of each format, and what exit code and next command follow from.

use std::collections::BTreeSet;
use std::env;
use std::io::Write;
use std::process::{Command as Process, Stdio};

use divvy::render::commands::Shell;
use divvy::render::table::Layout;
use divvy::render::{Format, Options, write};
use divvy::report::{Action, Command, Place, Report, RunInfo, approved_pairs};
use divvy_core::CommandLine;
use divvy_core::address::Address;
use divvy_core::decide::Policy;
use divvy_core::failure::Origin;
use divvy_core::survey::{ById, Pending, StatePresence, Survey};
use divvy_core::verdict::Verdict;
use insta::assert_snapshot;

use crate::render_survey::{
    create, division, entity, every_verdict, id, info, permissive, report, survey, tracked,
};

pub(crate) fn rendered_for(report: &Report, format: Format, shell: Shell) -> String {
    let mut out = Vec::new();
    let options = Options { width: 100, is_colored: false, shows_all: false, shell };
    write(report, format, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn rendered(report: &Report, format: Format) -> String {
    rendered_for(report, format, Shell::Sh)
}

fn table(report: &Report, width: usize, is_colored: bool, out: &mut Vec<u8>) {
    let layout = Layout { width, is_colored, shows_all: false };
    divvy::render::table::write(report, layout, out).unwrap();
}

fn check(survey: &Survey) -> Report {
    report(Command::Check, survey, &Policy::default(), info())
}

/// Pipes text into a program and returns what it prints; it must succeed.
pub(crate) fn piped(program: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Process::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} refused:\n{input}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_sample_survey_holds_every_verdict_but_prints_none_that_is_well() {
    let report = check(&every_verdict());
    let is_well = |finding: &&divvy::report::Finding| {
        finding.verdict == Verdict::Managed && finding.drift.is_empty()
    };
    assert_eq!(report.findings.iter().filter(is_well).count(), 0);
    let found = report.findings.iter().map(|finding| finding.verdict);
    // A live entity that the next apply renames is managed, and printed.
    let found: BTreeSet<_> = found.filter(|verdict| *verdict != Verdict::Managed).collect();
    // What an import would replace, only Terraform's plan of it tells.
    let elsewhere = [Verdict::Managed, Verdict::WouldReplace];
    let all: BTreeSet<_> =
        Verdict::ALL.iter().copied().filter(|verdict| !elsewhere.contains(verdict)).collect();
    assert_eq!(found, all);
    assert!(report.managed > 0);
    assert_eq!(report.summary.values().sum::<usize>(), report.findings.len());
}

#[test]
fn each_format_of_a_check() {
    let report = check(&every_verdict());
    assert_snapshot!("table", rendered(&report, Format::Table));
    assert_snapshot!("json", rendered(&report, Format::Json));
    assert_snapshot!("blocks", rendered(&report, Format::Blocks));
    assert_snapshot!("markdown", rendered(&report, Format::Markdown));
    assert_snapshot!("github", rendered(&report, Format::Github));
    assert_snapshot!("azure", rendered(&report, Format::Azure));
    assert_snapshot!("sarif", rendered(&report, Format::Sarif));
    assert_snapshot!("junit", rendered(&report, Format::Junit));
    assert_snapshot!("codequality", rendered(&report, Format::Codequality));
    assert_snapshot!("html", rendered(&report, Format::Html));
}

#[test]
fn a_line_of_configuration_has_one_annotation_with_a_count() {
    let keys: Vec<String> = (0..12_u16).map(|number| format!("desk[\"{number}\"]")).collect();
    let planned = keys.iter().zip(0..).map(|(key, number)| create(key, &format!("Desk {number}")));
    let mut survey = survey(
        (0..11_u16).map(|number| entity(number, &format!("Desk {number}"))).collect(),
        planned.collect(),
        Vec::new(),
    );
    // Something of the block is there already, so that it is no missing state.
    survey.tracked.get_or_insert_default().presence = StatePresence::Present;
    let place = Place { file: "envs/prod/main.tf".to_owned(), line: 7 };
    let places = keys.iter().map(|key| (division(key), place.clone())).collect();
    let report = report(Command::Check, &survey, &Policy::default(), RunInfo { places, ..info() });
    assert!(report.findings.len() >= 11);
    let lines = |format| rendered(&report, format).lines().map(str::to_owned).collect::<Vec<_>>();
    for (format, at) in [
        (Format::Github, "file=envs/prod/main.tf,line=7,"),
        (Format::Azure, "sourcepath=envs/prod/main.tf;linenumber=7;"),
    ] {
        let lines = lines(format);
        let of_line: Vec<_> = lines.iter().filter(|line| line.contains(at)).collect();
        assert_eq!(of_line.len(), 1, "{lines:?}");
        assert!(of_line[0].contains("adopt (11)"), "{of_line:?}");
        assert!(of_line[0].contains("and 6 more of this block"), "{of_line:?}");
    }
    let sarif: serde_json::Value = serde_json::from_str(&rendered(&report, Format::Sarif)).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 1);
}

#[test]
fn commands_of_everything_that_flags_allow_in_each_shell() {
    let report = report(Command::Check, &every_verdict(), &permissive(), info());
    assert_snapshot!("commands_sh", rendered_for(&report, Format::Commands, Shell::Sh));
    assert_snapshot!(
        "commands_powershell",
        rendered_for(&report, Format::Commands, Shell::Powershell)
    );
    assert_snapshot!(
        "commands_powershell_legacy",
        rendered_for(&report, Format::Commands, Shell::PowershellLegacy)
    );
    assert_snapshot!("commands_cmd", rendered_for(&report, Format::Commands, Shell::Cmd));
}

#[test]
fn a_fix_that_left_drift_says_what_keeps_the_value_and_needs_a_person() {
    let mut support = entity(3, "Support");
    support.attributes.insert("description".to_owned(), "Owned by IT".into());
    let survey = survey(
        vec![entity(2, "Engineering"), support],
        vec![create("eng", "Engineering"), create("support", "Support")],
        Vec::new(),
    );
    let done = RunInfo {
        is_carried_out: true,
        clean: Some(false),
        pending: Some(Pending { update: 1, ..Pending::default() }),
        outputs_left: vec!["division_ids".to_owned()],
        rounds: Some(1),
        ..info()
    };
    let fixed = report(Command::Fix, &survey, &permissive(), done.clone());
    assert_snapshot!("table_after_fix", rendered(&fixed, Format::Table));
    assert_eq!(fixed.exit_code(), 3);
    let accepted = Policy { accept_drift: true, ..Policy::default() };
    let updated = report(Command::Fix, &survey, &accepted, done);
    assert_eq!(updated.findings[1].action, Action::Update { id: id(3).to_string() });
    assert_eq!(updated.exit_code(), 0);
}

#[test]
fn a_narrow_table_puts_the_cells_below_one_another_and_breaks_no_address() {
    let mut out = Vec::new();
    let report = check(&every_verdict());
    table(&report, 50, false, &mut out);
    let table = String::from_utf8(out).unwrap();
    let is_quiet = |finding: &divvy::report::Finding| finding.verdict == Verdict::UpdatesExisting;
    for finding in report.findings.iter().filter(|finding| !is_quiet(finding)) {
        let address = finding.address.as_deref().unwrap();
        assert!(table.contains(address), "{address}");
    }
    let mut lines = table.lines();
    assert!(lines.any(|line| line == "  genesyscloud_auth_division.eng  main.tf:12"), "{table}");
    let below = lines.next().unwrap();
    assert_eq!(below.trim_start(), format!("\"Engineering\"  {}", id(2)));
}

#[test]
fn colour_adds_nothing_but_colour() {
    let report = check(&every_verdict());
    let mut out = Vec::new();
    table(&report, 100, true, &mut out);
    let colored = String::from_utf8(out).unwrap();
    assert!(colored.contains('\u{1b}'));
    assert_eq!(
        anstream::adapter::strip_str(&colored).to_string(),
        rendered(&report, Format::Table)
    );
}

#[test]
fn terraform_reads_the_blocks_and_finds_nothing_to_tidy() {
    let blocks = rendered(&check(&every_verdict()), Format::Blocks);
    assert_eq!(piped(crate::world::program(), &["fmt", "-"], &blocks), blocks);
}

#[test]
fn exit_codes_take_the_highest_that_applies() {
    let free = || survey(Vec::new(), vec![create("eng", "Engineering")], Vec::new());
    let taken =
        || survey(vec![entity(2, "Engineering")], vec![create("eng", "Engineering")], Vec::new());
    let near =
        || survey(vec![entity(2, "engineering")], vec![create("eng", "Engineering")], Vec::new());
    assert_eq!(check(&free()).exit_code(), 0);
    assert_eq!(check(&taken()).exit_code(), 2);
    assert_eq!(check(&near()).exit_code(), 3);
    let fix = |info| report(Command::Fix, &taken(), &Policy::default(), info).exit_code();
    let clean = |clean| RunInfo { clean, is_carried_out: true, ..RunInfo::default() };
    assert_eq!(fix(clean(Some(false))), 0);
    assert_eq!(fix(RunInfo { require_clean: true, ..clean(Some(false)) }), 2);
    assert_eq!(fix(RunInfo { require_clean: true, ..clean(Some(true)) }), 0);
}

#[test]
fn a_headline_that_stops_writing_leaves_no_action() {
    let mut survey = survey(
        vec![entity(2, "Engineering")],
        vec![create("eng", "Engineering")],
        vec![tracked("a", 90, "A"), tracked("b", 91, "B")],
    );
    for org in survey.orgs.values_mut() {
        for listing in org.listings.values_mut() {
            listing.by_id = [(id(90), ById::Absent), (id(91), ById::Absent)].into();
        }
    }
    let report = check(&survey);
    assert_eq!(report.headline.as_ref().unwrap().code, "DVY203");
    assert!(!report.has_actions());
    assert_eq!(report.exit_code(), 3);
    assert_eq!(report.next_command().to_string(), "divvy doctor");
}

#[test]
fn a_missing_state_asks_once_for_the_set() {
    let names = ["A", "B", "C"];
    let mut survey = survey(
        (1_u16..).zip(names).map(|(number, name)| entity(number, name)).collect(),
        names.iter().map(|name| create(&name.to_lowercase(), name)).collect(),
        Vec::new(),
    );
    survey.tracked.as_mut().unwrap().presence = StatePresence::Nothing;
    let asked = check(&survey);
    assert_eq!(asked.headline.as_ref().unwrap().code, "DVY204");
    assert_eq!(asked.exit_code(), 3);
    assert!(
        asked
            .findings
            .iter()
            .all(|finding| finding.hints == [CommandLine::divvy("fix --adopt-all").into()])
    );
    let told = report(Command::Fix, &survey, &permissive(), RunInfo::default());
    assert_eq!(told.exit_code(), 0);
    assert!(told.has_actions());
}

#[test]
fn the_next_command_follows_from_what_is_open() {
    let drifted = {
        let mut support = entity(3, "Support");
        support.attributes.insert("description".to_owned(), "Owned by IT".into());
        survey(vec![support], vec![create("support", "Support")], Vec::new())
    };
    assert_eq!(check(&drifted).next_command().to_string(), "divvy fix --adopt-drifted");
    let near = survey(vec![entity(2, "sales")], vec![create("x", "Sales")], Vec::new());
    assert_eq!(
        check(&near).next_command().to_string(),
        format!("divvy fix --id 'genesyscloud_auth_division.x={}'", id(2))
    );
    let mut free = survey(Vec::new(), vec![create("x", "Sales")], Vec::new());
    assert_eq!(check(&free).next_command().to_string(), "terraform plan");
    free.desired.as_mut().unwrap().pending.create = 1;
    assert_eq!(check(&free).next_command().to_string(), "terraform apply");
}

#[test]
fn a_hint_survives_the_shell_even_where_the_address_holds_a_quote() {
    let tail = r#"desk["Tom's"]"#;
    let survey = survey(vec![entity(2, "sales")], vec![create(tail, "Sales")], Vec::new());
    let report = check(&survey);
    let hint = report.findings[0].hints.first().unwrap();
    let script = hint.to_string().replace("divvy fix --id", "printf '%s'");
    assert_eq!(piped("sh", &["-c", &script], ""), format!("{}={}", division(tail), id(2)));
}

#[test]
fn an_explained_failure_says_where_it_was_heard_of() {
    let mut survey = every_verdict();
    survey.failures[0].origin = Origin::Log;
    survey.failures[0].correlation_id = Some("c0ffee".to_owned());
    let table = rendered(&check(&survey), Format::Table);
    assert!(
        table.contains("line 12: Failed to create division (correlation id c0ffee)"),
        "{table}"
    );
}

#[test]
fn the_json_of_a_check_approves_exactly_its_pairs() {
    let report = report(Command::Check, &every_verdict(), &permissive(), info());
    let pairs = approved_pairs(rendered(&report, Format::Json).as_bytes()).unwrap();
    let acted: BTreeSet<_> = report
        .findings
        .iter()
        .filter(|finding| finding.action != Action::None)
        .map(|finding| Address::parse(finding.address.as_deref().unwrap()).unwrap())
        .collect();
    assert_eq!(pairs.keys().cloned().collect::<BTreeSet<_>>(), acted);
    assert_eq!(pairs[&division("eng")], id(2));
    assert!(approved_pairs(b"[]").is_err());
    assert!(approved_pairs(br#"{"schema_version":2,"findings":[]}"#).is_err());
}

#[test]
fn colour_says_what_needs_you_what_will_be_done_and_what_is_done() {
    let colored = |report: &Report| {
        let mut out = Vec::new();
        table(report, 100, true, &mut out);
        String::from_utf8(out).unwrap()
    };
    let line = |text: &str, start: &str| {
        let found = text.lines().find(|line| line.contains(start));
        found.unwrap_or_else(|| panic!("{start} is not in:\n{text}")).to_owned()
    };
    let before = colored(&check(&every_verdict()));
    assert!(line(&before, "Will be adopted").contains("\u{1b}[33m"));
    assert!(line(&before, "Needs you").contains("\u{1b}[31m"));
    let done = RunInfo { is_carried_out: true, ..info() };
    let after = colored(&report(Command::Fix, &every_verdict(), &Policy::default(), done));
    assert!(line(&after, "Adopted (").contains("\u{1b}[32m"));
}

/// A block with this many instances that exist, and one more division of a very long name.
fn many(count: u16) -> Report {
    let keys: Vec<String> = (0..count).map(|number| format!("desk[\"k{number:02}\"]")).collect();
    let mut planned: Vec<_> =
        keys.iter().zip(0..).map(|(key, number)| create(key, &format!("Desk {number}"))).collect();
    planned.push(create("long", &"long ".repeat(30)));
    let mut entities: Vec<_> =
        (0..count).map(|number| entity(number, &format!("Desk {number}"))).collect();
    entities.push(entity(900, &"long ".repeat(30)));
    let mut survey = survey(entities, planned, Vec::new());
    survey.tracked.get_or_insert_default().presence = StatePresence::Present;
    check(&survey)
}

#[test]
fn one_instance_stands_for_its_block_where_there_are_more_than_a_hundred_findings() {
    let folded = rendered(&many(120), Format::Table);
    assert_eq!(folded.matches("desk[").count(), 1, "{folded}");
    assert!(folded.contains("… and 119 more of genesyscloud_auth_division.desk"), "{folded}");
}

#[test]
fn many_instances_of_one_block_are_folded_and_verbose_shows_all() {
    let report = many(12);
    let folded = rendered(&report, Format::Table);
    assert_eq!(folded.matches("desk[").count(), 3, "{folded}");
    assert!(
        folded.contains("… and 9 more of genesyscloud_auth_division.desk (all with -v)"),
        "{folded}"
    );
    let mut all = Vec::new();
    let layout = Layout { width: 100, is_colored: false, shows_all: true };
    divvy::render::table::write(&report, layout, &mut all).unwrap();
    assert_eq!(String::from_utf8(all).unwrap().matches("desk[").count(), 12);
    assert_eq!(rendered(&many(6), Format::Table).matches("desk[").count(), 6);
}

#[test]
fn one_very_long_name_does_not_widen_the_other_rows() {
    let table = rendered(&many(4), Format::Table);
    let rows: Vec<_> = table.lines().filter(|line| line.contains("desk[")).collect();
    assert_eq!(rows.len(), 4, "{table}");
    for row in rows {
        assert!(row.len() <= 100 && row.contains(&id(0).to_string()[..4]), "{row}");
    }
}
