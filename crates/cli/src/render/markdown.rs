//! `-o markdown`: for the comment of a pull request.
//!
//! Invariant: no text of ours or of others becomes markup, a mention, a reference or a link:
//! values stand in code, sentences are escaped.

use std::io;

use divvy_core::Hint;

use super::text;
use crate::report::{Finding, Headline, Outcome, Report};

/// Writes the report as GitHub-flavoured markdown.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "### divvy: {}\n", prose(&text::summary(report)))?;
    for headline in report.headlines() {
        write_headline(headline, out)?;
    }
    for outcome in Outcome::ALL {
        let findings: Vec<_> = report.findings_of(outcome).collect();
        if findings.is_empty() {
            continue;
        }
        let title = outcome.title(report.is_carried_out);
        writeln!(out, "#### {title} ({})\n", findings.len())?;
        writeln!(out, "| verdict | address | name | id | |\n| --- | --- | --- | --- | --- |")?;
        for finding in findings {
            writeln!(out, "{}", row(finding))?;
        }
        writeln!(out)?;
    }
    for org in text::orgs(report) {
        writeln!(out, "- {}", prose(&org))?;
    }
    let proof = text::proof(report);
    for note in proof.iter().chain(&report.notes) {
        writeln!(out, "- {}", prose(&text::shown(note)))?;
    }
    writeln!(out, "\nNext: {}", code(&report.next_command().to_string()))
}

fn write_headline(headline: &Headline, out: &mut dyn io::Write) -> io::Result<()> {
    let title = prose(&format!("{} {}", headline.code, headline.kind));
    writeln!(out, "> **{title}**: {}", prose(&text::shown(&headline.message)))?;
    for next in &headline.hints {
        writeln!(out, "> - {}", hint(next))?;
    }
    writeln!(out)
}

fn row(finding: &Finding) -> String {
    let unit = finding.unit.as_deref().map(|unit| format!("{}<br>", code(unit)));
    let address = finding.address.as_deref().map(code).unwrap_or_default();
    let place = finding.place.as_ref().map(|place| format!("<br>{}", code(&text::place(place))));
    let name = text::name(finding);
    let id = text::id(finding);
    let code_or_nothing = |text: &str| if text.is_empty() { String::new() } else { code(text) };
    let mut says = Vec::new();
    let is_plain = finding.drift.is_empty() && finding.heard.is_none();
    if finding.outcome != Outcome::Adopted || !is_plain {
        says.push(prose(&text::shown(&finding.message)));
        says.extend(text::asides(finding).iter().map(|aside| prose(aside)));
        says.extend(finding.hints.iter().map(hint));
    }
    format!(
        "| {} {} | {}{address}{} | {} | {} | {} |",
        finding.code,
        prose(finding.verdict.word()),
        unit.unwrap_or_default(),
        place.unwrap_or_default(),
        code_or_nothing(&name),
        code_or_nothing(&id),
        says.join("<br>")
    )
}

/// Writes a value as code: in backticks where nothing in it could end them or the cell, else as
/// an element with escaped content.
fn code(value: &str) -> String {
    let value = text::shown(value);
    let has_marks = value.contains(['`', '|', '\\']);
    if has_marks || value.is_empty() || value.starts_with(' ') || value.ends_with(' ') {
        format!("<code>{}</code>", prose(&value))
    } else {
        format!("`{value}`")
    }
}

/// Writes a hint: a command as code, advice as a sentence.
fn hint(hint: &Hint) -> String {
    match hint {
        Hint::Command(command) => code(&command.to_string()),
        Hint::Advice(advice) => prose(&text::shown(advice)),
    }
}

/// Writes a sentence so that none of its characters is markup. Blanks stay, so it reads as before.
fn prose(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next().unwrap_or(' ');
        match c {
            // Between letters an underscore marks nothing.
            '_' if previous.is_alphanumeric() && next.is_alphanumeric() => written.push(c),
            // A reference alone does not stop a mention (@team), an issue (#1) or an address.
            '@' | '#' => {
                reference(&mut written, c);
                written.push_str("<!-- -->");
            }
            '`' | '*' | '_' | '~' | '[' | ']' | '<' | '>' | '|' | '\\' | '&' | '!' | '$' | '{'
            | '}' => reference(&mut written, c),
            // `https://` and `www.` become links by themselves.
            ':' if next == '/' => reference(&mut written, c),
            '.' if previous.eq_ignore_ascii_case(&'w') => reference(&mut written, c),
            c => written.push(c),
        }
        previous = c;
    }
    written
}

fn reference(written: &mut String, c: char) {
    written.push_str("&#");
    written.push_str(&u32::from(c).to_string());
    written.push(';');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_leaves_neither_its_backticks_nor_its_cell() {
        assert_eq!(code("genesyscloud_auth_division.eng"), "`genesyscloud_auth_division.eng`");
        assert_eq!(code("a|b`c"), "<code>a&#124;b&#96;c</code>");
        assert_eq!(code("a\nb"), "<code>a&#92;nb</code>");
        assert_eq!(code(r"a\"), "<code>a&#92;</code>");
    }

    #[test]
    fn sentences_neither_mention_nor_link_nor_format() {
        assert_eq!(prose("@team *x* #1"), "&#64;<!-- -->team &#42;x&#42; &#35;<!-- -->1");
        assert_eq!(prose("https://x www.x"), "https&#58;//x www&#46;x");
        assert_eq!(prose("</script> a|b [c](d)"), "&#60;/script&#62; a&#124;b &#91;c&#93;(d)");
        assert_eq!(prose("near_miss _x_ 1. Plain, text."), "near_miss &#95;x&#95; 1. Plain, text.");
    }
}
