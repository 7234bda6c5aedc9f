//! `-o html`: one page that needs nothing else: no script runs, nothing is fetched.
//!
//! It holds the JSON of the report as a data block, so a saved page is a saved report. Invariant:
//! every text goes through [`Escaped`], and no `<` stands inside the data block.

use std::fmt;
use std::io;

use divvy_core::Hint;

use super::text;
use crate::door;
use crate::report::{Finding, Outcome, Report};

const STYLE: &str = "\
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}\
body{max-width:75rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-top:1px solid #8886}\
code{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere;unicode-bidi:isolate}\
.headline{border-left:4px solid #c33;padding:.2rem 1rem;margin:1rem 0}\
ul{margin:.2rem 0;padding-left:1.2rem}";

/// Writes the page.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>divvy: {summary}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>divvy</h1>\n<p>{summary}</p>",
        summary = Escaped(&text::summary(report)),
    )?;
    for headline in report.headlines() {
        writeln!(
            out,
            "<div class=\"headline\"><strong>{} {}</strong><p>{}</p>{}</div>",
            headline.code,
            headline.kind,
            Escaped(&headline.message),
            hints(&headline.hints)
        )?;
    }
    for outcome in Outcome::ALL {
        group(report, outcome, out)?;
    }
    writeln!(out, "<ul>")?;
    let proof = text::proof(report);
    for line in text::orgs(report).iter().chain(&proof).chain(&report.notes) {
        writeln!(out, "<li>{}</li>", Escaped(line))?;
    }
    let next = report.next_command().to_string();
    writeln!(out, "</ul>\n<p>Next: <code>{}</code></p>", Escaped(&next))?;
    let json = data_block(&door::json(&serde_json::to_string(report)?));
    writeln!(
        out,
        "<script type=\"application/json\" id=\"report\">{json}</script>\n</body>\n</html>"
    )
}

/// JSON as it may stand in a page: the marks that end a block, and the control characters that JSON
/// leaves as they are (DEL and beyond), stand in strings only and are escaped there.
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

fn group(report: &Report, outcome: Outcome, out: &mut dyn io::Write) -> io::Result<()> {
    let findings: Vec<_> = report.findings_of(outcome).collect();
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2>{} ({})</h2>\n<table>\n<tr><th>verdict</th><th>address</th><th>name</th><th>id</th><th></th></tr>",
        outcome.title(report.is_carried_out),
        findings.len()
    )?;
    for finding in findings {
        row(finding, out)?;
    }
    writeln!(out, "</table>")
}

fn row(finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let place = finding.place.as_ref().map(text::place).unwrap_or_default();
    let asides: Vec<_> = text::asides(finding)
        .iter()
        .map(|aside| format!("<br><small>{}</small>", Escaped(aside)))
        .collect();
    writeln!(
        out,
        "<tr><td>{} {}</td><td><code>{}</code><br>{}</td><td><code>{}</code></td><td><code>{}</code></td><td>{}{}{}</td></tr>",
        finding.code,
        finding.verdict,
        Escaped(&text::address(finding)),
        Escaped(&place),
        Escaped(&text::name(finding)),
        Escaped(&text::id(finding)),
        Escaped(&finding.message),
        asides.concat(),
        hints(&finding.hints),
    )
}

fn hints(hints: &[Hint]) -> String {
    if hints.is_empty() {
        return String::new();
    }
    let items: Vec<_> = hints
        .iter()
        .map(|hint| match hint {
            Hint::Command(command) => {
                format!("<li><code>{}</code></li>", Escaped(&command.to_string()))
            }
            Hint::Advice(advice) => format!("<li>{}</li>", Escaped(advice)),
        })
        .collect();
    format!("<ul>{}</ul>", items.concat())
}

/// Text as HTML: shown harmlessly, and with the five marks as references.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in text::shown(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
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
        assert_eq!(
            Escaped("</title><img src='x' a=\"&\u{202e}\">").to_string(),
            "&lt;/title&gt;&lt;img src=&#39;x&#39; a=&quot;&amp;\\u{202e}&quot;&gt;"
        );
    }
}
