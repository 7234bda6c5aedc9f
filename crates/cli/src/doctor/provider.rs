//! Terraform, its configuration, its provider, its state.
//!
//! Pure: judges facts. Each function is one row of [`super::CHECKS`].

use divvy_core::CommandLine;
use divvy_terraform::LockFile;

use super::answer::{Answer, of_heard};
use super::facts::{Facts, Overridden};
use crate::terraform_errors::WITHOUT_WRAPPER;

/// The vendor's provider, without the registry.
pub(super) const VENDOR: &str = "mypurecloud/genesyscloud";

/// Where a name without `required_providers` would lead.
const GUESSED: &str = "hashicorp/genesyscloud";

const NO_CONFIGURATION: &str = "not asked: there is no configuration";

pub(super) fn program(facts: &Facts) -> Answer {
    let program = match &facts.terraform {
        Ok(program) => program,
        Err(trouble) => return Answer::refused(trouble),
    };
    let version = match &program.version {
        Ok(version) => version,
        Err(trouble) => return Answer::refused(trouble),
    };
    let found = format!("{} {version} ({})", program.name, program.path.display());
    match major_and_minor(version) {
        Some(version) if version < (1, 5) => Answer::tick(format!(
            "{found}; import blocks came with 1.5, so divvy fix imports one address at a time"
        )),
        _ => Answer::tick(found),
    }
}

/// What a wrapper prints around Terraform's answers shows in the first of them, its version.
pub(super) fn wrapper(facts: &Facts) -> Answer {
    let Ok(program) = &facts.terraform else {
        return Answer::open("not asked: there is no Terraform");
    };
    match &program.version {
        Err(trouble) if trouble.hints.iter().any(|hint| hint.to_string() == WITHOUT_WRAPPER) => {
            Answer::refused(trouble)
        }
        _ if program.passes_wrapper_by => Answer::tick(format!(
            "setup-terraform's wrapper is bypassed: divvy runs {}; the workflow's own steps still go through the wrapper",
            program.path.display()
        ))
        .hint("it copies what Terraform prints into step outputs: set `terraform_wrapper: false`"),
        _ => Answer::tick("none"),
    }
}

/// What works where the runs are remote is what needs nothing but the plan's JSON.
pub(super) fn execution(facts: &Facts) -> Answer {
    let Ok(configuration) = &facts.configuration else { return Answer::open(NO_CONFIGURATION) };
    if !configuration.runs_remotely {
        return Answer::tick("yes");
    }
    let backend = configuration.backend.as_deref().unwrap_or_default();
    let program = facts.program();
    Answer::open(format!(
        "`{backend}` may run them elsewhere: then divvy check, -o blocks and divvy fix --write work with the plan's JSON alone, and divvy run and divvy fix --yes do not, unless the workspace's execution mode is local"
    ))
    .hint(CommandLine::of(program).words("show -json PLANFILE > plan.json").because("then: divvy check --plan plan.json"))
}

fn major_and_minor(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.split('.').map(|part| part.parse::<u64>().ok());
    Some((parts.next()??, parts.next()??))
}

pub(super) fn configuration(facts: &Facts) -> Answer {
    let configuration = match &facts.configuration {
        Ok(configuration) => configuration,
        Err(trouble) => return Answer::refused(trouble),
    };
    match configuration.unreadable.as_slice() {
        [] => Answer::tick("every file of it can be read"),
        files => Answer::cross(format!("these files cannot be read: {}", files.join(", ")))
            .hint(CommandLine::of(facts.program()).words("validate")),
    }
}

pub(super) fn source(facts: &Facts) -> Answer {
    let Ok(configuration) = &facts.configuration else { return Answer::open(NO_CONFIGURATION) };
    match &configuration.source {
        Some(source) if is_vendor(source) => Answer::tick(source),
        Some(source) => Answer::cross(format!("{source} is not the vendor's provider"))
            .hint(format!("in required_providers: genesyscloud = {{ source = \"{VENDOR}\" }}")),
        None => Answer::cross(format!(
            "required_providers does not name genesyscloud, so Terraform would look for {GUESSED}"
        ))
        .hint(format!("in required_providers: genesyscloud = {{ source = \"{VENDOR}\" }}")),
    }
}

/// A registry may stand in front.
fn is_vendor(source: &str) -> bool {
    let source = source.to_ascii_lowercase();
    source == VENDOR || source.strip_suffix(VENDOR).is_some_and(|registry| registry.ends_with('/'))
}

