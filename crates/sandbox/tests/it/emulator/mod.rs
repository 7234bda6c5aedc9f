//! The emulator over raw HTTP, checked against the reference field by field.

mod access;
mod control;
mod durability;
mod faults;
mod pathed;
mod published;
mod raw;
