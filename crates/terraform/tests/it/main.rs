//! The crate against a real Terraform: `terraform_data` is built in and needs no registry.

mod support;
mod working_directory;
