//! Diagnostics: what Terraform says is wrong, read from plain text; [`crate::logs`] reads `-json` lines.
//!
//! Never keeps snippets or values: only summary, detail, address and place. Reads the output of our
//! own calls (no colour, no boxes); logs of other people's runs are another module's business.

/// One error or warning of Terraform's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostic {
    /// The first line, without `Error: `.
    pub summary: String,
    /// The rest; word-wrapped where it was read from plain text.
    pub detail: String,
    /// The address of the instance or provider, as Terraform spells it.
    pub address: Option<String>,
    /// File and line, where it points at the configuration.
    pub place: Option<(String, u64)>,
}

/// Returns the errors of plain, uncoloured text, as `terraform import` and `state` print them.
pub(crate) fn errors_of_text(text: &str) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        if let Some(summary) = line.strip_prefix("Error: ") {
            found.push(Diagnostic {
                summary: summary.trim_end().to_owned(),
                ..Diagnostic::default()
            });
            is_inside = true;
        } else if line.starts_with("Warning: ") {
            is_inside = false;
        } else if let (true, Some(diagnostic)) = (is_inside, found.last_mut()) {
            add_line(diagnostic, line);
        }
    }
    for diagnostic in &mut found {
        diagnostic.detail = diagnostic.detail.trim().to_owned();
    }
    found
}

fn add_line(diagnostic: &mut Diagnostic, line: &str) {
    if diagnostic.detail.trim().is_empty() {
        if let Some(address) = line.strip_prefix("  with ") {
            diagnostic.address = Some(address.trim_end_matches([',', ':']).to_owned());
            return;
        }
        if let Some(place) = line.strip_prefix("  on ") {
            diagnostic.place = place_of(place);
            return;
        }
        if diagnostic.place.is_some() && line.starts_with("  ") {
            return; // the snippet: may show a value
        }
    }
    diagnostic.detail.push_str(line);
    diagnostic.detail.push('\n');
}

/// Reads `main.tf line 7, in resource …` or `main.tf line 7:`.
fn place_of(text: &str) -> Option<(String, u64)> {
    let (file, rest) = text.split_once(" line ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((file.to_owned(), digits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_plain_text_without_its_snippet_and_keeps_two_errors_apart() {
        let text = "\nError: Invalid target address\n\nNo matching objects found.\n\nWarning: x\n\ny\n\n\
                    Error: Argument definition required\n\n  with a.b[\"x\"],\n  on a.tf line 12, in terraform:\n  12:   secret = \"s\"\n\nA single-line\nblock\n";
        let errors = errors_of_text(text);
        assert_eq!(errors.len(), 2);
        assert_eq!(errors[0].detail, "No matching objects found.");
        assert_eq!(errors[1].address.as_deref(), Some("a.b[\"x\"]"));
        assert_eq!(errors[1].place, Some(("a.tf".into(), 12)));
        assert_eq!(errors[1].detail, "A single-line\nblock");
    }
}
