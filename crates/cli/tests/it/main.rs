//! Integration tests of the program.

mod house;
