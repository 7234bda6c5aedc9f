//! The messages of the plugin protocol that are opened, with the field numbers of tfplugin5 and
//! tfplugin6 (equal in both for everything below).
//!
//! Fields that nothing here reads or writes are left out. Therefore: never decode an answer of a
//! real provider and encode it again, or those fields are lost; append to the raw bytes instead
//! (protobuf allows concatenation).

mod diagnostic;
mod schema;

use std::collections::BTreeMap;

pub use diagnostic::{AttributePath, Diagnostic, PathStep, Selector, Severity};
pub use schema::{Attribute, Block, NestedBlock, Nesting, Schema};

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
