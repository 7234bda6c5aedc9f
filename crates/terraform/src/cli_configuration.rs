//! Terraform's CLI configuration: `.terraformrc` (on Windows `terraform.rc` in `%APPDATA%`) and `*.tfrc`,
//! as far as it names provider binaries.
//!
//! Terraform reads it with the first version of HCL, in which a quoted text may be the key of an
//! argument, and which takes JSON as well; so it is read here by a small reader of its own. Reads files
//! only, and only regular ones. Invariant: what is in a comment, in a text or in another block is never
//! taken for an override.

mod hcl1;

use std::path::{Path, PathBuf};

use self::hcl1::Item;
use crate::Environment;
use crate::files::{self, Origin};
use crate::provider_address::{ProviderAddress, is_opentofu};

/// What the CLI configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CliConfiguration {
    overrides: Vec<DevOverride>,
}

/// One entry of `dev_overrides`: Terraform takes the provider from a directory, and checks nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevOverride {
    /// The provider.
    pub provider: ProviderAddress,
    /// The directory, as written.
    pub directory: PathBuf,
    /// The file that says so.
    pub file: PathBuf,
}

/// Why the CLI configuration, or what it names, cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CliConfigurationError {
    /// A file that Terraform reads is not readable as one.
    #[error("the CLI configuration {} cannot be read: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The directory of an override holds no binary of the provider.
    #[error("dev_overrides in {} names {} for {}, which holds no terraform-provider-{}", of.file.display(), of.directory.display(), of.provider, of.provider.name())]
    NoBinary {
        /// Which override.
        of: Box<DevOverride>,
    },
    /// It holds several.
    #[error("dev_overrides in {} names {} for {}, which holds several: {}", of.file.display(), of.directory.display(), of.provider, names.join(", "))]
    SeveralBinaries {
        /// Which override.
        of: Box<DevOverride>,
        /// The files that may be meant.
        names: Vec<String>,
    },
}

impl CliConfiguration {
    /// Reads what `program` would read in this environment.
    ///
    /// # Errors
    /// [`CliConfigurationError::Unreadable`]: Terraform would not start either.
    pub fn read(environment: &Environment, program: &str) -> Result<Self, CliConfigurationError> {
        let mut configuration = Self::default();
        for path in files(environment, is_opentofu(program)) {
            // A missing file is none; what is no regular file could block for ever.
            if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
                continue;
            }
            let unreadable =
                |reason: String| CliConfigurationError::Unreadable { path: path.clone(), reason };
            let text = files::read_text(&path, Origin::Found)
                .map_err(|error| unreadable(error.to_string()))?;
            let items = hcl1::parse(&text).map_err(unreadable)?;
            configuration.overrides.extend(overrides(&items, &path, program));
        }
        Ok(configuration)
    }

    /// Returns the override of a provider, if there is one.
    pub fn development_override(&self, provider: &ProviderAddress) -> Option<&DevOverride> {
        // The last one counts: that is how Terraform fills its table.
        self.overrides.iter().rev().find(|one| one.provider == *provider)
    }

    /// Returns every override.
    pub fn development_overrides(&self) -> &[DevOverride] {
        &self.overrides
    }
}

impl DevOverride {
    /// Finds the provider's binary. A directory that is written as a relative path begins at
    /// `working_directory`.
    ///
    /// # Errors
    /// If there is none, or more than one: Terraform would take the first, and nobody could tell which.
    pub fn binary(&self, working_directory: &Path) -> Result<PathBuf, CliConfigurationError> {
        let directory = working_directory.join(&self.directory);
        let mut found = provider_binaries(&directory, self.provider.name());
        let of = || Box::new(Self { directory: directory.clone(), ..self.clone() });
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => Err(CliConfigurationError::NoBinary { of: of() }),
            _ => {
                let names = found.iter().filter_map(|path| path.file_name());
                let names = names.map(|name| name.to_string_lossy().into_owned()).collect();
                Err(CliConfigurationError::SeveralBinaries { of: of(), names })
            }
        }
    }
}

/// Lists the files of a directory that Terraform takes for the binary of a provider, by name:
/// `terraform-provider-NAME`, perhaps with a `_` or `.` and anything behind.
pub(crate) fn provider_binaries(directory: &Path, name: &str) -> Vec<PathBuf> {
    let prefix = format!("terraform-provider-{name}");
    let mut found: Vec<PathBuf> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let file = entry.file_name().to_string_lossy().into_owned();
            let rest = file.strip_prefix(&prefix);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '.']))
        })
        .map(|entry| entry.path())
        .filter(|path| path.metadata().is_ok_and(|metadata| metadata.is_file()))
        .collect();
    found.sort();
    found
}

