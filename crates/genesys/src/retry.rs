//! Whether a request may be sent once more: one pure function.
//!
//! Never waits, never sends; how long to wait between tries is [`Limits::schedule`], which is
//! backon's. Invariant: a request that can change the org is repeated only where it is certain
//! that nothing was done.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// What a repeated request could do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Safety {
    /// It changes nothing: every GET, and the request for a token.
    Repeatable,
    /// It may create something twice, or fail because of itself.
    Changes,
}

/// What became of one try that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    /// No connection came about, so nothing was sent, and another moment may be better.
    NotSent,
    /// No connection came about for a reason that stays: a certificate, a proxy's refusal.
    CannotConnect,
    /// It was sent, and no complete answer came: a time-out, a broken connection.
    NoAnswer,
    /// A 2xx whose JSON is cut off.
    CutSuccess,
    /// A 2xx that is complete and not what the API answers; it would be the same again.
    ForeignSuccess,
    /// The API counts requests and this was one too many; nothing was done.
    RateLimited,
    /// 5xx (other than 501) or 408: done or not.
    ServerTrouble,
    /// A clear answer: nothing was done, and asking again gives the same.
    Refused,
}

/// What to do after a try that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Send it again after a wait.
    Again,
    /// Report the failure.
    GiveUp,
    /// Report that the outcome is unknown: the caller looks before it repeats.
    LookUp,
}

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Tries in all, the first included.
    pub(crate) attempts: u32,
    /// Tries in all while no connection comes about.
    pub(crate) connects: u32,
    /// The longest `Retry-After` that is waited for. The provider gives up after the same time.
    pub(crate) longest_pause: Duration,
    /// The first wait between two tries; it doubles, with jitter.
    pub(crate) first_wait: Duration,
}

impl Limits {
    /// Returns the waits between tries.
    pub(crate) fn schedule(&self) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.first_wait * 32)
            .with_factor(2.0)
            .with_max_times(usize::try_from(self.attempts).unwrap_or(usize::MAX))
            .with_jitter()
            .build()
    }
}

/// Decides whether try number `attempt` (from 1) is followed by another.
pub(crate) fn decide(
    safety: Safety,
    happened: Happened,
    attempt: u32,
    retry_after: Option<Duration>,
    limits: &Limits,
) -> Decision {
    let again_below = |most: u32| {
        if attempt < most { Decision::Again } else { Decision::GiveUp }
    };
    use Happened::{
        CannotConnect, CutSuccess, ForeignSuccess, NoAnswer, NotSent, RateLimited, Refused,
        ServerTrouble,
    };
    match (happened, safety) {
        (Refused | CannotConnect, _) | (ForeignSuccess, Safety::Repeatable) => Decision::GiveUp,
        (RateLimited, _) | (ServerTrouble, Safety::Repeatable)
            if retry_after > Some(limits.longest_pause) =>
        {
            Decision::GiveUp
        }
        (NoAnswer | CutSuccess | ForeignSuccess | ServerTrouble, Safety::Changes) => {
            Decision::LookUp
        }
        (NotSent, _) => again_below(limits.connects),
        (RateLimited, _) | (NoAnswer | CutSuccess | ServerTrouble, Safety::Repeatable) => {
            again_below(limits.attempts)
        }
    }
}

/// Reads `Retry-After`: whole seconds, or a date as seen from `now`; a past date is no wait.
pub(crate) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(header).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits {
        attempts: 5,
        connects: 3,
        longest_pause: Duration::from_secs(180),
        first_wait: Duration::from_millis(250),
    };

    fn happened() -> impl Strategy<Value = Happened> {
        prop_oneof![
            Just(Happened::NotSent),
            Just(Happened::CannotConnect),
            Just(Happened::NoAnswer),
            Just(Happened::CutSuccess),
            Just(Happened::ForeignSuccess),
            Just(Happened::RateLimited),
            Just(Happened::ServerTrouble),
            Just(Happened::Refused),
        ]
    }

    proptest! {
        #[test]
        fn a_change_is_repeated_only_where_nothing_was_done(
            happened in happened(),
            attempt in 1_u32..20,
            wait in proptest::option::of(0_u64..400),
        ) {
            let decision = decide(
                Safety::Changes,
                happened,
                attempt,
                wait.map(Duration::from_secs),
                &LIMITS,
            );
            let nothing_was_done = matches!(happened, Happened::NotSent | Happened::RateLimited);
            prop_assert!(decision != Decision::Again || nothing_was_done);
            let unknown = matches!(
                happened,
                Happened::NoAnswer
                    | Happened::CutSuccess
                    | Happened::ForeignSuccess
                    | Happened::ServerTrouble
            );
            prop_assert_eq!(decision == Decision::LookUp, unknown);
        }

        #[test]
        fn tries_are_bounded_and_reads_never_need_a_look(
            happened in happened(),
            attempt in 1_u32..20,
            wait in proptest::option::of(0_u64..400),
        ) {
            let wait = wait.map(Duration::from_secs);
            let decision = decide(Safety::Repeatable, happened, attempt, wait, &LIMITS);
            prop_assert!(decision != Decision::LookUp);
            prop_assert!(attempt < LIMITS.attempts || decision == Decision::GiveUp);
            prop_assert!(
                decision != Decision::Again
                    || !matches!(happened, Happened::RateLimited | Happened::ServerTrouble)
                    || wait <= Some(LIMITS.longest_pause)
            );
        }

        #[test]
        fn retry_after_never_panics(header in ".*") {
            let _ = retry_after(&header, SystemTime::UNIX_EPOCH);
        }
    }

    #[test]
    fn the_first_trouble_of_a_read_is_followed_by_another_try() {
        for happened in [
            Happened::NotSent,
            Happened::NoAnswer,
            Happened::CutSuccess,
            Happened::RateLimited,
            Happened::ServerTrouble,
        ] {
            let decision = decide(Safety::Repeatable, happened, 1, None, &LIMITS);
            assert_eq!(decision, Decision::Again, "{happened:?}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let read = |header| retry_after(header, now);
        assert_eq!(read("42"), Some(Duration::from_secs(42)));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        assert_eq!(read("-1"), None);
    }

    #[test]
    fn waits_grow_and_are_jittered_around_their_schedule() {
        let waits: Vec<Duration> = LIMITS.schedule().collect();
        assert_eq!(waits.len(), 5);
        for (index, wait) in waits.iter().enumerate() {
            let least = LIMITS.first_wait * 2_u32.pow(u32::try_from(index).unwrap());
            assert!(*wait >= least && *wait <= least * 2, "{index}: {wait:?}");
        }
        let others: Vec<Duration> = LIMITS.schedule().collect();
        assert_ne!(waits, others, "requests under way together must not wait alike");
    }
}
