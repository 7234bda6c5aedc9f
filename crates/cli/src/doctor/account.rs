//! The way to one org: credentials, region, proxy, token, clock.
//!
//! Pure: judges facts. Each function is one row of [`super::CHECKS`]. Invariant: names where a
//! secret came from, never the secret.

use divvy_genesys::Reason;

use super::answer::{Answer, of_heard};
use super::facts::{Account, Concern, NoWay, Way};

/// What a clock may be off by, in seconds, before certificates and tokens suffer.
const TOLERATED_SKEW: u64 = 300;

pub(super) fn credentials(account: &Account) -> Answer {
    of_way(account, Concern::Credentials, |way| {
        let from = &way.credentials_from;
        Answer::tick(match &way.client_id {
            Some(id) => format!("OAuth client {id}, from {from}"),
            None => format!("an access token, from {from}"),
        })
    })
}

pub(super) fn region(account: &Account) -> Answer {
    of_way(account, Concern::Region, |way| {
        let place = match way.region {
            Some(region) => format!("{region} ({}), from {}", way.api_url, way.base_from),
            None => format!("{}, from {}", way.api_url, way.base_from),
        };
        let Some(region) = way.region else { return Answer::tick(place) };
        let other = account.regions_named.iter().find(|(_, named)| named != region);
        match other {
            // The other one is where the credentials come from: they are likely meant for it.
            Some((source, named)) if way.credentials_from.split(" and ").any(|from| from == *source) => {
                Answer::cross(format!(
                    "{place}; but the credentials come from {source}, which says {named}"
                ))
                .hint("credentials are valid in their own region only: set the region where the credentials stand")
            }
            Some((source, named)) => {
                Answer::tick(format!("{place}; {source} says {named}, which does not count"))
            }
            None => Answer::tick(place),
        }
    })
}

pub(super) fn proxy(account: &Account) -> Answer {
    of_way(account, Concern::Proxy, |way| match (way.proxies.as_slice(), &account.answers.reason) {
        (_, Some(Reason::Proxy)) => Answer::cross("the proxy refused or cannot be reached")
            .hint("check the provider's `proxy` block, GENESYSCLOUD_PROXY_* and HTTPS_PROXY"),
        ([], Some(Reason::Network(_))) => Answer::open("none is set; perhaps one is needed here")
            .hint("HTTPS_PROXY and the provider's `proxy` block are honoured"),
        ([], _) => Answer::tick("none is set"),
        (proxies, _) => Answer::tick(format!("{} (as far as NO_PROXY lets)", proxies.join(", "))),
    })
}

pub(super) fn token(account: &Account) -> Answer {
    let Ok(way) = &account.way else {
        return Answer::open("not asked: there is no way to an org");
    };
    of_heard(&account.answers.token, "not asked: there is no way to an org", |()| {
        Answer::tick(match way.client_id {
            Some(_) => "the login service gives a token",
            None => "the access token is accepted",
        })
    })
}

pub(super) fn clock(account: &Account) -> Answer {
    let Some(skew) = account.answers.clock_skew else {
        return Answer::open("not told: the API gave no dated answer");
    };
    let direction = if skew < 0 { "behind" } else { "ahead" };
    let seconds = skew.unsigned_abs();
    if seconds <= TOLERATED_SKEW {
        return Answer::tick(format!("{seconds} s {direction}"));
    }
    Answer::cross(format!("this machine is {seconds} s {direction} of the API"))
        .hint("set the clock: certificates and tokens are judged by it")
}

/// Judges the way; a missing one is a cross where it belongs, and leaves the other checks open.
fn of_way(account: &Account, concern: Concern, judge: impl FnOnce(&Way) -> Answer) -> Answer {
    match &account.way {
        Ok(way) => judge(way),
        Err(NoWay(troubles)) => match troubles.iter().find(|(about, _)| *about == concern) {
            Some((_, trouble)) => Answer::refused(trouble),
            None => Answer::open("not told: there is no way to an org"),
        },
    }
}

#[cfg(test)]
mod tests {
    use divvy_genesys::NetworkFailure;

    use super::super::facts::Reply;
    use super::super::tests::{account, trouble};
    use super::*;

