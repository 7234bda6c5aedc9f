//! The crate against a real Terraform: `terraform_data` is built in and needs no registry.

mod import_plan;
mod program;
mod provider_configuration;
mod support;
mod working_directory;
mod logs;
mod logs_ci;
mod logs_properties;
