//! Integration tests of the program.

mod demo;
mod doctor;
mod encodings;
mod end_to_end;
mod ensure;
mod ensure_addresses;
mod ensure_lies;
mod ensure_names;
mod ensure_requests;
mod ensure_story;
mod ensure_twins;
mod explain;
mod explain_mixed;
mod house;
mod pace;
mod readme;
mod recipes;
mod render;
mod render_docs;
mod render_hostile;
mod render_survey;
mod robustness;
mod run;
mod tofu;
mod undo;
mod world;
