//! One provider process: started, spoken to, ended.
//!
//! Each has its own process group, so that Ctrl-C in the terminal does not reach it: the official
//! provider dies of it in the middle of a create. Its output is drained without limit, the last
//! part of it kept. Invariant: a child that is dropped is killed.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use divvy_os::sockets::Transport;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{ChildStdout, Command};

use crate::connect::Client;
use crate::error::Error;
use crate::handshake::{
    CLIENT_CERTIFICATE, Line, MAGIC_COOKIE_KEY, MAGIC_COOKIE_VALUE, PROTOCOL_VERSIONS,
    SOCKET_DIRECTORY,
};
use crate::tls::Identity;

/// How long a provider may take to print its first line. Terraform gives it a minute, too.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(60);
/// How long a provider may take to end after it was asked.
const END_PATIENCE: Duration = Duration::from_secs(2);
/// How much of what it wrote to standard error is kept.
const KEPT_OUTPUT: usize = 64 << 10;

/// The variable that tells Terraform of running providers; never handed to a provider.
pub(crate) const REATTACH_PROVIDERS: &str = "TF_REATTACH_PROVIDERS";

/// How provider processes are started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The provider's binary.
    pub program: PathBuf,
    /// What stands before it on the command line, such as a leash that ends the child together
    /// with us; empty for none.
    pub leash: Vec<OsString>,
    /// The whole environment of the child, as the user has it; the variables of the handshake are
    /// added.
    pub environment: Vec<(OsString, OsString)>,
    /// A directory that only we can enter, for the sockets. A short path: a socket's may have 103
    /// bytes, some of which the provider adds.
    pub socket_directory: PathBuf,
    /// By what Terraform and the providers talk to us. A port is open to every user of the machine, so
    /// providers there are asked for TLS, and prove who they are as we do.
    pub transport: Transport,
}

/// A running provider.
pub(crate) struct Child {
    process: Mutex<Option<tokio::process::Child>>,
    pub(crate) client: Client,
    output: Output,
}

/// The last part of what a process wrote to standard error. Its clones are one and the same.
#[derive(Clone, Default)]
pub struct Output(Arc<Mutex<VecDeque<u8>>>);

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").finish_non_exhaustive()
    }
}

impl From<&str> for Output {
    fn from(text: &str) -> Self {
        let output = Self::default();
        output.keep(text.as_bytes());
        output
    }
}

impl Output {
    fn keep(&self, bytes: &[u8]) {
        if let Ok(mut kept) = self.0.lock() {
            kept.extend(bytes);
            let surplus = kept.len().saturating_sub(KEPT_OUTPUT);
            kept.drain(..surplus);
        }
    }

    /// Returns what is kept by now.
    pub fn text(&self) -> String {
        let kept = self.0.lock().map_or_else(|_| Vec::new(), |kept| kept.iter().copied().collect());
        String::from_utf8_lossy(&kept).into_owned()
    }
}

impl Launch {
    /// Starts a provider and connects to it.
    pub(crate) async fn start(&self) -> Result<Child, Error> {
        let identity = match self.transport {
            Transport::Path => None,
            Transport::Port => Some(Identity::fresh()?),
        };
        let mut words =
            self.leash.iter().map(OsString::as_os_str).chain([self.program.as_os_str()]);
        // The chain holds at least the program.
        let mut command = Command::new(words.next().unwrap_or(self.program.as_os_str()));
        command
            .args(words)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env_remove(CLIENT_CERTIFICATE)
            .envs(identity.iter().map(|own| (CLIENT_CERTIFICATE, own.certificate())))
            .env_remove(REATTACH_PROVIDERS)
            .env(MAGIC_COOKIE_KEY, MAGIC_COOKIE_VALUE)
            .env(PROTOCOL_VERSIONS, "5,6")
            .env(SOCKET_DIRECTORY, &self.socket_directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        divvy_os::process::give_own_group(command.as_std_mut());
        let mut process =
            command.spawn().map_err(Error::io(format!("starting {}", self.program.display())))?;
        let output = Output::default();
        if let Some(stderr) = process.stderr.take() {
            tokio::spawn(drain(stderr, output.clone()));
        }
        let line = match process.stdout.take() {
            Some(stdout) => self.first_line(stdout).await?,
            None => return Err(self.no_provider(String::new())),
        };
        let client = match &identity {
            None => Client::open(&line).await?,
            Some(identity) => Client::open_proved(&line, identity).await?,
        };
        Ok(Child { process: Mutex::new(Some(process)), client, output })
    }

    async fn first_line(&self, stdout: ChildStdout) -> Result<Line, Error> {
        let mut stdout = BufReader::new(stdout);
        let mut text = String::new();
        // A provider's first line is short; what is no provider may print anything.
        let mut limited = (&mut stdout).take(4096);
        let read = tokio::time::timeout(HANDSHAKE_PATIENCE, limited.read_line(&mut text)).await;
        let line = match read {
            Ok(Ok(_)) => Line::parse(&text),
            Ok(Err(_)) | Err(_) => None,
        };
        let line = line.ok_or_else(|| self.no_provider(text))?;
        tokio::spawn(drain(stdout, Output::default()));
        Ok(line)
    }

    fn no_provider(&self, line: String) -> Error {
        Error::Handshake { program: self.program.clone(), line }
    }
}

impl Child {
    /// A provider that runs inside a test.
    #[cfg(test)]
    pub(crate) fn of(client: Client) -> Self {
        Self { process: Mutex::default(), client, output: Output::default() }
    }

    /// What the provider wrote last, for the report of its death.
    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    /// Asks the provider to end, waits, and kills it if it does not.
    pub(crate) async fn stop(&self) {
        let process = self.process.lock().map_or(None, |mut process| process.take());
        let Some(mut process) = process else { return };
        let ended = tokio::time::timeout(END_PATIENCE, async {
            let _ = self.client.shut_down().await;
            process.wait().await
        });
        if ended.await.is_err()
            && let Err(error) = process.kill().await
        {
            tracing::debug!(%error, "a provider could not be killed");
        }
    }
}

async fn drain(mut pipe: impl tokio::io::AsyncRead + Unpin, output: Output) {
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
        output.keep(&buffer[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_part_of_the_output_is_kept() {
        let output = Output::default();
        output.keep(&vec![b'a'; KEPT_OUTPUT]);
        output.keep(b"the end");
        let text = output.text();
        assert_eq!(text.len(), KEPT_OUTPUT);
        assert!(text.ends_with("athe end"));
    }

    fn launch(program: &str, leash: &[&str]) -> Launch {
        Launch {
            program: program.into(),
            leash: leash.iter().map(Into::into).collect(),
            environment: Vec::new(),
            socket_directory: "/tmp".into(),
            transport: Transport::Path,
        }
    }

    #[tokio::test]
    async fn what_is_no_provider_is_named_together_with_what_it_said() {
        let error = launch("hello", &["/bin/echo"]).start().await.err().unwrap();
        assert_eq!(
            error.to_string(),
            r#"hello is no Terraform provider: its first line is "hello\n""#
        );
        let error = launch("/nowhere/provider", &[]).start().await.err().unwrap();
        assert!(error.to_string().starts_with("starting /nowhere/provider: "), "{error}");
    }
}
