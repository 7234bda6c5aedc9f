//! `divvy run` between real Terraform, the stand-in provider and emulated orgs.

mod adoption;
mod extremes;
#[cfg(target_os = "linux")]
mod interruption;
#[cfg(target_os = "linux")]
mod terminal;
mod transparency;
