//! The numbers of errors. The first of a trouble is the one that means it best.

use rustix::io::Errno;

use crate::Trouble;

pub(crate) const NUMBERS: [(i32, Trouble); 11] = [
    (Errno::NOSPC.raw_os_error(), Trouble::NoRoom),
    (Errno::DQUOT.raw_os_error(), Trouble::NoRoom),
    (Errno::MFILE.raw_os_error(), Trouble::TooManyFiles),
    (Errno::NFILE.raw_os_error(), Trouble::TooManyFiles),
    (Errno::ACCESS.raw_os_error(), Trouble::NotPermitted),
    (Errno::PERM.raw_os_error(), Trouble::NotPermitted),
    (Errno::NOENT.raw_os_error(), Trouble::NotThere),
    (Errno::TXTBSY.raw_os_error(), Trouble::BeingWritten),
    (Errno::NOEXEC.raw_os_error(), Trouble::OtherMachine),
    (Errno::AGAIN.raw_os_error(), Trouble::NoProcess),
    (Errno::NOMEM.raw_os_error(), Trouble::NoProcess),
];
