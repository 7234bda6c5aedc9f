//! fixtures/cases, each with its own configuration, org and state, through real Terraform.
