//! Answers that are given in prompts: arrows move, space marks, letters filter.
//!
//! Invariant: what begins as the answer is the one that changes nothing, so Enter alone is a no.

use inquire::ui::RenderConfig;
use inquire::{Confirm, InquireError, MultiSelect, Select};
use tokio_util::sync::CancellationToken;

use crate::error::{CommandError, CommandResult};
use crate::terminal;

/// From how many things on letters filter them.
const MANY: usize = 8;

/// Where answers come from, key by key.
pub(crate) struct Keys {
    interrupt: CancellationToken,
    is_colored: bool,
}

impl Keys {
    pub(super) fn new(interrupt: &CancellationToken, is_colored: bool) -> Self {
        Self { interrupt: interrupt.clone(), is_colored }
    }

    fn look(&self) -> RenderConfig<'static> {
        if self.is_colored { RenderConfig::default_colored() } else { RenderConfig::empty() }
    }

    async fn asked<T: Send + 'static>(
        &self,
        prompt: impl FnOnce() -> Result<T, InquireError> + Send + 'static,
    ) -> CommandResult<Option<T>> {
        match terminal::with_keys(&self.interrupt, prompt).await? {
            Ok(answer) => Ok(Some(answer)),
            Err(InquireError::OperationInterrupted) => Err(CommandError::interrupted()),
            // Escape is a no, and so is a terminal that is gone.
            Err(_) => Ok(None),
        }
    }

    /// Asks a yes-or-no question; Enter is no.
    pub(crate) async fn yes_or_no(&self, question: &'static str) -> CommandResult<bool> {
        let look = self.look();
        let answer = self.asked(move || {
            Confirm::new(question)
                .with_default(false)
                .with_error_message("Please type y or n (Enter is n)")
                .with_render_config(look)
                .prompt()
        });
        Ok(answer.await? == Some(true))
    }

    /// Lets a person choose one of several things; the first one is where it begins.
    pub(crate) async fn one_of(
        &self,
        question: &'static str,
        options: Vec<String>,
    ) -> CommandResult<Option<usize>> {
        let look = self.look();
        let answer = self.asked(move || {
            let is_short = options.len() < MANY;
            let select = Select::new(question, options).with_render_config(look);
            let select = if is_short {
                select
                    .without_filtering()
                    .with_help_message("↑↓ to move, Enter to choose, Esc for none")
            } else {
                select.with_help_message(
                    "↑↓ to move, letters to filter, Enter to choose, Esc for none",
                )
            };
            select.raw_prompt().map(|chosen| chosen.index)
        });
        answer.await
    }

    /// Lets a person mark some of several things; none is marked at first.
    pub(crate) async fn some_of(
        &self,
        question: &'static str,
        options: Vec<String>,
    ) -> CommandResult<Vec<usize>> {
        let look = self.look();
        let answer = self.asked(move || {
            let marks = MultiSelect::new(question, options)
                .with_render_config(look)
                .with_formatter(&|marked| format!("{} marked", marked.len()))
                .with_help_message(
                    "space to mark, → all, ← none, letters to filter, Enter when done",
                );
            let marked = marks.raw_prompt()?;
            Ok(marked.into_iter().map(|one| one.index).collect())
        });
        Ok(answer.await?.unwrap_or_default())
    }
}
