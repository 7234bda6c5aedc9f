//! The checklist on the terminal: draws, reads keys, and ends.
//!
//! Never decides what a key means. Invariant: it draws on stderr, as all talk, and on nothing once the
//! terminal was given back.

use std::io::stderr;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio_util::sync::CancellationToken;

use super::draw::draw;
use super::model::{Checklist, Key, Step, Yes};
use crate::error::{CommandError, CommandResult};
use crate::terminal;

/// How a checklist ended.
pub(crate) enum Marked {
    /// A person said yes to these: a choice for each row, or none.
    Yes(Yes, Vec<Option<usize>>),
    /// Nothing is to be done.
    No,
}

/// The smallest screen that a checklist fits on.
const LEAST: (u16, u16) = (60, 15);

/// Reports whether the terminal is large enough for a checklist.
pub(crate) fn fits() -> bool {
    crossterm::terminal::size().is_ok_and(|(width, height)| width >= LEAST.0 && height >= LEAST.1)
}

/// Lets a person mark rows; `question` is what is asked about the marks, line by line, or nothing.
///
/// # Errors
/// When somebody interrupts, or the terminal cannot be drawn on.
pub(crate) async fn show(
    interrupt: &CancellationToken,
    list: Checklist,
    is_colored: bool,
    question: impl Fn(&[Option<usize>]) -> Vec<String> + Send + 'static,
) -> CommandResult<Marked> {
    match terminal::with_keys(interrupt, move || until_answered(list, is_colored, question)).await?
    {
        Ok(Some(marked)) => Ok(marked),
        Ok(None) => Err(CommandError::interrupted()),
        Err(error) => Err(CommandError::failed(format!("could not draw on the terminal: {error}"))
            .hint("add --plain to be asked in plain lines")),
    }
}

/// Draws and reads until there is an answer; nothing at Ctrl-C.
fn until_answered(
    mut list: Checklist,
    is_colored: bool,
    question: impl Fn(&[Option<usize>]) -> Vec<String>,
) -> std::io::Result<Option<Marked>> {
    terminal::take_screen()?;
    let mut screen = Terminal::new(CrosstermBackend::new(stderr()))?;
    loop {
        if !terminal::is_taken() {
            return Ok(None);
        }
        screen.draw(|frame| draw(frame, &list, is_colored))?;
        let Some(key) = next_key()? else { continue };
        match list.press(key) {
            Step::Stay => {}
            Step::Review => {
                let question = question(&list.marks());
                list.ask(question);
            }
            Step::Yes(yes) => return Ok(Some(Marked::Yes(yes, list.marks()))),
            Step::No => return Ok(Some(Marked::No)),
            Step::Interrupt => return Ok(None),
        }
    }
}

/// Waits for a key or for a reason to draw again, which is nothing.
fn next_key() -> std::io::Result<Option<Key>> {
    /// How often to look whether the terminal was given back meanwhile.
    const MOMENT: Duration = Duration::from_millis(100);
    while terminal::is_taken() {
        if event::poll(MOMENT)? {
            return Ok(match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => known(key),
                _ => None,
            });
        }
    }
    Ok(None)
}

fn known(key: KeyEvent) -> Option<Key> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Key::Interrupt);
    }
    Some(match key.code {
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        #[cfg(debug_assertions)]
        KeyCode::F(12) => panic!("a panic, as a test wants it"),
        KeyCode::Char(letter) => Key::Letter(letter),
        _ => return None,
    })
}
