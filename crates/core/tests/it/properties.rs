//! What holds for every survey, whatever is in it.

use std::collections::BTreeSet;

use divvy_core::answer::{Answer, answers};
use divvy_core::decide::{Action, Decided, Decision, Expect, Policy, Question, decide};
use divvy_core::resolve::resolve;
use divvy_core::survey::{Alias, Change, Planned, StatePresence, TrackedInstance};
use divvy_core::verdict::Verdict;
use divvy_core::{EntityId, GrowingSurvey, Survey, name};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::builder::{Scene, address, failure};

const NAMES: &[&str] = &["A", "a", "A ", "B", "Home", "C", "S\u{430}les", "Sales"];
const IDS: &[&str] = &["id-0", "id-1", "id-2", "id-3", "id-4", "id-5"];

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(NAMES)
}

fn description() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![Value::Null, json!(""), json!("x"), json!("y")])
}

prop_compose! {
    /// A survey of one org: whatever mixture of plan, state, listing and failures.
    pub(crate) fn survey()(
        entities in prop::collection::btree_map(prop::sample::select(IDS), (name(), description()), 0..5),
        slots in prop::collection::vec((0..9_u8, name(), name(), description(), any::<bool>(), prop::sample::select(IDS), any::<[bool; 3]>()), 0..6),
        absent in any::<bool>(),
        nothing in any::<bool>(),
    ) -> Survey {
        let mut scene = Scene::new();
        for (id, (name, description)) in &entities {
            scene = scene.exists(id, name);
            if let Some(made) = scene.listing().entities.last_mut() {
                made.attributes.insert("description".into(), description.clone());
            }
        }
        if absent {
            for id in IDS.iter().filter(|id| !entities.contains_key(*id)) {
                scene = scene.absent(id);
            }
        }
        for (index, (shape, wanted, before, description, home, id, [tainted, fails, imports])) in slots.into_iter().enumerate() {
            let label = format!("d{index}");
            let after = json!({ "name": wanted, "description": description, "home": if home && wanted == "Home" { Value::Bool(true) } else { Value::Null } });
            let former = json!({ "name": before });
            scene = match shape {
                0..=3 => scene.plans(&label, Change::Create, Value::Null, after),
                4 => scene.tracks(&label, id, before).plans(&label, Change::NoOp, former.clone(), former),
                5 => scene.tracks(&label, id, before).plans(&label, Change::Update, former, after),
                6 => scene.tracks(&label, id, before).plans(&label, Change::Delete, former, Value::Null),
                7 => scene.tracks(&label, id, before).plans(&label, Change::Replace { create_first: home }, former, after),
                _ => scene.tracks(&label, id, before),
            };
            if shape < 4 && fails {
                scene = scene.failed(&label, wanted, 409);
            }
            if shape < 4 && imports && tainted {
                scene = scene.last(|planned| planned.import_id = Some(EntityId::new(id)));
            }
            let instances = scene.survey.tracked.as_mut().map(|tracked| &mut tracked.instances);
            if let Some(last) = instances.filter(|_| tainted && shape > 3).and_then(|instances| instances.last_mut()) {
                last.is_tainted = true;
            }
        }
        let empty = scene.survey.tracked.as_mut().filter(|tracked| nothing && tracked.instances.is_empty());
        if let Some(tracked) = empty {
            tracked.presence = StatePresence::Nothing;
        }
        scene.survey
    }
}

/// Everything that can be allowed without naming an id.
fn generous() -> Policy {
    Policy { adopt_all: true, accept_drift: true, repair: true, home: true, ..Policy::default() }
}

fn acts(survey: &Survey, policy: &Policy) -> Vec<(divvy_core::Finding, Action)> {
    let resolution = resolve(survey);
    let count = resolution.findings.len();
    let decisions = decide(resolution, policy);
    assert_eq!(decisions.all.len(), count);
    let acts = decisions.all.into_iter().filter_map(|one| match one.decision {
        Decision::Act(action) => Some((one.finding, action)),
        _ => None,
    });
    acts.collect()
}

