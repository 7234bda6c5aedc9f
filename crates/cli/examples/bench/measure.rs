//! Measuring processes: turns, medians, ratios, peak memory.
//!
//! Never averages: a median bears the noise of a shared machine, and a ratio is taken turn by turn,
//! so a slow minute slows both of its sides.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// What two sides took, turn by turn.
pub(crate) struct Turns {
    left: Vec<Duration>,
    right: Vec<Duration>,
}

impl Turns {
    /// Lets two sides take turns; who comes first changes with every turn, and the first turn of
    /// all, which warms caches, is not counted.
    pub(crate) fn take(
        turns: usize,
        mut left: impl FnMut() -> Duration,
        mut right: impl FnMut() -> Duration,
    ) -> Self {
        let mut taken = Self { left: Vec::new(), right: Vec::new() };
        for turn in 0..=turns {
            let (of_left, of_right) = if turn % 2 == 0 {
                let of_left = left();
                (of_left, right())
            } else {
                let of_right = right();
                (left(), of_right)
            };
            if turn > 0 {
                taken.left.push(of_left);
                taken.right.push(of_right);
            }
        }
        taken
    }

    pub(crate) fn left(&self) -> Duration {
        median(&self.left)
    }

    pub(crate) fn right(&self) -> Duration {
        median(&self.right)
    }

    /// The median of left / right.
    pub(crate) fn ratio(&self) -> f64 {
        let pairs = self.left.iter().zip(&self.right);
        let mut ratios: Vec<f64> =
            pairs.map(|(left, right)| left.as_secs_f64() / right.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    }

    /// The median of left − `factor` × right, in seconds.
    pub(crate) fn excess(&self, factor: f64) -> f64 {
        let pairs = self.left.iter().zip(&self.right);
        let mut excesses: Vec<f64> =
            pairs.map(|(left, right)| left.as_secs_f64() - factor * right.as_secs_f64()).collect();
        excesses.sort_by(f64::total_cmp);
        excesses[excesses.len() / 2]
    }
}

/// The middle one of at least one time.
pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() / 2]
}

/// Runs a command to its end and holds it to an exit code: a time of something else is worth nothing.
pub(crate) fn time(command: &mut Command, expected: i32) -> Duration {
    let started = Instant::now();
    let output = command.output().expect("the program starts");
    let took = started.elapsed();
    assert_eq!(
        output.status.code(),
        Some(expected),
        "{command:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    took
}

/// How long a process took and how much memory it held at its peak, without its children. The
/// kernel's own sum at the end of a process (`wait4`) would count Terraform in, so the high-water
/// mark is read until the process is gone.
pub(crate) fn time_and_peak(command: &mut Command, expected: i32) -> (Duration, u64) {
    let started = Instant::now();
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let code = loop {
        peak = peak.max(high_water(&status).unwrap_or_default());
        if let Some(ended) = child.try_wait().expect("the program is ours") {
            break ended.code();
        }
        thread::sleep(LOOK);
    };
    assert_eq!(code, Some(expected), "{command:?}");
    (started.elapsed(), peak)
}

/// How much processor time a process took itself, without its children: of each thread what the kernel's
/// scheduler last said, which is exact but for the last milliseconds of a thread that ends early.
pub(crate) fn own_cpu(command: &mut Command, expected: i32) -> Duration {
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let place = format!("/proc/{}", child.id());
    let mut nanoseconds: BTreeMap<OsString, u64> = BTreeMap::new();
    loop {
        // Its state is behind the name in parentheses; it is not waited for before this loop ends.
        let stat = std::fs::read_to_string(format!("{place}/stat")).expect("a process");
        let has_ended = stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'));
        for thread in std::fs::read_dir(format!("{place}/task")).expect("threads").flatten() {
            let told = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            if let Some(spent) = told.split(' ').next().and_then(|spent| spent.parse().ok()) {
                nanoseconds.insert(thread.file_name(), spent);
            }
        }
        if has_ended {
            break;
        }
        thread::sleep(LOOK);
    }
    let code = child.wait().expect("the program is ours").code();
    assert_eq!(code, Some(expected), "{command:?}");
    Duration::from_nanos(nanoseconds.values().sum())
}

/// Bytes, from the line `VmHWM:   12345 kB`.
fn high_water(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}
