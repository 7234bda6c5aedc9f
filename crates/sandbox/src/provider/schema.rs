//! What the stand-in provider serves, as tables: attributes per type, and the provider block.
//!
//! Only data and its translation into the protocol's schema messages. The division is the official
//! provider's; the other types are in [`super::types`].

use divvy_plugin::Value;
use divvy_plugin::messages::{
    Attribute, Block, NestedBlock, Nesting, ProviderSchema, Schema, ServerCapabilities,
};

use self::Need::{Computed, Optional, Required};
use self::Shape::{Flag, Number, Text};

/// The type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Flag,
    Number,
    Texts,
    /// Texts by their names.
    Map,
    /// One block with these attributes.
    Block(&'static [AttributeRow]),
    /// Any number of blocks with these attributes.
    Blocks(&'static [AttributeRow]),
}

/// Who fills an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    Optional,
    /// The block may set it, else the API does.
    OptionalComputed,
    Computed,
}

/// One attribute: name, type, who fills it, and whether a change forces a replacement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AttributeRow {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) need: Need,
    pub(crate) forces_replacement: bool,
}

impl AttributeRow {
    /// Returns what an instance holds that does not set it: blocks are never null.
    pub(crate) fn absent(&self) -> Value {
        match self.shape {
            Shape::Blocks(_) => Vec::new().into(),
            _ => Value::Null,
        }
    }
}

/// One resource type or data source.
pub(crate) struct TypeRow {
    pub(crate) name: &'static str,
    pub(crate) version: i64,
    pub(crate) attributes: &'static [AttributeRow],
    /// Where the API keeps its objects; without it they live in the state alone.
    pub(crate) api: Option<ApiRow>,
}

/// How the API keeps a type, one object per instance.
#[derive(Debug)]
pub(crate) struct ApiRow {
    /// Where a create goes; placeholders are filled by attributes.
    pub(crate) create: &'static str,
    /// Where an object is; the last placeholder is its own id.
    pub(crate) item: &'static str,
    /// Which attribute fills which placeholder, or which template of them.
    pub(crate) parents: Vec<(&'static str, &'static str)>,
    /// Each attribute, as a path, and its field, as a path.
    pub(crate) fields: Vec<(&'static str, &'static str)>,
    /// What `terraform import` takes.
    pub(crate) import_id: &'static str,
    /// The state holds the object's own id, whatever an import takes.
    pub(crate) holds_own_id: bool,
    /// What messages call an object.
    pub(crate) noun: &'static str,
}

impl ApiRow {
    /// Takes an id apart: what fills each placeholder of the import id.
    pub(crate) fn split<'i>(&self, id: &'i str) -> Option<Vec<(&'static str, &'i str)>> {
        split(self.import_id, id)
    }

    /// Returns what an attribute puts in a placeholder of a path.
    pub(crate) fn parent<'s>(&self, placeholder: &str, state: &'s Value) -> Option<&'s str> {
        self.parents.iter().find_map(|(attribute, template)| {
            let value = state.get(attribute).as_str();
            if *template == placeholder {
                return value;
            }
            let mut parts = split(template, value?)?.into_iter();
            parts.find_map(|(name, text)| (name == placeholder).then_some(text))
        })
    }
}

/// Takes a text apart that a template makes: what is in each placeholder.
fn split<'i>(template: &'static str, text: &'i str) -> Option<Vec<(&'static str, &'i str)>> {
    let mut rest = text;
    let mut values = Vec::new();
    for part in template.split('{').skip(1) {
        let (name, after) = part.split_once('}')?;
        let (value, left) = if after.is_empty() { (rest, "") } else { rest.split_once(after)? };
        values.push((name, value));
        rest = left;
    }
    Some(values)
}

const fn row(name: &'static str, shape: Shape, need: Need) -> AttributeRow {
    AttributeRow { name, shape, need, forces_replacement: false }
}

const ID: AttributeRow = row("id", Text, Computed);

/// The type that has habits of its own with the API: see `division`.
pub(crate) static DIVISION: TypeRow = TypeRow {
    name: "genesyscloud_auth_division",
    version: 1,
    attributes: &[
        row("description", Text, Optional),
        AttributeRow { name: "home", shape: Flag, need: Optional, forces_replacement: true },
        ID,
        row("name", Text, Required),
    ],
    api: None,
};

/// Looks a division up by name.
pub(crate) static DIVISION_DATA: TypeRow = TypeRow {
    name: "genesyscloud_auth_division",
    version: 1,
    attributes: &[ID, row("name", Text, Required)],
    api: None,
};

/// The home division.
pub(crate) static HOME_DATA: TypeRow = TypeRow {
    name: "genesyscloud_auth_division_home",
    version: 1,
    attributes: &[row("description", Text, Computed), ID, row("name", Text, Computed)],
    api: None,
};

