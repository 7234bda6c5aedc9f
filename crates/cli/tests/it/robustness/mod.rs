//! What goes wrong: bad input, interrupts, kill -9, locks, two runs at once. Each with real
//! Terraform; whatever happens, nothing is lost and no secret is shown or left behind.

mod bad_input;
mod hang_ups;
mod hostile;
mod interrupts;
mod kills;
mod large_logs;
mod locks;
mod network;
mod places;
mod postgres;
mod questions;
mod running;
mod secrets;
mod sensitive;
mod state_backend;
mod watch;
