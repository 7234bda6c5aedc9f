//! The pace of all requests of one client: a number a minute, and shared pauses.
//!
//! Never sends anything and knows no request. Invariant: within any 60 seconds at most `rate`
//! requests are admitted, and none before a pause is over.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

const WINDOW: Duration = Duration::from_secs(60);

/// Admits requests.
#[derive(Debug)]
pub(crate) struct Pace {
    rate: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    admitted: VecDeque<Instant>,
    paused_until: Option<Instant>,
}

impl Pace {
    /// Makes a pace of at most `rate` requests a minute; zero counts as one.
    pub(crate) fn new(rate: u32) -> Self {
        Self { rate: usize::try_from(rate).unwrap_or(usize::MAX).max(1), state: Mutex::default() }
    }

    /// Waits until one more request may go out, and counts it.
    pub(crate) async fn admit(&self) {
        while let Some(free_at) = self.admit_or_wait(Instant::now()) {
            sleep_until(free_at).await;
        }
    }

    /// Makes every request wait that has not gone out yet. A longer pause is never shortened.
    pub(crate) fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.paused_until = state.paused_until.max(Some(until));
    }

    fn admit_or_wait(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = state.paused_until.filter(|until| *until > now) {
            return Some(until);
        }
        while state.admitted.front().is_some_and(|oldest| *oldest + WINDOW <= now) {
            state.admitted.pop_front();
        }
        if state.admitted.len() >= self.rate {
            return state.admitted.front().map(|oldest| *oldest + WINDOW);
        }
        state.admitted.push_back(now);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_request_over_the_rate_waits_for_the_window_to_move() {
        let pace = Pace::new(3);
        let start = Instant::now();
        for _ in 0..3 {
            pace.admit().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        pace.admit().await;
        assert_eq!(start.elapsed(), WINDOW);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_every_request_and_is_never_shortened() {
        let pace = Pace::new(300);
        let start = Instant::now();
        pace.pause(Duration::from_secs(42));
        pace.pause(Duration::from_secs(2));
        let all = (0..10).map(|_| pace.admit());
        futures_util::future::join_all(all).await;
        assert_eq!(start.elapsed(), Duration::from_secs(42));
    }
}
