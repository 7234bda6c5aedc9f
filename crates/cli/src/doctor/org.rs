//! One org: which it is, what this client sees of it, and what it may do there.
//!
//! Pure: judges facts. Each function is one row of [`super::CHECKS`]. Invariant: nothing is
//! concluded from the absence of what this client may not see.

use divvy_core::Address;
use divvy_core::CommandLine;
use divvy_core::name::visible as quoted;
use divvy_genesys::how_to_grant;

use super::answer::{Answer, of_heard};
use super::facts::{Account, KindSeen, Reply};

/// How many addresses a message names.
const NAMED: usize = 3;

const NO_TOKEN: &str = "not asked: there is no token";

pub(super) fn organization(account: &Account) -> Answer {
    of_heard(&account.answers.organization, NO_TOKEN, |org| match &org.name {
        Some(name) => Answer::tick(format!("{} ({})", quoted(name), org.id)),
        None => Answer::cross(
            "this client may not ask which org it is, which the provider does at each start",
        )
        .hints(how_to_grant(&[])),
    })
}

pub(super) fn products(account: &Account) -> Answer {
    of_heard(&account.answers.products, NO_TOKEN, |()| {
        Answer::tick("this client may ask what the provider asks at each start")
    })
}

/// One cross for each type whose list is refused: what of it exists is not seen, and its creates are
/// left to the provider.
pub(super) fn listable(account: &Account) -> Vec<Answer> {
    let listable = &account.answers.listable;
    let refused: Vec<Answer> = listable
        .iter()
        .filter_map(|(kind, reply)| match reply {
            Reply::Refused(trouble) => Some((kind, trouble)),
            Reply::Unasked | Reply::Told(()) => None,
        })
        .map(|(kind, trouble)| {
            let plural = kind.words.plural;
            let text = format!(
                "{plural} ({}) cannot be listed, so nothing can be foretold about existing ones: {}",
                kind.terraform_type, trouble.message
            );
            Answer::cross(text).hints(trouble.hints.iter().cloned())
        })
        .collect();
    if !refused.is_empty() {
        return refused;
    }
    vec![match (&account.answers.token, listable.len()) {
        (Reply::Told(()), 0) => Answer::tick("the configuration has no type that divvy lists"),
        (Reply::Told(()), 1) => Answer::tick("yes, the one type of the configuration"),
        (Reply::Told(()), count) => {
            Answer::tick(format!("yes, all {count} types of the configuration"))
        }
        _ => Answer::open(NO_TOKEN),
    }]
}

pub(super) fn visible(_account: &Account, seen: &KindSeen) -> Answer {
    let plural = seen.kind.words.plural;
    of_heard(&seen.listing, NO_TOKEN, |listing| {
        if listing.only_home_is_visible() {
            return Answer::cross(format!(
                "this client sees Home alone: the org has no other {plural}, or its role is granted in Home only"
            ))
            .hint("grant the client's role in all divisions: Admin > Integrations > OAuth > the client > Roles")
            .hint("a new grant can take five minutes to act");
        }
        let count = listing.entities.len();
        if listing.is_complete {
            Answer::tick(format!("{count} {plural}"))
        } else {
            let gap = listing.gap();
            let gap = gap.as_deref().unwrap_or("the list changed while it was read");
            Answer::cross(format!("{count} {plural}, but {gap}")).hint(CommandLine::divvy("doctor"))
        }
    })
}

pub(super) fn state_ids(_account: &Account, seen: &KindSeen) -> Answer {
    if seen.tracked == 0 {
        return Answer::open(format!("the state tracks no {} here", seen.kind.words.plural));
    }
    of_heard(&seen.absent, "not asked: the org's list could not be read", |absent| {
        let (tracked, plural) = (seen.tracked, seen.kind.words.plural);
        if absent.is_empty() {
            return Answer::tick(format!("all {tracked} tracked {plural} are there"));
        }
        let named: Vec<_> = absent.iter().take(NAMED).map(Address::as_str).collect();
        let more = absent.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let answer = Answer::cross(format!(
            "{} of {tracked} tracked {plural} are not in this org: {}{more}",
            absent.len(),
            named.join(", ")
        ));
        if sees_home_alone(seen) {
            return answer
                .hint("this client sees Home alone: grant its role in all divisions first");
        }
        if absent.len() == tracked {
            return answer
                .hint("this looks like another org than the state's: check credentials, region and workspace");
        }
        answer.hint(
            CommandLine::divvy("check").because("says which of them were deleted or made anew"),
        )
    })
}

pub(super) fn may_create(_account: &Account, seen: &KindSeen) -> Answer {
    let plural = seen.kind.words.plural;
    match lacking(seen, seen.kind.permissions.create) {
        Err(unknown) => unknown,
        Ok(lacking) if lacking.is_empty() => {
            Answer::tick(format!("yes: {}", seen.kind.permissions.create.join(" and ")))
        }
        Ok(lacking) => Answer::cross(format!(
            "this client may not create {plural}: it lacks {}",
            lacking.join(" and ")
        ))
        .hints(how_to_grant(&lacking)),
    }
}

