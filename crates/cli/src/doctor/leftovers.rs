//! What earlier runs left behind in the directory: finding it, and judging it.
//!
//! Removes nothing. Invariant: of a credential only the place is told; of a log only its name.

use std::collections::BTreeMap;
use std::path::Path;

use divvy_core::{CommandLine, catalogue};
use divvy_terraform::files::{self, Origin};
use divvy_terraform::{errored_state as errored_state_of, left_over_imports};
use serde::Deserialize;

use super::answer::Answer;
use super::facts::{Facts, Leftovers, Lock};

/// Where the provider writes what it said and reply, unless told otherwise.
const DEBUG_LOG: &str = "sdk_debug.log";
const DEBUG_LOG_VARIABLE: &str = "GENESYSCLOUD_SDK_DEBUG_FILE_PATH";

/// The state that an apply could not save.
const ERRORED_STATE: &str = "errored.tfstate";

/// How the information file of a local state's lock is called, and where the states of other
/// workspaces lie.
const LOCK_SUFFIX: &str = ".lock.info";
const WORKSPACES: &str = "terraform.tfstate.d";

/// Looks for everything that should not be there.
pub(super) fn find(place: &Path, variables: &BTreeMap<String, String>) -> Leftovers {
    let debug_log = variables.get(DEBUG_LOG_VARIABLE).filter(|path| !path.is_empty());
    let debug_logs = [Some(DEBUG_LOG), debug_log.map(String::as_str)];
    let mut debug_logs: Vec<String> = debug_logs
        .into_iter()
        .flatten()
        .filter(|log| place.join(log).exists())
        .map(str::to_owned)
        .collect();
    debug_logs.dedup();
    Leftovers {
        errored_state: errored_state_of(place),
        locks: locks(place),
        import_files: left_over_imports(place)
            .unwrap_or_default()
            .iter()
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect(),
        debug_logs,
    }
}

fn locks(place: &Path) -> Vec<Lock> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Information {
        who: Option<String>,
        operation: Option<String>,
        created: Option<String>,
    }
    let entries = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let workspaces = entries(&place.join(WORKSPACES)).map(|entry| entry.path());
    let mut locks: Vec<Lock> = std::iter::once(place.to_owned())
        .chain(workspaces)
        .flat_map(|directory| entries(&directory).map(|entry| entry.path()).collect::<Vec<_>>())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with('.') && name.ends_with(LOCK_SUFFIX)
        })
        .map(|path| {
            let text = files::read(&path, Origin::Found).unwrap_or_default();
            // A lock that is just being taken has an empty file.
            let told: Information = serde_json::from_slice(&text).unwrap_or_default();
            let file = path.strip_prefix(place).unwrap_or(&path).display().to_string();
            Lock { file, who: told.who, operation: told.operation, created: told.created }
        })
        .collect();
    locks.sort_by(|a, b| a.file.cmp(&b.file));
    locks
}

pub(super) fn errored_state(facts: &Facts) -> Answer {
    let Some(errored) = &facts.leftovers.errored_state else { return Answer::tick("none") };
    if !errored.continues(None) {
        return Answer::cross(format!(
            "{ERRORED_STATE} is empty, cut off, or no state at all: it cannot be pushed"
        ))
        .hint(catalogue::move_errored_state_away());
    }
    Answer::cross(format!("{ERRORED_STATE}: an apply made something and could not save it")).hint(
        CommandLine::of(facts.program())
            .words("state push errored.tfstate")
            .because("before anything else; then remove the file"),
    )
}

pub(super) fn state_lock(facts: &Facts) -> Answer {
    let Some(lock) = facts.leftovers.locks.first() else {
        return Answer::tick("not on this machine");
    };
    let told = |what: &str, text: &Option<String>| {
        text.as_ref().map(|text| format!(" {what} {text}")).unwrap_or_default()
    };
    Answer::cross(format!(
        "{}: locked{}{}{}",
        lock.file,
        told("by", &lock.who),
        told("for", &lock.operation),
        told("since", &lock.created)
    ))
    .hint("if that run is still at work, wait for it")
    .hint(format!("if it was killed, the file does no harm: remove {}", lock.file))
}

pub(super) fn import_blocks(facts: &Facts) -> Answer {
    if let [first, ..] = facts.leftovers.import_files.as_slice() {
        return Answer::cross(format!(
            "a divvy fix that was killed left {}",
            facts.leftovers.import_files.join(", ")
        ))
        .hint(
            CommandLine::divvy("fix")
                .because(format!("removes {first}, unless another divvy fix is at work here")),
        );
    }
    let Ok(configuration) = &facts.configuration else {
        return Answer::tick("none of divvy's");
    };
    let state = facts.state.told();
    let is_tracked =
        |to: &str| state.is_some_and(|state| state.addresses.iter().any(|address| address == to));
    let spent: Vec<&str> = configuration
        .imports
        .iter()
        .filter(|(to, _)| is_tracked(to))
        .map(|(_, place)| place.as_str())
        .collect();
    if spent.is_empty() {
        return Answer::tick("none");
    }
    Answer::tick(format!(
        "{} have done their work and can be removed: {}",
        spent.len(),
        spent.join(", ")
    ))
}

