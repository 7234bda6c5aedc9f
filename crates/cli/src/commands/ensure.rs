//! `divvy ensure`: get or create divisions, for one name or thousands.
//!
//! Never touches a configuration or a state. Invariant: nothing is created before every row of a
//! list is known to be good and every name has been looked up.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use divvy_core::kinds::division::DIVISION;
use divvy_core::wish::Near;
use divvy_core::{Key, Kind};
use divvy_genesys::{Dialect, NewEntity, Settings};

use crate::answers::Answers;
use crate::arguments::{Ensure, EnsureFormat};
use crate::confirm::{self, Ask};
use crate::console::{self, Tone};
use crate::context::Context;
use crate::ensure::address::{Addresses, is_module};
use crate::ensure::get_or_create::{LAG, Order, get_or_create};
use crate::ensure::here::Here;
use crate::ensure::list::{self, Refusal, Row};
use crate::ensure::make::Work;
use crate::ensure::output::{Item, refuse_path, render};
use crate::ensure::talk::{Teller, failures, question, tell, tell_twins, tell_withheld};
use crate::ensure::turn::Turn;
use crate::ensure::wish::{Reading, identity};
use crate::error::{CommandError, CommandResult};
use crate::observers::Observers;
use crate::org::{OrgFlags, client};
use crate::output;
use crate::typed_file;

/// Between the sentences of one error.
const LINE: &str = "\n       ";

/// The exit code for what only a person can settle.
const NEEDS_A_PERSON: u8 = 3;

pub(crate) async fn run(context: &Context, arguments: &Ensure) -> CommandResult<u8> {
    refuse_contradictions(arguments)?;
    let reading = Reading {
        kind: kind_of(arguments),
        dialect: arguments.dialect,
        levels: arguments.levels.as_deref(),
        description: arguments.description.as_deref(),
    };
    let bad_rows =
        |problems: Vec<String>| bad_rows(arguments, Refusal { problems, ..Refusal::default() });
    let mut wishes = reading.wishes(&rows(context, arguments).await?).map_err(bad_rows)?;
    let new: Vec<Row> = arguments.new.iter().map(|name| argument(arguments, name)).collect();
    let new = reading.wishes(&new).map_err(|problems| CommandError::usage(problems.join(LINE)))?;
    let identities = |wishes: &[NewEntity]| -> HashSet<Key> {
        wishes.iter().map(|wish| identity(&wish.key)).collect()
    };
    let (meant, named) = (identities(&new), identities(&wishes));
    wishes.extend(new.into_iter().filter(|wish| !named.contains(&identity(&wish.key))));
    let observers = Arc::new(Observers::of(context));
    let here = Here::find(context, &arguments.terraform, &observers)?;
    if wishes.is_empty() {
        let what = format!("the list names no {}", reading.kind.words.noun);
        context.console.mark(Tone::Warning, &what);
        let addresses = here.addresses(context, arguments, &[]).await;
        return report(context, arguments, &Work::nothing(reading), &here, &addresses);
    }
    let connection = OrgFlags::read(context, &arguments.org).await?.direct(arguments.dialect)?;
    let turn =
        (!arguments.dry_run).then(|| Turn::in_org(&context.environment.variables, &connection));
    let settings = Settings { rate: arguments.rate.get(), ..Settings::default() };
    let client = client(context, connection, settings, observers)?;
    let consent = confirm::by_flag(arguments.consent);
    let order = Order {
        client: &client,
        reading,
        with_parents: arguments.parents.unwrap_or(arguments.dialect == Dialect::Pathed),
        interrupt: &context.interrupt,
        meant: &meant,
        lag: LAG,
        create: turn.map(|turn| (&consent, turn)),
    };
    let names: Vec<String> = wishes.iter().map(|wish| wish.name().to_owned()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let teller = Teller::new(context, reading.kind, arguments.rate.get());
    let answers = Answers::of_terminal(context);
    let is_new = async |wish: &NewEntity, near: &[Near]| {
        let console = &context.console;
        Ok(console.can_ask()
            && confirm::ask(console, &answers, &Ask::new(question(wish, near), Vec::new()))
                .await?
                .is_some())
    };
    let (work, addresses) = tokio::join!(
        get_or_create(order, wishes, |event| teller.tell(event), is_new),
        here.addresses(context, arguments, &names),
    );
    context.console.clear_progress();
    report(context, arguments, &work?, &here, &addresses)
}

/// Returns what is asked for, as this org's API has it.
fn kind_of(arguments: &Ensure) -> &'static Kind {
    arguments.dialect.row(arguments.kind.0)
}

