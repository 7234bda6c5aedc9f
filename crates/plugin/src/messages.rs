//! The messages of the plugin protocol that are opened, with the field numbers of tfplugin5 and
//! tfplugin6 (equal in both for everything below).
//!
//! Fields that nothing here reads or writes are left out. Therefore: never decode an answer of a
//! real provider and encode it again, or those fields are lost; append to the raw bytes instead
//! (protobuf allows concatenation).

use std::collections::BTreeMap;

/// A value of Terraform's type system: msgpack, or JSON where nothing is unknown.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DynamicValue {
    /// MessagePack form.
    #[prost(bytes = "bytes", tag = "1")]
    pub msgpack: bytes::Bytes,
    /// JSON form, used by some providers in answers.
    #[prost(bytes = "bytes", tag = "2")]
    pub json: bytes::Bytes,
}

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

    /// Says whether it makes the call a failure.
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

/// The shape of a provider, resource or data source.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Schema {
    /// Version of the stored form.
    #[prost(int64, tag = "1")]
    pub version: i64,
    /// Its attributes and blocks.
    #[prost(message, optional, tag = "2")]
    pub block: Option<Block>,
}

/// Attributes and nested blocks.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Block {
    /// `name = value`.
    #[prost(message, repeated, tag = "2")]
    pub attributes: Vec<Attribute>,
    /// `name { … }`.
    #[prost(message, repeated, tag = "3")]
    pub block_types: Vec<NestedBlock>,
}

/// One attribute.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Attribute {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its type as JSON: `"string"`, `["list","string"]`.
    #[prost(bytes = "bytes", tag = "2")]
    pub r#type: bytes::Bytes,
    /// What it is for.
    #[prost(string, tag = "3")]
    pub description: String,
    /// Must be written.
    #[prost(bool, tag = "4")]
    pub required: bool,
    /// May be written.
    #[prost(bool, tag = "5")]
    pub optional: bool,
    /// Filled by the provider.
    #[prost(bool, tag = "6")]
    pub computed: bool,
    /// Hidden in Terraform's output.
    #[prost(bool, tag = "7")]
    pub sensitive: bool,
}

/// One kind of nested block.
#[derive(Clone, PartialEq, prost::Message)]
pub struct NestedBlock {
    /// Its name.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// What it holds.
    #[prost(message, optional, tag = "2")]
    pub block: Option<Block>,
    /// How often it may stand there, and whether its order counts.
    #[prost(enumeration = "Nesting", tag = "3")]
    pub nesting: i32,
    /// At least so many.
    #[prost(int64, tag = "4")]
    pub min_items: i64,
    /// At most so many; 0 = no limit.
    #[prost(int64, tag = "5")]
    pub max_items: i64,
}

/// How nested blocks are collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Nesting {
    /// Not told.
    Invalid = 0,
    /// At most one; null if absent.
    Single = 1,
    /// A list; empty if absent.
    List = 2,
    /// A set; empty if absent.
    Set = 3,
    /// A map by label; empty if absent.
    Map = 4,
    /// Exactly one, filled with nulls if absent.
    Group = 5,
}

/// A message without content.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Empty {}

/// Answer to `GetProviderSchema`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ProviderSchema {
    /// The provider block.
    #[prost(message, optional, tag = "1")]
    pub provider: Option<Schema>,
    /// Resource types.
    #[prost(btree_map = "string, message", tag = "2")]
    pub resource_schemas: BTreeMap<String, Schema>,
    /// Data sources.
    #[prost(btree_map = "string, message", tag = "3")]
    pub data_source_schemas: BTreeMap<String, Schema>,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "4")]
    pub diagnostics: Vec<Diagnostic>,
    /// What the provider can do beyond the minimum.
    #[prost(message, optional, tag = "6")]
    pub server_capabilities: Option<ServerCapabilities>,
}

/// What a provider can do beyond the minimum.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ServerCapabilities {
    /// Wants to be asked when a destroy is planned.
    #[prost(bool, tag = "1")]
    pub plan_destroy: bool,
    /// Works in a process whose schema was never asked for.
    #[prost(bool, tag = "2")]
    pub get_provider_schema_optional: bool,
}

/// Request of `ValidateProviderConfig`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ValidateProviderRequest {
    /// The provider block.
    #[prost(message, optional, tag = "1")]
    pub config: Option<DynamicValue>,
}

/// Answer to `ValidateProviderConfig`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ValidateProviderResponse {
    /// The block as it is to be used (protocol 5 only).
    #[prost(message, optional, tag = "1")]
    pub prepared_config: Option<DynamicValue>,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Request of `ValidateResourceConfig` and `ValidateDataResourceConfig`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ValidateRequest {
    /// Resource type or data source.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// The block.
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

/// An answer that has nothing but diagnostics, as their first field.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DiagnosticsResponse {
    /// Errors and warnings.
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Request of `ConfigureProvider`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ConfigureRequest {
    /// Which Terraform asks.
    #[prost(string, tag = "1")]
    pub terraform_version: String,
    /// The provider block, evaluated.
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

/// An instance as it is stored.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RawState {
    /// `attributes` as JSON.
    #[prost(bytes = "bytes", tag = "1")]
    pub json: bytes::Bytes,
    /// `attributes_flat`, the form of Terraform 0.11 (exports still write it).
    #[prost(btree_map = "string, string", tag = "2")]
    pub flatmap: BTreeMap<String, String>,
}

/// Request of `UpgradeResourceState`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct UpgradeRequest {
    /// Resource type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// Schema version of the stored form.
    #[prost(int64, tag = "2")]
    pub version: i64,
    /// The stored form.
    #[prost(message, optional, tag = "3")]
    pub raw_state: Option<RawState>,
}

