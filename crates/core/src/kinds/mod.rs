//! One file per kind, with what is true only of it.

pub mod division;
