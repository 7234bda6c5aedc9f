//! `divvy list`: the org's divisions, or those with given names.

use std::fmt::Write as _;
use std::sync::Arc;

use divvy_core::kinds::division::DIVISION;
use divvy_core::name::{self, Likeness, visible};
use divvy_core::{Entity, effect::Unobserved};
use divvy_genesys::{Dialect, Settings};
use serde_json::{Value, json};

use super::Context;
use crate::arguments::List;
use crate::error::{CommandError, CommandResult};
use crate::org::{OrgFlags, client, of_api};
use crate::output;
use crate::render::Format;

pub(crate) async fn run(context: &Context, arguments: &List) -> CommandResult<u8> {
    output::refuse_unknown(&arguments.outputs, &[Format::Table, Format::Json])?;
    let connection = OrgFlags::read(context, &arguments.org)?.direct(Dialect::Published)?;
    let client = client(context, connection, Settings::default(), Arc::new(Unobserved))?;
    let mut entities = if arguments.deleted {
        client.deleted(&DIVISION).await.map_err(of_api)?.ok_or_else(|| {
            CommandError::failed("this client may not read the list of deleted divisions")
                .hint(format!("it needs {}", DIVISION.permissions.deleted.join(", ")))
        })?
    } else {
        client.listing(&DIVISION).await.map_err(of_api)?.entities
    };
    let mut missing = Vec::new();
    if !arguments.names.is_empty() {
        let equal = |entity: &Entity, wanted: &str| {
            name::compare(&entity.key.to_string(), wanted) == Likeness::Equal
        };
        missing = arguments
            .names
            .iter()
            .filter(|wanted| !entities.iter().any(|entity| equal(entity, wanted)))
            .collect();
        entities.retain(|entity| arguments.names.iter().any(|wanted| equal(entity, wanted)));
    }
    entities.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));
    let render = |format| match format {
        Format::Json => {
            let all: Vec<Value> = entities.iter().map(entity_json).collect();
            format!("{:#}\n", Value::from(all)).into_bytes()
        }
        _ => table(&entities).into_bytes(),
    };
    output::write(context, &arguments.outputs, Format::Table, render)?;
    for wanted in &missing {
        context.console.say(&format!("{} is not there.", visible(wanted)));
    }
    Ok(if missing.is_empty() { 0 } else { 2 })
}

/// One entity as every command prints it.
pub(crate) fn entity_json(entity: &Entity) -> Value {
    json!({
        "id": entity.id,
        "name": entity.key.to_string(),
        "description": entity.text("description"),
        "home": entity.is_home,
    })
}

fn table(entities: &[Entity]) -> String {
    let mut text = String::new();
    for entity in entities {
        let home = if entity.is_home { "  (home)" } else { "" };
        let description = match entity.text("description") {
            Some(description) if !description.is_empty() => format!("  {}", visible(description)),
            _ => String::new(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}  {}{home}{description}",
            entity.id,
            visible(&entity.key.to_string())
        );
    }
    text
}
