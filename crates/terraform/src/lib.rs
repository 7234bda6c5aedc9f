//! Terraform as a program and as documents.

pub mod logs;