/// Lists the files that a program would read, in its order.
fn files(environment: &Environment, is_opentofu: bool) -> Vec<PathBuf> {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    if let Some(named) = set("TF_CLI_CONFIG_FILE").or_else(|| set("TERRAFORM_CONFIG")) {
        return vec![PathBuf::from(named)];
    }
    let file = |program| divvy_os::places::settings_file(environment, program);
    let (Some(mut main), Some(own), Some(mut directory)) = (
        file("terraform"),
        file("tofu"),
        divvy_os::places::settings_directory(environment, "terraform"),
    ) else {
        return Vec::new();
    };
    let elsewhere = set("XDG_CONFIG_HOME").map(|place| Path::new(place).join("opentofu"));
    if is_opentofu {
        if own.exists() || !main.exists() {
            main = match &elsewhere {
                Some(place) if !own.exists() => place.join("tofurc"),
                _ => own,
            };
        }
        if let Some(place) = elsewhere.filter(|_| !directory.exists()) {
            directory = place;
        }
    }
    let mut more: Vec<PathBuf> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".tfrc") || name.ends_with(".tfrc.json")
        })
        .collect();
    more.sort();
    std::iter::once(main).chain(more).collect()
}

fn overrides<'i>(
    items: &'i [Item],
    file: &'i Path,
    program: &'i str,
) -> impl Iterator<Item = DevOverride> {
    let installations = hcl1::objects(items, "provider_installation");
    let tables = installations.flat_map(|inside| hcl1::objects(inside, "dev_overrides"));
    tables.flatten().filter_map(move |entry| {
        Some(DevOverride {
            provider: ProviderAddress::parse(entry.key(), program)?,
            directory: PathBuf::from(entry.text()?),
            file: file.to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: &str = "mypurecloud/genesyscloud";

    fn address(source: &str) -> ProviderAddress {
        ProviderAddress::parse(source, "terraform").unwrap()
    }

    fn read(text: &str) -> Vec<(String, String)> {
        let items = hcl1::parse(text).unwrap();
        overrides(&items, Path::new("rc"), "terraform")
            .map(|one| (one.provider.to_string(), one.directory.display().to_string()))
            .collect()
    }

    #[test]
    fn an_override_in_a_comment_or_in_another_block_is_none() {
        for text in [
            "# provider_installation { dev_overrides { \"mypurecloud/genesyscloud\" = \"/x\" } }",
            "provider_installation {\n  # dev_overrides {\n  // \"mypurecloud/genesyscloud\" = \"/x\"\n  # }\n  direct {}\n}",
            "/* provider_installation { dev_overrides { \"mypurecloud/genesyscloud\" = \"/x\" } } */",
            "provider_installation {\n dev_overrides {\n /* \"mypurecloud/genesyscloud\" = \"/x\" */\n }\n}",
            "credentials \"x\" { token = \"dev_overrides { \\\"mypurecloud/genesyscloud\\\" = \\\"/x\\\" }\" }",
            "plugin_cache_dir = \"dev_overrides\"\nhost \"x\" { services = { \"mypurecloud/genesyscloud\" = \"/x\" } }",
            "dev_overrides { \"mypurecloud/genesyscloud\" = \"/x\" }",
            "provider_installation {\n  filesystem_mirror {\n    path = \"dev_overrides\"\n    include = [\"mypurecloud/genesyscloud\"]\n  }\n}",
            "provider_installation { direct {} }",
            "a = <<EOT\nprovider_installation { dev_overrides { \"mypurecloud/genesyscloud\" = \"/x\" } }\nEOT\n",
            r#"{"comment": {"dev_overrides": {"mypurecloud/genesyscloud": "/x"}}}"#,
            "",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn a_file_that_windows_wrote_is_read_like_any_other() {
        let text =
            "provider_installation {\r\n dev_overrides {\r\n \"a/b\" = \"/x\"\r\n }\r\n}\r\n";
        let marked = format!("\u{feff}{text}");
        let utf16 = |order: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(order).collect();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rc");
        for bytes in [marked.clone().into_bytes(), utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)]
        {
            std::fs::write(&path, bytes).unwrap();
            let named = ("TF_CLI_CONFIG_FILE".to_owned(), path.display().to_string());
            let read = CliConfiguration::read(&Environment::from([named]), "terraform").unwrap();
            assert_eq!(read.development_overrides().len(), 1);
        }
    }

    #[test]
    fn an_override_is_found_in_every_form_that_terraform_reads() {
        let expected = [(format!("registry.terraform.io/{PROVIDER}"), "/b # {x}".to_owned())];
        for text in [
            "provider_installation {\n  dev_overrides {\n    \"mypurecloud/genesyscloud\" = \"/b # {x}\"\n  }\n  direct {}\n}\n",
            "provider_installation{dev_overrides{\"registry.terraform.io/MyPureCloud/genesyscloud\"=\"/b # {x}\"}}",
            "plugin_cache_dir = \"$HOME/.c\" # x\nprovider_installation {\r\n dev_overrides = {\r\n \"mypurecloud/genesyscloud\" = \"/b # {x}\" // y\r\n }\r\n}",
            r#"{"provider_installation": {"dev_overrides": {"mypurecloud/genesyscloud": "/b # {x}"}, "direct": {}}}"#,
            r#"{"provider_installation": [{"dev_overrides": [{"mypurecloud/genesyscloud": "/b # {x}"}]}]}"#,
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_binary_is_the_providers_own_and_never_the_first_of_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let one = DevOverride {
            provider: address(PROVIDER),
            directory: directory.path().to_owned(),
            file: "rc".into(),
        };
        let place = |name: &str| std::fs::write(directory.path().join(name), "").unwrap();
        place("terraform-provider-aaa");
        place("terraform-provider-genesyscloud2");
        place("terraform-provider-genesyscloud-old");
        std::fs::create_dir(directory.path().join("terraform-provider-genesyscloud_src")).unwrap();
        let error = one.binary(Path::new("/")).unwrap_err();
        assert!(matches!(error, CliConfigurationError::NoBinary { .. }), "{error}");
        place("terraform-provider-genesyscloud");
        assert_eq!(
            one.binary(Path::new("/")).unwrap(),
            directory.path().join("terraform-provider-genesyscloud")
        );
        place("terraform-provider-genesyscloud_v1.2.3");
        let error = one.binary(Path::new("/")).unwrap_err().to_string();
        assert!(error.ends_with("holds several: terraform-provider-genesyscloud, terraform-provider-genesyscloud_v1.2.3"), "{error}");
        // A directory that is a file.
        let file = directory.path().join("terraform-provider-aaa");
        let one = DevOverride { directory: file, ..one };
        assert!(matches!(one.binary(Path::new("/")), Err(CliConfigurationError::NoBinary { .. })));
    }

    #[test]
    fn the_files_are_those_that_terraform_and_opentofu_read() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let mut environment =
            Environment::from([("HOME".to_owned(), home.path().display().to_string())]);
        std::fs::create_dir(at(".terraform.d")).unwrap();
        for name in [".terraform.d/b.tfrc", ".terraform.d/a.tfrc.json", ".terraform.d/c.txt"] {
            std::fs::write(at(name), "").unwrap();
        }
        let more = [at(".terraform.d/a.tfrc.json"), at(".terraform.d/b.tfrc")];
        let expected =
            |main: PathBuf| std::iter::once(main).chain(more.clone()).collect::<Vec<_>>();
        assert_eq!(files(&environment, false), expected(at(".terraformrc")));
        assert_eq!(files(&environment, true), expected(at(".tofurc")));
        std::fs::write(at(".terraformrc"), "").unwrap();
        assert_eq!(files(&environment, true), expected(at(".terraformrc")));
        std::fs::write(at(".tofurc"), "").unwrap();
        assert_eq!(files(&environment, true), expected(at(".tofurc")));
        environment.insert("TF_CLI_CONFIG_FILE".to_owned(), "/rc".to_owned());
        assert_eq!(files(&environment, false), [PathBuf::from("/rc")]);
    }

    #[test]
    fn a_file_that_is_no_configuration_is_named() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("rc");
        std::fs::write(&file, "provider_installation {").unwrap();
        let environment =
            Environment::from([("TF_CLI_CONFIG_FILE".to_owned(), file.display().to_string())]);
        let error = CliConfiguration::read(&environment, "terraform").unwrap_err();
        assert!(error.to_string().contains(&file.display().to_string()), "{error}");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(
            CliConfiguration::read(&environment, "terraform"),
            Ok(CliConfiguration::default())
        );
    }
}