fn refuse_contradictions(arguments: &Ensure) -> CommandResult<()> {
    output::refuse_two_on_stdout(&arguments.outputs)?;
    let is_of_divisions =
        arguments.levels.is_some() || arguments.path.is_some() || arguments.parents == Some(true);
    if *arguments.kind.0 != **DIVISION && (is_of_divisions || arguments.dialect == Dialect::Pathed)
    {
        return Err(CommandError::usage(
            "--levels, --path, --parents and the pathed dialect are for divisions alone",
        )
        .hint("leave them out, or leave --type out"));
    }
    refuse_path(arguments.dialect, arguments.path.as_deref()).map_err(|problem| {
        CommandError::usage(problem)
            .hint("leave --path out, or say --dialect pathed if this org's API has paths")
    })?;
    if arguments.path.is_some() && arguments.names.len() + arguments.new.len() != 1 {
        return Err(CommandError::usage("--path is the full path of one NAME")
            .hint("give several as paths: divvy ensure --dialect pathed /A /A/B"));
    }
    if let Some(prefix) = arguments.address_prefix.as_deref().filter(|prefix| !is_module(prefix)) {
        return Err(CommandError::usage(format!(
            "--address-prefix {prefix} is no module's address like module.org"
        )));
    }
    let is_stdin = |path: &Option<std::path::PathBuf>| path.as_deref() == Some(Path::new("-"));
    if is_stdin(&arguments.from) && is_stdin(&arguments.org.client_secret_file) {
        return Err(CommandError::usage(
            "standard input can hold the list or the secret, not both",
        ));
    }
    Ok(())
}

/// Makes a row of a name that was typed.
fn argument(arguments: &Ensure, name: &str) -> Row {
    Row { name: Some(name.to_owned()), path: arguments.path.clone(), ..Row::default() }
}

/// Gathers the arguments and the list, as rows.
async fn rows(context: &Context, arguments: &Ensure) -> CommandResult<Vec<Row>> {
    let mut rows: Vec<Row> = arguments.names.iter().map(|name| argument(arguments, name)).collect();
    if let Some(file) = &arguments.from {
        if file == Path::new("-") {
            context.console.awaits(&format!("the list of {}", kind_of(arguments).words.plural));
        }
        let bytes = typed_file::read(context, file).await.map_err(|error| {
            error
                .hint("name a list of divisions, or - for standard input: divvy ensure --from FILE")
        })?;
        let list = list::read(&bytes, file).map_err(|refusal| bad_rows(arguments, refusal))?;
        if !list.unused_columns.is_empty() {
            context.console.mark(
                Tone::Warning,
                &format!(
                    "columns of the list that are not used: {}",
                    list.unused_columns.join(", ")
                ),
            );
        }
        rows.extend(list.rows);
    }
    Ok(rows)
}

/// A slip on the command line is one of usage; one in a list is not.
fn bad_rows(arguments: &Ensure, refusal: Refusal) -> CommandError {
    let message = refusal.problems.join(LINE);
    match &arguments.from {
        None => CommandError::usage(message).hints(refusal.hints),
        Some(file) => CommandError::failed(format!("{}: {message}", file.display()))
            .hints(refusal.hints)
            .hint("nothing was created"),
    }
}

/// Writes what exists now, says the next step, and ends with an error if a wish did not come true.
fn report(
    context: &Context,
    arguments: &Ensure,
    work: &Work,
    here: &Here,
    addresses: &Addresses,
) -> CommandResult<u8> {
    let names: Vec<&str> = work.wishes.iter().map(NewEntity::name).collect();
    let items: Vec<Item<'_>> = (work.wishes.iter().zip(&work.outcomes))
        .zip(addresses.of(&names))
        .map(|((wish, outcome), address)| Item {
            name: wish.name(),
            path: wish.path(),
            description: wish.description.as_deref(),
            outcome,
            address,
            typed: here.typed(context),
        })
        .collect();
    let is_one = arguments.from.is_none() && arguments.names.len() + arguments.new.len() == 1;
    let is_terminal = console::stdout_is_terminal();
    let default = if is_terminal { EnsureFormat::Table } else { EnsureFormat::Json };
    output::write(context, &arguments.outputs, default, |format| {
        render(&items[..work.asked], format, is_one)
    })?;
    let lines_are_out = arguments
        .outputs
        .iter()
        .any(|output| output.file.is_none() && output.format == EnsureFormat::Commands);
    tell(context, work, &items, lines_are_out);
    tell_twins(context, work);
    let is_withheld = tell_withheld(context, work);
    match failures(work) {
        Some(error) => Err(error),
        None if work.twins.is_empty() && !is_withheld => Ok(0),
        None => Ok(NEEDS_A_PERSON),
    }
}
