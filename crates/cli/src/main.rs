//! The binary `divvy`.
fn main() {}