/// Answer to `UpgradeResourceState`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct UpgradeResponse {
    /// The instance in the current schema.
    #[prost(message, optional, tag = "1")]
    pub upgraded_state: Option<DynamicValue>,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Request of `ReadResource`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadRequest {
    /// Resource type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// The instance as Terraform knows it.
    #[prost(message, optional, tag = "2")]
    pub current_state: Option<DynamicValue>,
    /// The provider's own notes.
    #[prost(bytes = "bytes", tag = "3")]
    pub private: bytes::Bytes,
    /// Identity (Terraform 1.12), handed on unopened.
    #[prost(bytes = "bytes", optional, tag = "6")]
    pub current_identity: Option<bytes::Bytes>,
}

/// Answer to `ReadResource`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadResponse {
    /// The instance as it is; null if it is gone.
    #[prost(message, optional, tag = "1")]
    pub new_state: Option<DynamicValue>,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
    /// The provider's own notes.
    #[prost(bytes = "bytes", tag = "3")]
    pub private: bytes::Bytes,
    /// Identity (Terraform 1.12), handed on unopened.
    #[prost(bytes = "bytes", optional, tag = "5")]
    pub new_identity: Option<bytes::Bytes>,
}

/// Request of `PlanResourceChange`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PlanRequest {
    /// Resource type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// The instance as it is; null for a create.
    #[prost(message, optional, tag = "2")]
    pub prior_state: Option<DynamicValue>,
    /// Prior merged with the configuration; null for a delete.
    #[prost(message, optional, tag = "3")]
    pub proposed_new_state: Option<DynamicValue>,
    /// The block as written.
    #[prost(message, optional, tag = "4")]
    pub config: Option<DynamicValue>,
    /// The provider's own notes.
    #[prost(bytes = "bytes", tag = "5")]
    pub prior_private: bytes::Bytes,
}

/// Answer to `PlanResourceChange`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PlanResponse {
    /// What will be.
    #[prost(message, optional, tag = "1")]
    pub planned_state: Option<DynamicValue>,
    /// The attributes that force a replacement.
    #[prost(message, repeated, tag = "2")]
    pub requires_replace: Vec<AttributePath>,
    /// The provider's own notes.
    #[prost(bytes = "bytes", tag = "3")]
    pub planned_private: bytes::Bytes,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "4")]
    pub diagnostics: Vec<Diagnostic>,
    /// SDKv2: Terraform tolerates what it would otherwise call an inconsistent plan.
    #[prost(bool, tag = "5")]
    pub legacy_type_system: bool,
}

/// Request of `ApplyResourceChange`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ApplyRequest {
    /// Resource type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// The instance as it is; null for a create.
    #[prost(message, optional, tag = "2")]
    pub prior_state: Option<DynamicValue>,
    /// What was planned; null for a delete.
    #[prost(message, optional, tag = "3")]
    pub planned_state: Option<DynamicValue>,
    /// The block as written.
    #[prost(message, optional, tag = "4")]
    pub config: Option<DynamicValue>,
    /// The provider's own notes.
    #[prost(bytes = "bytes", tag = "5")]
    pub planned_private: bytes::Bytes,
}

/// Answer to `ApplyResourceChange`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ApplyResponse {
    /// What is now; null if it is gone or never came to be.
    #[prost(message, optional, tag = "1")]
    pub new_state: Option<DynamicValue>,
    /// The provider's own notes.
    #[prost(bytes = "bytes", tag = "2")]
    pub private: bytes::Bytes,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "3")]
    pub diagnostics: Vec<Diagnostic>,
    /// SDKv2: Terraform tolerates what it would otherwise call an inconsistent result.
    #[prost(bool, tag = "4")]
    pub legacy_type_system: bool,
    /// Identity (Terraform 1.12), handed on unopened.
    #[prost(bytes = "bytes", optional, tag = "5")]
    pub new_identity: Option<bytes::Bytes>,
}

/// Request of `ImportResourceState`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ImportRequest {
    /// Resource type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// The id to import.
    #[prost(string, tag = "2")]
    pub id: String,
}

/// Answer to `ImportResourceState`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ImportResponse {
    /// What was found.
    #[prost(message, repeated, tag = "1")]
    pub imported_resources: Vec<ImportedResource>,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
}

/// One imported instance.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ImportedResource {
    /// Resource type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// The instance, perhaps with its id alone.
    #[prost(message, optional, tag = "2")]
    pub state: Option<DynamicValue>,
    /// The provider's own notes.
    #[prost(bytes = "bytes", tag = "3")]
    pub private: bytes::Bytes,
    /// Identity (Terraform 1.12), handed on unopened.
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub identity: Option<bytes::Bytes>,
}

/// Request of `ReadDataSource`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadDataRequest {
    /// Data source.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// The block as written.
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

/// Answer to `ReadDataSource`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadDataResponse {
    /// What was read.
    #[prost(message, optional, tag = "1")]
    pub state: Option<DynamicValue>,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Answer to `StopProvider`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct StopResponse {
    /// Why it could not stop; empty if it could.
    #[prost(string, tag = "1")]
    pub error: String,
}
