//! Each verdict and headline, from the smallest survey that calls for it.

mod chosen;
mod headlines;
mod home;
mod many_kinds;
mod names;
mod pending;
mod planned;
mod refused;
mod tracked;
mod unlisted;

use divvy_core::EntityId;
use divvy_core::decide::{Action, Decision, Expect, Policy, Question};

fn policy() -> Policy {
    Policy::default()
}

fn imports(id: &str, expect: Expect) -> Decision {
    Decision::Act(Action::Import { id: EntityId::new(id), expect })
}

fn asks(question: Question) -> impl Fn(&Decision) -> bool {
    move |decision| matches!(decision, Decision::Ask { question: asked, .. } if *asked == question)
}
