//! Labels: from a name to the label of a Terraform block.
//!
//! Never looks at a configuration. Invariant: a label is a valid HCL identifier, and a list of
//! names always gets the same labels, twins included.

use std::collections::HashMap;

use deunicode::deunicode;
use sha2::{Digest, Sha256};

/// How labels are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// The exporter's rule, in lower case.
    #[default]
    Lower,
    /// The exporter's rule as it is (provider file `resource_name_sanitizer.go`).
    Exporter,
}

/// Makes a label for each name. A label that an earlier name has gets `_` and the first 20 hex
/// digits of SHA-256 over the name and how often it came before, as the exporter does.
pub fn labels(names: &[String], style: Style) -> Vec<String> {
    let mut taken: HashMap<String, usize> = HashMap::new();
    names
        .iter()
        .map(|name| {
            let label = label(name, style);
            let occurrence = taken.entry(label.clone()).or_default();
            *occurrence += 1;
            match *occurrence {
                1 => label,
                again => format!("{label}_{}", twin_suffix(name, again)),
            }
        })
        .collect()
}

/// Makes the label of one name: to ASCII, trimmed, everything but letters, digits, `_` and `-`
/// becomes `_`, and a first character that is no letter gets a `_` before it.
pub fn label(name: &str, style: Style) -> String {
    let ascii = deunicode(name);
    let mut label: String = ascii
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
        .collect();
    if !label.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        label.insert(0, '_');
    }
    match style {
        Style::Lower => label.to_ascii_lowercase(),
        Style::Exporter => label,
    }
}

fn twin_suffix(name: &str, occurrence: usize) -> String {
    let digest = Sha256::digest(format!("{name}{occurrence}"));
    digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_exporters_rule() {
        // Measured: the labels that the provider's export gave these names.
        for (name, expected) in [
            ("Büro Köln", "Buro_Koln"),
            ("1st Line", "_1st_Line"),
            (" Lead", "Lead"),
            ("Sales/EMEA", "Sales_EMEA"),
            ("Care (North)", "Care__North_"),
        ] {
            assert_eq!(label(name, Style::Exporter), expected);
        }
        assert_eq!(label("Engineering Team", Style::Lower), "engineering_team");
        assert_eq!(label("", Style::Lower), "_");
    }

    #[test]
    fn twins_get_different_labels_and_always_the_same_ones() {
        let names = ["Sales EMEA".to_owned(), "Sales/EMEA".to_owned(), "Sales EMEA".to_owned()];
        let first = labels(&names, Style::Lower);
        assert_eq!(first, labels(&names, Style::Lower));
        assert_eq!(first[0], "sales_emea");
        assert!(
            first[1] != first[0] && first[1] != first[2] && first[1].starts_with("sales_emea_")
        );
    }
}
