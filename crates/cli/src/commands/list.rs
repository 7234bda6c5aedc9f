//! `divvy list`: the org's divisions, or those with given names.
//!
//! Never changes anything. Invariant: one name that exists costs a token and a search.

use std::sync::Arc;

use divvy_core::kinds::division::DIVISION;
use divvy_core::name::{nfc, visible};
use divvy_core::wish::{Near, Wished};
use divvy_core::{CommandLine, Entity, Kind, effect::Unobserved};
use divvy_genesys::dialect::last_segment;
use divvy_genesys::{Client, Dialect, NewEntity, ObjectCounts, Settings};

use crate::arguments::{List, ListFormat};
use crate::console::Tone;
use crate::context::Context;
use crate::ensure::known::Known;
use crate::ensure::list::Row;
use crate::ensure::output::{Cells, Shown, aligned, json, name_of, refuse_path};
use crate::ensure::wish::{Reading, shown, shown_key};
use crate::error::{CommandError, CommandResult};
use crate::org::{OrgFlags, client, of_api};
use crate::output;
use crate::render::commands::Shell;

/// The exit code for what only a person can settle.
const NEEDS_A_PERSON: u8 = 3;

pub(crate) async fn run(context: &Context, arguments: &List) -> CommandResult<u8> {
    output::refuse_two_on_stdout(&arguments.outputs)?;
    refuse_contradictions(arguments)?;
    let wishes = wishes(arguments)?;
    let connection = OrgFlags::read(context, &arguments.org).await?.direct(arguments.dialect)?;
    let client = client(context, connection, Settings::default(), Arc::new(Unobserved))?;
    let (known, counts) = look(&client, arguments, &wishes).await?;
    let mut missing = Vec::new();
    let mut entities = Vec::new();
    for (wish, answer) in wishes.iter().zip(known.resolve(&wishes)) {
        match answer {
            Wished::Missing(near) => missing.push((wish, near)),
            Wished::Exists(entity) => entities.push(entity),
            Wished::Ambiguous(several) => entities.extend(several),
        }
    }
    let near: Vec<String> = missing.iter().map(|(wish, near)| not_there(wish, near)).collect();
    let creation = creation(arguments, &missing);
    let gap = known.gap();
    if wishes.is_empty() {
        entities = known.into_entities();
        if let Some(path) = &arguments.path {
            entities.retain(|entity| entity.text("path").map(nfc) == Some(nfc(path)));
        }
        entities.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));
    }
    let is_missing = !missing.is_empty() || (arguments.path.is_some() && entities.is_empty());
    let render = |format| match format {
        ListFormat::Json => {
            let all: Vec<Shown<'_>> =
                entities.iter().map(|entity| with_counts(entity, counts.as_ref())).collect();
            json(&all).into_bytes()
        }
        ListFormat::Ids => {
            let lines = entities.iter().map(|entity| format!("{}\n", entity.id));
            lines.collect::<String>().into_bytes()
        }
        ListFormat::Csv => csv(&entities, counts.as_ref()),
        ListFormat::Table => table(&entities, counts.as_ref()).into_bytes(),
    };
    output::write(context, &arguments.outputs, ListFormat::Table, render)?;
    for line in &near {
        context.console.say(line);
    }
    if wishes.is_empty() && entities.is_empty() {
        context.console.say(&nothing(arguments));
    }
    if let Some(command) = creation {
        context.hint(command.because("creates what is missing"));
    }
    if let Some(gap) = gap {
        let what = format!("this list may lack {} that exist", kind_of(arguments).words.plural);
        context.console.mark(Tone::Warning, &format!("{what}: {gap}"));
        context.hint("run the same command again: the next one may be whole");
        return Ok(NEEDS_A_PERSON);
    }
    Ok(if is_missing { 2 } else { 0 })
}

/// Returns what is to be listed, as this org's API has it.
fn kind_of(arguments: &List) -> &'static Kind {
    arguments.dialect.row(arguments.kind.0)
}

fn refuse_contradictions(arguments: &List) -> CommandResult<()> {
    let kind = arguments.kind.0;
    let is_of_divisions = arguments.counts || arguments.path.is_some();
    if *kind != **DIVISION && (is_of_divisions || arguments.dialect == Dialect::Pathed) {
        return Err(CommandError::usage(
            "--counts, --path and the pathed dialect are for divisions alone",
        )
        .hint("leave them out, or leave --type out"));
    }
    refuse_path(arguments.dialect, arguments.path.as_deref()).map_err(CommandError::usage)?;
    if arguments.path.is_some() && arguments.names.len() > 1 {
        return Err(CommandError::usage("--path goes with one NAME or none"));
    }
    if arguments.dialect == Dialect::Pathed && (arguments.counts || arguments.deleted) {
        return Err(CommandError::usage(
            "the pathed API has neither object counts nor a list of deleted divisions",
        ));
    }
    if kind.key.len() > 1 && !arguments.names.is_empty() {
        let parts: Vec<&str> = kind.key.iter().map(|part| part.terraform).collect();
        let (plural, parts) = (kind.words.plural, parts.join(" and "));
        return Err(CommandError::usage(format!(
            "{plural} are told apart by {parts}: a NAME alone finds none"
        ))
        .hint(CommandLine::divvy("list --type").word(kind.terraform_type)));
    }
    if arguments.deleted && kind.deleted.is_none() {
        let plural = kind.words.plural;
        return Err(CommandError::usage(format!("the API has no list of deleted {plural}")));
    }
    Ok(())
}