/// Carries an action out on the survey, as Terraform would.
fn carry_out(survey: &mut Survey, finding: &divvy_core::Finding, action: &Action) {
    let at = finding.address.clone().expect("actions have an address");
    let wanted = survey
        .desired
        .iter()
        .flat_map(|desired| &desired.planned)
        .find(|planned| planned.address == at)
        .and_then(|planned| planned.after.clone())
        .unwrap_or_default();
    let tracked = survey.tracked.get_or_insert_default();
    tracked.presence = StatePresence::Present;
    match action {
        Action::Import { id, .. } | Action::StateRmImport { id, .. } => {
            tracked.instances.retain(|instance| instance.address != at);
            tracked.instances.push(TrackedInstance {
                address: at.clone(),
                kind: finding.kind.expect("a kind"),
                provider_alias: None,
                id: id.clone(),
                attributes: wanted.clone(),
                sensitive: BTreeSet::new(),
                is_tainted: false,
                is_deposed: false,
            });
            // What was agreed to be updated is equal afterwards.
            let listings = survey.orgs.values_mut().flat_map(|org| org.listings.values_mut());
            for entity in listings
                .flat_map(|listing| listing.entities.iter_mut())
                .filter(|entity| entity.id == *id)
            {
                entity.attributes.insert(
                    "description".into(),
                    wanted.get("description").cloned().unwrap_or_default(),
                );
            }
        }
        Action::StateMv { from } => {
            for instance in
                tracked.instances.iter_mut().filter(|instance| instance.address == *from)
            {
                instance.address = at.clone();
            }
            if let Some(desired) = &mut survey.desired {
                desired.planned.retain(|planned| planned.address != *from);
            }
        }
        Action::Untaint => {
            for instance in tracked.instances.iter_mut().filter(|instance| instance.address == at) {
                instance.is_tainted = false;
            }
        }
    }
    for planned in survey.desired.iter_mut().flat_map(|desired| &mut desired.planned) {
        if planned.address == at && planned.change != Change::Delete {
            planned.change = Change::NoOp;
            planned.before.clone_from(&planned.after);
            planned.import_id = None;
        }
    }
    survey.failures.retain(|failure| failure.address.as_ref() != Some(&at));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_inputs_is_irrelevant(survey in survey(), seed in any::<u64>()) {
        let mut shuffled = survey.clone();
        let turn = usize::try_from(seed % 7).unwrap_or(0);
        let rotate = |length: usize| if length == 0 { 0 } else { turn % length };
        if let Some(desired) = &mut shuffled.desired {
            let by = rotate(desired.planned.len());
            desired.planned.rotate_left(by);
        }
        if let Some(tracked) = &mut shuffled.tracked {
            tracked.instances.reverse();
        }
        for listing in shuffled.orgs.values_mut().flat_map(|org| org.listings.values_mut()) {
            let by = rotate(listing.entities.len());
            listing.entities.rotate_left(by);
        }
        let comparable = |survey: &Survey| {
            let resolution = resolve(survey);
            (resolution.headlines, resolution.findings)
        };
        prop_assert_eq!(comparable(&survey), comparable(&shuffled));
    }

    #[test]
    fn the_order_of_failures_is_irrelevant_and_no_unit_wins_over_another(
        told in prop::collection::vec((prop::sample::select(&[None, Some("dev"), Some("prod")][..]), prop::sample::select(&[400, 409, 500][..]), 1..4_usize), 1..5),
        exists in any::<bool>(),
    ) {
        let mut scene = Scene::new().creates("d", "A");
        if exists {
            scene = scene.exists("id-1", "A");
        }
        for (unit, status, line) in &told {
            let failed = failure("d", "A", *status);
            let unit = unit.map(str::to_owned);
            // Two failures do not stand on one line.
            let line = line * 10 + scene.survey.failures.len();
            scene.survey.failures.push(divvy_core::Failure { unit, line, ..failed });
        }
        let units: BTreeSet<_> = told.iter().filter_map(|(unit, ..)| *unit).collect();
        let seen = |scene: &Scene| {
            let finding = scene.finding("d");
            let failure = finding.failure().map(|failure| failure.line);
            (finding.verdict, finding.evidence, failure)
        };
        let (verdict, evidence, heard) = seen(&scene);
        if units.len() > 1 {
            prop_assert_eq!((verdict, heard), (if exists { Verdict::Ambiguous } else { Verdict::Create }, None));
        } else {
            prop_assert_eq!(heard, scene.survey.failures.iter().map(|failure| failure.line).max());
        }
        scene.survey.failures.reverse();
        prop_assert_eq!(seen(&scene), (verdict, evidence, heard));
    }

    #[test]
    fn no_action_takes_home_without_its_flag_or_an_id_that_another_address_holds(survey in survey()) {
        for (finding, action) in acts(&survey, &generous()) {
            let at = finding.address.clone().expect("actions have an address");
            if let Action::Import { id, .. } | Action::StateRmImport { id, .. } = &action {
                let flagged = survey.desired.iter().flat_map(|desired| &desired.planned)
                    .any(|planned| planned.address == at && planned.flag("home"));
                prop_assert!(id.as_str() != "id-home" || flagged, "{finding:?}");
                let held = survey.tracked.iter().flat_map(|tracked| &tracked.instances)
                    .any(|tracked| tracked.id == *id && tracked.address != at);
                prop_assert!(!held, "{finding:?}");
            }
        }
    }

    #[test]
    fn each_id_is_in_at_most_one_action(survey in survey()) {
        let mut seen = BTreeSet::new();
        for (finding, action) in acts(&survey, &generous()) {
            if let Action::Import { id, .. } | Action::StateRmImport { id, .. } = action {
                prop_assert!(seen.insert(id), "{finding:?}");
            }
        }
    }

    #[test]
    fn a_visible_name_is_never_to_be_created(survey in survey()) {
        let resolution = resolve(&survey);
        for finding in resolution.findings.iter().filter(|finding| finding.verdict == Verdict::Create) {
            let wanted = finding.name.as_ref().map(ToString::to_string).unwrap_or_default();
            for listing in survey.orgs.values().flat_map(|org| org.listings.values()) {
                for entity in &listing.entities {
                    prop_assert!(name::compare(&entity.key.to_string(), &wanted) != name::Likeness::Equal, "{finding:?}");
                }
            }
        }
    }

    #[test]
    fn carried_out_and_resolved_again_gives_no_action(survey in survey()) {
        // An address may first be moved or untainted and then be found stale: three rounds end it.
        let mut survey = survey;
        for _ in 0..3 {
            for (finding, action) in acts(&survey, &generous()) {
                carry_out(&mut survey, &finding, &action);
            }
        }
        prop_assert_eq!(acts(&survey, &generous()), vec![]);
    }

    #[test]
    fn one_address_alone_is_resolved_and_decided_as_among_all(survey in survey(), accept_drift in any::<bool>()) {
        // Without repairs, of which several may want one id.
        let policy = Policy { adopt_all: true, adopt_drifted: true, accept_drift, ..Policy::default() };
        let whole = decide(resolve(&survey), &policy);
        let survey = GrowingSurvey::new(survey);
        for decided in &whole.all {
            let Some(address) = &decided.finding.address else { continue };
            let alone = decide(survey.resolve_at(address), &policy);
            let at = alone.all.iter().find(|other| other.finding.address.as_ref() == Some(address));
            prop_assert_eq!(at.expect("an address with a finding has one alone"), decided);
            let stopping = whole.headlines.iter().filter(|headline| headline.kind.stops_writing());
            prop_assert!(alone.headlines.iter().eq(stopping));
        }
    }

    #[test]
    fn what_grew_piece_by_piece_is_resolved_as_what_was_there_at_once(survey in survey(), state_first in any::<bool>()) {
        let mut begun = survey.clone();
        let (planned, instances) = (
            begun.desired.as_mut().map(|desired| std::mem::take(&mut desired.planned)).unwrap_or_default(),
            begun.tracked.as_mut().map(|tracked| std::mem::take(&mut tracked.instances)).unwrap_or_default(),
        );
        let failures = std::mem::take(&mut begun.failures);
        let mut growing = GrowingSurvey::new(begun);
        let track = |growing: &mut GrowingSurvey| instances.iter().for_each(|one| growing.track(one.clone()));
        if state_first {
            track(&mut growing);
        }
        for planned in planned {
            // It is not what it was first taken for.
            let first = Planned { after: None, alias: Alias::new("another"), change: Change::Delete, ..planned.clone() };
            let at = growing.plan(first);
            growing.resolve_at(&planned.address);
            growing.plan_again(at, |first| *first = planned);
        }
        for failure in failures {
            growing.fail(failure);
        }
        if !state_first {
            track(&mut growing);
        }
        prop_assert_eq!(growing.indexed(), 1);
        prop_assert_eq!(growing.resolve(), resolve(&survey));
        let at_once = GrowingSurvey::new(survey);
        for address in at_once.resolve().findings.into_iter().filter_map(|finding| finding.address) {
            prop_assert_eq!(growing.resolve_at(&address), at_once.resolve_at(&address));
        }
    }

    #[test]
    fn every_answer_that_is_offered_does_what_it_says_at_its_address_and_nothing_elsewhere(survey in survey()) {
        let decisions = |policy: &Policy| decide(resolve(&survey), policy).all;
        let before = decisions(&Policy::default());
        for decided in &before {
            for answer in answers(decided) {
                let mut policy = Policy::default();
                policy.accept(decided, &answer);
                let at = |all: &[Decided]| all.iter().find(|one| one.finding == decided.finding).cloned();
                let mut after = decisions(&policy);
                // Without a state, or of Home where it differs, a second thing is asked.
                for _ in 0..2 {
                    let asked = at(&after).filter(|one| matches!(one.decision, Decision::Ask { .. }));
                    if let Some(asked) = asked.filter(|one| answers(one).contains(&Answer::Do)) {
                        policy.accept(&asked, &Answer::Do);
                        after = decisions(&policy);
                    }
                }
                let now = at(&after).expect("the same finding").decision;
                let is_as_said = match (&answer, &now) {
                    (Answer::New, now) => *now == Decision::Nothing,
                    (Answer::Take(taken), Decision::Act(Action::Import { id, .. })) => taken == id,
                    (Answer::Update, Decision::Act(Action::Import { expect, .. } | Action::StateRmImport { expect, .. })) => *expect == Expect::Update,
                    // Forbidden: two addresses want the one entity.
                    (Answer::Do, Decision::Act(_))
                    | (_, Decision::Ask { question: Question::Forbidden, .. }) => true,
                    _ => false,
                };
                prop_assert!(is_as_said, "{answer:?} at {decided:?}: {now:?}");
                for (one, other) in before.iter().zip(&after) {
                    let is_elsewhere = one.finding != decided.finding;
                    let is_forbidden = matches!(other.decision, Decision::Ask { question: Question::Forbidden, .. });
                    prop_assert!(!is_elsewhere || is_forbidden || one == other, "{answer:?} at {decided:?} changed {other:?}");
                }
            }
        }
    }

    #[test]
    fn every_planned_create_gets_a_finding_and_the_same_one_each_time(survey in survey()) {
        let resolution = resolve(&survey);
        prop_assert_eq!(&resolution, &resolve(&survey));
        let creates = |planned: &&Planned| planned.change == Change::Create;
        for planned in survey.desired.iter().flat_map(|desired| &desired.planned).filter(creates) {
            prop_assert!(resolution.findings.iter().any(|finding| finding.address.as_ref() == Some(&planned.address)));
        }
    }
}

