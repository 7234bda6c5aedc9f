//! Answers that are typed as lines.
//!
//! Invariant: nothing is read before something is asked, so that what follows an answer is left for
//! the next question.

use std::io::BufRead;
use std::sync::mpsc;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::error::{CommandError, CommandResult};

/// Where answers come from, line by line. They are read beside the runtime, which has one thread: a
/// read on it would keep the interrupt from being heard.
pub(crate) struct Lines {
    wanted: mpsc::Sender<oneshot::Sender<Option<String>>>,
    interrupt: CancellationToken,
}

impl Lines {
    /// From standard input, which is left alone until something is asked.
    pub(crate) fn of_terminal(interrupt: &CancellationToken) -> Self {
        Self::of(std::io::BufReader::new(std::io::stdin()), interrupt)
    }

    pub(crate) fn of(
        mut input: impl BufRead + Send + 'static,
        interrupt: &CancellationToken,
    ) -> Self {
        let (wanted, requests) = mpsc::channel::<oneshot::Sender<Option<String>>>();
        // Ends with the process at the latest: nothing can end a read from a terminal.
        std::thread::spawn(move || {
            for request in requests {
                let mut line = Vec::new();
                let answer = match input.read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => None,
                    Ok(_) => Some(String::from_utf8_lossy(&line).trim().to_lowercase()),
                };
                let _ = request.send(answer);
            }
        });
        Self { wanted, interrupt: interrupt.clone() }
    }

    /// Returns the next line, trimmed and in lower case; nothing at the end of input.
    pub(crate) async fn line(&self) -> CommandResult<Option<String>> {
        let (sender, answer) = oneshot::channel();
        if self.wanted.send(sender).is_err() {
            return Ok(None);
        }
        tokio::select! {
            biased;
            () = self.interrupt.cancelled() => Err(CommandError::interrupted()),
            line = answer => Ok(line.unwrap_or_default()),
        }
    }
}
