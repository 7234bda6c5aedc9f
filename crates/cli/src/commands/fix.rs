//! `divvy fix`: survey, show, confirm, adopt, verify; again while an import makes names known.
//!
//! The proof is Terraform's: a plain plan after each round behind which no children come, and its word is reported.

use divvy_core::resolve::resolve;
use divvy_terraform::{Access, PlanDocument};

use crate::approval::Approval;
use crate::arguments::Fix;
use crate::carry_out::carry_out;
use crate::context::Context;
use crate::error::CommandResult;
use crate::failed_run;
use crate::history::History;
use crate::limit::Limited;
use crate::lookup::{self, Lookup};
use crate::output;
use crate::render::{Writer, commands::Shell};
use crate::report::{Command, Report, RunInfo};
use crate::survey::{Subject, Surveyor, Verified};

pub(crate) async fn run(context: &Context, arguments: &Fix) -> CommandResult<u8> {
    output::refuse_unknown(&arguments.outputs, Writer::Fix)?;
    let mut approval = Approval::of(context, arguments).await?;
    let subject = Subject {
        plan: arguments.plan.as_deref(),
        failures: failed_run::failures_here(context, arguments).await?,
        chosen: arguments.ids.iter().cloned().collect(),
        other_states: &arguments.other_states,
    };
    if approval.access() == Access::Reads {
        let plan = lookup::plan_alone(context, &arguments.terraform, subject.plan).await?;
        if let Some(plan) = plan {
            return look_at_plan_alone(context, arguments, &mut approval, &plan, &subject).await;
        }
    }
    let (org, terraform) = (&arguments.org, &arguments.terraform);
    let surveyor = Surveyor::open(context, org, terraform, approval.access()).await?;
    let left_over = surveyor.left_over()?;
    if let Some(consent) = approval.consent_to_clear(&left_over).await? {
        surveyor.begin_journal(&consent, "fix")?;
    } else {
        surveyor.warn_of_left_over(&left_over);
    }
    let mut look = surveyor.look(&subject).await?;
    failed_run::leave_strangers(context, &mut look.survey);
    if let Some(limited) = surveyor.limited(&subject) {
        approval.limit_to_plan_of(&look.survey, limited);
    }
    let mut history = History::default();
    // Whether the newest look rests on a plan as a person would make it.
    let mut is_proved = false;
    for round in 1.. {
        let decisions = approval.decide(resolve(&look.survey));
        history.rest(look, decisions);
        if round == 1 {
            approval.warn_of_strangers(history.decisions());
        }
        let is_too_much = round > u32::from(arguments.max_rounds) || history.stops_writing();
        if is_too_much || !approval.may_act() {
            break;
        }
        if approval.asks() {
            ask(context, &surveyor, &mut approval, &mut history).await?;
        }
        let acts = history.acts();
        if acts.is_empty() {
            if !is_proved && history.look().is_whole {
                history.prove(&surveyor.plain_plan(history.look().instances).await?);
            }
            break;
        }
        let Some(consent) = approval.consent(&acts).await? else { break };
        let journal = surveyor.begin_journal(&consent, "fix")?;
        let seen = history.look();
        let version = seen.terraform_version.as_deref();
        let carried =
            carry_out(&surveyor.directory, journal, acts, &seen.survey, version, &consent).await?;
        let is_overtaken = carried.is_overtaken;
        history.carried(round, carried);
        if history.leads_on() && !is_overtaken {
            // Children come next, so nothing is to be proved yet.
            look = surveyor.look_later(&subject).await?;
            is_proved = false;
            continue;
        }
        is_proved = true;
        match surveyor.verify(&subject, history.look().instances, is_overtaken).await? {
            Verified::Clean(outputs_left) => {
                history.clean(outputs_left);
                break;
            }
            Verified::Pending(next) => look = *next,
        }
    }
    let report = history.report(&surveyor, approval.limit(), arguments.require_clean);
    if let Some(file) = &arguments.write {
        return output::write_blocks(context, &arguments.terraform, &report, file);
    }
    output::write_report(context, &arguments.outputs, Shell::default(), &report)?;
    Ok(approval.exit_code(&report))
}

/// Forecasts from a plan's JSON where Terraform cannot be run: nothing is changed.
async fn look_at_plan_alone(
    context: &Context,
    arguments: &Fix,
    approval: &mut Approval<'_>,
    plan: &PlanDocument,
    subject: &Subject<'_>,
) -> CommandResult<u8> {
    let lookup = Lookup::open(context, &arguments.org).await?;
    let look = lookup.look(Some(plan), &[], subject).await?;
    approval.limit_to_plan_of(&look.survey, Limited::PlanFile);
    let decisions = approval.decide(resolve(&look.survey));
    approval.warn_of_strangers(&decisions);
    let left_out = approval.limit().left_out();
    let info = RunInfo { left_out, ..lookup.run_info(&look) };
    let report = Report::new(Command::Fix, &decisions, info);
    if let Some(file) = &arguments.write {
        return output::write_blocks(context, &arguments.terraform, &report, file);
    }
    output::write_report(context, &arguments.outputs, Shell::default(), &report)?;
    Ok(approval.exit_code(&report))
}

/// Shows what is to be done, and asks what only a person can allow.
async fn ask(
    context: &Context,
    surveyor: &Surveyor<'_>,
    approval: &mut Approval<'_>,
    history: &mut History,
) -> CommandResult<()> {
    let forecast = history.forecast(surveyor).completed(&context.given);
    if let Some(decisions) = approval.mark_in_list(history.decisions(), &forecast).await? {
        history.decide(decisions);
        return Ok(());
    }
    // What neither acts nor asks is told once, by the report at the end.
    if forecast.has_actions() || approval.has_questions(history.decisions()) {
        output::say_forecast(context, &forecast);
    }
    let decisions = approval.ask_for_more(history.decisions()).await?;
    history.decide(decisions);
    Ok(())
}
