//! The waiting rules of SDKv2 and of the Go SDK, as measured.
//!
//! Two schedules: [`Patience`] spaces the tries of a whole operation (SDKv2's retry), [`backoff`]
//! the re-sends of one request (the Go SDK). Neither decides what may be repeated.

use std::time::Duration;

use tokio::time::Instant;

const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How long an operation is tried: at 0, 0.5, 1.5, 3.5, 7.5, 15.5, then every 10 s. A limit of zero
/// means one try.
pub(crate) struct Patience {
    deadline: Instant,
    wait: Duration,
}

impl Patience {
    /// Starts now.
    pub(crate) fn of(limit: Duration) -> Self {
        Self { deadline: Instant::now() + limit, wait: Duration::from_millis(500) }
    }

    /// Waits for the next try; false if there is none, which is known when the limit is over and
    /// not before.
    pub(crate) async fn allows_another_try(&mut self) -> bool {
        let next = Instant::now() + self.wait;
        tokio::time::sleep_until(next.min(self.deadline)).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        next < self.deadline
    }
}

/// The wait before re-send number `resend` (from 0): 1, 2, 4, 8, 16, then 30 s.
pub(crate) fn backoff(resend: u32) -> Duration {
    Duration::from_secs(if resend < 5 { 1 << resend } else { 30 })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn tries_within(limit: Duration) -> (Vec<u128>, Duration) {
        let start = Instant::now();
        let mut patience = Patience::of(limit);
        let mut at = Vec::new();
        loop {
            at.push(start.elapsed().as_millis());
            if !patience.allows_another_try().await {
                return (at, start.elapsed());
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn five_minutes_hold_thirty_four_tries() {
        let (at, took) = tries_within(Duration::from_secs(300)).await;
        assert_eq!((at.len(), took.as_secs()), (34, 300));
    }

    #[tokio::test(start_paused = true)]
    async fn a_data_source_polls_five_times_in_fifteen_seconds() {
        let (at, took) = tries_within(Duration::from_secs(15)).await;
        let tenths: Vec<u128> = at.iter().map(|millis| millis / 100).collect();
        assert_eq!((tenths.as_slice(), took.as_secs()), ([0, 5, 15, 35, 75].as_slice(), 15));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_zero_is_one_try() {
        assert_eq!(tries_within(Duration::ZERO).await.0.len(), 1);
    }

    #[test]
    fn twenty_resends_take_eight_minutes_and_one_second() {
        let total: Duration = (0..20).map(backoff).sum();
        assert_eq!(total, Duration::from_secs(481));
    }
}
