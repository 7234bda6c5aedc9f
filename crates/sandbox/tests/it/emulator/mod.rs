//! The emulator over raw HTTP, checked against the reference field by field.

mod access;
mod collections;
mod control;
mod documents;
mod durability;
mod faults;
mod parts;
mod pathed;
mod published;
mod raw;
