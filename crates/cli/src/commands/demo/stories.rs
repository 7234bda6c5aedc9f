//! The stories that the demo can tell: what the org holds, what the configuration wants, and what is
//! run in which order.
//!
//! Never runs anything by itself. Invariant: a story that goes another way ends in an error, and the
//! configuration of the contact centre is the very one that the tests run.

use std::fs;

use super::stage::{Output, Stage};
use crate::arguments::StoryName;
use crate::error::{CommandError, CommandResult};

/// Divisions that somebody made by hand before Terraform came.
const DIVISIONS: &str = r#"{
  "org": {"id": "3f1c2a6e-1f6d-4a59-9d0e-5b0c7f7a9d10", "name": "Demo Org"},
  "home": {"id": "1b870573-cadb-4195-848d-756cd9a509a1", "name": "Home", "homeDivision": true},
  "divisions": [
    {"id": "5a0bbc2a-5f0c-4f0e-9a38-0c6f4f3c9d21", "name": "Engineering"},
    {"id": "c6337ba1-2f0a-4f2c-8d8b-7a9f3a1de402", "name": "Sales EMEA"},
    {"id": "9b1f6f0a-0f55-4b7d-8c39-2f4f0d1c5e33", "name": "Sales APAC"}
  ]
}"#;

/// An org that the story itself fills, by an apply whose state it then loses.
const EMPTY: &str =
    r#"{"org": {"id": "3f1c2a6e-1f6d-4a59-9d0e-5b0c7f7a9d10", "name": "Demo Org"}}"#;

/// Names files of the contact centre, with their texts.
macro_rules! contact_centre {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../../../../../fixtures/configs/contact-centre/", $file)))),*]
    };
}

/// The configuration of the contact centre, but for its provider block.
const CONTACT_CENTRE: &[(&str, &str)] = contact_centre![
    "data/agents.csv",
    "data/centre.yaml",
    "data/queues.csv",
    "data/skills.csv",
    "data/tables.yaml",
    "data/wrapup-codes.csv",
    "main.tf",
    "modules/architect/main.tf",
    "modules/digital/main.tf",
    "modules/divisions/main.tf",
    "modules/hours/main.tf",
    "modules/outbound/main.tf",
    "modules/people/main.tf",
    "modules/queues/main.tf",
    "modules/routing/main.tf",
    "modules/telephony/main.tf"
];

/// The wanted divisions, but for the provider block.
const WANTED: &str = r#"terraform {
  required_providers {
    genesyscloud = {
      source = "mypurecloud/genesyscloud"
    }
  }
}

resource "genesyscloud_auth_division" "engineering" {
  name = "Engineering"
}

resource "genesyscloud_auth_division" "sales" {
  for_each = toset(["EMEA", "APAC"])
  name     = "Sales ${each.key}"
}

resource "genesyscloud_auth_division" "claims" {
  name = "Claims"
}
"#;

/// Terraform's own word: a plan that ends with 0 only if it has nothing to do.
const PROOF: &[&str] = &["plan", "-no-color", "-detailed-exitcode"];

/// Returns the seed of a story's org.
pub(super) fn org(story: StoryName) -> &'static str {
    match story {
        StoryName::Divisions => DIVISIONS,
        StoryName::ContactCentre => EMPTY,
    }
}

/// Returns the files of a story's configuration, with a provider block that leads to its org.
pub(super) fn configuration(story: StoryName, port: &str) -> Vec<(&'static str, String)> {
    let files = match story {
        StoryName::Divisions => &[("main.tf", WANTED)][..],
        StoryName::ContactCentre => CONTACT_CENTRE,
    };
    let provider = format!(
        r#"provider "genesyscloud" {{
  oauthclient_id     = "demo"
  oauthclient_secret = "demo"
  gateway {{
    protocol = "http"
    host     = "127.0.0.1"
    port     = "{port}"
  }}
}}
"#
    );
    let files = files.iter().map(|(name, text)| (*name, (*text).to_owned()));
    files.chain([("provider.tf", provider)]).collect()
}

impl Stage<'_> {
    /// Three divisions that exist, and the two ways to adopt them.
    pub(super) async fn divisions(&self) -> CommandResult<u8> {
        self.tell(
            "An org in which Engineering, Sales EMEA and Sales APAC were made by hand, and a configuration that wants them (and Claims).",
        );
        self.terraform(&["init", "-no-color"], Output::Hidden, 0).await?;
        self.tell("The apply that brings people here:");
        self.terraform(&["apply", "-auto-approve", "-no-color"], Output::Shown, 1).await?;
        self.tell("What divvy says about it:");
        self.divvy(&["check"], 2).await?;
        self.tell("And what it does about it:");
        self.divvy(&["fix", "--yes"], 0).await?;
        self.tell("Terraform's own word:");
        self.terraform(PROOF, Output::Shown, 0).await?;
        self.tell(
            "Or instead of all that, an apply that adopts by itself (the state forgets the three first):",
        );
        let three = ["genesyscloud_auth_division.engineering", "genesyscloud_auth_division.sales"];
        self.terraform(&[&["state", "rm"][..], &three].concat(), Output::Hidden, 0).await?;
        let terraform = self.terraform.to_string_lossy();
        let apply = [&*terraform, "apply", "-auto-approve", "-no-color", "-compact-warnings"];
        let run = ["run", "--on-conflict", "adopt", "--"];
        self.divvy(&[&run[..], &apply].concat(), 0).await?;
        self.terraform(PROOF, Output::Hidden, 0).await?;
        self.context.console.say("\nThat is all: three existing divisions are managed, Claims was created by the first apply, nothing else was touched.");
        Ok(0)
    }

    /// A contact centre whose state is lost, and the one command that brings it back.
    pub(super) async fn contact_centre(&self) -> CommandResult<u8> {
        self.tell(
            "A contact centre of 290 objects of 32 types, in modules: divisions, skills, users, queues and their members, data tables and their rows … Somebody applied it long ago:",
        );
        self.terraform(&["init", "-no-color"], Output::Hidden, 0).await?;
        self.terraform(&["apply", "-auto-approve", "-no-color"], Output::Hidden, 0).await?;
        self.tell("Then the state was lost.");
        self.context.console.say("$ rm terraform.tfstate");
        fs::remove_file(self.place.directory.join("terraform.tfstate")).map_err(|error| {
            CommandError::failed(format!("the state could not be removed: {error}"))
        })?;
        self.tell("The apply that brings people here:");
        self.terraform(&["apply", "-auto-approve", "-no-color"], Output::FirstError, 1).await?;
        self.tell("What divvy does about it, in one command:");
        self.divvy(&["fix", "--yes"], 0).await?;
        self.tell("Terraform's own word:");
        self.terraform(PROOF, Output::WithoutProgress, 0).await?;
        self.context.console.say("\nThat is all: every object that exists is managed again, and nothing in the org was touched.");
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contact_centre_of_the_demo_is_the_whole_one_of_the_fixtures() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/configs/contact-centre");
        let mut found = Vec::new();
        let mut left = vec![std::path::PathBuf::from(root)];
        while let Some(directory) = left.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    left.push(path);
                } else {
                    found.push(path.strip_prefix(root).unwrap().display().to_string());
                }
            }
        }
        found.retain(|name| name != "README.md");
        found.sort();
        let mut told: Vec<_> = configuration(StoryName::ContactCentre, "1")
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        told.sort_unstable();
        assert_eq!(told, found);
    }
}
