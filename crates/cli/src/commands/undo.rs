//! `divvy undo`: takes back what a `fix` did to the state. Never touches the org.

use divvy_core::CommandLine;
use divvy_terraform::{Access, WorkingDirectory};

use crate::answers::Answers;
use crate::arguments::undo::Undo;
use crate::confirm::{self, Ask};
use crate::console::Tone;
use crate::context::Context;
use crate::door;
use crate::error::{CommandError, CommandResult};
use crate::journal::Journal;
use crate::survey;
use crate::terraform_errors::of_terraform;
use crate::undo::{PastRun, Step, past_runs, steps};

pub(crate) async fn run(context: &Context, arguments: &Undo) -> CommandResult<u8> {
    let directory = open(context, arguments)?;
    let runs: Vec<PastRun> =
        past_runs(directory.path()).into_iter().filter(|run| run.command != "undo").collect();
    if arguments.list {
        return list(context, &runs);
    }
    let chosen = match &arguments.run {
        Some(id) => runs.iter().find(|run| run.id == *id),
        None => runs.iter().find(|run| !run.deeds.is_empty()),
    };
    let Some(past) = chosen else {
        return Err(CommandError::failed("there is no run here to undo")
            .hint(CommandLine::divvy("undo --list")));
    };
    let tracked =
        directory.state_pull().await.map_err(of_terraform)?.tracked().map_err(of_terraform)?;
    let steps = steps(&past.deeds, &tracked);
    context.console.say(&format!("Run {} of {}:", past.id, past.at));
    for step in &steps {
        context.console.say(&match step {
            Step::Forget(address) => {
                format!("  {address} leaves the state (the division stays in the org)")
            }
            Step::MoveBack { from, to } => format!("  {from} goes back to {to}"),
            Step::IdIsGone { id } => format!("  {id} is left alone: the state no longer has it"),
            Step::LeftAlone { address, why } => format!("  {address} is left alone: {why}"),
        });
    }
    if steps.iter().all(|step| matches!(step, Step::LeftAlone { .. } | Step::IdIsGone { .. })) {
        context.console.say("Nothing is left to undo.");
        return Ok(0);
    }
    let consent = match arguments.yes.said() {
        Some(said) => Some(confirm::by_flag(said)),
        None if context.console.can_ask() => {
            let answers = Answers::of_terminal(context);
            confirm::ask(&context.console, &answers, &question(&steps)).await?
        }
        None => {
            context.hint(CommandLine::divvy("undo --yes").because("nothing was changed so far"));
            None
        }
    };
    let Some(consent) = consent else { return Ok(3) };
    let journal = Journal::begin(&consent, directory.path(), "undo")?;
    for step in &steps {
        journal.write(&serde_json::json!({ "event": "undo", "step": format!("{step:?}") }));
        match step {
            Step::Forget(address) => {
                directory.state_rm(&consent, address).await.map_err(of_terraform)?;
            }
            Step::MoveBack { from, to } => {
                directory.state_mv(&consent, from, to).await.map_err(of_terraform)?;
            }
            Step::LeftAlone { .. } | Step::IdIsGone { .. } => {}
        }
    }
    context.console.mark(Tone::Done, "undone");
    context.hint(CommandLine::of(&context.terraform).words("plan").because("shows what is left"));
    Ok(0)
}

/// Asks for the yes to the steps that do something.
fn question(steps: &[Step]) -> Ask {
    let items: Vec<_> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Forget(address) => Some(format!("{address}: leaves the state")),
            Step::MoveBack { from, to } => Some(format!("{from}: goes back to {to}")),
            Step::LeftAlone { .. } | Step::IdIsGone { .. } => None,
        })
        .collect();
    let count = match items.len() {
        1 => "this address".to_owned(),
        several => format!("these {several} addresses"),
    };
    Ask::new(
        format!("Undo this in the Terraform state, at {count}? Nothing changes in Genesys Cloud."),
        items,
    )
}

fn open(context: &Context, arguments: &Undo) -> CommandResult<WorkingDirectory> {
    let terraform = &arguments.terraform;
    let flags = survey::passed_flags(context, terraform, Access::Writes)?;
    let observers = survey::observers(context);
    let program = survey::program(context, terraform, &observers).map_err(of_terraform)?;
    WorkingDirectory::open(&survey::place(context, terraform), program, flags).map_err(of_terraform)
}

fn list(context: &Context, runs: &[PastRun]) -> CommandResult<u8> {
    let mut text = String::new();
    for run in runs {
        text.push_str(&format!(
            "{}  {}  {} changes to the state\n",
            run.id,
            run.at,
            run.deeds.len()
        ));
    }
    context.console.artefact(door::talk(&text).as_bytes()).map_err(|error| {
        CommandError::failed(format!("could not write to standard output: {error}"))
    })?;
    Ok(0)
}