/// The org itself.
pub(crate) static ORGANIZATION_DATA: TypeRow = TypeRow {
    name: "genesyscloud_organizations_me",
    version: 1,
    attributes: &[
        row("default_country_code", Text, Computed),
        row("default_language", Text, Computed),
        row("domain", Text, Computed),
        ID,
        row("name", Text, Computed),
    ],
    api: None,
};

/// The arguments of the provider block; secrets are marked below.
const PROVIDER_ARGUMENTS: &[AttributeRow] = &[
    row("access_token", Text, Optional),
    row("aws_region", Text, Optional),
    row("custom_retry_timeout", Text, Optional),
    row("log_stack_traces", Flag, Optional),
    row("log_stack_traces_file_path", Text, Optional),
    row("max_concurrent_pages", Number, Optional),
    row("oauthclient_id", Text, Optional),
    row("oauthclient_secret", Text, Optional),
    row("sdk_client_pool_debug", Flag, Optional),
    row("sdk_debug", Flag, Optional),
    row("sdk_debug_file_path", Text, Optional),
    row("sdk_debug_format", Text, Optional),
    row("token_acquire_timeout", Text, Optional),
    row("token_init_timeout", Text, Optional),
    row("token_pool_size", Number, Optional),
];
const ENDPOINT: &[AttributeRow] =
    &[row("host", Text, Optional), row("port", Text, Optional), row("protocol", Text, Optional)];
const AUTH: &[AttributeRow] = &[row("password", Text, Optional), row("username", Text, Optional)];
const PATH_PARAMETER: &[AttributeRow] =
    &[row("path_name", Text, Required), row("path_value", Text, Required)];
const SENSITIVE: &[&str] = &["oauthclient_secret", "password"];

impl Shape {
    fn terraform_type(self) -> &'static str {
        match self {
            Self::Text => r#""string""#,
            Self::Flag => r#""bool""#,
            Self::Number => r#""number""#,
            Self::Map => r#"["map","string"]"#,
            Self::Texts | Self::Block(_) | Self::Blocks(_) => r#"["list","string"]"#,
        }
    }
}

impl TypeRow {
    fn schema(&self) -> Schema {
        Schema { version: self.version, block: Some(block(self.attributes, Vec::new())) }
    }
}

/// The answer to `GetProviderSchema` with these types and the division, at least so many bytes long.
pub(crate) fn provider_schema(types: &[&TypeRow], bytes: usize) -> ProviderSchema {
    let resources = types.iter().copied().chain([&DIVISION]);
    let data_sources = [&DIVISION_DATA, &HOME_DATA, &ORGANIZATION_DATA];
    let mut provider = provider_block();
    if let Some(attribute) = provider.attributes.first_mut() {
        attribute.description = "x".repeat(bytes);
    }
    ProviderSchema {
        provider: Some(Schema { version: 0, block: Some(provider) }),
        resource_schemas: resources.map(|row| (row.name.to_owned(), row.schema())).collect(),
        data_source_schemas: data_sources.map(|row| (row.name.to_owned(), row.schema())).into(),
        diagnostics: Vec::new(),
        server_capabilities: Some(ServerCapabilities {
            plan_destroy: false,
            get_provider_schema_optional: true,
        }),
    }
}

fn provider_block() -> Block {
    let auth = || nested("auth", block(AUTH, Vec::new()), 1);
    let path_parameters = nested("path_params", block(PATH_PARAMETER, Vec::new()), 0);
    let gateway = nested("gateway", block(ENDPOINT, vec![auth(), path_parameters]), 1);
    let proxy = nested("proxy", block(ENDPOINT, vec![auth()]), 1);
    block(PROVIDER_ARGUMENTS, vec![gateway, proxy])
}

fn block(rows: &[AttributeRow], mut block_types: Vec<NestedBlock>) -> Block {
    let listed = |name, inner, min_items, max_items| NestedBlock {
        nesting: Nesting::List.into(),
        min_items,
        ..nested(name, block(inner, Vec::new()), max_items)
    };
    block_types.extend(rows.iter().filter_map(|row| match row.shape {
        Shape::Block(inner) => Some(listed(row.name, inner, 1, 1)),
        Shape::Blocks(inner) => Some(listed(row.name, inner, 0, 0)),
        _ => None,
    }));
    let attributes = rows
        .iter()
        .filter(|row| !matches!(row.shape, Shape::Block(_) | Shape::Blocks(_)))
        .map(|row| Attribute {
            name: row.name.to_owned(),
            r#type: row.shape.terraform_type().into(),
            description: String::new(),
            required: row.need == Required,
            optional: matches!(row.need, Optional | Need::OptionalComputed),
            computed: matches!(row.need, Computed | Need::OptionalComputed),
            sensitive: SENSITIVE.contains(&row.name),
        })
        .collect();
    Block { attributes, block_types }
}

fn nested(name: &str, block: Block, max_items: i64) -> NestedBlock {
    NestedBlock {
        type_name: name.to_owned(),
        block: Some(block),
        nesting: Nesting::Set.into(),
        min_items: 0,
        max_items,
    }
}
