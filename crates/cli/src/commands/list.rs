//! `divvy list`: the org's divisions, or those with given names.
//!
//! Never changes anything. Invariant: one name that exists costs a token and a search.

use std::sync::Arc;

use divvy_core::kinds::division::DIVISION;
use divvy_core::name::{nfc, visible};
use divvy_core::{Entity, effect::Unobserved};
use divvy_genesys::dialect::last_segment;
use divvy_genesys::{Client, Dialect, NewEntity, ObjectCounts, Settings};

use super::Context;
use crate::arguments::List;
use crate::console::Tone;
use crate::ensure::known::{Known, Match};
use crate::ensure::list_file::Row;
use crate::ensure::output::{Shown, entity_line, json, refuse_path};
use crate::ensure::wish::{Reading, name_of, shown};
use crate::error::{CommandError, CommandResult};
use crate::org::{OrgFlags, client, of_api};
use crate::output;
use crate::render::commands::Shell;
use crate::render::{Format, Writer};

pub(crate) async fn run(context: &Context, arguments: &List) -> CommandResult<u8> {
    output::refuse_unknown(&arguments.outputs, Writer::List)?;
    refuse_contradictions(arguments)?;
    let wishes = wishes(arguments)?;
    let connection = OrgFlags::read(context, &arguments.org).await?.direct(arguments.dialect)?;
    let client = client(context, connection, Settings::default(), Arc::new(Unobserved))?;
    let (known, counts) = look(&client, arguments, &wishes).await?;
    let mut missing = Vec::new();
    let mut entities = Vec::new();
    for wish in &wishes {
        match known.matching(wish) {
            Match::None => missing.push(wish),
            Match::One(entity) => entities.push(entity.clone()),
            Match::Several(several) => entities.extend(several.into_iter().cloned()),
        }
    }
    let near: Vec<String> = missing.iter().map(|wish| not_there(wish, &known)).collect();
    let creation = creation(arguments, &missing, &known);
    if wishes.is_empty() {
        entities = known.into_entities();
        if let Some(path) = &arguments.path {
            entities.retain(|entity| entity.text("path").map(nfc) == Some(nfc(path)));
        }
        entities.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));
    }
    let is_missing = !missing.is_empty() || (arguments.path.is_some() && entities.is_empty());
    let render = |format| match format {
        Format::Json => {
            let all: Vec<Shown<'_>> =
                entities.iter().map(|entity| with_counts(entity, counts.as_ref())).collect();
            json(&all).into_bytes()
        }
        _ => table(&entities, counts.as_ref()).into_bytes(),
    };
    output::write(context, &arguments.outputs, Format::Table, render)?;
    for line in &near {
        context.console.say(line);
    }
    if wishes.is_empty() && entities.is_empty() {
        context.console.say(&nothing(arguments));
    }
    if let Some(command) = creation {
        context.console.mark(Tone::Hint, &format!("create what is missing: {command}"));
    }
    Ok(if is_missing { 2 } else { 0 })
}

fn refuse_contradictions(arguments: &List) -> CommandResult<()> {
    refuse_path(arguments.dialect, arguments.path.as_deref()).map_err(CommandError::usage)?;
    if arguments.path.is_some() && arguments.names.len() > 1 {
        return Err(CommandError::usage("--path goes with one NAME or none"));
    }
    if arguments.dialect == Dialect::Pathed && (arguments.counts || arguments.deleted) {
        return Err(CommandError::usage(
            "the pathed API has neither object counts nor a list of deleted divisions",
        ));
    }
    Ok(())
}

/// Reads the names as `ensure` does.
fn wishes(arguments: &List) -> CommandResult<Vec<NewEntity>> {
    let reading = Reading { dialect: arguments.dialect, levels: None, description: None };
    let row = |name: &String| Row {
        name: Some(name.clone()),
        path: arguments.path.clone(),
        ..Row::default()
    };
    let rows: Vec<Row> = arguments.names.iter().map(row).collect();
    reading.wishes(&rows).map_err(|problems| CommandError::usage(problems.join("\n       ")))
}

async fn look(
    client: &Client,
    arguments: &List,
    wishes: &[NewEntity],
) -> CommandResult<(Known, Option<ObjectCounts>)> {
    if arguments.deleted {
        let deleted = client.deleted(&DIVISION).await.map_err(of_api)?.ok_or_else(|| {
            CommandError::failed("this client may not read the list of deleted divisions")
                .hint(format!("it needs {}", DIVISION.permissions.deleted.join(", ")))
        })?;
        return Ok((Known::of(deleted), None));
    }
    if arguments.counts {
        let (listing, counts) = client.listing_with_counts(&DIVISION).await.map_err(of_api)?;
        return Ok((Known::of(listing.entities.into()), Some(counts)));
    }
    Ok((Known::ask(client, wishes).await.map_err(of_api)?, None))
}

/// Says what an empty list means.
fn nothing(arguments: &List) -> String {
    match &arguments.path {
        Some(path) => format!("Nothing is at path {}.", visible(path)),
        None if arguments.deleted => "No division was deleted.".to_owned(),
        None => "This client sees no division.".to_owned(),
    }
}

/// Writes the command that creates what is missing; `None` where it would not fit on a line, or
/// where something is nearly there.
fn creation(arguments: &List, missing: &[&NewEntity], known: &Known) -> Option<String> {
    const NAMED: usize = 5;
    let is_near = missing.iter().any(|wish| !known.near(wish).is_empty());
    if missing.is_empty() || missing.len() > NAMED || is_near || arguments.deleted {
        return None;
    }
    let dialect = match arguments.dialect {
        Dialect::Published => "",
        Dialect::Pathed => " --dialect pathed",
    };
    let words = missing.iter().map(|wish| match &wish.path {
        Some(path) if last_segment(path) != name_of(wish) => None,
        Some(path) => Shell::Sh.word(path),
        None => Shell::Sh.word(name_of(wish)),
    });
    let words: Vec<String> = words.collect::<Option<_>>()?;
    let (command, words) = (format!("divvy ensure{dialect}"), words.join(" "));
    // A name that looks like a flag is none in a list.
    Some(if missing.iter().any(|wish| name_of(wish).starts_with('-')) {
        format!("printf '%s\\n' {words} | {command} --from -")
    } else {
        format!("{command} {words}")
    })
}

/// Says that a name is missing, and which ones are nearly it.
fn not_there(wish: &NewEntity, known: &Known) -> String {
    let near: Vec<String> = known
        .near(wish)
        .into_iter()
        .map(|entity| format!("{} ({})", visible(&entity.key.to_string()), entity.id))
        .collect();
    let near =
        if near.is_empty() { String::new() } else { format!(" Nearly: {}.", near.join(", ")) };
    format!("{} is not there.{near}", shown(wish))
}

/// One entity, with its objects where they were counted.
fn with_counts<'e>(entity: &'e Entity, counts: Option<&ObjectCounts>) -> Shown<'e> {
    let of_entity = |counts: &ObjectCounts| counts.get(&entity.id).cloned().unwrap_or_default();
    Shown::of(entity).with_object_counts(counts.map(of_entity))
}

fn table(entities: &[Entity], counts: Option<&ObjectCounts>) -> String {
    let objects = |entity: &Entity| {
        let counts = counts?.get(&entity.id).cloned().unwrap_or_default();
        Some(format!("  {} objects", counts.values().sum::<u64>()))
    };
    let line = |entity: &Entity| {
        format!("{}{}\n", entity_line(entity), objects(entity).unwrap_or_default())
    };
    entities.iter().map(line).collect()
}