pub(super) fn debug_log(facts: &Facts) -> Answer {
    match facts.leftovers.debug_logs.as_slice() {
        [] => Answer::tick("none"),
        logs => Answer::cross(format!(
            "{}: what the provider and the org said to each other, perhaps with tokens",
            logs.join(", ")
        ))
        .hint("remove it, keep it out of version control, and unset sdk_debug"),
    }
}

pub(super) fn literal_credentials(facts: &Facts) -> Answer {
    let Ok(configuration) = &facts.configuration else {
        return Answer::open("not asked: there is no configuration");
    };
    match configuration.literal_credentials.as_slice() {
        [] => Answer::tick("none"),
        places => Answer::cross(format!("a secret is in plain text at {}", places.join(", ")))
            .hint("use GENESYSCLOUD_OAUTHCLIENT_SECRET or a sensitive variable, and make a new secret"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{facts, trouble};
    use divvy_core::survey::ErroredState;

    use super::*;

    #[test]
    fn nothing_left_behind_is_all_ticks() {
        let facts = facts();
        for judge in [errored_state, state_lock, import_blocks, debug_log, literal_credentials] {
            assert_eq!(judge(&facts).ok, Some(true), "{:?}", judge(&facts));
        }
    }

    #[test]
    fn each_leftover_is_a_cross_with_what_to_do() {
        let mut facts = facts();
        facts.leftovers = Leftovers {
            errored_state: Some(ErroredState { lineage: Some("a".to_owned()), serial: Some(3) }),
            locks: vec![Lock { who: Some("ann@host".to_owned()), ..Lock::default() }],
            import_files: vec!["divvy_imports_1.tf.json".to_owned()],
            debug_logs: vec![DEBUG_LOG.to_owned()],
        };
        let configuration = facts.configuration.as_mut().unwrap();
        configuration.literal_credentials.push("main.tf:7".to_owned());
        for (judge, told) in [
            (errored_state as fn(&Facts) -> Answer, ERRORED_STATE),
            (state_lock, "by ann@host"),
            (import_blocks, "divvy_imports_1.tf.json"),
            (debug_log, DEBUG_LOG),
            (literal_credentials, "main.tf:7"),
        ] {
            let answer = judge(&facts);
            assert_eq!(answer.ok, Some(false), "{answer:?}");
            assert!(answer.message.contains(told) && !answer.hints.is_empty(), "{answer:?}");
        }
    }

    #[test]
    fn a_spent_import_block_is_told_and_no_cross() {
        let mut facts = facts();
        let configuration = facts.configuration.as_mut().unwrap();
        configuration.imports = vec![
            ("genesyscloud_auth_division.a".to_owned(), "imports.tf:1".to_owned()),
            ("genesyscloud_auth_division.b".to_owned(), "imports.tf:5".to_owned()),
        ];
        let answer = import_blocks(&facts);
        assert_eq!(answer.ok, Some(true));
        assert!(answer.message.ends_with("removed: imports.tf:1"), "{answer:?}");
    }

    #[test]
    fn without_a_configuration_there_is_nowhere_for_credentials_to_stand() {
        let mut facts = facts();
        facts.configuration = Err(trouble("none"));
        assert_eq!(literal_credentials(&facts).ok, None);
        assert_eq!(import_blocks(&facts).ok, Some(true));
    }

    #[test]
    fn leftovers_are_found_where_they_lie() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert!(find(directory.path(), &BTreeMap::new()).locks.is_empty());
        write(ERRORED_STATE, "{}");
        write(
            ".terraform.tfstate.lock.info",
            r#"{"Who":"ann@host","Operation":"OperationTypeApply"}"#,
        );
        write("terraform.tfstate.d/prod/.terraform.tfstate.lock.info", "");
        write("divvy_imports_20260101T000000Z-7.tf.json", "");
        write("logs/gc.log", "");
        let variables = BTreeMap::from([(DEBUG_LOG_VARIABLE.to_owned(), "logs/gc.log".to_owned())]);
        let found = find(directory.path(), &variables);
        let mut facts = facts();
        facts.leftovers.errored_state = found.errored_state;
        let answer = errored_state(&facts);
        assert!(answer.hints[0].to_string().starts_with("mv -n errored.tfstate "), "{answer:?}");
        assert_eq!(found.locks.len(), 2);
        assert_eq!(found.locks[0].who.as_deref(), Some("ann@host"));
        assert_eq!(found.locks[1].who, None);
        assert_eq!(found.import_files, ["divvy_imports_20260101T000000Z-7.tf.json"]);
        assert_eq!(found.debug_logs, ["logs/gc.log"]);
    }
}
