//! `divvy run` between real Terraform, the stand-in provider and emulated orgs.

mod adoption;
#[cfg(target_os = "linux")]
mod interruption;
#[cfg(target_os = "linux")]
pub(crate) mod terminal;
mod transparency;
