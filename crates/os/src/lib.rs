//! What the operating systems do differently: the only place that asks which one this is.
//!
//! Everything here has one name and one meaning on every system; `unix` and `windows` are two
//! answers to the same questions, and a test finds whoever else asks. Never knows Terraform, Genesys
//! Cloud or divvy's own files. Invariant: what a system lacks is a value (`None`, an empty list), never
//! a function that is missing.

#[cfg(any(windows, test))]
mod p521;
mod socket;
#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
mod system;
mod trouble;

pub mod files {
    //! Files: how they are opened, what they are, who may read them.
    pub use crate::system::files::{
        canonical, has_other_names, is_device, is_full, is_of_this_user, link_or_copy,
        make_private_directories, mode, open_for_appending, open_without_waiting, permissions,
        sync_directory, unnamed, word_for,
    };
}

pub mod leash {
    //! Children that must not outlive us, where the system has a way.
    pub use crate::system::leash::{prefix, run};

    /// The first argument of a child on a leash.
    pub const MARK: &str = "__leashed";

    /// How a child ends when we die.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Death {
        /// By an interrupt: Terraform saves its state and gives up its lock.
        InGoodOrder,
        /// As `InGoodOrder`, and without hearing of the terminal's end, which would end it at once: we
        /// hear of that and pass it on.
        InGoodOrderWithoutHangUp,
        /// At once: a provider of our own, which nobody can talk to any more.
        AtOnce,
    }
}

pub mod places {
    //! Where things lie, by the variables of a snapshot of the environment.
    pub use crate::system::places::{
        TEMPORARY_VARIABLE, for_locks, for_sockets, settings_directory, settings_file,
        temporary_directory, variable_name,
    };
}

pub mod process {
    //! Processes: groups, interrupts, exit codes, the terminal.
    pub use crate::system::process::{
        Parent, become_program, exit_code, give_own_group, halt, has_terminal, interrupt,
        is_executable, is_in_foreground, names_of_program, parent_program,
    };

    /// How a process stops itself in the middle of its work, for tests.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Halt {
        /// It is gone at once.
        Killed,
        /// It stands still until it is told to go on, where the system has that; else it is gone.
        Stopped,
    }
}

pub mod signals {
    //! What a person or a system tells a process.
    pub use crate::system::signals::{HangUps, PassedOn, Signals, hang_ups};
}

pub mod sockets {
    //! Connections between processes of one user on one machine.
    pub use crate::socket::{Conversation, Listener, Place, Stream, connect};
    pub use crate::system::sockets::DEFAULT;

    /// By what two processes talk.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Transport {
        /// A unix socket: who may reach it is decided by the directory around it.
        Path,
        /// A port of 127.0.0.1: who may speak is asked of the system for each connection.
        Port,
    }
}

pub mod tls {
    //! What the ends of a connection prove themselves with.
    pub use crate::system::tls::MORE_ALGORITHMS;
}

pub use trouble::Trouble;

/// Whether this was built to be tried under wine, where any user may reach our ports.
pub const IS_FOR_WINE: bool = cfg!(feature = "wine");

/// What this was built for, such as `x86_64-unknown-linux-musl`.
pub const TARGET: &str = env!("DIVVY_TARGET");
