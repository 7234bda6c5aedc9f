//! A divvy that is still running, and what can be done to it meanwhile.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use divvy_sandbox::emulator::{Effect, Exchange, Fault, On};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::world::{DIVVY, SECRET, World};

/// Longer than anything here takes; a test that waits so long has failed.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// How a process ended: its exit code, and by which signal.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) signal: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ended {
    /// Holds the run to an exit code.
    #[track_caller]
    pub(super) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// A process of divvy.
pub(super) struct Running {
    child: Child,
}

impl Running {
    pub(super) fn start(world: &World, arguments: &[&str]) -> Self {
        Self::of(world.command(DIVVY).args(arguments))
    }

    pub(super) fn of(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("divvy starts");
        Self { child }
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("divvy is running");
    }

    /// Waits for the end; no secret may have been shown.
    #[track_caller]
    pub(super) fn end(self) -> Ended {
        let output = self.child.wait_with_output().expect("divvy ends");
        let ran = Ended {
            code: output.status.code().unwrap_or(-1),
            signal: output.status.signal(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        assert!(!ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET), "the secret was shown:\n{ran:?}");
        ran
    }
}

/// Says whether a process is there.
pub(super) fn is_alive(pid: Pid) -> bool {
    test_kill_process(pid).is_ok()
}

/// Processes whose environment says that they belong to this world (Linux).
pub(super) fn processes_of(world: &World) -> Vec<i32> {
    let mark = format!("HOME={}", world.beside().join("home").display());
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        })
        .collect()
}

/// Holds the nth request of this method and path, before it is carried out.
pub(super) fn hold(world: &World, method: &str, path: &str, nth: u64) {
    let on = On { method: Some(method.to_owned()), path: Some(path.to_owned()), name: None };
    let nth = nth.try_into().expect("counted from 1");
    world.org().add_faults(vec![Fault { on, nth, count: 1, effect: Effect::Hold }]);
}

/// Waits until a request is held.
#[track_caller]
pub(super) fn held(world: &World) -> Exchange {
    let is_held = |exchange: &Exchange| exchange.outcome == divvy_sandbox::emulator::Outcome::Held;
    world.org().wait_for_request(LONG, is_held).expect("a request is held")
}
