//! What goes wrong: bad input, interrupts, kill -9, locks, two runs at once. Each with real
//! Terraform; whatever happens, nothing is lost and no secret is shown or left behind.

mod bad_input;
mod hang_ups;
mod hostile;
mod interrupts;
mod kills;
mod large_logs;
mod locks;
mod marking;
mod network;
mod places;
mod postgres;
mod questions;
mod running;
mod secrets;
mod sensitive;
mod state_backend;
mod watch;

/// Every form that `check` writes; a test of this module holds the list to the help.
const FORMS_OF_CHECK: &[&str] = &[
    "table",
    "json",
    "blocks",
    "commands",
    "markdown",
    "github",
    "azure",
    "sarif",
    "junit",
    "codequality",
    "html",
];

#[test]
fn every_form_of_check_is_tried_with_hostile_and_with_sensitive_names() {
    let help =
        std::process::Command::new(crate::world::DIVVY).args(["check", "-o", "none"]).output();
    let told = String::from_utf8(help.expect("divvy").stderr).expect("UTF-8");
    assert!(told.contains(&format!("the forms are {}\n", FORMS_OF_CHECK.join(", "))), "{told}");
}
