//! The console: the only file that prints. What it prints goes through [`crate::door`], and so does
//! what prompts and the checklist draw by themselves.
//!
//! stdout carries the artefact and nothing else; stderr carries the talk. Invariant: everything is
//! understandable without colour, and a closed pipe is no error.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::arguments::ColorChoice;
use crate::door;
use crate::waits::Waits;

/// How a line of talk is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Error,
    Warning,
    Hint,
    Done,
}

impl Tone {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
            Self::Done => "done",
        }
    }

    fn style(self) -> Style {
        let color = match self {
            Self::Error => AnsiColor::Red,
            Self::Warning => AnsiColor::Yellow,
            Self::Hint => AnsiColor::Cyan,
            Self::Done => AnsiColor::Green,
        };
        Style::new().fg_color(Some(color.into())).bold()
    }
}

/// Columns that a table on stdout may take: the terminal's, or 100.
pub(crate) fn width() -> usize {
    const ELSEWHERE: usize = 100;
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map_or(ELSEWHERE, |(width, _)| usize::from(width.0).max(40))
}

/// Prints what clap has to say: help to stdout, usage errors to stderr. An error repeats what was typed.
pub(crate) fn usage(error: &clap::Error) {
    let plain = error.render().to_string();
    let harmless = door::talk(&plain);
    // Nothing is left to tell a failed stream to.
    let _ = if harmless == plain {
        error.print()
    } else {
        write!(anstream::stderr().lock(), "{harmless}")
    };
}

/// Prints what this binary is.
pub(crate) fn version(details: &str) {
    // Nothing is left to tell a failed stream to.
    let _ = anstream::stdout().lock().write_all(details.as_bytes());
}

/// Columns that talk on stderr may take: the terminal's, or 80.
pub(crate) fn talk_width() -> usize {
    const ELSEWHERE: usize = 80;
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(ELSEWHERE, |(width, _)| usize::from(width.0).max(40))
}

/// Returns whether the artefact goes to a terminal.
pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Which of the two streams take colour.
struct Colored {
    stdout: bool,
    stderr: bool,
}

/// Where and how divvy talks.
pub(crate) struct Console {
    is_quiet: bool,
    is_verbose: bool,
    shows_progress: bool,
    can_ask: bool,
    asks_plainly: bool,
    is_colored: Colored,
    progress: Mutex<Option<ProgressBar>>,
    waits: Arc<Mutex<Waits>>,
}

impl Console {
    /// Sets colours up for the process and returns the console.
    pub(crate) fn new(color: ColorChoice, is_quiet: bool, is_verbose: bool) -> Self {
        match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        let takes_colour = |stream: anstream::ColorChoice| stream != anstream::ColorChoice::Never;
        Self {
            is_quiet,
            is_verbose,
            shows_progress: !is_quiet && !is_verbose && io::stderr().is_terminal(),
            can_ask: io::stdin().is_terminal() && io::stderr().is_terminal(),
            asks_plainly: true,
            is_colored: Colored {
                stdout: takes_colour(anstream::AutoStream::choice(&io::stdout())),
                stderr: takes_colour(anstream::AutoStream::choice(&io::stderr())),
            },
            progress: Mutex::new(None),
            waits: Arc::default(),
        }
    }

    /// Returns whether somebody can answer a question here.
    pub(crate) fn can_ask(&self) -> bool {
        self.can_ask
    }

    /// Returns the same console, which asks by keys and lists where there is a terminal, unless `plainly`.
    pub(crate) fn asking(mut self, plainly: bool) -> Self {
        self.asks_plainly = plainly || !self.can_ask;
        self
    }

    /// Returns whether questions are plain lines.
    pub(crate) fn asks_plainly(&self) -> bool {
        self.asks_plainly
    }

    /// Says what is read from standard input, where a person would have to type it.
    pub(crate) fn awaits(&self, what: &str) {
        if io::stdin().is_terminal() {
            self.mark(Tone::Hint, &format!("paste {what} here, then press Ctrl-D"));
        }
    }

    /// Returns whether more is to be said.
    pub(crate) fn is_verbose(&self) -> bool {
        self.is_verbose
    }

