//! A divvy that is still running, and what can be done to it meanwhile.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use divvy_sandbox::emulator::{Effect, Exchange, Fault, On, Outcome};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use rustix::pty::OpenptFlags;

use crate::world::{DIVVY, SECRET, World};

/// Longer than anything here takes; a test that waits so long has failed.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// How long to wait for one of two events before the other is looked at.
const MOMENT: Duration = Duration::from_millis(50);

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
        let child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("divvy starts");
        Self { child }
    }

    /// Takes its standard input, which stays open for as long as this is kept.
    pub(super) fn input(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("it has an input of ours")
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("divvy is running");
    }

    pub(super) fn signal_group(&self, signal: Signal) {
        kill_process_group(self.pid(), signal).expect("divvy leads its group");
    }

    /// Waits until it stops itself (`DIVVY_STOP_AT`); false if it ends instead.
    pub(super) fn stops(&self) -> bool {
        let events = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(self.pid()), events).expect("a child of ours");
        status.is_some_and(|status| status.stopped())
    }

    /// Waits until a request is held; false if it ends before.
    pub(super) fn reaches_a_held_request(&mut self, world: &World) -> bool {
        let is_held = |exchange: &Exchange| exchange.outcome == Outcome::Held;
        loop {
            if world.org().wait_for_request(MOMENT, is_held).is_some() {
                return true;
            }
            if self.child.try_wait().expect("a child of ours").is_some() {
                return false;
            }
        }
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
        assert!(
            !ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET),
            "the secret was shown:\n{ran:?}"
        );
        ran
    }
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
    fault(
        world,
        On { method: Some(method.to_owned()), path: Some(path.to_owned()), name: None },
        nth,
        Effect::Hold,
    );
}

/// Holds the reply to the first request of this method and path, after it is carried out.
pub(super) fn hold_reply(world: &World, method: &str, path: &str) {
    fault(
        world,
        On { method: Some(method.to_owned()), path: Some(path.to_owned()), name: None },
        1,
        Effect::HoldReply,
    );
}

/// Holds the nth request of all.
pub(super) fn hold_any(world: &World, nth: u64) {
    fault(world, On::default(), nth, Effect::Hold);
}

fn fault(world: &World, on: On, nth: u64, effect: Effect) {
    let nth = nth.try_into().expect("counted from 1");
    world.org().add_faults(vec![Fault { on, nth, count: 1, effect }]);
}

/// Waits until a request is held.
#[track_caller]
pub(super) fn held(world: &World) -> Exchange {
    let is_held = |exchange: &Exchange| exchange.outcome == Outcome::Held;
    world.org().wait_for_request(LONG, is_held).expect("a request is held")
}

/// A divvy that has a terminal of its own, in a session of its own.
pub(super) struct Terminal {
    child: Child,
    master: File,
    shown: Arc<(Mutex<String>, Condvar)>,
    reader: JoinHandle<()>,
    /// How the terminal was set at first.
    before: rustix::termios::Termios,
    /// Rows and columns.
    size: (u16, u16),
}

impl Terminal {
    /// Starts divvy on a terminal that knows no more than lines.
    pub(super) fn start(world: &World, arguments: &[&str]) -> Self {
        Self::of(world, arguments, "dumb", (80, 24))
    }

    /// Starts divvy on a terminal that can do what terminals can, of so many columns.
    pub(super) fn start_full(world: &World, arguments: &[&str], columns: u16) -> Self {
        Self::of(world, arguments, "xterm-256color", (columns, 24))
    }

