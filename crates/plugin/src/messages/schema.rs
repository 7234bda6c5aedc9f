//! The shape of a provider, resource or data source: attributes and nested blocks.

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
