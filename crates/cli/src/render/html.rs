//! `-o html`: one page to attach to a change request. It needs nothing else: no script runs, nothing is
//! fetched.
//!
//! It holds the JSON of the report as a data block, so a saved page is a saved report. Invariant: every
//! text goes through [`text::shown`] and the template's own escape, and no `<` is inside the data block.

use std::collections::BTreeSet;
use std::io;

use divvy_core::Hint;
use divvy_core::catalogue;
use divvy_core::name::visible;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::text::{self, shown};
use crate::door;
use crate::report::{Drift, Finding, Headline, Org, Outcome, Report};

const STYLE: &str = include_str!("html.css");

/// Writes the page.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let json = data_block(&door::json(&serde_json::to_string(report)?));
    let title = title(report);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "divvy: " (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (title) }
                    (bar(report))
                    (head(report))
                    @for headline in report.headlines() { (self::headline(headline)) }
                    (what_next(report))
                    @for outcome in Outcome::ALL { (group(report, outcome)) }
                    (codes(report))
                }
                footer class="dim" { "Made by divvy. The report as JSON is part of this page: " code { "script#report" } }
                script type="application/json" id="report" { (PreEscaped(json)) }
            }
        }
    };
    writeln!(out, "{}", page.into_string())
}

/// The verdict of the whole in a line: what is safe, and what waits for a person.
fn title(report: &Report) -> String {
    let count = |outcome| report.findings_of(outcome).count();
    let (adopt, repair) = (count(Outcome::Adopted), count(Outcome::Repaired));
    let [adopted, repaired] = if report.is_carried_out {
        ["adopted", "repaired"]
    } else {
        ["safe to adopt", "to be repaired"]
    };
    let parts = [
        (adopt, adopted),
        (repair, repaired),
        (count(Outcome::NeedsYou), "waiting for a decision"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if !parts.is_empty() {
        return parts.join(", ");
    }
    match report.headline {
        Some(_) => "Something needs attention first".to_owned(),
        None => text::summary(report),
    }
}

/// The class of an outcome, which is its colour.
fn class(outcome: Outcome, is_carried_out: bool) -> &'static str {
    match (outcome, is_carried_out) {
        (Outcome::Adopted | Outcome::Repaired, true) => "done",
        (Outcome::Adopted, false) => "adopted",
        (Outcome::Repaired, false) => "repaired",
        (Outcome::NeedsYou, _) => "needs",
        (Outcome::Created, _) => "created",
        (Outcome::LeftAlone, _) => "left",
    }
}

/// The counts as a bar, and in words.
fn bar(report: &Report) -> Markup {
    let of_outcome = |outcome: Outcome| {
        let count = report.findings_of(outcome).count();
        (count, class(outcome, report.is_carried_out), outcome.title(report.is_carried_out))
    };
    let managed = (report.managed, "managed", "Managed already");
    let counts: Vec<_> =
        Outcome::ALL.map(of_outcome).into_iter().chain([managed]).filter(|one| one.0 > 0).collect();
    html! {
        @if !counts.is_empty() {
            div.bar aria-hidden="true" {
                @for (count, class, _) in &counts { span class=(class) style={ "flex:" (count) } {} }
            }
            ul.counts {
                @for (count, class, title) in &counts { li class=(class) { (title) ": " (count) } }
            }
        }
    }
}

/// Where, when and of what the report was made.
fn head(report: &Report) -> Markup {
    let made = report.made.as_ref();
    let terraform = report.terraform.as_ref().map(|terraform| {
        let version = terraform.version.as_deref().map(|version| format!(" {}", shown(version)));
        format!("{}{}", shown(&terraform.program), version.unwrap_or_default())
    });
    let of_made = |part: fn(&crate::report::Made) -> Option<&String>| {
        made.and_then(part).map(|text| shown(text))
    };
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut row = |name: &str, value: Option<String>| {
        rows.extend(value.map(|value| (name.to_owned(), value)));
    };
    row("Date", of_made(|made| Some(&made.at)));
    for org in &report.orgs {
        let name =
            if report.orgs.len() > 1 { format!("Org ({})", org.alias) } else { "Org".into() };
        row(&name, Some(self::org(org)));
    }
    row("Directory", of_made(|made| Some(&made.directory)));
    row("Workspace", of_made(|made| made.workspace.as_ref()));
    row("Backend", of_made(|made| made.backend.as_ref()));
    row("Commit", of_made(|made| made.commit.as_ref()));
    row("Command", Some(format!("divvy {}", report.command.word())));
    row(
        "Versions",
        made.map(|made| {
            let terraform = terraform.iter().map(String::as_str);
            std::iter::once(made.divvy.as_str()).chain(terraform).collect::<Vec<_>>().join(", ")
        }),
    );
    row("Result", text::proof(report));
    html! {
        dl.head { @for (name, value) in &rows { dt { (shown(name)) } dd { (value) } } }
    }
}

fn org(org: &Org) -> String {
    let name = org.name.as_deref().map(|name| format!("{} ", shown(&visible(name))));
    let name = name.unwrap_or_default();
    let region = org.region.as_deref().map(|region| format!(", {}", shown(region)));
    let from =
        org.credentials_from.as_deref().map(|from| format!(", credentials: {}", shown(from)));
    format!("{name}({}){}{}", shown(&org.id), region.unwrap_or_default(), from.unwrap_or_default())
}

fn headline(headline: &Headline) -> Markup {
    html! {
        section.headline {
            h2 { (headline.kind.to_string()) " " (code(headline.code)) }
            p { (shown(&headline.message)) }
            (hints(&headline.hints))
        }
    }
}

fn what_next(report: &Report) -> Markup {
    html! {
        section {
            h2 { "What to do" }
            p { code { (shown(&report.next_command().to_string())) } }
            @if !report.notes.is_empty() {
                ul.hints { @for note in &report.notes { li { (shown(note)) } } }
            }
        }
    }
}

fn group(report: &Report, outcome: Outcome) -> Markup {
    let findings: Vec<_> = report.findings_of(outcome).collect();
    // What is the same for all is said once.
    let shared = findings.first().map_or(&[][..], |first| &first.hints);
    let is_shared = findings.len() > 1 && findings.iter().all(|finding| finding.hints == shared);
    html! {
        @if !findings.is_empty() {
            section class=(class(outcome, report.is_carried_out)) {
                h2 { (outcome.title(report.is_carried_out)) " (" (findings.len()) ")" }
                @if is_shared { (hints(shared)) }
                @for finding in findings { (self::finding(finding, !is_shared)) }
            }
        }
    }
}

fn finding(finding: &Finding, with_hints: bool) -> Markup {
    let (name, id) = (shown(&text::name(finding)), text::id(finding));
    html! {
        article {
            h3 { code { (shown(&text::address(finding))) } " " (code(finding.code)) }
            p.dim {
                (name)
                @if !id.is_empty() { " " code { (id) } }
                @if let Some(place) = &finding.place { " " (text::place(place)) }
            }
            p { (shown(&finding.message)) }
            @for aside in text::asides(finding) { p.dim { (aside) } }
            (drift(&finding.drift))
            @if with_hints { (hints(&finding.hints)) }
        }
    }
}

/// What differs, before and after.
fn drift(drift: &[Drift]) -> Markup {
    html! {
        @if !drift.is_empty() {
            table {
                thead { tr {
                    th scope="col" { "Attribute" }
                    th scope="col" { "In Genesys Cloud" }
                    th scope="col" { "In the configuration" }
                } }
                tbody {
                    @for one in drift {
                        tr {
                            th scope="row" { (shown(one.attribute)) }
                            td { code { (text::value(one.org.as_ref())) } }
                            td { code { (text::value(one.config.as_ref())) } }
                        }
                    }
                }
            }
        }
    }
}

fn hints(hints: &[Hint]) -> Markup {
    html! {
        @if !hints.is_empty() {
            ul.hints {
                @for hint in hints {
                    li {
                        @match hint {
                            Hint::Command(command) => code { (shown(&command.to_string())) },
                            Hint::Advice(advice) => (shown(advice)),
                        }
                    }
                }
            }
        }
    }
}

/// A badge that leads to the page of a code.
fn code(code: &str) -> Markup {
    let word = catalogue::entry(code).map_or("", |entry| entry.word).replace('_', " ");
    html! { a.badge href={ "#" (code) } { (code) " " (word) } }
}

/// The pages of the codes in this report.
fn codes(report: &Report) -> Markup {
    let of_findings = report.findings.iter().map(|finding| finding.code);
    let codes: BTreeSet<&str> =
        of_findings.chain(report.headlines().map(|headline| headline.code)).collect();
    let entries: Vec<_> = codes.into_iter().filter_map(catalogue::entry).collect();
    html! {
        @if !entries.is_empty() {
            section.codes {
                h2 { "What the codes mean" }
                dl {
                    @for entry in &entries {
                        dt id=(entry.code) { (entry.code) " " (entry.word.replace('_', " ")) ": " (entry.title) }
                        dd { p { (entry.meaning) } p { "divvy fix: " (entry.fix) } }
                    }
                }
            }
        }
    }
}

/// JSON as it may be in a page: the marks that end a block, and the control characters that JSON
/// leaves as they are (DEL and beyond), are in strings only and are escaped there.
fn data_block(json: &str) -> String {
    let mut block = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '<' || c.is_control() {
            block.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            block.push(c);
        }
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_block_holds_no_control_character_and_says_the_same() {
        let text = "</script>\u{7f}\u{85}\u{1b}\n";
        let json = serde_json::Value::from(text).to_string();
        let block = data_block(&json);
        assert!(!block.contains(|c: char| c == '<' || c.is_control()), "{block:?}");
        assert_eq!(serde_json::from_str::<String>(&block).unwrap(), text);
    }

    #[test]
    fn text_is_never_markup() {
        let advice = Hint::from("</title><img src='x' a=\"&\u{202e}\">");
        let page = hints(&[advice]).into_string();
        assert_eq!(page.matches('<').count(), 4, "{page}");
        assert!(page.contains("\\u{202e}") && !page.contains('\u{202e}'), "{page}");
    }
}