    fn of(world: &World, arguments: &[&str], kind: &str, (columns, rows): (u16, u16)) -> Self {
        let master =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        rustix::pty::grantpt(&master).expect("a terminal");
        rustix::pty::unlockpt(&master).expect("a terminal");
        let size =
            rustix::termios::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master, size).expect("a size");
        let name = rustix::pty::ptsname(&master, Vec::new())
            .expect("a name")
            .into_string()
            .expect("UTF-8");
        let side =
            || OpenOptions::new().read(true).write(true).open(&name).expect("the other side");
        let mut command = world.command("setsid");
        command.args(["--ctty", "--wait", DIVVY]).args(arguments).env("TERM", kind);
        let child = command.stdin(side()).stdout(side()).stderr(side()).spawn().expect("setsid");
        drop(command);
        let master = File::from(master);
        let before = rustix::termios::tcgetattr(&master).expect("a terminal");
        let shown = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let reader = {
            let (mut from, to) = (master.try_clone().expect("a copy"), Arc::clone(&shown));
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                // EIO: the other side is closed.
                while let Ok(count @ 1..) = from.read(&mut buffer) {
                    to.0.lock()
                        .expect("unpoisoned")
                        .push_str(&String::from_utf8_lossy(&buffer[..count]));
                    to.1.notify_all();
                }
            })
        };
        Self { child, master, shown, reader, before, size: (rows, columns) }
    }

    /// Waits until this is shown.
    #[track_caller]
    pub(super) fn shows(&self, text: &str) {
        let shown = self.shown.0.lock().expect("unpoisoned");
        let waited = self
            .shown
            .1
            .wait_timeout_while(shown, LONG, |shown| !shown.contains(text))
            .expect("unpoisoned");
        assert!(!waited.1.timed_out(), "{text:?} is not in:\n{}", waited.0);
    }

    pub(super) fn types(&self, keys: &str) {
        (&self.master).write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits until this is on the screen, where whole lines are drawn over.
    #[track_caller]
    pub(super) fn has_on_screen(&self, text: &str) {
        let (rows, columns) = self.size;
        let drawn = |shown: &str| {
            let of = |size: u16| size.try_into().expect("a terminal has a size");
            let mut screen = vt100::Parser::new(of(rows), of(columns), 0);
            screen.process(shown.as_bytes());
            screen.screen().contents()
        };
        let shown = self.shown.0.lock().expect("unpoisoned");
        let is_missing = |shown: &mut String| !drawn(shown).contains(text);
        let waited = self.shown.1.wait_timeout_while(shown, LONG, is_missing).expect("unpoisoned");
        assert!(!waited.1.timed_out(), "{text:?} is not in:\n{}", drawn(&waited.0));
    }

    /// Waits until this is shown for the nth time.
    #[track_caller]
    pub(super) fn shows_again(&self, text: &str, nth: usize) {
        let shown = self.shown.0.lock().expect("unpoisoned");
        let is_missing = |shown: &mut String| shown.matches(text).count() < nth;
        let waited = self.shown.1.wait_timeout_while(shown, LONG, is_missing).expect("unpoisoned");
        assert!(!waited.1.timed_out(), "{text:?} is not {nth} times in:\n{}", waited.0);
    }

    /// Sends a signal to divvy, which leads the terminal's session.
    pub(super) fn signal(&self, signal: Signal) {
        let leader = rustix::termios::tcgetsid(&self.master).expect("a session");
        kill_process(leader, signal).expect("divvy is running");
    }

    /// Waits for the end as [`Terminal::end`] does; the terminal has to be as it was before.
    #[track_caller]
    pub(super) fn end_and_give_back(mut self) -> (i32, String) {
        let deadline = std::time::Instant::now() + LONG;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("divvy ends") {
                break status;
            }
            if std::time::Instant::now() > deadline {
                self.signal(Signal::KILL);
                panic!("divvy does not end:\n{}", self.shown.0.lock().expect("unpoisoned"));
            }
            std::thread::sleep(MOMENT);
        };
        let after = rustix::termios::tcgetattr(&self.master).expect("a terminal");
        assert_eq!(after.local_modes, self.before.local_modes, "echo and line mode are back");
        assert_eq!(after.input_modes, self.before.input_modes);
        let (_, shown) = self.end();
        if let Some(entered) = shown.rfind("\u{1b}[?1049h") {
            assert!(shown.rfind("\u{1b}[?1049l") > Some(entered), "the screen is left: {shown:?}");
        }
        if let Some(hidden) = shown.rfind("\u{1b}[?25l") {
            assert!(shown.rfind("\u{1b}[?25h") > Some(hidden), "the cursor is back: {shown:?}");
        }
        (status.code().unwrap_or(-1), shown)
    }

    /// Waits for the end: the exit code, and all that was shown.
    pub(super) fn end(mut self) -> (i32, String) {
        let status = self.child.wait().expect("divvy ends");
        drop(self.master);
        self.reader.join().expect("the reader ends");
        let shown = self.shown.0.lock().expect("unpoisoned").clone();
        assert!(!shown.contains(SECRET), "the secret was shown:\n{shown}");
        (status.code().unwrap_or(-1), shown)
    }
}
