//! Integration tests of the program.

mod end_to_end;
mod house;
mod readme;
mod render;
mod render_docs;
mod render_hostile;
mod render_survey;
mod run;
mod undo;
mod world;
