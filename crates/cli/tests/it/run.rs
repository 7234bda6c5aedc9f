//! `divvy run` between real Terraform, the stand-in provider and emulated orgs.

mod adoption;