pub(super) fn lock_file(facts: &Facts) -> Answer {
    let init = CommandLine::of(facts.program()).words("init");
    let Ok(configuration) = &facts.configuration else { return Answer::open(NO_CONFIGURATION) };
    if configuration.is_reattached {
        return Answer::open("TF_REATTACH_PROVIDERS serves the provider: nothing is installed");
    }
    match &configuration.overridden {
        Some(Ok(Overridden { binary, file })) => {
            return Answer::tick(format!(
                "not needed: dev_overrides in {} takes the provider from {}",
                file.display(),
                binary.display()
            ));
        }
        Some(Err(reason)) => {
            return Answer::cross(reason).hint("build the provider there, or correct that file");
        }
        None => {}
    }
    let entry = match &configuration.lock_file {
        LockFile::Missing => {
            return Answer::cross("there is no .terraform.lock.hcl").hint(init);
        }
        LockFile::Unreadable => {
            return Answer::cross(".terraform.lock.hcl cannot be read")
                .hint(init.because("after it was taken from version control, or removed"));
        }
        lock @ LockFile::Read(_) => lock.provider(VENDOR),
    };
    let Some(entry) = entry else {
        return Answer::cross(format!(".terraform.lock.hcl has no entry for {VENDOR}")).hint(init);
    };
    let constraints = entry.constraints.as_ref().map(|text| format!(" (asked for: {text})"));
    let locked = format!("{} {}{}", entry.source, entry.version, constraints.unwrap_or_default());
    if configuration.is_installed {
        Answer::tick(locked)
    } else {
        Answer::cross(format!("{locked} is locked, but not installed here")).hint(init)
    }
}

pub(super) fn state(facts: &Facts) -> Answer {
    let Ok(configuration) = &facts.configuration else { return Answer::open(NO_CONFIGURATION) };
    of_heard(&facts.state, "not asked: there is no Terraform", |state| {
        let backend = configuration.backend.as_deref().unwrap_or("local");
        let workspace = configuration.workspace.as_deref().unwrap_or("default");
        let holds = match (state.is_there, state.instances.len()) {
            (false, _) => "never held anything".to_owned(),
            (true, divisions) => format!(
                "{} instances, {divisions} of them of kinds that divvy knows",
                state.addresses.len()
            ),
        };
        Answer::tick(format!("backend {backend}, workspace {workspace}: {holds}"))
    })
}

#[cfg(test)]
mod tests {
    use divvy_terraform::LockedProvider;

    use super::super::facts::{Program, Reply, State, Trouble};
    use super::super::tests::{configuration as well, facts, trouble};
    use super::*;

    #[test]
    fn a_missing_or_broken_terraform_is_a_cross_and_an_old_one_a_note() {
        let mut facts = facts();
        assert_eq!(program(&facts).ok, Some(true));
        let old = Program { version: Ok("1.4.6".to_owned()), ..facts.terraform.clone().unwrap() };
        facts.terraform = Ok(old);
        let answer = program(&facts);
        assert_eq!(answer.ok, Some(true));
        assert!(answer.message.contains("one address at a time"), "{}", answer.message);
        let mute = Program { version: Err(trouble("mute")), ..facts.terraform.clone().unwrap() };
        facts.terraform = Ok(mute);
        assert_eq!(program(&facts).ok, Some(false));
        facts.terraform = Err(Trouble { message: "none".into(), hints: vec!["get one".into()] });
        let answer = program(&facts);
        assert_eq!((answer.ok, answer.message.as_str()), (Some(false), "none"));
        assert_eq!(answer.hints, ["get one".into()]);
    }

    #[test]
    fn a_wrapper_is_named_where_it_is_passed_by_and_where_it_is_in_the_way() {
        let mut facts = facts();
        assert_eq!(wrapper(&facts).message, "none");
        facts.terraform.as_mut().unwrap().passes_wrapper_by = true;
        let answer = wrapper(&facts);
        assert_eq!(answer.ok, Some(true));
        assert!(answer.hints[0].to_string().contains("terraform_wrapper: false"));
        let problem = divvy_terraform::DocumentProblem::Surrounded;
        let document = divvy_terraform::Document::Version;
        let noisy = Trouble::from(divvy_terraform::Error::Document { document, problem });
        facts.terraform.as_mut().unwrap().version = Err(noisy);
        let answer = wrapper(&facts);
        assert_eq!(answer.ok, Some(false));
        assert!(
            answer.hints[0].to_string().contains("terraform_wrapper: false"),
            "{:?}",
            answer.hints
        );
        facts.terraform = Err(trouble("none"));
        assert_eq!(wrapper(&facts).ok, None);
    }

