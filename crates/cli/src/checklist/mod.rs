//! A full-screen list of findings in which a person marks what is to be done, and says one yes.
//!
//! `model` is what it holds and what keys do to it, `draw` is how it looks, `screen` is the loop on the
//! terminal. Knows no finding and no policy: rows are texts, and what was marked is a number for each.
//! Invariant: a [`Yes`] exists only after the key `y` below the list of what yes does.

mod draw;
mod model;
mod screen;

pub(crate) use model::{Change, Checklist, Row, Yes};
pub(crate) use screen::{Marked, fits, show};
