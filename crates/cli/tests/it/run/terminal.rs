//! A program on a pseudo-terminal of its own, by way of util-linux's `script`.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running program that believes to be on a terminal.
pub(crate) struct Terminal {
    child: Child,
    keys: ChildStdin,
    output: Receiver<String>,
    seen: String,
}

impl Terminal {
    /// Starts a command line; `command` brings environment and directory.
    pub(crate) fn start(mut command: Command, line: &str) -> Self {
        command
            .args(["-qefc", line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("script is installed");
        let keys = child.stdin.take().expect("a pipe");
        let mut pipe = child.stdout.take().expect("a pipe");
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                let _ = send.send(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
        });
        Self { child, keys, output, seen: String::new() }
    }

    /// Waits until this text has been shown.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(more) => self.seen.push_str(&more),
                Err(error) => panic!("{text:?} was not shown ({error}):\n{}", self.seen),
            }
        }
    }

    /// Types.
    pub(crate) fn type_in(&mut self, keys: &str) {
        self.keys
            .write_all(keys.as_bytes())
            .and_then(|()| self.keys.flush())
            .expect("the terminal is open");
    }

    /// Waits for the end; returns exit code and everything that was shown.
    pub(crate) fn end(mut self) -> (i32, String) {
        while let Ok(more) = self.output.recv_timeout(PATIENCE) {
            self.seen.push_str(&more);
        }
        let status = self.child.wait().expect("script ends");
        (status.code().unwrap_or(-1), self.seen)
    }
}