    /// Returns whether stdout takes colour.
    pub(crate) fn stdout_is_colored(&self) -> bool {
        self.is_colored.stdout
    }

    /// Returns whether stderr takes colour.
    pub(crate) fn stderr_is_colored(&self) -> bool {
        self.is_colored.stderr
    }

    /// Writes the artefact to stdout; it has been through the door (see [`door::Form::tame`]).
    pub(crate) fn artefact(&self, bytes: &[u8]) -> io::Result<()> {
        self.clear_progress();
        let mut stdout = anstream::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Says something on stderr, unless quiet.
    pub(crate) fn say(&self, text: &str) {
        if !self.is_quiet {
            self.line(&door::talk(text));
        }
    }

    /// As [`Console::say`], for what was rendered for people: harmless piece by piece, perhaps
    /// coloured.
    pub(crate) fn say_rendered(&self, text: &str) {
        if !self.is_quiet {
            self.line(&door::artefact(text));
        }
    }

    /// Says something on stderr with `-v` and more.
    pub(crate) fn detail(&self, text: &str) {
        if self.is_verbose {
            self.line(&door::talk(text));
        }
    }

    /// Says something marked; errors and warnings are said even when quiet.
    pub(crate) fn mark(&self, tone: Tone, text: &str) {
        if self.is_quiet && matches!(tone, Tone::Hint | Tone::Done) {
            return;
        }
        let style = tone.style();
        self.line(&format!("{style}{}{style:#}: {}", tone.word(), door::talk(text)));
    }

    /// Returns whether progress is a moving line here, so that plain lines are not needed.
    pub(crate) fn shows_progress(&self) -> bool {
        self.shows_progress
    }

    /// Shows the step that is going on: a moving line on a terminal, with `-v` a plain one.
    pub(crate) fn progress(&self, text: &str) {
        self.detail(text);
        self.waits().step(&door::talk(text), Instant::now());
        self.move_line();
    }

    /// Shows, as [`Console::progress`] does, something that is waited for beside other things, until
    /// [`Console::has_ended`].
    pub(crate) fn waits_for(&self, key: String, text: &str) {
        self.detail(text);
        self.waits().begin(key, &door::talk(text), Instant::now());
        self.move_line();
    }

    /// Hears that something is no longer waited for.
    pub(crate) fn has_ended(&self, key: &str) {
        self.waits().end(key);
    }

    /// Begins the moving line, which names by itself what is waited for longest.
    fn move_line(&self) {
        if !self.shows_progress {
            return;
        }
        self.moving_line().get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_draw_target(ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wait}") {
                let waits = Arc::clone(&self.waits);
                bar.set_style(style.with_key(
                    "wait",
                    move |_: &ProgressState, line: &mut dyn std::fmt::Write| {
                        let waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
                        // A line that cannot be written is written at the next tick.
                        let _ = line.write_str(&waits.shown(Instant::now()));
                    },
                ));
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the moving line away.
    pub(crate) fn clear_progress(&self) {
        if let Some(bar) = self.moving_line().take() {
            bar.finish_and_clear();
        }
    }

    /// Writes a question to stderr, without a line end.
    pub(crate) fn ask(&self, text: &str) {
        self.clear_progress();
        let mut stderr = anstream::stderr().lock();
        // A lost terminal shows at the answer.
        let _ = write!(stderr, "{} ", door::talk(text)).and_then(|()| stderr.flush());
    }

    /// Says what a prompt with keys is about, and makes room for it.
    pub(crate) fn show_before_keys(&self, lines: &[String]) {
        self.clear_progress();
        if !lines.is_empty() {
            self.line(&door::talk(&lines.join("\n")));
        }
    }

    /// Ends the line of a question that nobody answers.
    pub(crate) fn end_of_input(&self) {
        self.clear_progress();
        let _ = writeln!(anstream::stderr().lock());
    }

    /// Says what a question is about, also when quiet: a person answers what was shown.
    pub(crate) fn show(&self, text: &str) {
        self.line(&door::artefact(text));
    }

    fn moving_line(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, text: &str) {
        let write = || {
            // Nothing is left to tell a failed stderr to.
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        };
        match &*self.moving_line() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.clear_progress();
    }
}
