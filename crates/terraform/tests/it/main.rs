//! The crate against a real Terraform: `terraform_data` is built in and needs no registry.

mod import_plan;
mod instances;
mod logs;
mod logs_ci;
mod logs_properties;
mod program;
mod provider_configuration;
mod support;
mod working_directory;
