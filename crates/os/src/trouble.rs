//! Why the system refused, where something can be done about it.
//!
//! Never a text: what to say and to advise is the command line's. Invariant: the numbers of each
//! system stand in its own table.

use std::io;

use crate::system::trouble::NUMBERS;

/// A refusal of the operating system that a person can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The disk or the quota is full.
    NoRoom,
    /// Too many files are open.
    TooManyFiles,
    /// It is not permitted, or the file is not executable.
    NotPermitted,
    /// Something is not there: the file, or the interpreter that it names.
    NotThere,
    /// Another program is writing the file just now.
    BeingWritten,
    /// The program was built for another system or processor.
    OtherMachine,
    /// There is no room for another process.
    NoProcess,
}

impl Trouble {
    /// Reads it from an error.
    pub fn of(error: &io::Error) -> Option<Self> {
        if error.kind() == io::ErrorKind::StorageFull {
            return Some(Self::NoRoom);
        }
        let number = error.raw_os_error()?;
        NUMBERS.iter().find(|(known, _)| *known == number).map(|(_, trouble)| *trouble)
    }

    /// Returns an error of the system's that means this.
    pub fn error(self) -> io::Error {
        let number = NUMBERS.iter().find(|(_, trouble)| *trouble == self);
        number.map_or_else(
            || io::Error::from(io::ErrorKind::Other),
            |(number, _)| io::Error::from_raw_os_error(*number),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_has_a_number_and_is_read_back_from_it() {
        for trouble in [
            Trouble::NoRoom,
            Trouble::TooManyFiles,
            Trouble::NotPermitted,
            Trouble::NotThere,
            Trouble::BeingWritten,
            Trouble::OtherMachine,
            Trouble::NoProcess,
        ] {
            assert_eq!(Trouble::of(&trouble.error()), Some(trouble));
        }
        assert_eq!(Trouble::of(&io::Error::other("a text")), None);
    }
}
