//! From Terraform's failures to messages with the next command.
//!
//! Invariant: the failure's own text is kept; a kind only adds hints.

use divvy_terraform::{Error, FailureKind};

use crate::error::CommandError;

/// Turns an error of the terraform crate into the command's.
pub(crate) fn of_terraform(error: Error) -> CommandError {
    let hints: Vec<String> = match &error {
        Error::Interrupted { .. } => return CommandError::interrupted(),
        Error::FlagNotAllowed { .. } | Error::FlagWithoutValue { .. } => {
            return CommandError::usage(error);
        }
        Error::ProgramNotFound | Error::ProgramUnusable { .. } => {
            vec!["install terraform or tofu, or name it with --terraform-bin".to_owned()]
        }
        Error::NoDirectory { .. } | Error::NoConfiguration { .. } => {
            vec!["name the directory of the configuration with --chdir".to_owned()]
        }
        Error::Document { .. } => {
            vec![
                "make the file again: terraform plan -out=FILE; terraform show -json FILE"
                    .to_owned(),
            ]
        }
        other => other.failure().map(|failure| hints_of(&failure.kind)).unwrap_or_default(),
    };
    CommandError::failed(error).hints(hints)
}

fn hints_of(kind: &FailureKind) -> Vec<String> {
    let hints: &[&str] = match kind {
        FailureKind::NotInitialised | FailureKind::BackendInitialisation => &["terraform init"],
        FailureKind::StateLocked(holder) => {
            let who = holder.who.as_deref().map_or_else(String::new, |who| format!(" ({who})"));
            return vec![
                format!("wait until the other run{who} has ended, or pass -- -lock-timeout=60s"),
                "if nobody is at work any more: terraform force-unlock LOCK_ID".to_owned(),
            ];
        }
        FailureKind::LockRace => &["run the same command again"],
        FailureKind::MissingVariable => {
            &["pass it on: divvy check -- -var NAME=VALUE, or -- -var-file FILE"]
        }
        FailureKind::ConfigurationInvalid => &["terraform validate"],
        FailureKind::NoConfiguration => &["name the directory of the configuration with --chdir"],
        FailureKind::ProviderStart => &["divvy doctor"],
        FailureKind::PluginDied => {
            &["run the same command again; if it dies again, the provider's own output says why"]
        }
        FailureKind::TooOld => {
            &["use the version that required_version asks for: --terraform-bin PATH"]
        }
        FailureKind::StalePlan => &["make the plan again: terraform plan -out=FILE"],
        FailureKind::StateNotSaved => {
            &["terraform state push errored.tfstate, before anything else"]
        }
        FailureKind::DiskFull => &["make room, then run the same command again"],
        FailureKind::NotWritable => {
            &["divvy fix writes beside the configuration; divvy check does not"]
        }
        FailureKind::TargetingRefused
        | FailureKind::NothingToImport
        | FailureKind::AlreadyManaged
        | FailureKind::Other => &[],
    };
    hints.iter().map(|hint| (*hint).to_owned()).collect()
}
