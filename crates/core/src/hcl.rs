//! Values as HCL expressions.
//!
//! Never reads HCL. Invariant: Terraform reads back the very value.

/// Writes a value as an HCL expression. Text is quoted with HCL's own escapes (it has no `\b` and
/// `\f`), and template marks are doubled.
pub fn hcl(value: &serde_json::Value) -> String {
    let serde_json::Value::String(text) = value else { return value.to_string() };
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_marks_are_escaped_in_hcl() {
        assert_eq!(hcl(&"a ${b} %{c} \"d\"".into()), r#""a $${b} %%{c} \"d\"""#);
        assert_eq!(hcl(&"a\u{8}\n".into()), r#""a\u0008\n""#);
    }
}