#[test]
fn drift_is_kept_or_updated_and_a_near_name_is_taken_or_new() {
    let entity = |scene: Scene| scene.exists("id-1", "A");
    let mut drifted = entity(Scene::new());
    let made = drifted.listing().entities.last_mut().expect("it was made");
    made.attributes.insert("description".into(), json!("Ours"));
    let offered = |scene: &Scene, label: &str| {
        let all = decide(resolve(&scene.survey), &Policy::default()).all;
        let one = all.iter().find(|one| one.finding.address == Some(address(label)));
        answers(one.expect("a finding"))
    };
    let take = |id: &str| Answer::Take(EntityId::new(id));
    assert_eq!(offered(&drifted.creates("d", "A"), "d"), [Answer::Do, Answer::Update]);
    assert_eq!(offered(&entity(Scene::new()).creates("d", "A"), "d"), [Answer::Do]);
    assert_eq!(offered(&entity(Scene::new()).creates("d", "a"), "d"), [take("id-1"), Answer::New]);
    let twins = entity(Scene::new()).exists("id-2", "A").creates("d", "A");
    assert_eq!(offered(&twins, "d"), [take("id-1"), take("id-2")], "both would meet 409");
    assert_eq!(offered(&Scene::new().creates("d", "A"), "d"), []);
    assert_eq!(offered(&Scene::new().creates("d", "Home"), "d"), []);
}

#[test]
fn the_generator_reaches_actions_of_every_sort() {
    // Guards the properties above against a generator that never produces anything to act on.
    let scene = Scene::new()
        .exists("id-1", "A")
        .exists("id-2", "B")
        .creates("a", "A")
        .tracks("old", "id-2", "B")
        .plans("old", Change::Delete, json!({ "name": "B" }), Value::Null)
        .creates("new", "B");
    let actions = acts(&scene.survey, &generous());
    assert!(actions.iter().any(|(finding, action)| {
        finding.address == Some(address("new")) && matches!(action, Action::StateMv { .. })
    }));
    assert!(actions.iter().any(|(_, action)| matches!(action, Action::Import { .. })));
}