    fn way(account: &mut Account) -> &mut Way {
        account.way.as_mut().unwrap()
    }

    #[test]
    fn credentials_are_told_by_their_source() {
        let mut account = account();
        let answer = credentials(&account);
        assert_eq!(answer.ok, Some(true));
        assert_eq!(answer.message, "OAuth client client-1, from provider block");
        way(&mut account).client_id = None;
        assert_eq!(credentials(&account).message, "an access token, from provider block");
    }

    #[test]
    fn what_bars_the_way_is_a_cross_at_one_check_and_leaves_the_others_open() {
        type Judge = fn(&Account) -> Answer;
        let judges: [(Concern, Judge); 3] = [
            (Concern::Credentials, credentials),
            (Concern::Region, region),
            (Concern::Proxy, proxy),
        ];
        for (concern, judge) in judges {
            let mut account = account();
            account.way = Err(NoWay(vec![(concern, trouble("no way"))]));
            assert_eq!(judge(&account).ok, Some(false), "{concern:?}");
            assert_eq!(judge(&account).message, "no way");
            for (other, judge) in judges {
                assert!(other == concern || judge(&account).ok.is_none(), "{concern:?} {other:?}");
            }
            assert_eq!(token(&account).ok, None);
        }
    }

    #[test]
    fn another_region_counts_only_where_the_credentials_come_from() {
        let judged = |credentials_from: &str, named: &[(&'static str, &str)]| {
            let mut account = account();
            way(&mut account).credentials_from = credentials_from.to_owned();
            account.regions_named =
                named.iter().map(|(place, region)| (*place, (*region).to_owned())).collect();
            region(&account)
        };
        let both = [("provider block", "eu-central-1"), ("environment", "us-east-1")];
        assert_eq!(judged("environment", &both).ok, Some(false));
        assert!(judged("environment", &both).message.contains("us-east-1"));
        assert_eq!(judged("provider block and environment", &both).ok, Some(false));
        assert_eq!(judged("provider block", &both).ok, Some(true));
        assert_eq!(judged("environment", &both[..1]).ok, Some(true));
    }

    #[test]
    fn a_base_without_a_region_contradicts_nobody() {
        let mut account = account();
        way(&mut account).region = None;
        account.regions_named = vec![("environment", "us-east-1".to_owned())];
        assert_eq!(region(&account).ok, Some(true));
    }

    #[test]
    fn a_proxy_is_named_and_its_refusal_is_a_cross() {
        let mut account = account();
        assert_eq!(proxy(&account).ok, Some(true));
        way(&mut account).proxies = vec!["http://proxy.test:3128".to_owned()];
        assert!(proxy(&account).message.contains("proxy.test:3128"));
        account.answers.reason = Some(Reason::Proxy);
        assert_eq!(proxy(&account).ok, Some(false));
        way(&mut account).proxies.clear();
        account.answers.reason = Some(Reason::Network(NetworkFailure::Dns));
        assert_eq!(proxy(&account).ok, None);
    }

    #[test]
    fn a_refused_token_keeps_its_hints() {
        let mut account = account();
        assert_eq!(token(&account).message, "the login service gives a token");
        way(&mut account).client_id = None;
        assert_eq!(token(&account).message, "the access token is accepted");
        account.answers.token = Reply::Refused(trouble("not accepted"));
        let answer = token(&account);
        assert_eq!((answer.ok, answer.message.as_str()), (Some(false), "not accepted"));
        assert!(!answer.hints.is_empty());
    }

    #[test]
    fn a_clock_may_be_off_by_minutes_and_no_more() {
        let judged = |skew: Option<i64>| {
            let mut account = account();
            account.answers.clock_skew = skew;
            clock(&account)
        };
        assert_eq!(judged(None).ok, None);
        assert_eq!(judged(Some(-300)).ok, Some(true));
        assert_eq!(judged(Some(301)).message, "this machine is 301 s ahead of the API");
        assert_eq!(judged(Some(-3600)).ok, Some(false));
        assert!(judged(Some(-3600)).message.contains("behind"));
        assert_eq!(judged(Some(i64::MIN)).ok, Some(false));
    }
}
