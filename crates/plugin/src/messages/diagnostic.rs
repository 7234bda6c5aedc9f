//! Errors and warnings that Terraform shows, and the paths into values that they name.

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Severity {
    /// Not told.
    Invalid = 0,
    /// The call failed.
    Error = 1,
    /// The user should know.
    Warning = 2,
}

/// An error or a warning that Terraform shows.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Diagnostic {
    /// Error or warning.
    #[prost(enumeration = "Severity", tag = "1")]
    pub severity: i32,
    /// First line, never wrapped by Terraform.
    #[prost(string, tag = "2")]
    pub summary: String,
    /// Body, word-wrapped in Terraform's human output.
    #[prost(string, tag = "3")]
    pub detail: String,
    /// The attribute it is about.
    #[prost(message, optional, tag = "4")]
    pub attribute: Option<AttributePath>,
}

impl Diagnostic {
    /// Makes an error.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Error, summary, detail)
    }

    /// Makes a warning.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Warning, summary, detail)
    }

    fn new(severity: Severity, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: severity.into(),
            summary: summary.into(),
            detail: detail.into(),
            attribute: None,
        }
    }

    /// Returns whether it makes the call a failure.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }
}

/// A path into a value.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AttributePath {
    /// The steps from the root.
    #[prost(message, repeated, tag = "1")]
    pub steps: Vec<PathStep>,
}

impl AttributePath {
    /// Makes the path of a top-level attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self { steps: vec![PathStep { selector: Some(Selector::AttributeName(name.into())) }] }
    }

    /// Returns the name if the path is that of a top-level attribute.
    pub fn top_level_name(&self) -> Option<&str> {
        match self.steps.as_slice() {
            [PathStep { selector: Some(Selector::AttributeName(name)) }] => Some(name),
            _ => None,
        }
    }
}

/// One step of a path.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PathStep {
    /// Which step.
    #[prost(oneof = "Selector", tags = "1, 2, 3")]
    pub selector: Option<Selector>,
}

/// What a step selects.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Selector {
    /// An attribute of an object.
    #[prost(string, tag = "1")]
    AttributeName(String),
    /// An element of a map.
    #[prost(string, tag = "2")]
    ElementKeyString(String),
    /// An element of a list.
    #[prost(int64, tag = "3")]
    ElementKeyInt(i64),
}