    #[test]
    fn remote_runs_are_told_with_what_works_and_what_does_not() {
        let mut facts = facts();
        assert_eq!(execution(&facts).ok, Some(true));
        let configuration = facts.configuration.as_mut().unwrap();
        configuration.backend = Some("cloud".to_owned());
        configuration.runs_remotely = true;
        let answer = execution(&facts);
        assert_eq!(answer.ok, None);
        for word in ["`cloud`", "divvy fix --write", "divvy run", "local"] {
            assert!(answer.message.contains(word), "{word}: {}", answer.message);
        }
        assert!(answer.hints[0].to_string().contains("terraform show -json"));
    }

    #[test]
    fn without_a_configuration_its_questions_are_left_open() {
        let mut facts = facts();
        facts.configuration = Err(trouble("no .tf file"));
        assert_eq!(configuration(&facts).ok, Some(false));
        for judge in [source, lock_file, state] {
            assert_eq!(judge(&facts).ok, None);
        }
    }

    #[test]
    fn an_unreadable_file_is_named() {
        let mut facts = facts();
        assert_eq!(configuration(&facts).ok, Some(true));
        facts.configuration.as_mut().unwrap().unreadable.push("broken.tf".to_owned());
        let answer = configuration(&facts);
        assert_eq!(answer.ok, Some(false));
        assert!(answer.message.contains("broken.tf"));
    }

    #[test]
    fn the_vendors_provider_is_known_in_every_spelling_and_no_other() {
        let judged = |named: Option<&str>| {
            let mut facts = facts();
            facts.configuration.as_mut().unwrap().source = named.map(str::to_owned);
            source(&facts)
        };
        for good in [VENDOR, "MyPureCloud/genesyscloud", "genesys.com/mypurecloud/genesyscloud"] {
            assert_eq!(judged(Some(good)).ok, Some(true), "{good}");
        }
        for bad in [Some("acme/genesyscloud"), Some("notmypurecloud/genesyscloud"), None] {
            let answer = judged(bad);
            assert_eq!(answer.ok, Some(false), "{bad:?}");
            assert!(answer.hints[0].to_string().contains(VENDOR));
        }
    }

    #[test]
    fn a_version_must_be_locked_and_installed() {
        let judged = |change: &dyn Fn(&mut super::super::facts::Configuration)| {
            let mut facts = facts();
            change(facts.configuration.as_mut().unwrap());
            lock_file(&facts)
        };
        let answer = judged(&|_| {});
        assert_eq!(answer.ok, Some(true));
        assert!(answer.message.contains("1.84.1 (asked for: ~> 1.84)"), "{}", answer.message);
        let other = LockedProvider {
            source: "registry.terraform.io/hashicorp/null".into(),
            version: "3.0.0".into(),
            constraints: None,
            hashes: Vec::new(),
        };
        for lock in [LockFile::Missing, LockFile::Unreadable, LockFile::Read(vec![other.clone()])] {
            let answer = judged(&|configuration| configuration.lock_file = lock.clone());
            assert_eq!(answer.ok, Some(false), "{lock:?}");
            assert!(answer.hints[0].to_string().contains("terraform init"));
        }
        assert_eq!(judged(&|configuration| configuration.is_installed = false).ok, Some(false));
        assert_eq!(judged(&|configuration| configuration.is_reattached = true).ok, None);
        assert!(well().is_installed);
        let overridden = |named: Result<Overridden, String>| {
            judged(&|configuration| {
                configuration.lock_file = LockFile::Missing;
                configuration.overridden = Some(named.clone());
            })
        };
        let named = Overridden { binary: "/build/it".into(), file: "/home/rc".into() };
        let answer = overridden(Ok(named));
        assert_eq!((answer.ok, answer.hints.len()), (Some(true), 0), "{}", answer.message);
        assert!(answer.message.contains("/build/it") && answer.message.contains("/home/rc"));
        assert_eq!(overridden(Err("/build holds none".to_owned())).ok, Some(false));
    }

    #[test]
    fn the_state_tells_its_backend_and_workspace_and_a_refusal_is_a_cross() {
        let mut facts = facts();
        facts.configuration.as_mut().unwrap().backend = Some("pg".to_owned());
        let answer = state(&facts);
        assert_eq!(answer.ok, Some(true));
        assert!(answer.message.starts_with("backend pg, workspace default: 1 instances"));
        facts.state = Reply::Told(State::default());
        assert!(state(&facts).message.ends_with("never held anything"));
        facts.state = Reply::Refused(trouble("not initialised"));
        assert_eq!(state(&facts).ok, Some(false));
        facts.state = Reply::Unasked;
        assert_eq!(state(&facts).ok, None);
    }
}
