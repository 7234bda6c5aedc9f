//! `divvy fix`: survey, show, confirm, adopt, verify; again while an import makes names known.
//!
//! The proof is Terraform's: after each round a plain plan is made, and its word is reported.

use std::sync::Arc;

use divvy_core::decide::{Action, Decision};
use divvy_core::resolve::resolve;
use divvy_core::{Finding, Resolution};

use super::Context;
use crate::arguments::Fix;
use crate::carry_out::carry_out;
use crate::console::Tone;
use crate::error::CommandResult;
use crate::failed_run;
use crate::history::History;
use crate::journal::Journal;
use crate::output;
use crate::render::Format;
use crate::report::{Command, Report};
use crate::survey::{Subject, Surveyor, Verified};
use crate::word::{Mode, Word};

/// The forms that `fix` writes.
const FORMATS: [Format; 5] =
    [Format::Table, Format::Json, Format::Markdown, Format::Github, Format::Html];

pub(crate) async fn run(context: &Context, arguments: &Fix) -> CommandResult<u8> {
    output::refuse_unknown(&arguments.outputs, &FORMATS)?;
    let surveyor = Surveyor::open(context, &arguments.org, &arguments.terraform)?;
    let mut word = Word::of(context, arguments)?;
    let subject = Subject {
        plan: arguments.plan.as_deref(),
        failures: failed_run::failures_here(context, arguments)?,
        chosen: arguments.ids.iter().map(|(_, id)| id.clone()).collect(),
        other_states: &arguments.other_states,
    };
    let journal = match word.mode() {
        Mode::Given | Mode::Ask => Some(open_journal(&surveyor)?),
        Mode::Nobody | Mode::LookOnly => None,
    };
    let mut look = surveyor.look(&subject).await?;
    failed_run::leave_strangers(context, &mut look.survey);
    let mut history = History::default();
    for round in 1..=u32::from(arguments.max_rounds) {
        let resolution = resolve(&look.survey);
        if round == 1 {
            word.warn_of_strangers(&resolution);
        }
        let mut decisions =
            history.without_vain_tries(&resolution, word.decide(&look.survey, &resolution));
        let forecast = Report::new(
            Command::Fix,
            &look.survey,
            &resolution,
            &decisions,
            surveyor.run_info(&look),
        );
        history.rest(look, resolution.clone(), decisions.clone());
        let Some(journal) = journal.as_ref().filter(|_| !history.stops_writing()) else { break };
        if word.mode() == Mode::Ask && (round == 1 || forecast.has_actions()) {
            output::say_report(context, &forecast);
        }
        decisions = word.ask_for_more(&history.look().survey, &resolution, decisions).await?;
        decisions = history.without_vain_tries(&resolution, decisions);
        history.decide(decisions.clone());
        let acts = acts(&resolution, &decisions);
        if acts.is_empty() {
            if history.rounds() == 0 {
                let proof = surveyor.plain_plan(history.look().instances).await?;
                if proof.holds_changes() {
                    history.unclean();
                } else {
                    history.clean(proof.changed_outputs().to_vec());
                }
            }
            break;
        }
        let Some(consent) = word.consent(&acts).await? else { break };
        let version = history.look().terraform_version.clone();
        let carried =
            carry_out(&surveyor.directory, journal, acts, version.as_deref(), &consent).await?;
        history.carried(round, carried);
        match surveyor.verify(&subject, history.look().instances).await? {
            Verified::Clean(outputs_left) => {
                history.clean(outputs_left);
                break;
            }
            Verified::Pending(next) => look = *next,
        }
        if round == u32::from(arguments.max_rounds) {
            let resolution = resolve(&look.survey);
            let decisions = word.decide(&look.survey, &resolution);
            history.rest(look, resolution, decisions);
            break;
        }
    }
    let is_carried_out = history.rounds() > 0;
    let report = history.report(&surveyor, arguments.require_clean);
    if let Some(file) = &arguments.write {
        return write_blocks(context, arguments, &report, file);
    }
    output::write_report(
        context,
        &arguments.outputs,
        crate::render::commands::Shell::default(),
        &report,
    )?;
    Ok(match word.mode() {
        // What is forecast is left to do: 3 where nobody could say yes, else as `check`.
        Mode::Nobody if report.has_actions() => {
            context.console.mark(Tone::Hint, "nothing was changed; to do this: divvy fix --yes");
            3
        }
        Mode::LookOnly if report.has_actions() => report.exit_code().max(2),
        Mode::Ask if report.has_actions() && !is_carried_out => 3,
        _ => report.exit_code(),
    })
}

/// Takes the run lock and clears away what a killed run has left.
fn open_journal(surveyor: &Surveyor<'_>) -> CommandResult<Arc<Journal>> {
    let journal = Arc::new(Journal::begin(surveyor.directory.path(), "fix")?);
    surveyor.observers.add(Arc::<Journal>::clone(&journal) as _);
    // Files of ours, whose run is over: the lock says so. A plan would carry them out again.
    surveyor
        .directory
        .remove_left_over_blocks(&crate::confirm::by_flag())
        .map_err(crate::terraform_errors::of_terraform)?;
    Ok(journal)
}

fn acts(resolution: &Resolution, decisions: &[Decision]) -> Vec<(Finding, Action)> {
    let pairs = resolution.findings.iter().zip(decisions);
    pairs
        .filter_map(|(finding, decision)| match decision {
            Decision::Act(action) => Some((finding.clone(), action.clone())),
            Decision::Ask { .. } | Decision::Nothing => None,
        })
        .collect()
}

/// `--write`: the blocks go into a file for review, and nothing else happens.
fn write_blocks(
    context: &Context,
    arguments: &Fix,
    report: &Report,
    file: &std::path::Path,
) -> CommandResult<u8> {
    let mut blocks = Vec::new();
    // Writing to memory cannot fail.
    let _ = crate::render::blocks::write(report, &mut blocks);
    let place = arguments.terraform.chdir.as_deref().unwrap_or(std::path::Path::new("."));
    let file = context.environment.current_directory.join(place).join(file);
    output::write_file(&file, &blocks)?;
    context.console.say(&format!(
        "Import blocks are in {}. Review them, then: terraform plan, terraform apply.",
        file.display()
    ));
    Ok(report.exit_code())
}
