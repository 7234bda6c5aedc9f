//! Integration tests of the program.

mod house;
mod render;
mod render_docs;
mod render_hostile;
mod render_survey;
