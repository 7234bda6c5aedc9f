//! What is waited for: a moving line names the one that began first, and for how long.
//!
//! Pure, with the clock handed in. Invariant: what ended is not named while something else is under way.

use std::time::{Duration, Instant};

/// One thing that is waited for.
#[derive(Clone, Debug)]
struct Wait {
    /// Tells it from others of the same name.
    key: String,
    name: String,
    since: Instant,
}

/// Everything that is waited for, in the order of its begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits {
    all: Vec<Wait>,
    /// What was shown last, for the moments in which nothing is waited for.
    last: String,
}

impl Waits {
    /// How long nobody asks for how long it takes.
    const SHORT: Duration = Duration::from_secs(2);

    /// Something begins.
    pub(crate) fn begin(&mut self, key: String, name: &str, now: Instant) {
        name.clone_into(&mut self.last);
        self.all.push(Wait { key, name: name.to_owned(), since: now });
    }

    /// It has ended.
    pub(crate) fn end(&mut self, key: &str) {
        if let Some(at) = self.all.iter().position(|wait| wait.key == key) {
            let ended = self.all.remove(at);
            self.last = ended.name;
        }
    }

    /// One step after another, each of which ends the one before.
    pub(crate) fn step(&mut self, name: &str, now: Instant) {
        self.all.clear();
        self.begin(String::new(), name, now);
    }

    /// Names what is waited for longest.
    pub(crate) fn shown(&self, now: Instant) -> String {
        let Some(oldest) = self.all.first() else { return self.last.clone() };
        let elapsed = now.saturating_duration_since(oldest.since);
        let elapsed = match elapsed.as_secs() {
            _ if elapsed < Self::SHORT => String::new(),
            seconds @ 0..60 => format!(" ({seconds}s)"),
            seconds => format!(" ({}m{:02}s)", seconds / 60, seconds % 60),
        };
        format!("{}{elapsed}", oldest.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_named_with_its_time_and_of_the_same_name_each_ends_by_itself() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut waits = Waits::default();
        assert_eq!(waits.shown(at(0)), "");
        waits.begin("plan".to_owned(), "terraform plan", at(0));
        waits.begin("page 1".to_owned(), "listing queues", at(1));
        waits.begin("page 2".to_owned(), "listing queues", at(9));
        assert_eq!(waits.shown(at(1)), "terraform plan", "no time is told of a moment");
        assert_eq!(waits.shown(at(75)), "terraform plan (1m15s)");
        waits.end("page 2");
        waits.end("plan");
        assert_eq!(waits.shown(at(12)), "listing queues (11s)", "page 1 is waited for still");
        waits.end("page 1");
        waits.end("page 1");
        assert_eq!(waits.shown(at(99)), "listing queues", "nothing is waited for");
        waits.step("creating", at(100));
        waits.step("looking again", at(103));
        assert_eq!(waits.shown(at(106)), "looking again (3s)");
    }
}
