//! A provider mirror on disk, so that `terraform init` finds the stand-in without any network.
//!
//! Writes only below the directory it is given. Invariant: after [`lay_out`] the Terraform CLI
//! configuration named by [`Mirror::cli_configuration`] installs the stand-in for
//! `mypurecloud/genesyscloud`, in whichever listed version a configuration asks for.

use std::env::consts::EXE_SUFFIX;
use std::io;
use std::path::{Path, PathBuf};

use divvy_os::files::{canonical, link_or_copy};

use crate::provider::BINARY_NAME;

/// The versions that the mirror offers: those that configurations in the wild pin, and the newest
/// measured one.
pub const VERSIONS: [&str; 4] = ["0.1.0", "1.53.0", "1.60.0", "1.84.1"];

/// Terraform's registry, OpenTofu's, and the address that builds of the provider's own source use.
const HOSTS: [&str; 3] = ["registry.terraform.io", "registry.opentofu.org", "genesys.com"];
const PROVIDER: &str = "mypurecloud/genesyscloud";

/// A mirror that was laid out.
#[derive(Clone, Debug)]
pub struct Mirror {
    cli_configuration: PathBuf,
}

impl Mirror {
    /// Returns the file for `TF_CLI_CONFIG_FILE`.
    pub fn cli_configuration(&self) -> &Path {
        &self.cli_configuration
    }
}

/// Lays a mirror out in `directory`; every version of it is a link to `binary`, which must serve as
/// the stand-in when it is started under a provider's name.
///
/// Laying it out again is harmless.
///
/// # Errors
/// If a directory, link or file cannot be made.
pub fn lay_out(directory: &Path, binary: &Path) -> io::Result<Mirror> {
    let binary = canonical(binary)?;
    let providers = directory.join("providers");
    for host in HOSTS {
        for version in VERSIONS {
            let package = providers.join(host).join(PROVIDER).join(version).join(platform());
            std::fs::create_dir_all(&package)?;
            link(&binary, &package.join(format!("{BINARY_NAME}_v{version}{EXE_SUFFIX}")))?;
        }
    }
    let cli_configuration = directory.join("terraform.rc");
    std::fs::write(&cli_configuration, cli_configuration_text(&canonical(&providers)?))?;
    Ok(Mirror { cli_configuration })
}

fn link(binary: &Path, place: &Path) -> io::Result<()> {
    match std::fs::remove_file(place) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    link_or_copy(binary, place)
}

/// The platform in Terraform's words, such as `linux_amd64`.
fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{system}_{machine}")
}

fn cli_configuration_text(providers: &Path) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let addresses: Vec<String> =
        HOSTS.iter().map(|host| quoted(&format!("{host}/{PROVIDER}"))).collect();
    let addresses = addresses.join(", ");
    let path = quoted(&providers.display().to_string());
    format!(
        "disable_checkpoint = true\n\n\
         provider_installation {{\n  \
           filesystem_mirror {{\n    path    = {path}\n    include = [{addresses}]\n  }}\n  \
           direct {{\n    exclude = [{addresses}]\n  }}\n\
         }}\n"
    )
}