/// Reads the names as `ensure` does.
fn wishes(arguments: &List) -> CommandResult<Vec<NewEntity>> {
    let reading = Reading {
        kind: kind_of(arguments),
        dialect: arguments.dialect,
        levels: None,
        description: None,
    };
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
    let kind = kind_of(arguments);
    if arguments.deleted {
        let deleted = client.deleted(kind).await.map_err(of_api)?.ok_or_else(|| {
            let plural = kind.words.plural;
            CommandError::failed(format!("this client may not read the list of deleted {plural}"))
                .hint(format!("it needs {}", kind.permissions.deleted.join(", ")))
        })?;
        return Ok((Known::of(kind, deleted), None));
    }
    if arguments.counts {
        let (listing, counts) = client.listing_with_counts(kind).await.map_err(of_api)?;
        return Ok((Known::of_listing(kind, listing), Some(counts)));
    }
    Ok((Known::ask(client, kind, wishes).await.map_err(of_api)?, None))
}

/// Says what an empty list means.
fn nothing(arguments: &List) -> String {
    let noun = kind_of(arguments).words.noun;
    match &arguments.path {
        Some(path) => format!("Nothing is at path {}.", visible(path)),
        None if arguments.deleted => format!("No {noun} was deleted."),
        None => format!("This client sees no {noun}."),
    }
}

/// Writes the command that creates what is missing; `None` where it would not fit on a line, or
/// where something is nearly there.
fn creation(arguments: &List, missing: &[(&NewEntity, Vec<Near>)]) -> Option<CommandLine> {
    const NAMED: usize = 5;
    let is_near = missing.iter().any(|(_, near)| !near.is_empty());
    let kind = kind_of(arguments);
    let is_out = is_near || arguments.deleted || !kind.is_made_of_key;
    if missing.is_empty() || missing.len() > NAMED || is_out {
        return None;
    }
    let words = missing.iter().map(|(wish, _)| match wish.path() {
        Some(path) if last_segment(path) != wish.name() => None,
        // What a shell cannot be given is not printed.
        Some(path) => Shell::Sh.word(path).map(|_| path),
        None => Shell::Sh.word(wish.name()).map(|_| wish.name()),
    });
    let words: Vec<&str> = words.collect::<Option<_>>()?;
    let mut command = CommandLine::divvy("ensure");
    if arguments.dialect == Dialect::Pathed {
        command = command.words("--dialect pathed");
    }
    if *kind != **DIVISION {
        command = command.words("--type").word(kind.terraform_type);
    }
    // Behind --new a name is never a flag.
    let is_like_a_flag = missing.iter().any(|(wish, _)| wish.name().starts_with('-'));
    Some(words.into_iter().fold(command, |command, word| {
        if is_like_a_flag { command.words("--new").word(word) } else { command.word(word) }
    }))
}

/// Says that a name is missing, and which ones are nearly it.
fn not_there(wish: &NewEntity, near: &[Near]) -> String {
    let existing = near.iter().filter_map(|near| Some((shown_key(&near.key), near.id.as_ref()?)));
    let near: Vec<String> = existing.map(|(shown, id)| format!("{shown} ({id})")).collect();
    let near =
        if near.is_empty() { String::new() } else { format!(" Nearly: {}.", near.join(", ")) };
    format!("{} is not there.{near}", shown(wish))
}

/// One entity, with its objects where they were counted.
fn with_counts<'e>(entity: &'e Entity, counts: Option<&ObjectCounts>) -> Shown<'e> {
    let of_entity = |counts: &ObjectCounts| counts.get(&entity.id).cloned().unwrap_or_default();
    Shown::of(entity).with_object_counts(counts.map(of_entity))
}

/// Counts the objects of one entity, where objects were counted.
fn objects(entity: &Entity, counts: Option<&ObjectCounts>) -> Option<u64> {
    let of_entity = |counts: &ObjectCounts| counts.get(&entity.id).map(|one| one.values().sum());
    counts.map(|counts| of_entity(counts).unwrap_or_default())
}

/// Writes the table for people; nothing where there is nothing.
fn table(entities: &[Entity], counts: Option<&ObjectCounts>) -> String {
    if entities.is_empty() {
        return String::new();
    }
    let row = |entity: &Entity| {
        let Cells { id, name, path, description } = Cells::of(entity);
        let objects = objects(entity, counts).map_or_else(String::new, |count| count.to_string());
        [id, name, path, objects, description]
    };
    let header = ["ID", "NAME", "PATH", "OBJECTS", "DESCRIPTION"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(header).chain(entities.iter().map(row)).collect();
    aligned(&rows)
}

fn csv(entities: &[Entity], counts: Option<&ObjectCounts>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let has_paths = entities.iter().any(|entity| entity.text("path").is_some());
    let pick = |[id, name, path, description, home, objects]: [String; 6]| {
        let optional = |is_there: bool, cell: String| is_there.then_some(cell);
        [
            Some(id),
            Some(name),
            optional(has_paths, path),
            Some(description),
            Some(home),
            optional(counts.is_some(), objects),
        ]
    };
    let header = ["id", "name", "path", "description", "home", "objects"].map(str::to_owned);
    let row = |entity: &Entity| {
        let text = |attribute| entity.text(attribute).unwrap_or_default().to_owned();
        let objects = objects(entity, counts).unwrap_or_default().to_string();
        let (id, name) = (entity.id.to_string(), name_of(entity));
        [id, name, text("path"), text("description"), entity.is_home.to_string(), objects]
    };
    for cells in std::iter::once(header).chain(entities.iter().map(row)) {
        // Writing to memory cannot fail.
        let _ = writer.write_record(pick(cells).into_iter().flatten());
    }
    writer.into_inner().unwrap_or_default()
}
