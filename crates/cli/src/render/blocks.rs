//! `-o blocks`: import blocks in HCL for what would be imported, comments for the rest.
//!
//! The instances of one `for_each` share a block where Terraform takes that. The address is copied as Terraform spelled it, which is how `to` wants it. Invariant: nothing
//! leaves its place: an address that is more than names and quoted keys, and an id or address with
//! characters that cannot be shown, become a comment.

use std::io;

use divvy_core::name::visible;
use divvy_core::{Address, InstanceKey};

use super::text;
use crate::report::{Action, Finding, Outcome, Report};

/// Writes the import blocks.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    for headline in report.headlines() {
        writeln!(out, "# {} {}: {}", headline.code, headline.kind, text::shown(&headline.message))?;
    }
    let takes_for_each = takes_for_each(report);
    for (index, group) in groups(report, takes_for_each).iter().enumerate() {
        if index > 0 || report.headline.is_some() {
            writeln!(out)?;
        }
        match group.as_slice() {
            [alone] => block(alone, out)?,
            several => block_of_several(several, out)?,
        }
    }
    if report.findings_of(Outcome::Adopted).next().is_some() {
        writeln!(out)?;
    }
    for outcome in [Outcome::Repaired, Outcome::NeedsYou, Outcome::Created, Outcome::LeftAlone] {
        for finding in report.findings_of(outcome) {
            comment(finding, &format!("{} {}", finding.code, finding.verdict), out)?;
        }
    }
    Ok(())
}

/// Returns whether Terraform takes `for_each` in an import block: since 1.7, as OpenTofu does.
fn takes_for_each(report: &Report) -> bool {
    let version = report.terraform.as_ref().and_then(|terraform| terraform.version.as_deref());
    let mut parts = version.unwrap_or_default().split('.').map(|part| part.parse::<u32>().ok());
    matches!((parts.next().flatten(), parts.next().flatten()), (Some(major), Some(minor)) if (major, minor) >= (1, 7))
}

/// What is adopted, block by block: the instances of one `for_each` together, where that can be written.
fn groups(report: &Report, takes_for_each: bool) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<(Option<String>, Vec<&Finding>)> = Vec::new();
    for finding in report.findings_of(Outcome::Adopted) {
        let resource = keyed(finding)
            .filter(|_| takes_for_each)
            .map(|(address, ..)| address.resource().to_owned());
        let known = groups.iter_mut().find(|(known, _)| known.is_some() && *known == resource);
        match known {
            Some((_, group)) => group.push(finding),
            None => groups.push((resource, vec![finding])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// An instance of a `for_each` that is imported and can be written: its address, key and id.
fn keyed(finding: &Finding) -> Option<(Address, String, &str)> {
    let (Action::Import { id } | Action::Update { id }, Some(address)) =
        (&finding.action, &finding.address)
    else {
        return None;
    };
    let address = Address::parse(address)?;
    let InstanceKey::Text(key) = address.key() else { return None };
    let key = key.clone();
    (is_expression(address.as_str()) && text::is_harmless(id)).then_some((address, key, id))
}

fn block_of_several(findings: &[&Finding], out: &mut dyn io::Write) -> io::Result<()> {
    let mut resource = String::new();
    let mut rows = Vec::new();
    for finding in findings {
        let Some((address, key, id)) = keyed(finding) else { continue };
        address.resource().clone_into(&mut resource);
        if !finding.drift.is_empty() {
            writeln!(out, "# {}: {}", text::address(finding), text::shown(&finding.message))?;
        }
        // The key is spelled in the address as it is spelled here.
        rows.push((format!("\"{key}\""), quoted(id)));
    }
    let width = rows.iter().map(|(key, _)| text::columns(key)).max().unwrap_or_default();
    writeln!(out, "import {{\n  for_each = {{")?;
    for (key, id) in rows {
        let padding = width - text::columns(&key);
        writeln!(out, "    {key}{:padding$} = {id}", "")?;
    }
    writeln!(out, "  }}\n  to = {resource}[each.key]\n  id = each.value\n}}")
}

fn block(finding: &Finding, out: &mut dyn io::Write) -> io::Result<()> {
    let (Action::Import { id } | Action::Update { id }, Some(address)) =
        (&finding.action, &finding.address)
    else {
        return Ok(());
    };
    if !is_expression(address) || !text::is_harmless(id) {
        return comment(finding, "cannot be written as a block", out);
    }
    let place = finding.place.as_ref().map(|place| format!(", {}", text::place(place)));
    writeln!(out, "# {}{}", text::name(finding), place.unwrap_or_default())?;
    if !finding.drift.is_empty() {
        writeln!(out, "# {}", text::shown(&finding.message))?;
    }
    writeln!(out, "{}", import(address, id))
}

/// Writes one import block without a line end; [`is_expression`] must hold for the address.
fn import(address: &str, id: &str) -> String {
    format!("import {{\n  to = {address}\n  id = {}\n}}", quoted(id))
}

/// Writes one import block without a line end; `None` where it would not stay in its place.
pub(crate) fn import_block(address: &str, id: &str) -> Option<String> {
    (is_expression(address) && text::is_harmless(id)).then(|| import(address, id))
}

fn comment(finding: &Finding, what: &str, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "# {}: {what}: {}", text::address(finding), text::shown(&finding.message))
}

/// Quotes text as an HCL string. Text that [`text::shown`] would change is escaped by it first, so
/// only quotes, backslashes and template marks are left to escape.
fn quoted(text: &str) -> String {
    visible(text).replace("${", "$${").replace("%{", "%%{")
}

/// Says whether an address is a bare HCL traversal: names, dots, indices and quoted keys without
/// a template. Measured with Terraform 1.11.4: `${` begins a template unless a `$` stands before
/// it, however many there are.
fn is_expression(address: &str) -> bool {
    let mut is_quoted = false;
    let mut is_escaped = false;
    let mut last = [' '; 2];
    for c in address.chars() {
        let is_template = c == '{' && matches!(last[1], '$' | '%') && last[0] != last[1];
        match c {
            '"' if !is_escaped => is_quoted = !is_quoted,
            _ if is_quoted && is_template => return false,
            c if is_quoted || c.is_alphanumeric() || "._-[]".contains(c) => {}
            _ => return false,
        }
        is_escaped = is_quoted && c == '\\' && !is_escaped;
        last = [last[1], c];
    }
    !is_quoted && text::is_harmless(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terraform_spells_is_an_expression_and_what_could_run_is_not() {
        for address in [
            "genesyscloud_auth_division.eng",
            "module.a[\"x.y\"].t.n[0]",
            r#"t.n["q\"u{o}te ]"]"#,
            r#"t.n["dollar$${x} %%{y} 5 $ 100 %"]"#,
            r#"t.n["東京\n"]"#,
            r#"t.n["$$${a} $$$$${a} \\"]"#,
        ] {
            assert!(is_expression(address), "{address}");
        }
        for address in [
            r#"t.n["${file("x")}"]"#,
            r#"t.n["${path.root}"]"#,
            r#"t.n["%{if true}"]"#,
            r#"t.n["$$$${x}${y}"]"#,
            r#"t.n["%${y}"]"#,
            r#"t.n["\\"]${y}"#,
            "t.n[\"a\nb\"]",
            "t.n[\"\u{202e}\"]",
            "t.n#",
            "t.n{}",
            "t.n\n}",
        ] {
            assert!(!is_expression(address), "{address}");
        }
    }

    #[test]
    fn an_id_stays_inside_its_quotes() {
        assert_eq!(quoted(r#"a"b\c${d}%{e}"#), r#""a\"b\\c$${d}%%{e}""#);
    }
}