/// No cross: only a create that was refused makes divvy ask for what was deleted.
pub(super) fn may_list_deleted(_account: &Account, seen: &KindSeen) -> Answer {
    let needed = seen.kind.permissions.deleted;
    match lacking(seen, needed) {
        Err(unknown) => unknown,
        Ok(lacking) if lacking.is_empty() => Answer::tick(format!("yes: {}", needed.join(" and "))),
        Ok(lacking) => Answer::open(format!(
            "no, it lacks {}: a 409 that comes from a deleted {} stays unexplained",
            lacking.join(" and "),
            seen.kind.words.noun
        ))
        .hints(how_to_grant(&lacking)),
    }
}

/// Returns those of some permissions that the client holds in no division.
fn lacking(seen: &KindSeen, needed: &[&str]) -> Result<Vec<String>, Answer> {
    let mut lacking = Vec::new();
    for permission in needed {
        let held = seen.permitted.iter().find(|(name, _)| name == permission);
        match held.map(|(_, held)| held) {
            Some(Reply::Told(divisions)) if divisions.is_empty() => {
                lacking.push((*permission).to_owned());
            }
            Some(Reply::Told(_)) => {}
            Some(Reply::Refused(trouble)) => return Err(Answer::refused(trouble)),
            Some(Reply::Unasked) | None => return Err(Answer::open(NO_TOKEN)),
        }
    }
    Ok(lacking)
}

pub(super) fn limit(_account: &Account, seen: &KindSeen) -> Answer {
    of_heard(&seen.limit, NO_TOKEN, |limit| {
        let plural = seen.kind.words.plural;
        let Some(limit) = *limit else { return Answer::open(format!("{plural} have no limit")) };
        let Some(listing) = seen.listing.told() else {
            return Answer::open(format!(
                "{limit} {plural} are allowed; how many there are is not known"
            ));
        };
        if sees_home_alone(seen) {
            return Answer::open(format!(
                "{limit} {plural} are allowed; this client does not see how many there are"
            ));
        }
        let count = listing.entities.len() as u64;
        if count >= limit {
            return Answer::cross(format!("{count} of {limit} {plural}: no room for another"))
                .hint("adopt or delete what is not used, or ask Genesys Cloud Care for a higher limit");
        }
        Answer::tick(format!("{count} of {limit} {plural}: room for {}", limit - count))
    })
}

fn sees_home_alone(seen: &KindSeen) -> bool {
    seen.listing.told().is_some_and(divvy_core::survey::Listing::only_home_is_visible)
}

#[cfg(test)]
mod tests {
    use divvy_core::survey::Listing;

    use super::super::facts::Answers;
    use super::super::tests::{account, division, trouble};
    use super::*;

    fn seen() -> KindSeen {
        account().answers.kinds.remove(0)
    }

    fn judged(
        judge: fn(&Account, &KindSeen) -> Answer,
        change: impl FnOnce(&mut KindSeen),
    ) -> Answer {
        let mut seen = seen();
        change(&mut seen);
        judge(&account(), &seen)
    }

    fn home_alone(seen: &mut KindSeen) {
        let entities = vec![division("Home", true)];
        seen.listing = Reply::Told(Listing {
            entities: entities.into(),
            is_complete: true,
            ..Listing::default()
        });
    }

    #[test]
    fn an_org_that_does_not_tell_who_it_is_stops_the_provider() {
        let mut account = account();
        assert_eq!(organization(&account).message, "\"Test Org\" (org-1)");
        let Reply::Told(org) = &mut account.answers.organization else { panic!("told") };
        org.name = None;
        assert_eq!(organization(&account).ok, Some(false));
        account.answers.organization = Reply::Refused(trouble("5"));
        assert_eq!(organization(&account).message, "5");
        account.answers.organization = Reply::Unasked;
        assert_eq!(organization(&account).ok, None);
    }

    #[test]
    fn products_that_may_not_be_listed_are_a_cross() {
        let mut account = account();
        assert_eq!(products(&account).ok, Some(true));
        account.answers.products = Reply::Refused(trouble("403"));
        assert_eq!(products(&account).ok, Some(false));
    }

