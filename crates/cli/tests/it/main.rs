//! Integration tests of the command line crate, in one binary.

mod render;
mod render_docs;
mod render_hostile;
mod render_survey;