    #[test]
    fn each_type_that_may_not_be_listed_is_a_cross_of_its_own() {
        let kind = |name: &str| divvy_core::kinds::of_terraform_type(name).unwrap();
        let (queue, skill) =
            (kind("genesyscloud_routing_queue"), kind("genesyscloud_routing_skill"));
        let mut account = account();
        assert_eq!(listable(&account).len(), 1);
        account.answers.listable = vec![(queue, Reply::Told(())), (skill, Reply::Told(()))];
        let [answer] = listable(&account).try_into().unwrap();
        assert_eq!(
            (answer.ok, answer.message.as_str()),
            (Some(true), "yes, all 2 types of the configuration")
        );
        account.answers.listable[1].1 = Reply::Refused(trouble("403 needs routing:skill:view"));
        let [answer] = listable(&account).try_into().unwrap();
        assert_eq!(answer.ok, Some(false));
        for part in ["skills (genesyscloud_routing_skill)", "routing:skill:view"] {
            assert!(answer.message.contains(part), "{part} is not in {answer:?}");
        }
        assert!(!answer.hints.is_empty());
        account.answers = Answers::default();
        assert_eq!(listable(&account)[0].ok, None);
    }

    #[test]
    fn home_alone_and_a_list_that_changed_are_crosses() {
        assert_eq!(judged(visible, |_| {}).message, "2 divisions");
        let answer = judged(visible, home_alone);
        assert_eq!(answer.ok, Some(false));
        assert!(answer.hints[0].to_string().contains("Roles"));
        let changed = judged(visible, |seen| {
            let Reply::Told(listing) = &mut seen.listing else { panic!("told") };
            listing.is_complete = false;
        });
        assert_eq!(changed.ok, Some(false));
        assert_eq!(judged(visible, |seen| seen.listing = Reply::Unasked).ok, None);
        let refused = judged(visible, |seen| seen.listing = Reply::Refused(trouble("403")));
        assert_eq!(refused.ok, Some(false));
    }

    #[test]
    fn ids_that_are_not_in_the_org_are_named_by_their_addresses() {
        let absent = |count: usize, tracked: usize| {
            move |seen: &mut KindSeen| {
                let address = |n| Address::parse(&format!("genesyscloud_auth_division.a[{n}]"));
                seen.absent = Reply::Told((0..count).map(|n| address(n).unwrap()).collect());
                seen.tracked = tracked;
            }
        };
        assert_eq!(judged(state_ids, |_| {}).ok, Some(true));
        assert_eq!(judged(state_ids, absent(0, 0)).ok, None);
        let some = judged(state_ids, absent(5, 9));
        assert_eq!(some.ok, Some(false));
        assert!(
            some.message.contains("5 of 9") && some.message.ends_with("and 2 more"),
            "{some:?}"
        );
        assert!(some.hints[0].to_string().contains("divvy check"));
        assert!(judged(state_ids, absent(2, 2)).hints[0].to_string().contains("another org"));
        let unseen = judged(state_ids, |seen| {
            absent(2, 2)(seen);
            home_alone(seen);
        });
        assert!(unseen.hints[0].to_string().contains("Home alone"), "{unseen:?}");
        let unread = judged(state_ids, |seen| seen.absent = Reply::Unasked);
        assert_eq!(unread.ok, None);
    }

    #[test]
    fn a_missing_permission_is_named_with_the_place_to_grant_it() {
        assert_eq!(judged(may_create, |_| {}).ok, Some(true));
        let answer = judged(may_create, |seen| seen.permitted[1].1 = Reply::Told(Vec::new()));
        assert_eq!(answer.ok, Some(false));
        assert!(answer.message.ends_with("it lacks authorization:grant:add"), "{answer:?}");
        let hints: String = answer.hints.iter().map(ToString::to_string).collect();
        for part in ["authorization:grant:add", "Admin >", "five minutes"] {
            assert!(hints.contains(part), "{part} is not in {hints}");
        }
        let refused = judged(may_create, |seen| seen.permitted[0].1 = Reply::Refused(trouble("5")));
        assert_eq!(refused.ok, Some(false));
        assert_eq!(judged(may_create, |seen| seen.permitted.clear()).ok, None);
    }

    #[test]
    fn not_seeing_what_was_deleted_is_no_cross() {
        assert_eq!(judged(may_list_deleted, |_| {}).ok, Some(true));
        let answer = judged(may_list_deleted, |seen| seen.permitted[2].1 = Reply::Told(Vec::new()));
        assert_eq!(answer.ok, None);
        assert!(answer.message.contains("authorization:divisionDeleted:view"), "{answer:?}");
    }

    #[test]
    fn the_room_below_the_limit_is_counted_where_all_is_seen() {
        assert_eq!(judged(limit, |_| {}).message, "2 of 50 divisions: room for 48");
        assert_eq!(judged(limit, |seen| seen.limit = Reply::Told(Some(2))).ok, Some(false));
        assert_eq!(judged(limit, |seen| seen.limit = Reply::Told(Some(1))).ok, Some(false));
        assert_eq!(judged(limit, |seen| seen.limit = Reply::Told(None)).ok, None);
        assert_eq!(judged(limit, home_alone).ok, None);
        assert_eq!(judged(limit, |seen| seen.listing = Reply::Unasked).ok, None);
        assert_eq!(judged(limit, |seen| seen.limit = Reply::Refused(trouble("5"))).ok, Some(false));
    }
}
